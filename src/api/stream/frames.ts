/** What travels to clients, as text: the same frames over WebSocket and SSE. */

import type { Told } from '../../core/conversations/signals.ts'
import type { FeedEvent } from '../../core/events/feed.ts'
import type { Message } from '../../core/events/shapes.ts'
import type { Position } from './position.ts'

const texts = new WeakMap<FeedEvent, { epoch: string; text: string }>()

/** An event for members and programs: written once however many receive it. */
export function eventFrame(event: FeedEvent, epoch: string): string {
  const known = texts.get(event)
  if (known?.epoch === epoch) return known.text
  const text = JSON.stringify(eventObject(event, epoch))
  texts.set(event, { epoch, text })
  return text
}

/** The same as an object, as `GET /v1/events` lists it. */
export function eventObject(event: FeedEvent, epoch: string) {
  const { id, seq, type, at, subject, actorId, data } = event
  return { v: 1 as const, id, seq, epoch, type, at: at.toISOString(), subject, actor: actorId, data }
}

/** An event for a visitor, without who acted: visitors see no ids of members. */
export function visitorFrame(event: FeedEvent, epoch: string, data: object): string {
  const { id, seq, type, at, subject } = event
  return JSON.stringify({ v: 1, id, seq, epoch, type, at: at.toISOString(), subject, data })
}

/** The end of the replay. Not recovered: what was missed is not told, the client reads its lists anew. */
export function readyFrame(position: Position, recovered: boolean): string {
  return JSON.stringify({ v: 1, type: 'stream.ready', epoch: position.epoch, seq: position.seq, recovered })
}

export function signalFrame(signal: Told): string {
  if (signal.type === 'typing') {
    return JSON.stringify({ v: 1, type: 'typing', conversationId: signal.conversationId, by: signal.by })
  }
  const { contactId } = signal.audience
  return JSON.stringify({ v: 1, type: 'visitor.online', contactId, online: signal.online })
}

export const visitorTypingFrame = (conversationId: string): string =>
  JSON.stringify({ v: 1, type: 'typing', conversationId, by: { kind: 'member' } })

export const ackFrame = (ref: string | null): string => JSON.stringify({ v: 1, type: 'ack', ref })

export const refusedFrame = (ref: string | null, code: string, detail: string): string =>
  JSON.stringify({ v: 1, type: 'refused', ref, code, detail })

/** Where a visitor stands in line; without a place, that they wait no longer. */
export const placeFrame = (place: object | undefined): string =>
  JSON.stringify({ v: 1, type: 'queue.place', place: place ?? null })

export const pongFrame = '{"v":1,"type":"pong"}'

/** Who is known by which name and number (工号) to customers. */
export type Directory = ReadonlyMap<string, { readonly name: string; readonly number: string | null }>

export interface VisitorMessage {
  readonly id: string
  readonly conversationId: string
  readonly number: number
  readonly direction: 'in' | 'out'
  readonly author: {
    readonly kind: Message['author']['kind']
    readonly name: string | null
    readonly number: string | null
  }
  readonly parts: Message['parts']
  readonly clientId: string | null
  readonly sentAt: string
  readonly status: Message['status']
  readonly recalled?: true
}

/** What stands in place of a message that was taken back: programs that know nothing of it show its words. */
const gone: Message['parts'] = [{ type: 'unsupported', native: 'recall', fallback: '[消息已撤回]' }]

/** A message as visitors see it; notes never come here. */
export function toVisitorMessage(
  message: Message,
  number: string | null,
  recalled = message.recall?.state === 'done',
): VisitorMessage {
  const { id, conversationId, parts, clientId, sentAt, status } = message
  return {
    id,
    conversationId,
    number: message.number,
    direction: message.direction === 'in' ? 'in' : 'out',
    author: { kind: message.author.kind, name: message.author.name, number },
    parts: recalled ? gone : parts,
    clientId: message.direction === 'in' ? clientId : null,
    sentAt,
    status,
    ...(recalled && { recalled }),
  }
}
