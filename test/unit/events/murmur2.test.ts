import { expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../../src/core/events/murmur2.ts'

// The first six from Kafka's UtilsTest.
test.for([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
  ['', 275646681],
  ['汇流', 388528654],
] as const)('the hash of “%s” is that of Kafka’s clients: %d', ([text, hash]) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('every key has a partition between 0 and the number of partitions', () => {
  const partitions = new Set(Array.from({ length: 500 }, (_, i) => partitionOf(`key ${i}`, 12)))
  expect([...partitions].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})
