/**
 * When a delivery is tried again, and what an answer means. Standard Webhooks 1.0.0, "Deliverability and reliability":
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Pure.
 */

const minute = 60_000
const hour = 60 * minute

/** How long after each failed attempt the next one follows: ten attempts in three days and three hours. */
export const delaysMs: readonly number[] = [
  5000,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]

/** An endpoint that answered nothing but failures for so long is switched off. */
export const giveUpMs = 5 * 24 * hour

/** What came back of one attempt. */
export interface Answer {
  /** Undefined when no answer came. */
  readonly status?: number
  /** Of `Retry-After`, in ms. */
  readonly retryAfterMs?: number
}

export type Verdict = 'taken' | 'gone' | 'failed'

/** 2xx is success; everything else, redirects too, is not. 410 says that nobody wants any more. */
export function verdictOf({ status }: Answer): Verdict {
  if (status === undefined) return 'failed'
  if (status >= 200 && status < 300) return 'taken'
  return status === 410 ? 'gone' : 'failed'
}

/**
 * How long to wait after the `attempts`-th failure, in ms; undefined when it was the last attempt. A fifth more or less, so that
 * many do not come back in one moment. Whoever is overloaded is spared for a minute, or for as long as they ask, up to a day.
 */
export function nextDelayMs(attempts: number, answer: Answer, random: () => number = Math.random): number | undefined {
  const base = delaysMs[attempts - 1]
  if (base === undefined) return undefined
  const jittered = base * (0.8 + 0.4 * random())
  const isOverloaded = answer.status === 429 || answer.status === 502 || answer.status === 503 || answer.status === 504
  const least = isOverloaded ? Math.max(minute, Math.min(answer.retryAfterMs ?? 0, 24 * hour)) : 0
  return Math.round(Math.max(jittered, least))
}

/** `Retry-After` as seconds or as a date (RFC 9110, 10.2.3); undefined when it is neither. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** Whether an endpoint asks for that type: `message.created` itself, or `message.*`; null asks for every one. */
export function isWanted(events: readonly string[] | null, type: string): boolean {
  return events === null || events.includes(type) || events.includes(`${type.split('.', 1)[0]}.*`)
}
