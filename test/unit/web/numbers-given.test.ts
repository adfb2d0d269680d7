/** Telephone numbers out of what somebody types, pastes or has in a table. */
import { expect, test } from 'vitest'
import { numbersGiven } from '../../../web/console/customers/numbers-given.ts'

test('numbers are found one a line, in the first column, without what parts their digits; headings and empty lines are none', () => {
  const text = '\ufeff号码,备注\r\n"139 0000-0001",投诉\n\n+86 (21) 6234 5678\t x\r（021）62345678；'
  expect(numbersGiven(text)).toEqual([
    { number: '13900000001', line: 2 },
    { number: '+862162345678', line: 4 },
    { number: '02162345678', line: 5 },
  ])
})

test('what has digits and is no number is left to the hub to name', () => {
  expect(numbersGiven('138-abc\n12')).toEqual([
    { number: '138abc', line: 1 },
    { number: '12', line: 2 },
  ])
  expect(numbersGiven('')).toEqual([])
})
