/** Which of its words the hub says to a caller, as their call stands. Pure. */
import type { CallRecord } from '../contract.ts'
import type { ShippedName } from './prompts.ts'

/** What is said to somebody who begins to wait, after the welcome. */
export function waitingWordOf({ state, answeredAt }: CallRecord): ShippedName | undefined {
  return state === 'forwarding' || answeredAt !== null ? 'transfer' : undefined
}

/** What a question is asked with: before it, and instead of it where the plan names no sound. */
export interface WordsAround {
  readonly before?: ShippedName
  readonly otherwise: ShippedName
}

export function wordsAround({ question, plan }: CallRecord): WordsAround {
  if (question === undefined || question.kind === 'told') return { otherwise: 'beep' }
  // The plan's own words for asking again stand for ours.
  const asksAgain = question.kind === 'menu' && plan?.menus?.[question.menu]?.again !== undefined
  return {
    ...(question.wrong && !asksAgain && { before: 'menu-invalid' as const }),
    // Our words for the survey speak of five points.
    otherwise: question.kind === 'survey' && (plan?.scale ?? 5) === 5 ? 'survey' : 'beep',
  }
}

/** What the caller hears before the hub hangs up: nothing where they were told something already, or somebody has talked with them to the end. */
export function lastWordOf(record: CallRecord): ShippedName | undefined {
  const { direction, end, endedBy, detail, leftBy, plan, score } = record
  if (direction === 'out' || end === null || end === 'interrupted') return undefined
  if (end === 'callback') return 'callback-after'
  if (leftBy !== undefined) {
    if (score === undefined) return 'goodbye'
    return plan?.survey?.thanks === undefined ? 'survey-after' : undefined
  }
  if (endedBy !== 'hub' || detail === 'told') return undefined
  if (end === 'voicemail') return 'message-after'
  return end === 'rejected' || end === 'failed' ? 'goodbye' : undefined
}
