/** What SIP's statuses mean for a call, and which of them says what we mean. */
import type { KnownPhone } from '../contract.ts'
import { CallFailed } from './signalling.ts'

type Outcome = 'busy' | 'declined' | 'no-answer' | 'unreachable'

const outcomes: Readonly<Record<number, Outcome>> = {
  486: 'busy',
  600: 'busy',
  603: 'declined',
  480: 'declined',
  487: 'no-answer',
  408: 'unreachable',
}

/** Why somebody who was called is not on the line. */
export function outcomeOf(error: unknown): Outcome {
  return outcomes[error instanceof CallFailed ? error.status : 503] ?? 'unreachable'
}

/** The status that says why a call is not taken. */
export function refusalOf(detail: string): number {
  return detail === 'closed' ? 480 : 603
}

/** The status that tells a phone why whom it wants to ask is not on the line. */
export function statusOfAsked(outcome: string | null | undefined): number {
  return { busy: 486, declined: 603, unknown: 404, barred: 403 }[outcome ?? ''] ?? 480
}

/** Where a phone really is, if its own word for it leads nowhere. */
export function proxyOf(phone: KnownPhone | undefined): { proxy?: string } {
  if (phone?.received == null || phone.contact === null) return {}
  return phone.contact.includes(phone.received.replace(/^sip:|;.*$/g, '')) ? {} : { proxy: phone.received }
}
