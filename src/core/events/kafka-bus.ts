/**
 * The log on Apache Kafka, by kafkajs.
 *
 * kafkajs is used without its consumer groups, since PostgreSQL leases say who reads what: each adopted partition is fetched
 * over connections of its own (kafka-source.ts), so no partition waits for another's long poll, nothing rebalances, and a
 * position that Kafka no longer keeps is told instead of being reset. docs/decisions/0001 has the figures.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Admin, CompressionTypes, Kafka, type KafkaConfig, logLevel, type Producer } from 'kafkajs'
import { Fault } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import { AppendQueue, refuseTooLarge } from './append-queue.ts'
import type { Bus, LogRecord, PartitionRange, Reader, ReadOptions, TopicSpec } from './bus.ts'
import { KafkaSource, toOffset } from './kafka-source.ts'
import { partitionOf } from './murmur2.ts'
import { PartitionReader } from './partition-reader.ts'

export interface KafkaBusOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Stands before every topic's name on the brokers, so that several hubs can share a cluster. */
  readonly topicPrefix: string
  readonly ssl?: NonNullable<KafkaConfig['ssl']>
  readonly sasl?: NonNullable<KafkaConfig['sasl']>
  readonly log: Logger
}

const appendLimits = { maxRecords: 2000, maxBytes: 1_000_000 }
const leaderless = ['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']
const topicConfig = {
  'cleanup.policy': 'delete',
  // A record of the largest value with its key and headers.
  'max.message.bytes': '3145728',
  // Brokers unpack what foreign producers pack with codecs that kafkajs cannot read (snappy, lz4, zstd).
  'compression.type': 'uncompressed',
}

export class KafkaBus implements Bus {
  readonly kind = 'kafka'
  readonly #options: KafkaBusOptions
  readonly #config: KafkaConfig
  readonly #partitions = new Map<string, number>()
  readonly #appenders = new Map<string, TopicAppender>()
  readonly #readers = new Set<Reader>()
  #admin: Admin | undefined
  #stopped = false

  constructor(options: KafkaBusOptions) {
    this.#options = options
    this.#config = {
      brokers: [...options.brokers],
      clientId: options.clientId,
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
      connectionTimeout: 3000,
      requestTimeout: 10_000,
      retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 3 },
      logLevel: logLevel.ERROR,
      // What kafkajs calls an error is one failed attempt; what comes of it is said where it is handled.
      logCreator: () => (entry) =>
        options.log.debug({ namespace: entry.namespace, detail: entry.log.message }, 'kafkajs'),
    }
  }

  async start(): Promise<void> {
    await this.#ask((admin) => admin.connect())
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    await this.#ask(async (admin) => {
      const existing = new Set(await admin.listTopics())
      const topics = specs
        .map(({ name, partitions, retentionHours }) => ({
          topic: this.#named(name),
          numPartitions: partitions,
          configEntries: Object.entries({ ...topicConfig, 'retention.ms': `${retentionHours * 3_600_000}` }).map(
            ([entry, value]) => ({ name: entry, value }),
          ),
        }))
        .filter(({ topic }) => !existing.has(topic))
      // Waiting for their leaders here gives up at the first answer that knows nothing of them: settled() below is patient.
      // One by one: of several, one that another process has just made would hide the error of the next.
      for (const topic of topics) await admin.createTopics({ topics: [topic], timeout: 10_000, waitForLeaders: false })
    })
    for (const { name } of specs) await this.#settled(name)
  }

  /** A topic that was made a moment ago is not known to every broker at once, least of all to one that has just started. */
  async #settled(topic: string): Promise<void> {
    const deadline = performance.now() + 15_000
    for (;;) {
      try {
        await this.ranges(topic)
        return
      } catch (error) {
        if (performance.now() > deadline) throw error
        await pause(100)
      }
    }
  }

  async partitions(topic: string): Promise<number> {
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const count = (await this.ranges(topic)).length
    this.#partitions.set(topic, count)
    return count
  }

  async publish(topic: string, records: readonly LogRecord[]): Promise<void> {
    if (this.#stopped) throw unavailable('the bus was stopped')
    refuseTooLarge(records)
    let appender = this.#appenders.get(topic)
    if (!appender) {
      appender = new TopicAppender(this.#config, this.#named(topic), () => this.partitions(topic))
      this.#appenders.set(topic, appender)
    }
    await appender.queue.add(records)
  }

  async read(options: ReadOptions): Promise<Reader> {
    if (this.#stopped) throw unavailable('the bus was stopped')
    await this.partitions(options.topic)
    const config = { ...this.#config, clientId: `${this.#options.clientId}-${options.group}` }
    const { topic } = options
    const logger = new Kafka(config).logger()
    const reader = new PartitionReader(options, this.#options.log, (partition) => {
      const range = async () => (await this.ranges(topic))[partition] ?? { partition, earliest: 0, next: 0 }
      return new KafkaSource({ config, logger, topic, kafkaTopic: this.#named(topic), partition, range })
    })
    this.#readers.add(reader)
    return reader
  }

  async ranges(topic: string): Promise<PartitionRange[]> {
    const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(this.#named(topic)))
    return offsets
      .map(({ partition, low, high }) => ({ partition, earliest: toOffset(low), next: toOffset(high) }))
      .toSorted((a, b) => a.partition - b.partition)
  }

  async health(): Promise<{ ok: boolean; detail?: string }> {
    try {
      const asked = this.#ask((admin) => admin.describeCluster())
      const brokers = await Promise.race([
        asked.then((cluster) => cluster.brokers),
        pause(3000, undefined, { ref: false }),
      ])
      if (!brokers) return { ok: false, detail: 'the brokers did not answer within 3 s' }
      return brokers.length > 0 ? { ok: true } : { ok: false, detail: 'no broker' }
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.allSettled([...this.#readers].map((reader) => reader.stop()))
    await Promise.allSettled([...this.#appenders.values()].map((appender) => appender.stop()))
    await this.#admin?.disconnect().catch(() => {})
  }

  /** Asks the brokers something; again for a second while a partition, perhaps a new one, has no leader. */
  #ask<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    return translated(async () => {
      for (let attempt = 1; ; attempt++) {
        this.#admin ??= new Kafka(this.#config).admin()
        const admin = this.#admin
        try {
          await admin.connect()
          return await work(admin)
        } catch (error) {
          // The next question has a new client: the metadata of this one can stay spoilt.
          if (this.#admin === admin) this.#admin = undefined
          admin.disconnect().catch(() => {})
          if (attempt > 5 || !leaderless.some((type) => hasType(error, type))) throw error
          await pause(50 * attempt)
        }
      }
    })
  }

  #named(topic: string): string {
    return this.#options.topicPrefix + topic
  }
}

/** Appends to one topic, by a producer of its own: a topic that is away or slow holds up no other. */
class TopicAppender {
  readonly queue: AppendQueue
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #partitions: () => Promise<number>
  #producer: Producer | undefined

  constructor(config: KafkaConfig, topic: string, partitions: () => Promise<number>) {
    this.#kafka = new Kafka(config)
    this.#topic = topic
    this.#partitions = partitions
    this.queue = new AppendQueue(appendLimits, (records) => translated(() => this.#append(records)))
  }

  async stop(): Promise<void> {
    await this.queue.drain()
    await this.#producer?.disconnect()
  }

  async #append(records: readonly LogRecord[]): Promise<void> {
    const partitions = await this.#partitions()
    const messages = records.map(({ key, value, headers }) => ({
      key,
      value,
      partition: partitionOf(key, partitions),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    }))
    const producer = await this.#open()
    try {
      await producer.send({ topic: this.#topic, acks: -1, timeout: 8000, compression: CompressionTypes.None, messages })
    } catch (error) {
      // Its sequence numbers were taken back, though the broker may have the records: with the same numbers the next records
      // would pass for a repetition and be acknowledged without being kept. A new producer has a new identity.
      this.#producer = undefined
      producer.disconnect().catch(() => {})
      throw error
    }
  }

  async #open(): Promise<Producer> {
    if (this.#producer) return this.#producer
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 6 },
    })
    try {
      await producer.connect()
    } catch (error) {
      producer.disconnect().catch(() => {})
      throw error
    }
    this.#producer = producer
    return producer
  }
}

/** Runs something of kafkajs and turns whatever it throws into a fault of ours. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    if (hasType(cause, 'UNKNOWN_TOPIC_OR_PARTITION')) {
      throw new Fault('not-found', 'topic-unknown', 'The log has no such topic.', { cause })
    }
    throw unavailable(cause)
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault('unavailable', 'log-unavailable', 'The log cannot be reached, or did not take the records.', {
    cause,
  })
}

/** Whether an error of kafkajs, or one that it wraps, is this answer of a broker. */
function hasType(error: unknown, type: string): boolean {
  if (!(error instanceof Error)) return false
  return ('type' in error && error.type === type) || hasType(error.cause, type)
}
