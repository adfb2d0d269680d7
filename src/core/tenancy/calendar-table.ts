/**
 * A year's days as a table that people keep in a spreadsheet: a line for each day or row of days, `date,kind,name,hours`.
 *
 *   2026-02-15..2026-02-23,holiday,春节          closed
 *   2026-02-14,workday,春节调休                  a make-up day (调休): the hours of Monday
 *   2026-09-27,holiday,中秋节,10:00-12:00 14:00-16:00
 *   2026-10-10,workday,国庆节调休,friday
 *
 * Dates also as 2026/2/5 and 2026年2月5日; kinds also as 休, 放假, 班, 上班. Columns are parted by comma, semicolon or tab. Lines
 * without a date, such as names of columns, and what follows a `#` are passed over.
 */
import type { ExceptionDay, OpenSpan, Weekday } from '../events/hours-shapes.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'

const kinds: Readonly<Record<string, 'holiday' | 'workday'>> = {
  holiday: 'holiday',
  休: 'holiday',
  放假: 'holiday',
  休息: 'holiday',
  workday: 'workday',
  班: 'workday',
  上班: 'workday',
  调休: 'workday',
}

const weekdays: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

/** The days of a table. Faults with `year-table-invalid`, naming each line that cannot be read; up to 20 of them. */
export function readYearTable(csv: string): ExceptionDay[] {
  const errors: FaultDetail[] = []
  const days = csv.split(/\r\n|\r|\n/).flatMap((line, index): ExceptionDay[] => {
    const found = readLine(line.replace(/^\uFEFF/, ''))
    if (typeof found !== 'string') return found
    errors.push({ pointer: '/csv', detail: `line ${index + 1}: ${found}` })
    return []
  })
  if (errors.length > 0) {
    throw new Fault('invalid', 'year-table-invalid', 'The table cannot be read.', { errors: errors.slice(0, 20) })
  }
  return days
}

/** The days that a line speaks of, or what is wrong with it. */
function readLine(line: string): ExceptionDay[] | string {
  const [when = '', what = '', name = '', given = ''] = line
    .replace(/#.*/, '')
    .split(/[,;\t，]/)
    .map((cell) =>
      cell
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    )
  if (!/^\d{4}\D/.test(when)) return []
  const dates = datesOf(when)
  if (dates === undefined) return `${when} is no date, nor a row of at most 31`
  const kind = kinds[what.toLowerCase()]
  if (kind === undefined) return `${what || 'nothing'} is neither holiday nor workday`
  const hours = given === '' ? undefined : spansOf(given)
  const like = weekdays.find((day) => day === given.toLowerCase())
  if (given !== '' && hours === undefined && like === undefined) return `${given} is neither hours nor a weekday`
  return dates.map((date) => {
    if (like !== undefined) return { date, name, like }
    if (hours !== undefined) return { date, name, hours }
    return kind === 'holiday' ? { date, name, hours: [] } : { date, name, like: 'monday' }
  })
}

function datesOf(when: string): string[] | undefined {
  const [first = '', last = first] = when.split(/\.\.|~|～|至/).map((date) => isoOf(date.trim()))
  const [from, to] = [Date.parse(first), Date.parse(last)]
  const count = (to - from) / 86_400_000 + 1
  if (!(count >= 1 && count <= 31)) return undefined
  return Array.from({ length: count }, (_, day) => new Date(from + day * 86_400_000).toISOString().slice(0, 10))
}

/** Empty for what is no date; a date that does not exist is none either. */
function isoOf(date: string): string {
  const [, year = '', month = '', day = ''] = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(date) ?? []
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const at = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : ''
}

function spansOf(text: string): OpenSpan[] | undefined {
  const spans = text
    .split(/\s+/)
    .map((span) => /^(([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d|24:00)$/.exec(span))
  const read = spans.flatMap((match) =>
    match?.[1] !== undefined && match[3] !== undefined ? [{ from: match[1], to: match[3] }] : [],
  )
  return read.length === spans.length ? read : undefined
}
