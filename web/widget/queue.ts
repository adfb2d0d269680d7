/**
 * What the visitor has written and the hub has not shown back yet, oldest first. Kept across reloads; each entry is sent
 * until it is acknowledged, always under the same client id, by which the hub knows a repetition. Pure.
 */
import type { Part } from '../../src/core/events/shapes.ts'

export interface Queued {
  clientId: string
  parts: Part[]
  /** Milliseconds since 1970, by this machine's clock. */
  at: number
  /** `sent`: durable at the hub, only not yet seen among the conversation's messages. */
  state: 'sending' | 'sent' | 'failed'
}

export type Queue = readonly Queued[]

export const maxQueued = 50
const forgetSentMs = 24 * 3600_000

/** Adds a message at the end; the same queue when it is full. */
export function enqueue(queue: Queue, clientId: string, parts: Part[], at: number): Queue {
  return queue.length >= maxQueued ? queue : [...queue, { clientId, parts, at, state: 'sending' }]
}

export function settle(queue: Queue, clientId: string, state: Queued['state']): Queue {
  return queue.map((entry) => (entry.clientId === clientId ? { ...entry, state } : entry))
}

/** Without those that the conversation shows. */
export function withoutShown(queue: Queue, shown: Iterable<{ clientId: string | null }>): Queue {
  const ids = new Set(Array.from(shown, (message) => message.clientId))
  return queue.some((entry) => ids.has(entry.clientId)) ? queue.filter((entry) => !ids.has(entry.clientId)) : queue
}

/** What still has to be sent, in order. */
export function unsent(queue: Queue): Queued[] {
  return queue.filter((entry) => entry.state === 'sending')
}

/** A queue as storage returns it: whatever is no entry is dropped, and what was acknowledged long ago is forgotten. */
export function restore(stored: unknown, now: number): Queue {
  if (!Array.isArray(stored)) return []
  return (stored as Queued[]).filter(
    (entry) => Array.isArray(entry?.parts) && (entry.state !== 'sent' || now - entry.at < forgetSentMs),
  )
}
