/** What `publish`, `ensureTopics` and `ranges` promise. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { partitionOf } from '../../src/core/events/murmur2.ts'
import { eventually } from '../support/eventually.ts'
import { type Bench, gate, Recorder, record, textsByKey, upTo } from './bus-log.ts'

const publisherProgram = fileURLToPath(new URL('./bus-publisher.ts', import.meta.url))

export function appending(bench: () => Bench): void {
  test('a key goes to the partition where Kafka’s own clients put it', async () => {
    // Hashes of the first five from Kafka's UtilsTest, sign bit cleared, modulo 12.
    const expected: Record<string, number> = {
      '21': 0,
      foobar: 6,
      'a-little-bit-long-string': 8,
      'a-little-bit-longer-string': 11,
      abc: 3,
      '': 9,
      汇流: 10,
      'chn_1/peer-7': 2,
    }
    const bus = await bench().bus
    const topic = await bench().topic(12)
    await bus.publish(
      topic,
      Object.keys(expected).map((key) => record(key, 'x')),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(12))
    await recorder.reaches(Object.keys(expected).length)
    expect(Object.fromEntries(recorder.records.map(({ key, partition }) => [key, partition]))).toEqual(expected)
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('a record comes back as it was appended: key, bytes, headers, time', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const loneSurrogate = Buffer.from([0xed, 0xa0, 0x80])
    const appended = [
      { key: 'plain', value: Buffer.from('{"a":1}'), headers: { type: 'message.received', 'ce-id': 'evt_1' } },
      { key: 'empty value', value: Buffer.alloc(0), headers: { empty: '' } },
      { key: '', value: Buffer.from('empty key') },
      { key: '顾客/😀/é', value: Buffer.from('unicode key'), headers: { 主题: '汇流 😀' } },
      { key: 'nul', value: Buffer.from('a\u0000b\u0000'), headers: { lines: 'a\r\nb: c' } },
      { key: 'surrogate', value: Buffer.concat([Buffer.from('x'), loneSurrogate, Buffer.from('y')]) },
      { key: 'every byte', value: Buffer.from(upTo(256)) },
      { key: "quote'; drop table x; --", value: Buffer.from("'; --\\") },
    ]
    const before = Date.now()
    await bus.publish(topic, appended)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(appended.length)
    expect(recorder.records.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
      appended.map(({ key, value, headers }) => ({ key, value, headers: headers ?? {} })),
    )
    for (const { timestamp } of recorder.records) expect(Math.abs(timestamp - before)).toBeLessThan(60_000)
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('values of 1 MB and of the largest size, 2 MB, pass whole, among small ones and in order', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const values = [10, 1_000_000, 20, 2_000_000, 30, 1_000_000, 1_000_000].map((size, i) => Buffer.alloc(size, 97 + i))
    await bus.publish(
      topic,
      values.map((value) => ({ key: 'k', value })),
    )
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(values.length)
    expect(recorder.records.map(({ value }, i) => value.equals(values[i] ?? Buffer.alloc(0)))).toEqual(
      values.map(() => true),
    )
    await reader.stop()
  })

  test('a value over 2 MB is refused before anything is appended', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const tooLarge = { key: 'k', value: Buffer.alloc(2_000_001) }
    await expect(bus.publish(topic, [record('k', 'first'), tooLarge])).rejects.toMatchObject({
      code: 'record-too-large',
    })
    expect(await bus.ranges(topic)).toEqual([{ partition: 0, earliest: 0, next: 0 }])
  })

  test('publishing nothing resolves and appends nothing', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    await bus.publish(topic, [])
    expect(await bus.ranges(topic)).toEqual([{ partition: 0, earliest: 0, next: 0 }])
  })

  test('calls that were not awaited are in the log in the order of the calls, for each key', async () => {
    const bus = await bench().client()
    const topic = await bench().topic()
    const calls = upTo(600).map((i) =>
      bus.publish(topic, [record(`k${i % 20}`, `${i}a`), record(`k${i % 20}`, `${i}b`)]),
    )
    await Promise.all(calls)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(4))
    await recorder.reaches(1200)
    const expected = Object.fromEntries(
      upTo(20).map((k) => [`k${k}`, upTo(30).flatMap((n) => [`${n * 20 + k}a`, `${n * 20 + k}b`])]),
    )
    expect(textsByKey(recorder.records)).toEqual(expected)
    await reader.stop()
  })

  test('eight producers at once keep each key in order, and no record is lost or doubled', async () => {
    const topic = await bench().topic()
    const recorder = new Recorder(topic)
    // Reading while they write: a reader that goes by sequence numbers alone would lose records here.
    const reader = await recorder.read(await bench().bus, upTo(4))
    const producers = await Promise.all(upTo(8).map(() => bench().client()))
    await Promise.all(
      producers.map(async (bus, p) => {
        for (const round of upTo(25)) {
          await Promise.all(upTo(10).map((i) => bus.publish(topic, [record(`p${p}-${i % 5}`, `${round * 10 + i}`)])))
        }
      }),
    )
    await recorder.reaches(2000)
    const byKey = textsByKey(recorder.records)
    expect(Object.keys(byKey).length).toBe(40)
    for (const [key, texts] of Object.entries(byKey)) {
      const first = Number(key.split('-')[1])
      expect(texts, key).toEqual(upTo(50).map((n) => `${first + n * 5}`))
    }
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test.for(['commit', 'rollback'] as const)(
    'no record is passed over while another writer’s transaction is open, which then ends by %s',
    async (ending) => {
      const bus = await bench().client()
      const topic = await bench().topic(2)
      const recorder = new Recorder(topic)
      const reader = await recorder.read(bus, [0, 1])
      await bus.publish(topic, [record('21', 'before')])
      const open = await bench().log.openAppend(topic, record('21', 'foreign'))
      const published = bus.publish(topic, [record('21', 'after'), record('abc', 'elsewhere')])
      // The other partition is read past: the reader is awake, and has had every chance to pass the open record over.
      const other = bench()
        .client()
        .then((second) => second.publish(topic, [record('abc', 'witness')]))
      expect(partitionOf('21', 2)).not.toBe(partitionOf('abc', 2))
      await other
      await eventually(() => recorder.texts.includes('witness'))
      expect(recorder.texts).not.toContain('foreign')
      await open[ending]()
      await published
      await eventually(() => recorder.texts.includes('after') && recorder.texts.includes('elsewhere'))
      const expected = ending === 'commit' ? ['before', 'foreign', 'after'] : ['before', 'after']
      expect(recorder.of(partitionOf('21', 2)).map(({ value }) => value.toString())).toEqual(expected)
      await reader.stop()
      expect(recorder.breaches).toEqual([])
    },
  )

  test('what was acknowledged survives the publisher’s death, and nothing is out of order', async () => {
    const topic = await bench().topic()
    const { module, env } = bench().log.elsewhere
    const acknowledged: string[] = []
    for (const life of upTo(3)) {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', publisherProgram, module, topic, `${life}`],
        {
          env: { ...process.env, ...env },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
      })
      await eventually(() => out.split('\n').length > 60 + 40 * life)
      child.kill('SIGKILL')
      await once(child, 'close')
      // The last line may be torn by the kill.
      acknowledged.push(...out.split('\n').slice(0, -1))
    }
    const bus = await bench().bus
    const ranges = await bus.ranges(topic)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(4))
    await eventually(() =>
      ranges.every(({ partition, next }) => next === 0 || (recorder.of(partition).at(-1)?.offset ?? -1) >= next - 1),
    )
    const kept = new Set(recorder.texts)
    expect(acknowledged.length).toBeGreaterThan(150)
    expect(acknowledged.filter((text) => !kept.has(text))).toEqual([])
    for (const [key, texts] of Object.entries(textsByKey(recorder.records))) {
      const numbers = texts.map((text) => Number(text.split(':')[2]))
      expect(numbers, key).toEqual(numbers.toSorted((a, b) => a - b))
      expect(new Set(numbers).size, key).toBe(numbers.length)
    }
    await reader.stop()
  })

  test('stop resolves only after the appends under way, and they are in the log', async () => {
    const topic = await bench().topic(1)
    const bus = await bench().client()
    let resolved = 0
    const calls = upTo(200).map((i) => bus.publish(topic, [record('k', `${i}`)]).then(() => resolved++))
    await bus.stop()
    expect(resolved).toBe(200)
    await Promise.all(calls)
    expect(await (await bench().bus).ranges(topic)).toEqual([{ partition: 0, earliest: 0, next: 200 }])
    await expect(bus.publish(topic, [record('k', 'late')])).rejects.toMatchObject({ code: 'log-unavailable' })
  })

  test('many processes may make the same topics at once, and again; a topic keeps its partitions', async () => {
    const clients = await Promise.all(upTo(5).map(() => bench().client()))
    const [existing, another] = [await bench().topic(3), await bench().topic(3)]
    const specs = [
      { name: existing, partitions: 2, retentionHours: 24 },
      { name: another, partitions: 4, retentionHours: 24 },
      ...upTo(3).map((i) => ({ name: `${existing}-${i}`, partitions: i + 1, retentionHours: 24 })),
    ]
    await Promise.all(clients.map((bus) => bus.ensureTopics(specs)))
    await Promise.all(clients.map((bus) => bus.ensureTopics(specs)))
    const bus = await bench().bus
    expect(await Promise.all(specs.map(({ name }) => bus.partitions(name)))).toEqual([3, 3, 1, 2, 3])
  })

  test('a topic that was never made is refused by name, and leaves the client usable', async () => {
    const bus = await bench().client()
    const refusal = { kind: 'not-found', code: 'topic-unknown' }
    await expect(bus.partitions('never-made')).rejects.toMatchObject(refusal)
    await expect(bus.publish('never-made', [record('k', 'v')])).rejects.toMatchObject(refusal)
    await expect(bus.ranges('never-made')).rejects.toMatchObject(refusal)
    await expect(bus.read(new Recorder('never-made').options())).rejects.toMatchObject(refusal)
    await bus.publish(await bench().topic(), [record('k', 'v')])
  })

  test('a call for a topic that was never made fails alone among calls of the same moment', async () => {
    const bus = await bench().client()
    const topic = await bench().topic(1)
    const calls = upTo(30).map((i) => bus.publish(i % 3 === 1 ? 'never-made' : topic, [record('k', `${i}`)]))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual(upTo(30).map((i) => (i % 3 === 1 ? 'rejected' : 'fulfilled')))
    expect(await bus.ranges(topic)).toEqual([{ partition: 0, earliest: 0, next: 20 }])
  })

  test('a key or header that not every log can hold spoils no record beside it', async () => {
    const bus = await bench().client()
    const topic = await bench().topic(1)
    await Promise.all([
      bus.publish(topic, [record('before', 'before')]),
      bus.publish(topic, [{ key: 'a\u0000\ud800', value: Buffer.from('odd'), headers: { 'b\u0000': '\udc00' } }]),
      bus.publish(topic, [record('after', 'after')]),
    ])
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(3)
    expect(recorder.texts).toEqual(['before', 'odd', 'after'])
    await reader.stop()
  })

  test('ranges tell the first offset kept and the next to come, of every partition in order', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(3)
    const keyOf = (partition: number) =>
      upTo(100)
        .map(String)
        .find((key) => partitionOf(key, 3) === partition) ?? ''
    await bus.publish(
      topic,
      upTo(10).map((i) => record(keyOf(0), `${i}`)),
    )
    await bus.publish(topic, [record(keyOf(2), 'x')])
    await bench().log.forget(topic, 0, 4)
    expect(await bus.ranges(topic)).toEqual([
      { partition: 0, earliest: 4, next: 10 },
      { partition: 1, earliest: 0, next: 0 },
      { partition: 2, earliest: 0, next: 1 },
    ])
  })

  test('a log that is there says so', async () => {
    expect(await (await bench().bus).health()).toMatchObject({ ok: true })
  })

  test('a log that cannot be reached makes start and publish fault with log-unavailable, and stop resolve', async () => {
    const bus = bench().log.unreachable()
    await expect(bus.start()).rejects.toMatchObject({ kind: 'unavailable', code: 'log-unavailable' })
    await expect(bus.publish('t', [record('k', 'v')])).rejects.toMatchObject({ code: 'log-unavailable' })
    expect(await bus.health()).toMatchObject({ ok: false })
    await bus.stop()
  })

  test('a slow reader does not hold up those who append', async () => {
    const bus = await bench().bus
    const topic = await bench().topic(1)
    const held = gate()
    const recorder = new Recorder(topic)
    recorder.handle = () => held.opened
    const reader = await recorder.read(bus, [0])
    await bus.publish(topic, [record('k', 'held')])
    await eventually(() => recorder.isHandling(0))
    await bus.publish(
      topic,
      upTo(100).map((i) => record('k', `${i}`)),
    )
    expect(await bus.ranges(topic)).toEqual([{ partition: 0, earliest: 0, next: 101 }])
    held.open()
    await recorder.reaches(101)
    await reader.stop()
  })
}
