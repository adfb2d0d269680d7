/**
 * OneBot's messages as segments, from either of its two forms. https://github.com/botuniverse/onebot-11/tree/master/message
 * What goes out is always segments: in them text is text, whatever it looks like.
 */
import { textIn } from '../contract.ts'

export interface Segment {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** More than any person's program sends. */
const maxSegments = 500

/** The segments of a message: an array of them, one alone, or a string with CQ codes. What is none is left out. */
export function segmentsIn(message: unknown): Segment[] {
  if (typeof message === 'string') return fromCq(message).slice(0, maxSegments)
  return [message].flat().slice(0, maxSegments).flatMap(segmentOf)
}

function segmentOf(given: unknown): Segment[] {
  if (given === null || typeof given !== 'object') return []
  const { type, data } = given as { type?: unknown; data?: unknown }
  if (typeof type !== 'string') return []
  return [{ type, data: data !== null && typeof data === 'object' ? (data as Segment['data']) : {} }]
}

/** `[CQ:type,name=value,…]`: neither brackets nor commas stand in a value but escaped. */
const code = /\[CQ:([\w.-]+)((?:,[\w.-]+=[^,\]]*)*)\]/g

function fromCq(message: string): Segment[] {
  const segments: Segment[] = []
  let end = 0
  const say = (words: string) => {
    if (words !== '') segments.push({ type: 'text', data: { text: unescaped(words) } })
  }
  for (const found of message.matchAll(code)) {
    const [whole, type = '', parameters = ''] = found
    say(message.slice(end, found.index))
    end = found.index + whole.length
    const pairs = parameters
      .split(',')
      .slice(1)
      .map((pair) => {
        const at = pair.indexOf('=')
        return [pair.slice(0, at), unescaped(pair.slice(at + 1))]
      })
    segments.push({ type, data: Object.fromEntries(pairs) })
  }
  say(message.slice(end))
  return segments
}

function unescaped(text: string): string {
  return text.replace(/&(#91|#93|#44|amp);/g, (_, name: string) => escapes[name] ?? '')
}

const escapes: Readonly<Record<string, string>> = { '#91': '[', '#93': ']', '#44': ',', amp: '&' }

/** An address that may be fetched or shown; empty for every other. */
export function webAddress(value: unknown): string {
  const text = textIn(value, 4096)
  return /^https?:\/\//i.test(text) && text.length <= 2048 ? text : ''
}
