/** The part of the contract (contract.ts) for questions that must not take for ever. */

/** Aborts when `signal` does, and after that time. */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(ms), signal])
}
