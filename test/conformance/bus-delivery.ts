/** What `onBatch` and `onOutOfRange` promise. */
import { expect, test } from 'vitest'
import { partitionOf } from '../../src/core/events/murmur2.ts'
import { eventually } from '../support/eventually.ts'
import { type Bench, gate, Recorder, record, textsByKey, upTo } from './bus-log.ts'

/** A key of each of two partitions. */
const [left, right] = ['21', 'abc'] as const
const leftPartition = partitionOf(left, 2)
const rightPartition = partitionOf(right, 2)

export function delivery(bench: () => Bench): void {
  test('ten thousand records of backlog are caught up with, in order, in batches of no more than asked', async () => {
    const bus = await bench().bus
    const topic = await bench().topic()
    await Promise.all(
      upTo(100).map((call) =>
        bus.publish(
          topic,
          upTo(100).map((i) => record(`k${i % 40}`, `${call * 100 + i} ${'x'.repeat(300)}`)),
        ),
      ),
    )
    const recorder = new Recorder(topic, 200)
    const reader = await recorder.read(bus, upTo(4))
    await recorder.reaches(10_000)
    expect(recorder.records.length).toBe(10_000)
    for (const [key, texts] of Object.entries(textsByKey(recorder.records))) {
      const numbers = texts.map((text) => Number(text.split(' ')[0]))
      expect(numbers, key).toEqual(numbers.toSorted((a, b) => a - b))
    }
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('records of the largest size come in batches of some ten megabytes, not all at once', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const value = Buffer.alloc(2_000_000)
    await bus.publish(
      topic,
      upTo(13).map(() => ({ key: 'k', value })),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(13)
    const bytes = recorder.batches.map(({ records }) => records.reduce((sum, record) => sum + record.value.length, 0))
    expect(Math.max(...bytes)).toBeLessThanOrEqual(10_000_000)
    await reader.stop()
  })

  test('records appended while the reader waits arrive by themselves, time after time', async () => {
    const bus = await bench().bus
    const topic = await bench().topic()
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(4))
    for (const i of upTo(30)) {
      await bus.publish(topic, [record(`k${i}`, `${i}`)])
      await recorder.reaches(i + 1)
    }
    expect(recorder.texts).toEqual(upTo(30).map(String))
    await reader.stop()
  })

  test('two tenants’ records, interleaved on the same partitions, each stay in their order', async () => {
    const topic = await bench().topic(2)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(await bench().bus, [0, 1])
    const [one, two] = await Promise.all([bench().client(), bench().client()])
    await Promise.all(
      upTo(200).flatMap((i) => [
        one.publish(topic, [record(`ten_1/${i % 6}`, `ten_1:${i}`)]),
        two.publish(topic, [record(`ten_2/${i % 6}`, `ten_2:${i}`)]),
      ]),
    )
    await recorder.reaches(400)
    for (const [key, texts] of Object.entries(textsByKey(recorder.records))) {
      const [tenant, n] = key.split('/')
      expect(texts, key).toEqual(
        upTo(200)
          .filter((i) => i % 6 === Number(n))
          .map((i) => `${tenant}:${i}`),
      )
    }
    await reader.stop()
  })

  test('a slow handler holds up its own partition and no other', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    const held = gate()
    const recorder = new Recorder(topic, 10)
    recorder.handle = async ({ partition }) => {
      if (partition === leftPartition) await held.opened
    }
    const reader = await recorder.read(bus, [0, 1])
    await bus.publish(topic, [record(left, 'slow')])
    await eventually(() => recorder.isHandling(leftPartition))
    await bus.publish(
      topic,
      upTo(50).map((i) => record(left, `${i}`)),
    )
    await bus.publish(
      topic,
      upTo(50).map((i) => record(right, `${i}`)),
    )
    await eventually(() => recorder.of(rightPartition).length === 50)
    expect(recorder.of(leftPartition)).toEqual([])
    held.open()
    await eventually(() => recorder.of(leftPartition).length === 51)
    expect(recorder.of(leftPartition).map(({ value }) => value.toString())).toEqual(['slow', ...upTo(50).map(String)])
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('a handler that rejects is given the same records again, and nothing else of that partition before', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    const attempts: string[][] = []
    const recorder = new Recorder(topic, 5)
    recorder.handle = async ({ partition, records }) => {
      if (partition !== leftPartition) return
      attempts.push(records.map(({ value }) => value.toString()))
      if (attempts.length <= 3) throw new Error(`attempt ${attempts.length}`)
    }
    await bus.publish(
      topic,
      upTo(12).map((i) => record(left, `${i}`)),
    )
    const reader = await recorder.read(bus, [0, 1])
    await eventually(() => attempts.length >= 2)
    await bus.publish(topic, [record(right, 'other')])
    await eventually(() => recorder.of(rightPartition).length === 1)
    await eventually(() => recorder.of(leftPartition).length === 12)
    const [first = []] = attempts
    expect(attempts.slice(0, 4)).toEqual([first, first, first, first])
    expect(recorder.of(leftPartition).map(({ value }) => value.toString())).toEqual(upTo(12).map(String))
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('a reader begins at the position it is given, and not a record earlier', async () => {
    const topic = await bench().topic(1)
    const first = await bench().client()
    await first.publish(
      topic,
      upTo(30).map((i) => record('k', `${i}`)),
    )
    const before = new Recorder(topic, 7)
    const reader = await before.read(first, [0])
    await before.reaches(14)
    await reader.stop()
    await first.stop()
    const handled = before.records.length
    const next = (before.records.at(-1)?.offset ?? -1) + 1
    const after = new Recorder(topic)
    const second = await bench().client()
    await after.read(second, [0], () => next)
    await after.reaches(30 - handled)
    expect([...before.texts, ...after.texts]).toEqual(upTo(30).map(String))
  })

  test('a position at the end of the log waits for what comes', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    await bus.publish(
      topic,
      upTo(5).map((i) => record('k', `${i}`)),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0], () => 5)
    await bus.publish(topic, [record('k', 'new')])
    await recorder.reaches(1)
    expect(recorder.texts).toEqual(['new'])
    expect(recorder.outOfRange).toEqual([])
    await reader.stop()
  })

  test('a position that is no longer kept is told, and nothing is delivered until the partition is adopted anew', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    await bus.publish(
      topic,
      upTo(10).map((i) => record(left, `${i}`)),
    )
    await bench().log.forget(topic, leftPartition, 6)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0, 1], (partition) => (partition === leftPartition ? 2 : 0))
    await eventually(() => recorder.outOfRange.length > 0)
    await bus.publish(topic, [record(left, '10'), record(right, 'other')])
    await eventually(() => recorder.of(rightPartition).length === 1)
    expect(recorder.of(leftPartition)).toEqual([])
    expect(recorder.outOfRange).toMatchObject([{ partition: leftPartition, asked: 2, range: { earliest: 6 } }])
    await reader.adopt(leftPartition, recorder.outOfRange[0]?.range.earliest ?? 0)
    await eventually(() => recorder.of(leftPartition).length === 5)
    expect(recorder.of(leftPartition).map(({ value }) => value.toString())).toEqual(['6', '7', '8', '9', '10'])
    await reader.stop()
  })

  test('a position beyond the end of the log is told as well: the log was restored from an older state', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    await bus.publish(
      topic,
      upTo(3).map((i) => record('k', `${i}`)),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0], () => 100)
    await eventually(() => recorder.outOfRange.length > 0)
    expect(recorder.outOfRange).toEqual([{ partition: 0, asked: 100, range: { partition: 0, earliest: 0, next: 3 } }])
    expect(recorder.records).toEqual([])
    await reader.stop()
  })
}
