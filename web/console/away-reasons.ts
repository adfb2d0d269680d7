/** What one is away for, in one's own words: the browser keeps the latest for the next time. */
import { signal } from '@preact/signals'
import { setPresence } from './actions.ts'
import { choices } from './store.ts'

/** The latest first. */
export const ownReasons = signal<readonly string[]>(choices.read<string[]>('console.reasons') ?? [])

export function awayFor(reason: string): void {
  ownReasons.value = [reason, ...ownReasons.peek().filter((one) => one !== reason)].slice(0, 5)
  choices.write('console.reasons', ownReasons.peek())
  void setPresence({ state: 'away', reason })
}
