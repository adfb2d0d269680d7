/** Dates and times as people read them, in the page's language. */

const made = new Map<string, Intl.DateTimeFormat>()

/** Making a format is dear, and a conversation needs the same few hundreds of times. */
function format(locale: string, options: Intl.DateTimeFormatOptions, at: string | number): string {
  const key = locale + JSON.stringify(options)
  const found = made.get(key) ?? new Intl.DateTimeFormat(locale, options)
  made.set(key, found)
  return found.format(new Date(at))
}

export const clockTime = (locale: string, at: string | number): string =>
  format(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, at)

export const dayName = (locale: string, at: string | number): string =>
  format(locale, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' }, at)

export const dateTime = (locale: string, at: string | number): string =>
  format(locale, { dateStyle: 'medium', timeStyle: 'short' }, at)

/** The clock for today, the date for other days: what fits in a list's line. */
export function shortTime(locale: string, at: string | number, now: number): string {
  if (dayKey(at) === dayKey(now)) return clockTime(locale, at)
  return format(locale, { month: 'numeric', day: 'numeric' }, at)
}

/** The same with the clock of other days, for what is still to come. */
export function shortMoment(locale: string, at: string | number, now: number): string {
  const clock = clockTime(locale, at)
  return dayKey(at) === dayKey(now) ? clock : `${shortTime(locale, at, now)} ${clock}`
}

/** Names the local day of an instant: equal for instants of one day. */
export function dayKey(at: string | number): string {
  return new Date(at).toDateString()
}
