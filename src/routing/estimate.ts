/**
 * How long somebody will have to wait, with the error that this has. Pure.
 *
 * Two estimators, both of the queue's length (Ibrahim and Whitt, "Real-time delay estimation based on delay history", 2009): where a
 * queue has been moving, by the rate at which people were taken from it lately; else by the people in service and how long service
 * took lately. The interval is meant to hold four waits of five: by the errors that were measured in this group
 * (split conformal: the quantile of |ln(wait / estimate)|) once there are enough of them, before that by what such counts leave uncertain.
 */

/** What is known of a group's flow at a moment. Times and durations in ms, the newest first. */
export interface Flow {
  /** When people were taken from the queue, within `windowMs`. */
  readonly taken: readonly number[]
  /** How long the last services took. */
  readonly services: readonly number[]
  readonly inService: number
  /** Members on duty. */
  readonly online: number
  /** |ln(wait / estimate)| of the last waits that had an estimate. */
  readonly errors: readonly number[]
}

export interface Estimate {
  readonly ms: number
  readonly lowMs: number
  readonly highMs: number
}

export const windowMs = 15 * 60_000
const leastTaken = 5
const leastServices = 3
const leastErrors = 20
/** Four of five lie within so many standard deviations. */
const deviations = 1.28

/** Undefined where nothing honest can be said: nobody on duty, or nothing was ever measured. `ahead`: how many come before. */
export function estimateWait(ahead: number, flow: Flow, now: number): Estimate | undefined {
  if (flow.online === 0) return undefined
  const found = byDepartures(ahead, flow, now) ?? byServices(ahead, flow)
  if (found === undefined) return undefined
  const spread = quantile(flow.errors, 0.8) ?? deviations * found.deviation
  const factor = Math.exp(Math.min(spread, 3))
  const ms = Math.round(found.ms)
  return { ms, lowMs: Math.round(found.ms / factor), highMs: Math.round(found.ms * factor) }
}

interface Guess {
  readonly ms: number
  /** Standard deviation of the logarithm, of waiting for so many events of a Poisson process whose rate was seen over so many. */
  readonly deviation: number
}

function deviationOf(awaited: number, seen: number): number {
  return Math.sqrt(1 / awaited + 1 / seen)
}

function byDepartures(ahead: number, { taken }: Flow, now: number): Guess | undefined {
  const lately = taken.filter((at) => at > now - windowMs && at <= now)
  const oldest = lately.at(-1)
  if (oldest === undefined || lately.length < leastTaken) return undefined
  const each = Math.max(1, now - oldest) / lately.length
  return { ms: (ahead + 1) * each, deviation: deviationOf(ahead + 1, lately.length) }
}

function byServices(ahead: number, { services, inService, online }: Flow): Guess | undefined {
  if (services.length < leastServices) return undefined
  const mean = services.reduce((sum, ms) => sum + ms, 0) / services.length
  return {
    ms: ((ahead + 1) * mean) / Math.max(1, inService, online),
    deviation: deviationOf(ahead + 1, services.length),
  }
}

/** Undefined with too few to say. */
function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length < leastErrors) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  // The conformal rank: so that the share holds for the next one, not only for those seen.
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length + 1) * share) - 1)]
}
