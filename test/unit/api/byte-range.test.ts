import { expect, test } from 'vitest'
import { rangeOf } from '../../../src/api/byte-range.ts'

test.each([
  [undefined, undefined],
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=5-', { first: 5, last: 99 }],
  ['Bytes=5-7', { first: 5, last: 7 }],
  ['bytes=90-500', { first: 90, last: 99 }],
  ['bytes=-10', { first: 90, last: 99 }],
  ['bytes=-500', { first: 0, last: 99 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=7-5', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,5-6', undefined],
  ['items=0-1', undefined],
  ['bytes=1e3-', undefined],
  ['bytes=99999999999999999999-', undefined],
])('of 100 bytes, %s asks for %j', (header, range) => {
  expect(rangeOf(header, 100)).toEqual(range)
})

test('of nothing there is no stretch', () => {
  expect([rangeOf('bytes=0-', 0), rangeOf('bytes=-5', 0)]).toEqual(['unsatisfiable', 'unsatisfiable'])
})
