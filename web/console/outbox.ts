/** Messages on their way out: shown at once, sent under their own key until the hub answered. Pure. */
import type { ConsoleState, Outgoing } from './state.ts'

export function addOutgoing(
  state: ConsoleState,
  entry: Pick<Outgoing, 'clientId' | 'conversationId' | 'parts' | 'note' | 'at' | 'mentions' | 'channelId'>,
): ConsoleState {
  return { ...state, outbox: [...state.outbox, { ...entry, state: 'sending', detail: '', shown: false }] }
}

export function changeOutgoing(state: ConsoleState, clientId: string, changes: Partial<Outgoing>): ConsoleState {
  return {
    ...state,
    outbox: state.outbox.map((entry) => (entry.clientId === clientId ? { ...entry, ...changes } : entry)),
  }
}

export function removeOutgoing(state: ConsoleState, clientId: string): ConsoleState {
  return { ...state, outbox: state.outbox.filter((entry) => entry.clientId !== clientId) }
}

/** The next to send for each conversation: one after the other, so that order holds. */
export function nextOutgoing(outbox: readonly Outgoing[]): Outgoing[] {
  const heads = new Map<string, Outgoing>()
  for (const entry of outbox) {
    if (entry.state === 'sending' && !heads.has(entry.conversationId)) heads.set(entry.conversationId, entry)
  }
  return [...heads.values()]
}

/** What storage returned, as far as it is an outbox. */
export function restoreOutbox(stored: unknown): Outgoing[] {
  if (!Array.isArray(stored)) return []
  return (stored as Partial<Outgoing>[])
    .filter((entry): entry is Outgoing => typeof entry?.clientId === 'string' && Array.isArray(entry.parts))
    .map((entry) => ({ ...entry, shown: false }))
}
