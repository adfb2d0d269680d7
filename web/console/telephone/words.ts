/** The words of calls, and how one is named. */
import type { Call } from '../../api-calls.ts'
import { callWords } from '../../i18n/calls.ts'
import { wordsIn } from '../../i18n/threefold.ts'
import { hub, locale } from '../store.ts'

export const words = () => wordsIn(callWords, locale.value)

/** Where it stands, or how it ended. */
export const stateText = ({ state, end }: Call): string => words()[state === 'ended' && end !== null ? end : state]

/** Who is on the other side: by name where that is known. */
export function otherSide({ contactId, number }: Call): string {
  const name = hub.value.contacts[contactId]?.name
  const shown = number || words().withheld
  return name && name !== number ? `${name} ${shown}` : shown
}

/** Minutes and seconds. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
