import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvOf } from '../../../web/console/csv.ts'
import { pieces } from '../../../web/console/search/snippet.ts'

test('what was found is marked, and everything else stands as it is', () => {
  expect(pieces('杯子碎了一只', [{ start: 2, end: 4 }])).toEqual([
    { text: '杯子', marked: false },
    { text: '碎了', marked: true },
    { text: '一只', marked: false },
  ])
  expect(pieces('ab', [])).toEqual([{ text: 'ab', marked: false }])
})

test('whatever the marks, no sign is lost or doubled', () => {
  const mark = fc.record({ start: fc.nat(30), end: fc.nat(30) })
  fc.assert(
    fc.property(fc.string(), fc.array(mark), (text, marks) => {
      expect(
        pieces(text, marks)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(text)
    }),
  )
})

test('a table keeps commas, quotes and lines, and no cell is a formula', () => {
  expect(csvOf([['a,b', '他说"好"', '一\n二', '=1+1', '-5']])).toBe('\uFEFF"a,b","他说""好""","一\n二",\'=1+1,\'-5\r\n')
})
