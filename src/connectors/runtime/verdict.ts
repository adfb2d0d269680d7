/** What comes of a send that did not succeed: the one place that decides between again, never, and nobody knows. Pure. */
import type { Outcome } from '../../core/conversations/settlement.ts'
import { type Capabilities, Undelivered, type UndeliveredKind } from '../contract.ts'
import type { Redactor } from './redact.ts'

export interface Attempt {
  readonly idempotency: Capabilities['idempotency']
  /** The pause before another attempt, unless the platform names one. */
  readonly pauseMs: number
  /** How long the delivery may still be tried. */
  readonly remainingMs: number
  readonly redactor: Redactor
}

export interface Verdict {
  readonly outcome: Outcome
  /** The account's credentials are refused: somebody has to look. */
  readonly auth?: true
  /** The chat has another id now. */
  readonly movedTo?: string
  /** Only the platform can say what became of it: ask before settling. */
  readonly reconcile?: true
}

/** Waits that a platform may ask for. */
const longestAskedMs = 3_600_000
/** Credentials do not mend themselves in a second. */
const authPauseMs = 60_000

export function verdictOf(error: unknown, attempt: Attempt): Verdict {
  const undelivered = error instanceof Undelivered ? error : undefined
  const kind: UndeliveredKind = undelivered?.kind ?? 'unknown'
  const detail = attempt.redactor
    .text(undelivered?.message ?? 'The connector failed while it was being sent.')
    .slice(0, 300)
  const asked = undelivered?.afterMs
  const pauseMs = asked === undefined ? attempt.pauseMs : Math.min(longestAskedMs, Math.max(0, asked))
  switch (kind) {
    case 'retry':
    case 'rate-limited':
      return { outcome: { kind: 'retry', afterMs: pauseMs, failure: { code: kind, detail } } }
    case 'auth': {
      const afterMs = Math.max(authPauseMs, attempt.pauseMs)
      return { outcome: { kind: 'retry', afterMs, failure: { code: kind, detail } }, auth: true }
    }
    case 'moved': {
      const to = undelivered?.peer
      if (to === undefined || to === '' || to.length > 200) return failed('recipient-gone', detail)
      return { outcome: { kind: 'retry', afterMs: 0, failure: { code: kind, detail } }, movedTo: to }
    }
    case 'window-closed':
    case 'recipient-gone':
    case 'rejected':
      return failed(kind, detail)
    case 'unknown':
      return unknownOutcome(detail, pauseMs, attempt)
  }
}

/** It may have arrived. Sent again only where that does no harm; and never called failed, since it may not have. */
function unknownOutcome(detail: string, pauseMs: number, { idempotency, remainingMs }: Attempt): Verdict {
  const failure = { code: 'outcome-unknown', detail }
  const unknown: Outcome = { kind: 'unknown', failure }
  if (idempotency === 'none') return { outcome: unknown }
  if (idempotency === 'lookup') return { outcome: unknown, reconcile: true }
  return { outcome: pauseMs < remainingMs ? { kind: 'retry', afterMs: pauseMs, failure } : unknown }
}

function failed(code: string, detail: string): Verdict {
  return { outcome: { kind: 'failed', failure: { code, detail } } }
}
