/** The conformance suite over a real Kafka, at KAFKA_BROKERS. */
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { zstdCompressSync } from 'node:zlib'
import kafkajs, { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs'
import { expect, test } from 'vitest'
import { KafkaBus } from '../../src/core/events/kafka-bus.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { describeWith, kafkaBrokers } from '../support/services.ts'
import { busConformance } from './bus.ts'
import { Recorder, upTo } from './bus-log.ts'

const { CompressionCodecs } = kafkajs

describeWith('KAFKA_BROKERS', kafkaBrokers, 'on a real broker', (address) => {
  test('records that a foreign connector packed with gzip or zstd are read, though only the broker can unpack zstd', async () => {
    const brokers = address.split(',')
    const topicPrefix = `conformance-${randomUUID().slice(0, 8)}-`
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: (encoder: { buffer: Buffer }) => Promise.resolve(zstdCompressSync(encoder.buffer)),
      decompress: () => Promise.reject(new Error('the broker should have unpacked it')),
    })
    const bus = new KafkaBus({ brokers, clientId: 'conformance', topicPrefix, log: silentLog })
    await bus.start()
    await bus.ensureTopics([{ name: 'packed', partitions: 1, retentionHours: 24 }])
    const foreign = new Kafka({ brokers, clientId: 'foreign', logLevel: logLevel.NOTHING })
    const producer = foreign.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    for (const compression of [CompressionTypes.GZIP, CompressionTypes.ZSTD]) {
      const messages = upTo(20).map((i) => ({ key: 'k', value: `${i}` }))
      await producer.send({ topic: `${topicPrefix}packed`, compression, messages })
    }
    await producer.disconnect()
    const recorder = new Recorder('packed')
    // From amidst the first batch, of which the broker answers the whole.
    await recorder.read(bus, [0], () => 5)
    await recorder.reaches(35)
    expect(recorder.texts).toEqual([...upTo(20).slice(5), ...upTo(20)].map(String))
    await bus.stop()
    const admin = foreign.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [`${topicPrefix}packed`] })
    await admin.disconnect()
  })

  busConformance('KafkaBus', async () => {
    const brokers = address.split(',')
    const topicPrefix = `conformance-${randomUUID().slice(0, 8)}-`
    const common = { clientId: 'conformance', topicPrefix, log: silentLog }
    const foreign = new Kafka({ brokers, clientId: 'foreign', logLevel: logLevel.NOTHING })
    const admin = foreign.admin()
    await admin.connect()
    return {
      bus: async () => {
        const bus = new KafkaBus({ ...common, brokers })
        await bus.start()
        return bus
      },
      unreachable: () => new KafkaBus({ ...common, brokers: ['127.0.0.1:1'] }),
      openAppend: async (topic, record) => {
        const producer = foreign.producer({
          transactionalId: randomUUID(),
          maxInFlightRequests: 1,
          idempotent: true,
          createPartitioner: Partitioners.DefaultPartitioner,
        })
        await producer.connect()
        const transaction = await producer.transaction()
        await transaction.send({
          topic: topicPrefix + topic,
          messages: [{ ...record, headers: { ...record.headers } }],
        })
        const ended = (ending: Promise<void>) => ending.finally(() => producer.disconnect())
        return { commit: () => ended(transaction.commit()), rollback: () => ended(transaction.abort()) }
      },
      forget: async (topic, partition, before) => {
        // deleteTopicRecords looks for the leader in metadata that this call loads.
        await admin.fetchTopicOffsets(topicPrefix + topic)
        const partitions = [{ partition, offset: String(before) }]
        await admin.deleteTopicRecords({ topic: topicPrefix + topic, partitions })
      },
      elsewhere: {
        module: fileURLToPath(new URL('./kafka-bus-elsewhere.ts', import.meta.url)),
        env: { KAFKA_BROKERS: address, TEST_TOPIC_PREFIX: topicPrefix },
      },
      close: async () => {
        const ours = (await admin.listTopics()).filter((topic) => topic.startsWith(topicPrefix))
        await admin.deleteTopics({ topics: ours })
        await admin.disconnect()
      },
    }
  })
})
