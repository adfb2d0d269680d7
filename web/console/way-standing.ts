/** Whether an answer on a channel would be taken, and for how long still. Pure. */
import type { Way } from '../api-agent.ts'

export type WayStanding = 'open' | 'ending' | 'closed'

/** So long before its end a window is warned of. */
const endingMs = 3_600_000

/** `now` in ms. A channel without a window is open as long as it is in use. */
export function standingOf({ isOpen, replyWindow }: Pick<Way, 'isOpen' | 'replyWindow'>, now: number): WayStanding {
  if (replyWindow === null) return isOpen ? 'open' : 'closed'
  const { expiresAt, usesLeft } = replyWindow
  const leftMs = Date.parse(expiresAt) - now
  if (leftMs <= 0 || usesLeft === 0) return 'closed'
  return leftMs <= endingMs || usesLeft === 1 ? 'ending' : 'open'
}
