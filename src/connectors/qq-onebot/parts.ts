/**
 * What segments say, as parts. Pure. Segments of the standard: https://github.com/botuniverse/onebot-11/blob/master/message/segment.md;
 * beyond it NapCat (https://napneko.github.io/onebot/segment) and LLBot send `file`, `mface`, `markdown` and more.
 */
import type { Part, PartBlob } from '../../core/conversations/model.ts'
import { pieces, textIn, unsupported } from '../contract.ts'
import { addressed, fromJson, fromXml, link, named } from './cards.ts'
import { type Segment, segmentsIn, webAddress } from './segments.ts'

export interface Spoken {
  /** Empty when nothing was said. */
  readonly parts: Part[]
  readonly replyTo?: string
  readonly mentions: ReadonlySet<string>
}

/** How the gateway is asked for a file again, when the address has run out. */
export interface Locator {
  readonly kind: 'image' | 'record' | 'video' | 'file'
  readonly url?: string
  readonly file?: string
  readonly fileId?: string
  readonly size?: number
  /** For a file of a group or of a person. */
  readonly peer: string
}

export interface Hearing {
  readonly self: string
  readonly peer: string
  /** What was fetched of forwarded messages, by their ids. */
  readonly forwards?: ReadonlyMap<string, unknown>
}

const maxParts = 50

export function partsOf(message: unknown, hearing: Hearing): Spoken {
  const parts: Part[] = []
  const mentions = new Set<string>()
  let words = ''
  let replyTo: string | undefined
  const flush = () => {
    const text = words.trim() === '' ? '' : words
    for (const piece of pieces(text)) parts.push({ type: 'text', text: piece })
    words = ''
  }
  for (const segment of segmentsIn(message)) {
    const { type, data } = segment
    if (type === 'reply') replyTo = textIn(data.id, 255) || replyTo
    else if (type === 'at') {
      const qq = textIn(data.qq, 64)
      mentions.add(qq)
      // Whom everybody in the conversation speaks to anyway.
      if (qq !== hearing.self)
        words += `@${qq === 'all' ? '全体成员' : textIn(data.name, 255).replace(/^@/, '') || qq} `
    } else {
      const said = inWords(segment)
      if (said !== undefined) words += said
      else {
        flush()
        parts.push(partOf(segment, hearing))
      }
    }
  }
  flush()
  const first = parts[0]
  // "@shop Hello" begins with a blank that nobody meant.
  if (first?.type === 'text' && mentions.has(hearing.self)) parts[0] = { type: 'text', text: first.text.trimStart() }
  const said = captioned(parts) ?? parts.slice(0, maxParts)
  return { parts: said, mentions, ...(replyTo !== undefined && { replyTo }) }
}

/** A picture and the words under it are one part. */
function captioned(parts: readonly Part[]): Part[] | undefined {
  const [picture, words, more] = parts
  if (picture?.type !== 'image' || words?.type !== 'text' || more !== undefined || words.text.length > 4096) {
    return undefined
  }
  return [{ ...picture, caption: words.text.trim() }]
}

/** What stands in the line of the text; undefined for what stands by itself. */
function inWords({ type, data }: Segment): string | undefined {
  switch (type) {
    case 'text':
      return textIn(data.text, 1_000_000)
    case 'face': {
      const { faceText } = (data.raw ?? {}) as { faceText?: unknown }
      return `[${textIn(faceText, 60).replace(/^[/[]|\]$/g, '') || `表情 ${textIn(data.id, 20)}`}]`
    }
    case 'dice':
      return `[骰子${result(data)}]`
    case 'rps':
      return `[猜拳${result(data)}]`
    case 'markdown':
      return textIn(data.content ?? data.data, 100_000)
    // Says only who is hidden behind the message, which its sender tells.
    case 'anonymous':
    case 'keyboard':
      return ''
    default:
      return undefined
  }
}

function result({ result: number, resultId }: Segment['data']): string {
  const known = textIn(number, 20) || textIn(resultId, 20)
  return known === '' ? '' : ` ${known}`
}

function partOf({ type, data }: Segment, hearing: Hearing): Part {
  switch (type) {
    case 'image': {
      const isSticker = textIn(data.sub_type) === '1' || textIn(data.summary).includes('动画表情')
      return { type: isSticker ? 'sticker' : 'image', blob: blobOf('image', data, hearing, 'image.jpg', 'image/jpeg') }
    }
    case 'mface':
      return { type: 'sticker', blob: blobOf('image', data, hearing, 'sticker.gif', 'image/gif') }
    case 'record':
      return { type: 'audio', blob: blobOf('record', data, hearing, 'voice.amr', 'audio/amr') }
    case 'video':
      return { type: 'video', blob: blobOf('video', data, hearing, 'video.mp4', 'video/mp4') }
    case 'file':
      return { type: 'file', blob: blobOf('file', data, hearing, 'file', 'application/octet-stream') }
    case 'location': {
      const [lat, lon] = [Number(data.lat), Number(data.lon)]
      if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return unsupported(type, '[位置]')
      return { type, lat, lon, ...named(textIn(data.title, 255)), ...addressed(textIn(data.content, 1000)) }
    }
    case 'share': {
      const url = webAddress(data.url)
      return url === ''
        ? unsupported(type, textIn(data.title) || '[链接]')
        : link(url, textIn(data.title, 500), textIn(data.content))
    }
    case 'music': {
      const url = webAddress(data.url)
      if (url !== '') return link(url, textIn(data.title, 500), textIn(data.content))
      return unsupported(type, `[音乐] ${textIn(data.type, 20)} ${textIn(data.id, 100)}`)
    }
    case 'contact':
      return { type, name: `${textIn(data.type) === 'group' ? 'QQ群' : 'QQ'} ${textIn(data.id, 64)}` }
    case 'json':
      return fromJson(data.data)
    case 'xml':
      return fromXml(data.data)
    case 'forward':
      return forwarded(data, hearing)
    case 'poke':
      return unsupported(type, '[戳一戳]')
    case 'shake':
      return unsupported(type, '[窗口抖动]')
    default:
      return unsupported(type.slice(0, 200) || 'unknown', `[${textIn(data.summary, 100) || type.slice(0, 100)}]`)
  }
}

function blobOf(
  kind: Locator['kind'],
  data: Segment['data'],
  { peer }: Hearing,
  name: string,
  mediaType: string,
): PartBlob {
  const [file, url, fileId] = [textIn(data.file, 2048), webAddress(data.url), textIn(data.file_id, 1024)]
  const given = (textIn(data.name, 1024) || (/^[a-z0-9]+:/i.test(file) ? '' : file)).split(/[/\\]/).at(-1) ?? ''
  const size = Number(data.file_size ?? data.size)
  const isSize = Number.isSafeInteger(size) && size > 0
  const locator: Locator = {
    kind,
    peer,
    ...(url !== '' && { url }),
    ...(file !== '' && { file }),
    ...(fileId !== '' && { fileId }),
    ...(isSize && { size }),
  }
  return {
    locator,
    name: given.slice(-255) || name,
    mediaType,
    ...(isSize && { size }),
  }
}

/** The ids of forwarded messages whose words have to be fetched. */
export function forwardsIn(message: unknown): string[] {
  return segmentsIn(message).flatMap(({ type, data }) => {
    const id = textIn(data.id, 255)
    return type === 'forward' && id !== '' && !Array.isArray(data.content) ? [id] : []
  })
}

type Plain = Extract<Part, { type: 'forward' }>['items'][number]

/** Files within are named only: whoever has the message asks for them. */
function forwarded(data: Segment['data'], hearing: Hearing): Part {
  const found = Array.isArray(data.content) ? data.content : hearing.forwards?.get(textIn(data.id, 255))
  const items = [found ?? []]
    .flat()
    .slice(0, 20)
    .flatMap((node) => nodeOf(node))
  return items.length === 0 ? unsupported('forward', '[合并转发]') : { type: 'forward', items }
}

function nodeOf(node: unknown): Plain[] {
  if (node === null || typeof node !== 'object') return []
  const outer = node as { readonly data?: object; readonly type?: unknown }
  const said = (outer.type === 'node' ? outer.data : outer) as Readonly<Record<string, unknown>> | undefined
  const sender = (said?.sender ?? {}) as { nickname?: unknown; user_id?: unknown }
  const { parts } = partsOf(said?.message ?? said?.content, { self: '', peer: '' })
  const plain = parts.flatMap((part) => {
    if (part.type === 'forward') return { type: 'text', text: '[合并转发]' } as const
    return 'blob' in part ? ({ type: 'text', text: `[${part.blob.name ?? part.type}]` } as const) : part
  })
  if (plain.length === 0) return []
  const from = textIn(sender.nickname ?? said?.nickname, 255) || textIn(sender.user_id ?? said?.user_id, 64)
  return [{ ...(from !== '' && { from }), parts: plain.slice(0, 20) } as Plain]
}
