/**
 * The one kind of error that is foreseen. A Fault speaks in the caller's terms; only api/plugins/errors.ts turns its kind
 * into a status. Everything else that is thrown is a bug or an outage.
 */

export type FaultKind =
  | 'invalid' // the request is wrong in itself
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict' // the request meets a state that does not allow it
  | 'stale' // If-Match did not hold
  | 'precondition-required'
  | 'too-large'
  | 'unsupported'
  | 'rate-limited'
  | 'unavailable' // something we need is away; trying again can help

/** One field that is at fault, as an RFC 6901 pointer into the body, or `?name` for a query parameter. */
export interface FaultDetail {
  readonly pointer: string
  readonly detail: string
}

export interface FaultOptions {
  readonly cause?: unknown
  readonly errors?: readonly FaultDetail[]
  readonly retryAfterSeconds?: number
}

/** A foreseen failure. `code` is stable (`noun-state`) and has a line in docs/errors.md; `message` may be shown to people. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly code: string
  readonly errors: readonly FaultDetail[]
  readonly retryAfterSeconds: number | undefined

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'Fault'
    this.kind = kind
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
