/** What `adopt`, `drop` and `stop` promise: what leases rest on. */
import { expect, test } from 'vitest'
import { partitionOf } from '../../src/core/events/murmur2.ts'
import { eventually } from '../support/eventually.ts'
import { type Bench, gate, Recorder, record, textsByKey, upTo } from './bus-log.ts'

const [left, right] = ['21', 'abc'] as const
const leftPartition = partitionOf(left, 2)
const rightPartition = partitionOf(right, 2)

export function ownership(bench: () => Bench): void {
  test('a partition that was not adopted is not delivered', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [rightPartition])
    await bus.publish(topic, [record(left, 'not ours'), record(right, 'ours')])
    await recorder.reaches(1)
    await bus.publish(topic, [record(left, 'not ours'), record(right, 'ours too')])
    await recorder.reaches(2)
    expect(recorder.texts).toEqual(['ours', 'ours too'])
    await reader.stop()
  })

  test('drop resolves only when the partition’s handler has ended, and none follows', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    const held = gate()
    const recorder = new Recorder(topic, 1)
    recorder.handle = async ({ partition }) => {
      if (partition === leftPartition) await held.opened
    }
    const reader = await recorder.read(bus, [0, 1])
    await bus.publish(
      topic,
      upTo(5).map((i) => record(left, `${i}`)),
    )
    await eventually(() => recorder.isHandling(leftPartition))
    let dropped = false
    const drop = reader.drop(leftPartition).then(() => {
      dropped = true
    })
    await bus.publish(topic, [record(right, 'meanwhile')])
    await eventually(() => recorder.of(rightPartition).length === 1)
    expect(dropped).toBe(false)
    held.open()
    await drop
    expect(recorder.isHandling(leftPartition)).toBe(false)
    const handled = recorder.of(leftPartition).length
    await bus.publish(topic, [record(left, 'after'), record(right, 'witness')])
    await eventually(() => recorder.of(rightPartition).length === 2)
    expect(handled).toBe(1)
    expect(recorder.of(leftPartition).length).toBe(1)
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('drop ends the repetition of a batch whose handler rejects', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    let attempts = 0
    const recorder = new Recorder(topic)
    recorder.handle = async () => {
      attempts++
      throw new Error('never')
    }
    const reader = await recorder.read(bus, [0])
    await bus.publish(topic, [record('k', 'poison')])
    await eventually(() => attempts >= 2)
    await reader.drop(0)
    const tried = attempts
    recorder.handle = async () => {}
    await reader.adopt(0, 0)
    await recorder.reaches(1)
    expect(recorder.texts).toEqual(['poison'])
    expect(attempts).toBe(tried)
    await reader.stop()
  })

  test('dropping a partition that is not held resolves', async () => {
    const bus = await bench().bus
    const reader = await new Recorder(await bench().topic(1)).read(bus, [])
    await reader.drop(0)
    await reader.adopt(0, 0)
    await reader.drop(0)
    await reader.drop(0)
    await reader.stop()
    await reader.stop()
  })

  test('adopting a partition again goes on from the new position', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    await bus.publish(
      topic,
      upTo(6).map((i) => record('k', `${i}`)),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(6)
    await reader.adopt(0, 4)
    await recorder.reaches(8)
    expect(recorder.texts).toEqual([...upTo(6), 4, 5].map(String))
    await reader.drop(0)
    await reader.adopt(0, 5)
    await recorder.reaches(9)
    expect(recorder.texts.at(-1)).toBe('5')
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('a partition adopted several times at one moment is delivered once', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await Promise.all(upTo(4).map(() => reader.adopt(0, 0)))
    await bus.publish(
      topic,
      upTo(20).map((i) => record('k', `${i}`)),
    )
    const witness = new Recorder(topic)
    const other = await witness.read(bus, [0])
    await Promise.all([recorder.reaches(20), witness.reaches(20)])
    await reader.drop(0)
    expect(recorder.texts).toEqual(upTo(20).map(String))
    await Promise.all([reader.stop(), other.stop()])
    expect(recorder.breaches).toEqual([])
  })

  test('a stopped reader adopts nothing more', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await Promise.all([reader.stop(), reader.adopt(0, 0)])
    await reader.adopt(0, 0)
    await bus.publish(topic, [record('k', 'late')])
    const witness = new Recorder(topic)
    const other = await witness.read(bus, [0])
    await witness.reaches(1)
    expect(recorder.texts).toEqual([])
    await other.stop()
  })

  test('partitions handed from reader to reader under load are read by their owner alone, whole and in order', async () => {
    const topic = await bench().topic()
    const [writer, ...clients] = await Promise.all(upTo(4).map(() => bench().client()))
    if (!writer) throw new Error('no client')
    const recorders = clients.map(() => new Recorder(topic, 50))
    const readers = await Promise.all(recorders.map((recorder, i) => clients[i]?.read(recorder.options(`g${i}`))))
    // A lease table in small: who owns which partition, and from where.
    const owner = upTo(4).map(() => 0)
    const next = upTo(4).map(() => 0)
    const applied: { key: string; text: string }[] = []
    const breaches: string[] = []
    recorders.forEach((recorder, i) => {
      recorder.handle = async ({ partition, records }) => {
        await new Promise(setImmediate)
        if (owner[partition] !== i)
          breaches.push(`reader ${i} had partition ${partition} of reader ${owner[partition]}`)
        for (const { key, value, offset } of records) {
          if (offset < (next[partition] ?? 0)) breaches.push(`offset ${offset} of partition ${partition} twice`)
          applied.push({ key, text: value.toString() })
          next[partition] = offset + 1
        }
      }
    })
    for (const partition of upTo(4)) await readers[0]?.adopt(partition, 0)

    let writing = true
    let written = 0
    const writers = upTo(8).map(async (w) => {
      for (let n = 0; writing; n++) {
        await writer.publish(
          topic,
          upTo(4).map((k) => record(`w${w}-${k}`, `${n}`)),
        )
        written += 4
      }
    })
    for (const move of upTo(24)) {
      const partition = move % 4
      const from = owner[partition] ?? 0
      const to = (from + 1 + (move % 2)) % 3
      const seen = applied.length
      await eventually(() => applied.length > seen + 20)
      await readers[from]?.drop(partition)
      owner[partition] = to
      await readers[to]?.adopt(partition, next[partition] ?? 0)
    }
    writing = false
    await Promise.all(writers)
    await eventually(() => applied.length >= written)
    expect(breaches).toEqual([])
    expect(applied.length).toBe(written)
    for (const [key, texts] of Object.entries(Object.groupBy(applied, ({ key }) => key))) {
      expect(
        texts?.map(({ text }) => text),
        key,
      ).toEqual(upTo(texts?.length ?? 0).map(String))
    }
    await Promise.all(readers.map((reader) => reader?.stop()))
    expect(recorders.flatMap((recorder) => recorder.breaches)).toEqual([])
  })

  test('a stopped reader has no handler running, and calls none again', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(2)
    const held = gate()
    const recorder = new Recorder(topic, 1)
    recorder.handle = () => held.opened
    const reader = await recorder.read(bus, [0, 1])
    await bus.publish(
      topic,
      upTo(4).flatMap((i) => [record(left, `${i}`), record(right, `${i}`)]),
    )
    await eventually(() => recorder.isHandling(0) && recorder.isHandling(1))
    let stopped = false
    const stop = reader.stop().then(() => {
      stopped = true
    })
    const witness = new Recorder(topic)
    const other = await witness.read(bus, [0, 1])
    await witness.reaches(8)
    expect(stopped).toBe(false)
    held.open()
    await stop
    await bus.publish(topic, [record(left, 'late'), record(right, 'late')])
    await witness.reaches(10)
    expect(recorder.records.length).toBe(2)
    await other.stop()
  })

  test('two readers of different groups each get every record', async () => {
    const bus = await bench().bus
    const topic = await bench().topic()
    const recorders = [new Recorder(topic), new Recorder(topic)]
    const readers = await Promise.all(recorders.map((recorder) => recorder.read(bus, upTo(4))))
    await Promise.all(upTo(100).map((i) => bus.publish(topic, [record(`k${i % 10}`, `${i}`)])))
    for (const recorder of recorders) await recorder.reaches(100)
    const [one, two] = recorders.map((recorder) => textsByKey(recorder.records))
    expect(one).toEqual(two)
    await Promise.all(readers.map((reader) => reader.stop()))
  })
}
