/**
 * Opening hours as arithmetic over a time zone. A place is open at a moment when the clock on its wall shows a time within
 * the hours of that date; so where the clock is put forward, hours within the gap never come, and where it is put back, hours
 * within the repeated hour come twice. Pure but for the zone rules that the runtime brings (IANA tz database by ICU).
 */
import type { ExceptionDay, OpenSpan, Weekday, WeeklyHours } from '../events/hours-shapes.ts'
import type { FaultDetail } from '../platform/errors.ts'

export interface Hours {
  /** IANA name. */
  readonly timeZone: string
  readonly weekly: WeeklyHours
  /** At most one for each date. */
  readonly exceptions: readonly ExceptionDay[]
}

/** A stretch of being open, in ms since 1970: from `start`, up to and without `end`. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

export interface StateAt {
  readonly open: boolean
  /** When open: the first moment at which it is not. Null: not within the horizon. */
  readonly until: number | null
  /** When closed: the next moment at which it is open. Null: none within the horizon. */
  readonly opensAt: number | null
  /** What the day is called, if it is an exception. */
  readonly day: string | null
}

const dayMs = 86_400_000
/** How far ahead is looked: a year and what leap days and a late plan for the next one need. */
const horizonMs = 400 * dayMs

const weekdays: readonly Weekday[] = ['thursday', 'friday', 'saturday', 'sunday', 'monday', 'tuesday', 'wednesday']

/** Open or closed at `at`, in ms since 1970, and when that changes. */
export function stateAt(hours: Hours, at: number): StateAt {
  const day = dayOf(hours, Math.floor((at + offsetAt(hours.timeZone, at)) / dayMs)).name
  for (const { start, end } of stretches(hours, at, at + horizonMs)) {
    if (start > at) return { open: false, until: null, opensAt: start, day }
    return { open: true, until: end >= at + horizonMs ? null : end, opensAt: null, day }
  }
  return { open: false, until: null, opensAt: null, day }
}

/** Every stretch of being open between two moments, in order; those that touch are one. */
export function* stretches(hours: Hours, from: number, to: number): Generator<Stretch> {
  let held: Stretch | undefined
  for (const next of pieces(hours, from, to)) {
    if (held !== undefined && held.end === next.start) held = { start: held.start, end: next.end }
    else {
      if (held !== undefined) yield held
      held = next
    }
  }
  if (held !== undefined) yield held
}

/** Stretches within one date and one offset of the zone, so that wall time and time run alike. */
function* pieces(hours: Hours, from: number, to: number): Generator<Stretch> {
  let at = from
  while (at < to) {
    const offset = offsetAt(hours.timeZone, at)
    const date = Math.floor((at + offset) / dayMs)
    const midnight = (date + 1) * dayMs - offset
    const end = Math.min(to, changeBetween(hours.timeZone, at, midnight) ?? midnight)
    for (const { from: opens, to: closes } of dayOf(hours, date).spans) {
      const start = Math.max(at, date * dayMs + minutesOf(opens) * 60_000 - offset)
      const stop = Math.min(end, date * dayMs + minutesOf(closes) * 60_000 - offset)
      if (start < stop) yield { start, end: stop }
    }
    at = end
  }
}

/** The hours of a date, given in days since 1970, in order of time. */
function dayOf({ weekly, exceptions }: Hours, date: number): { spans: readonly OpenSpan[]; name: string | null } {
  const iso = new Date(date * dayMs).toISOString().slice(0, 10)
  const exception = exceptions.find((one) => one.date === iso)
  const weekday = exception?.like ?? weekdays[((date % 7) + 7) % 7] ?? 'monday'
  const spans = exception?.hours ?? weekly[weekday]
  return { spans: spans.toSorted((a, b) => minutesOf(a.from) - minutesOf(b.from)), name: exception?.name ?? null }
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** How much the wall clock is ahead of UTC at a moment, in ms. */
function offsetAt(timeZone: string, at: number): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
    formats.set(timeZone, format)
  }
  const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const part = (name: Intl.DateTimeFormatPartTypes) => shown.get(name) ?? 0
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return wall - Math.floor(at / 1000) * 1000
}

/** The moment within a day at which the zone changes its offset, if it does: no zone does so twice in a day. */
function changeBetween(timeZone: string, from: number, to: number): number | undefined {
  const before = offsetAt(timeZone, from)
  if (offsetAt(timeZone, to - 1) === before) return undefined
  let [low, high] = [from, to - 1]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(timeZone, middle) === before) low = middle
    else high = middle
  }
  return high
}

/** What of hours cannot be meant: times that run backwards, hours that overlap, dates that do not exist or come twice. */
export function mistakesIn({ weekly, exceptions }: Pick<Hours, 'weekly' | 'exceptions'>): FaultDetail[] {
  const seen = new Set<string>()
  return [
    ...Object.entries(weekly).flatMap(([day, spans]) => mistakesInDay(spans, `/weekly/${day}`)),
    ...exceptions.flatMap(({ date, hours, like }, index) => {
      const pointer = `/exceptions/${index}`
      const found = mistakesInDay(hours ?? [], `${pointer}/hours`)
      if (!isDate(date)) found.push({ pointer: `${pointer}/date`, detail: `${date} is no date` })
      if (seen.has(date)) found.push({ pointer: `${pointer}/date`, detail: `${date} comes twice` })
      if ((hours === undefined) === (like === undefined)) {
        found.push({ pointer, detail: 'takes either hours or like' })
      }
      seen.add(date)
      return found
    }),
  ]
}

function mistakesInDay(spans: readonly OpenSpan[], pointer: string): FaultDetail[] {
  return spans.flatMap((span, index): FaultDetail[] => {
    const { from, to } = span
    if (minutesOf(to) <= minutesOf(from)) {
      return [
        { pointer: `${pointer}/${index}`, detail: 'ends before it begins; past midnight belongs to the next day' },
      ]
    }
    const other = spans.slice(0, index).find((one) => one.from < to && from < one.to)
    if (other === undefined) return []
    return [{ pointer: `${pointer}/${index}`, detail: `overlaps ${other.from} to ${other.to}` }]
  })
}

function isDate(iso: string): boolean {
  const date = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso)
}
