import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OpenSpan, WeeklyHours } from '../../../src/core/events/hours-shapes.ts'
import { type Hours, mistakesIn, stateAt, stretches } from '../../../src/core/tenancy/hours.ts'

const shop = (spans: OpenSpan[], more: Partial<Hours> = {}): Hours => ({
  timeZone: 'Asia/Shanghai',
  weekly: {
    monday: spans,
    tuesday: spans,
    wednesday: spans,
    thursday: spans,
    friday: spans,
    saturday: [],
    sunday: [],
  },
  exceptions: [],
  ...more,
})
const nineToSix = [{ from: '09:00', to: '18:00' }]
const ms = (iso: string) => Date.parse(iso)
const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
const ask = (hours: Hours, at: string) => {
  const { open, until, opensAt, day } = stateAt(hours, ms(at))
  return { open, until: iso(until), opensAt: iso(opensAt), day }
}

test('a shop is open within its hours, from the first minute up to and without the last', () => {
  const hours = shop(nineToSix)
  // Monday, 2 November 2026, in Shanghai.
  expect(ask(hours, '2026-11-02T00:59:59.999Z')).toMatchObject({ open: false, opensAt: '2026-11-02T01:00:00.000Z' })
  expect(ask(hours, '2026-11-02T01:00:00Z')).toMatchObject({ open: true, until: '2026-11-02T10:00:00.000Z' })
  expect(ask(hours, '2026-11-02T10:00:00Z')).toMatchObject({ open: false, opensAt: '2026-11-03T01:00:00.000Z' })
  expect(ask(hours, '2026-11-06T10:00:00Z')).toMatchObject({ open: false, opensAt: '2026-11-09T01:00:00.000Z' })
})

test('a holiday is closed, a make-up day has the hours of the weekday it stands for, and both are named', () => {
  const hours = shop(nineToSix, {
    exceptions: [
      { date: '2026-10-10', name: '国庆节调休', like: 'monday' },
      { date: '2026-10-01', name: '国庆节', hours: [] },
      { date: '2026-10-02', name: '国庆节', hours: [{ from: '10:00', to: '12:00' }] },
    ],
  })
  expect(ask(hours, '2026-10-01T04:00:00Z')).toEqual({
    open: false,
    until: null,
    opensAt: '2026-10-02T02:00:00.000Z',
    day: '国庆节',
  })
  expect(ask(hours, '2026-10-10T04:00:00Z')).toMatchObject({ open: true, day: '国庆节调休' })
  expect(ask(hours, '2026-10-11T04:00:00Z')).toMatchObject({ open: false, day: null })
})

test('hours that touch are one, also over midnight', () => {
  const night = shop([
    { from: '20:00', to: '24:00' },
    { from: '00:00', to: '02:00' },
    { from: '18:00', to: '20:00' },
  ])
  expect(ask(night, '2026-11-02T11:00:00Z')).toMatchObject({ open: true, until: '2026-11-02T18:00:00.000Z' })
})

test('a shop that never closes has no end in sight, and one that never opens no beginning', () => {
  const always = [{ from: '00:00', to: '24:00' }]
  const weekly = { ...shop(always).weekly, saturday: always, sunday: always }
  expect(ask(shop([], { weekly }), '2026-11-02T11:00:00Z')).toMatchObject({ open: true, until: null })
  expect(ask(shop([]), '2026-11-02T11:00:00Z')).toMatchObject({ open: false, opensAt: null })
})

test('where the clock is put forward hours in the gap do not come, and where it is put back they come twice', () => {
  const spans = [{ from: '01:15', to: '02:30' }]
  const everyDay = { ...shop(spans).weekly, saturday: spans, sunday: spans }
  const berlin: Hours = { timeZone: 'Europe/Berlin', weekly: everyDay, exceptions: [] }
  const on = (from: string, to: string) =>
    [...stretches(berlin, ms(from), ms(to))].map(({ start, end }) => [iso(start), iso(end)])
  // 29 March 2026: 02:00 is 03:00. 25 October 2026: 03:00 is 02:00 again.
  expect(on('2026-03-28T23:00:00Z', '2026-03-29T10:00:00Z')).toEqual([
    ['2026-03-29T00:15:00.000Z', '2026-03-29T01:00:00.000Z'],
  ])
  expect(on('2026-10-24T22:00:00Z', '2026-10-25T10:00:00Z')).toEqual([
    ['2026-10-24T23:15:00.000Z', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T01:00:00.000Z', '2026-10-25T01:30:00.000Z'],
  ])
})

const minute = fc.integer({ min: 0, max: 1440 })
const clock = (at: number) => `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`
/** Spans that do not overlap: pairs of sorted minutes. */
const spans = fc
  .uniqueArray(minute, { maxLength: 6 })
  .map((cuts) => cuts.toSorted((a, b) => a - b))
  .map((cuts) =>
    Array.from({ length: Math.floor(cuts.length / 2) }, (_, i) => ({
      from: clock(cuts[2 * i] ?? 0),
      to: clock(cuts[2 * i + 1] ?? 0),
    })),
  )
const zones = [
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
]
const anyHours = fc.record({
  timeZone: fc.constantFrom(...zones),
  weekly: fc.record({
    monday: spans,
    tuesday: spans,
    wednesday: spans,
    thursday: spans,
    friday: spans,
    saturday: spans,
    sunday: spans,
  }),
  exceptions: fc.uniqueArray(
    fc.record({
      date: fc.integer({ min: 0, max: 365 }).map((day) => iso(ms('2026-01-01') + day * 86_400_000)?.slice(0, 10) ?? ''),
      name: fc.constant('x'),
      hours: spans,
    }),
    { maxLength: 5, selector: ({ date }) => date },
  ),
})
/** Minutes of 2026, those near changes of the clock more often. */
const anyMoment = fc.oneof(
  fc.integer({ min: 0, max: 525_599 }).map((at) => ms('2026-01-01') + at * 60_000),
  fc
    .tuple(
      fc.constantFrom(
        '2026-03-29T01:00Z',
        '2026-10-25T01:00Z',
        '2026-03-08T07:00Z',
        '2026-11-01T06:00Z',
        '2026-04-04T15:00Z',
        '2026-10-03T15:30Z',
      ),
      fc.integer({ min: -2000, max: 2000 }),
    )
    .map(([change, off]) => ms(change) + off * 60_000),
)

/** What the clock on the wall shows, by the platform alone. */
function wall(timeZone: string, at: number): { date: string; weekday: keyof WeeklyHours; time: string } {
  const shown = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
    hourCycle: 'h23',
  }).format(at)
  const [date = '', time = ''] = shown.split(', ')
  const weekday = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'long' }).format(at).toLowerCase()
  return { date, time, weekday: weekday as keyof WeeklyHours }
}

function isOpenByTheWall({ timeZone, weekly, exceptions }: Hours, at: number): boolean {
  const { date, weekday, time } = wall(timeZone, at)
  const today = exceptions.find((one) => one.date === date)?.hours ?? weekly[weekday]
  return today.some(({ from, to }) => from <= time && time < to)
}

test('it is open exactly when the wall clock of the zone says so, through every change of that clock', () => {
  fc.assert(
    fc.property(anyHours, anyMoment, (hours, at) => {
      expect(mistakesIn(hours)).toEqual([])
      expect(stateAt(hours, at).open).toBe(isOpenByTheWall(hours, at))
    }),
    { numRuns: 400 },
  )
})

test('until the moment that is told nothing changes, and at that moment it does', () => {
  fc.assert(
    fc.property(anyHours, anyMoment, fc.double({ min: 0, max: 1, noNaN: true }), (hours, at, part) => {
      const { open, until, opensAt } = stateAt(hours, at)
      const change = open ? until : opensAt
      if (change === null) return
      expect(change).toBeGreaterThan(at)
      const between = at + Math.floor((change - 1 - at) * part)
      for (const before of [between, change - 1]) expect(isOpenByTheWall(hours, before)).toBe(open)
      expect(isOpenByTheWall(hours, change)).toBe(!open)
    }),
    { numRuns: 400 },
  )
})

test('hours that overlap, run backwards or stand on a date that is none are named', () => {
  const overlapping = [
    { from: '09:00', to: '12:00' },
    { from: '11:59', to: '13:00' },
    { from: '18:00', to: '02:00' },
  ]
  const exceptions = [
    { date: '2026-02-29', name: '', hours: [] },
    { date: '2026-03-01', name: '' },
    { date: '2026-03-01', name: '', hours: overlapping.slice(0, 2) },
  ]
  expect(
    mistakesIn({ weekly: { ...shop([]).weekly, friday: overlapping }, exceptions }).map((one) => one.pointer),
  ).toEqual([
    '/weekly/friday/1',
    '/weekly/friday/2',
    '/exceptions/0/date',
    '/exceptions/1',
    '/exceptions/2/hours/1',
    '/exceptions/2/date',
  ])
})
