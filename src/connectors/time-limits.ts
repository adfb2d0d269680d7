/** The part of the contract (contract.ts) for questions that must not take for ever. */

/** How long a platform may hold a question open before the hub breaks it off; a connector asks to be answered sooner. */
export const longestHoldMs = 75_000

/** Aborts when `signal` does, and after that time. */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(ms), signal])
}
