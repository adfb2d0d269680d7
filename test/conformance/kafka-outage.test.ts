/** What KafkaBus promises when the broker or the way to it fails. Needs the broker's jars, hence runs where KAFKA_BROKERS is set. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KafkaBus } from '../../src/core/events/kafka-bus.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith, kafkaBrokers } from '../support/services.ts'
import { Recorder, record, textsByKey, upTo } from './bus-log.ts'
import { type OwnBroker, ownBroker } from './kafka-proxy.ts'

describeWith('KAFKA_BROKERS', kafkaBrokers, 'KafkaBus when things fail', () => {
  let broker: OwnBroker
  let bus: KafkaBus
  let topics = 0

  beforeAll(async () => {
    broker = await ownBroker()
    bus = new KafkaBus({ brokers: [broker.address], clientId: 'outage', topicPrefix: '', log: silentLog })
    await bus.start()
  })
  afterAll(async () => {
    await bus?.stop()
    await broker?.close()
  })

  const freshTopic = async (partitions: number) => {
    const name = `outage-${topics++}`
    await bus.ensureTopics([{ name, partitions, retentionHours: 1 }])
    return name
  }

  test.for(['plain', 'scram-sha-512'] as const)(
    'a hub that logs in by %s over TLS reads and writes',
    async (mechanism) => {
      const topic = await freshTopic(1)
      const { address, certificate } = broker.guarded
      const guarded = (password: string) =>
        new KafkaBus({
          brokers: [address],
          clientId: 'guarded',
          topicPrefix: '',
          ssl: { ca: certificate },
          sasl: { mechanism: mechanism as 'plain', username: 'hub', password },
          log: silentLog,
        })
      const wrong = guarded('guess')
      await expect(wrong.start()).rejects.toMatchObject({ code: 'log-unavailable' })
      await wrong.stop()
      const right = guarded('secret')
      await right.start()
      await right.publish(topic, [record('k', mechanism)])
      const recorder = new Recorder(topic)
      await recorder.read(right, [0])
      await recorder.reaches(1)
      expect(recorder.texts).toEqual([mechanism])
      await right.stop()
    },
  )

  test('an append whose acknowledgement is lost is not doubled by its repetitions, and never swallows the next', async () => {
    const topic = await freshTopic(1)
    await bus.publish(topic, [record('k', 'first')])
    broker.losesAnswers = true
    await expect(bus.publish(topic, [record('k', 'answer lost')])).rejects.toMatchObject({ code: 'log-unavailable' })
    broker.losesAnswers = false
    // The broker has seen several tries of one append. The next append is as long: were it numbered alike, it would be lost.
    expect(broker.lost).toBeGreaterThan(1)
    await bus.publish(topic, [record('k', 'next')])
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, [0])
    await recorder.reaches(3)
    expect(recorder.texts).toEqual(['first', 'answer lost', 'next'])
    await reader.stop()
  })

  test('a reader whose connections are cut comes back by itself, and passes nothing over', async () => {
    const topic = await freshTopic(4)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(4))
    for (const round of upTo(5)) {
      await bus.publish(
        topic,
        upTo(20).map((i) => record(`k${i}`, `${round}`)),
      )
      await recorder.reaches(20 * (round + 1))
      broker.cut()
    }
    for (const texts of Object.values(textsByKey(recorder.records))) expect(texts).toEqual(upTo(5).map(String))
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  })

  test('a broker killed and started again under load: every append settles, what resolved is kept, readers go on', async () => {
    const topic = await freshTopic(4)
    const recorder = new Recorder(topic)
    const reader = await recorder.read(bus, upTo(4))
    const resolved: string[] = []
    const rejected: string[] = []
    let writing = true
    const writers = upTo(8).map(async (w) => {
      for (let n = 0; writing; n++) {
        const text = `${w} ${n}`
        const settle = (into: string[]) => () => void into.push(text)
        await bus.publish(topic, [record(`w${w}`, text)]).then(settle(resolved), settle(rejected))
      }
    })
    await eventually(() => resolved.length > 200)
    await broker.kill()
    expect(await bus.health()).toMatchObject({ ok: false })
    // The broker is away for as long as it takes until appends are given up.
    await eventually(() => rejected.length > 0, 60_000)
    await broker.restart()
    const before = resolved.length
    await eventually(() => resolved.length > before + 200, 60_000)
    writing = false
    await Promise.all(writers)
    const ranges = await bus.ranges(topic)
    await eventually(() =>
      ranges.every(({ partition, next }) => (recorder.of(partition).at(-1)?.offset ?? -1) >= next - 1),
    )
    const kept = recorder.texts
    expect(resolved.filter((text) => !kept.includes(text))).toEqual([])
    expect(new Set(kept).size).toBe(kept.length)
    for (const [key, texts] of Object.entries(textsByKey(recorder.records))) {
      const numbers = texts.map((text) => Number(text.split(' ')[1]))
      expect(numbers, key).toEqual(numbers.toSorted((a, b) => a - b))
    }
    expect(await bus.health()).toMatchObject({ ok: true })
    await reader.stop()
    expect(recorder.breaches).toEqual([])
  }, 180_000)
})
