/** Between the platform's messages and ours, both ways. Pure. TODO the address where the fields are named. */
import type { Inbound, Outbound } from '../../../src/core/conversations/model.ts'

/** What the platform says; undefined when it is not a message. */
export function fromNative(body: Buffer): Inbound | undefined {
  let said: { id?: unknown; chat?: unknown; text?: unknown; at?: unknown; name?: unknown }
  try {
    said = JSON.parse(body.toString()) ?? {}
  } catch {
    return undefined
  }
  const { id, chat, text, at, name } = said
  if (typeof id !== 'string' || typeof chat !== 'string' || typeof text !== 'string' || text === '') return undefined
  if (id === '' || chat === '' || typeof at !== 'number' || !(at >= 0)) return undefined
  return {
    kind: 'message',
    // Recognises the same message when it is delivered again.
    key: `message:${id}`,
    externalId: id,
    peer: chat,
    at: new Date(at).toISOString(),
    from: {
      kind: 'example',
      // TODO how far the address is valid: '' everywhere, or the account that it belongs to.
      scope: '',
      address: chat,
      verified: true,
      ...(typeof name === 'string' && name !== '' && { name: name.slice(0, 255) }),
    },
    parts: [{ type: 'text', text }],
  }
}

/** The body of one native message. It has exactly one part, of a type that the capabilities name. */
export function toNative({ peer, parts: [part] }: Outbound): object {
  if (part?.type !== 'text') throw new TypeError(`A part of type ${part?.type} is none of the platform's.`)
  return { chat: peer, text: part.text }
}
