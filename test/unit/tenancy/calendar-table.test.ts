import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Fault } from '../../../src/core/platform/errors.ts'
import { readYearTable } from '../../../src/core/tenancy/calendar-table.ts'

test('a table is read in the forms that people write it in', () => {
  const table = [
    '\uFEFF日期,类型,名称,时间',
    '2026/10/1~2026/10/2,放假,国庆节',
    '2026年10月10日\t班\t"国庆节调休"\tfriday',
    '2026-12-31,holiday,提早,09:00-12:00 13:00-24:00',
    '',
    '# nothing',
  ].join('\r\n')
  expect(readYearTable(table)).toEqual([
    { date: '2026-10-01', name: '国庆节', hours: [] },
    { date: '2026-10-02', name: '国庆节', hours: [] },
    { date: '2026-10-10', name: '国庆节调休', like: 'friday' },
    {
      date: '2026-12-31',
      name: '提早',
      hours: [
        { from: '09:00', to: '12:00' },
        { from: '13:00', to: '24:00' },
      ],
    },
  ])
})

test('each line that cannot be read is named, and nothing of the table is taken', () => {
  const table = [
    '2026-02-30,holiday,x',
    '2026-03-01,party,x',
    '2026-03-02,holiday,x,noon',
    '2026-12-31..2026-01-01,休,x',
  ]
  const fault = (() => {
    try {
      return readYearTable(table.join('\n'))
    } catch (error) {
      return error
    }
  })()
  expect(fault).toBeInstanceOf(Fault)
  expect((fault as Fault).errors.map(({ detail }) => detail.slice(0, 6))).toEqual([
    'line 1',
    'line 2',
    'line 3',
    'line 4',
  ])
})

test('the table of mainland China that comes with the hub has 33 days off and six make-up days', () => {
  const days = readYearTable(readFileSync('config/calendars/cn-2026.csv', 'utf8'))
  // 3 + 9 + 3 + 5 + 3 + 3 + 7 days by the notice; each make-up day is a Saturday or a Sunday.
  expect(days.filter(({ hours }) => hours?.length === 0)).toHaveLength(33)
  const made = days.filter(({ like }) => like !== undefined).map(({ date }) => date)
  expect(made).toHaveLength(6)
  expect(made.every((date) => [0, 6].includes(new Date(date).getUTCDay()))).toBe(true)
})
