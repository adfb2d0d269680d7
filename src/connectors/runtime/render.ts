/**
 * Makes of a message what a channel can carry: parts it lacks become text, long texts become several, and where one
 * native message carries one part, each part becomes one. Pure; the same message always renders the same way, so a piece
 * that is sent again after a crash is the same piece.
 */
import type { Part, PartBlob } from '../../core/conversations/model.ts'
import type { Capabilities, PartLimits } from '../contract.ts'
import { fits, splitText } from './split.ts'

export interface RenderOptions {
  /** An address where the customer can fetch a file; undefined where there is none. */
  readonly linkTo?: (blob: PartBlob) => string | undefined
}

/** The parts of each native message, in order. Empty when nothing readable is in the message. */
export function render(parts: readonly Part[], capabilities: Capabilities, options: RenderOptions = {}): Part[][] {
  const pieces = parts.flatMap((part) => carried(part, capabilities, options))
  if (capabilities.carries === 'part') return pieces.map((part) => [part])

  const messages: Part[][] = []
  let text = ''
  for (const part of pieces) {
    const more = part.type === 'text' ? `${text}${text === '' ? '' : '\n'}${part.text}` : text
    const current = messages.at(-1)
    if (current === undefined || !fits(more, capabilities.text)) {
      messages.push([part])
      text = part.type === 'text' ? part.text : ''
    } else {
      current.push(part)
      text = more
    }
  }
  return messages
}

/** The part as it is, or cut or translated into texts. */
function carried(part: Part, capabilities: Capabilities, options: RenderOptions): Part[] {
  if (part.type === 'text') {
    if (part.text.trim() === '') return []
    if (fits(part.text, capabilities.text)) return [part]
    return texts(part.text, capabilities)
  }
  const limits = capabilities.parts[part.type]
  if (limits !== undefined && isTaken(part, limits)) {
    const caption = 'blob' in part ? (part.caption ?? '') : ''
    if (caption.length <= (limits.maxCaption ?? Infinity)) return [part]
    const { caption: _, ...bare } = part as Extract<Part, { type: 'file' }>
    return [bare, ...texts(caption, capabilities)]
  }
  return texts(inWords(part, options), capabilities)
}

function isTaken(part: Part, { maxBytes = Infinity, mediaTypes }: PartLimits): boolean {
  if (!('blob' in part)) return true
  const { size = 0, mediaType = '' } = part.blob
  return size <= maxBytes && (mediaTypes === undefined || mediaTypes.includes(mediaType))
}

function texts(text: string, capabilities: Capabilities): Part[] {
  return splitText(text, capabilities.text).map((piece) => ({ type: 'text', text: piece }))
}

/** What a part says, for whoever can only read. */
export function inWords(part: Part, options: RenderOptions = {}): string {
  switch (part.type) {
    case 'text':
      return part.text
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'sticker': {
      const name = part.blob.name ?? part.type
      return lines(part.caption, part.transcript, `[${name}]`, options.linkTo?.(part.blob))
    }
    case 'location':
      return lines(part.name, part.address, `${part.lat}, ${part.lon}`)
    case 'contact':
      return lines(part.name, ...(part.phones ?? []), ...(part.emails ?? []))
    case 'link':
      return lines(part.title, part.description, part.url)
    case 'card':
      if (part.fallback.trim() !== '') return part.fallback
      return lines(
        part.title,
        ...(part.fields ?? []).map(({ name, value }) => `${name}: ${value}`),
        ...(part.actions ?? []).map(({ label, url }) => (url === undefined ? label : `${label}: ${url}`)),
      )
    case 'choice':
      return lines(part.prompt, ...part.options.map(({ label }, index) => `${index + 1}. ${label}`))
    case 'forward':
      return lines(
        ...part.items.map(({ from, parts }) => {
          const said = lines(...parts.map((inner) => inWords(inner, options)))
          return from === undefined ? said : `${from}: ${said}`
        }),
      )
    case 'template':
    case 'unsupported':
      return part.fallback
  }
}

function lines(...given: (string | undefined)[]): string {
  return given.filter((line) => line !== undefined && line.trim() !== '').join('\n')
}
