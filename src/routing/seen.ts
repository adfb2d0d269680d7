/**
 * Command ids seen, the newest of them, so that a repeat has no second effect. Bounded: beyond the bound the oldest is
 * forgotten, and the guards of each transition (offer ids, revisions, states) are what is left.
 */
import type { State } from './state.ts'

/** Command ids remembered. */
export const COMMANDS_REMEMBERED = 10_000

/** Remembers a command's id, and says whether it was known. */
export function isRepeated(state: State, commandId: string | undefined): boolean {
  if (typeof commandId !== 'string') return false
  if (state.commands.known.has(commandId)) return true
  rememberCommand(state, commandId)
  state.newCommands.push(commandId)
  return false
}

/** Remembers a command's id without marking it for the next changes(). */
export function rememberCommand(state: State, commandId: string): void {
  const { commands } = state
  const forgotten = commands.ring[commands.next]
  if (forgotten !== undefined) commands.known.delete(forgotten)
  commands.ring[commands.next] = commandId
  commands.known.add(commandId)
  commands.next = (commands.next + 1) % COMMANDS_REMEMBERED
}
