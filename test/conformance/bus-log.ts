/** What a log under test must offer to the suite, and the suite's own tools for reading and writing it. */
import { randomUUID } from 'node:crypto'
import type {
  Batch,
  Bus,
  LogRecord,
  PartitionRange,
  Reader,
  ReadOptions,
  StoredRecord,
} from '../../src/core/events/bus.ts'
import { eventually } from '../support/eventually.ts'

/** One log, given to the suite by an implementation. */
export interface LogUnderTest {
  /** Another client on the same log, started. The suite stops it. */
  bus(): Promise<Bus>
  /** A client whose log cannot be reached, not started. Its time-out is a few seconds at most. */
  unreachable(): Bus
  /**
   * Appends as a foreign writer would, in a transaction of its own, and leaves it open: readers must not see the record, nor
   * pass it. The topic exists. Resolves once the record is written. Omit it only where the log knows no such thing.
   */
  openAppend(topic: string, record: LogRecord): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }>
  /** Forgets the records of a partition below `before`, as retention would. Resolves once readers cannot get them. */
  forget(topic: string, partition: number, before: number): Promise<void>
  /**
   * How another process reaches the log: a module (absolute path) that exports `connect(): Promise<Bus>`, a started client,
   * and the environment it needs. A child process publishes through it and is killed.
   */
  readonly elsewhere: { readonly module: string; readonly env: Readonly<Record<string, string>> }
  /** Lets go of the log and deletes what the tests left in it, where that is possible. */
  close(): Promise<void>
}

/** What the tests of one log share: clients that are stopped at the end, fresh topics, tracked readers. */
export class Bench {
  readonly log: LogUnderTest
  readonly #buses: Bus[] = []
  #shared: Promise<Bus> | undefined

  constructor(log: LogUnderTest) {
    this.log = log
  }

  /** A client of its own. */
  async client(): Promise<Bus> {
    const bus = await this.log.bus()
    this.#buses.push(bus)
    return bus
  }

  /** The client that tests use which need only one. */
  get bus(): Promise<Bus> {
    this.#shared ??= this.client()
    return this.#shared
  }

  /** Makes a topic that no other test uses. */
  async topic(partitions = 4): Promise<string> {
    const name = `t-${randomUUID().slice(0, 13)}`
    await (await this.bus).ensureTopics([{ name, partitions, retentionHours: 24 }])
    return name
  }

  async close(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.stop()))
    await this.log.close()
  }
}

export interface OutOfRange {
  readonly partition: number
  readonly asked: number
  readonly range: PartitionRange
}

/** A reader that keeps what it was given, and notices any breach of the port that can be seen in passing. */
export class Recorder {
  readonly batches: Batch[] = []
  readonly outOfRange: OutOfRange[] = []
  /** Sentences about what the port forbids. Empty at the end of every test. */
  readonly breaches: string[] = []
  readonly #running = new Set<number>()
  /** Set by a test to do something within the handler. */
  handle: (batch: Batch) => Promise<void> = async () => {}
  readonly #topic: string
  readonly #maxRecords: number

  constructor(topic: string, maxRecords = 500) {
    this.#topic = topic
    this.#maxRecords = maxRecords
  }

  get records(): StoredRecord[] {
    return this.batches.flatMap((batch) => [...batch.records])
  }

  of(partition: number): StoredRecord[] {
    return this.records.filter((record) => record.partition === partition)
  }

  /** The records' values as text, in the order of delivery. */
  get texts(): string[] {
    return this.records.map((record) => record.value.toString())
  }

  readonly #onBatch = async (batch: Batch): Promise<void> => {
    const { partition, records } = batch
    if (this.#running.has(partition)) this.breaches.push(`two handlers of partition ${partition} at a time`)
    if (records.length === 0) this.breaches.push('an empty batch')
    if (records.length > this.#maxRecords) this.breaches.push(`${records.length} records in one batch`)
    if (batch.topic !== this.#topic) this.breaches.push(`a batch of topic ${batch.topic}`)
    if (records.some((record) => record.partition !== partition || record.topic !== this.#topic)) {
      this.breaches.push('a record of another partition in a batch')
    }
    if (records.some((record, i) => i > 0 && record.offset <= (records[i - 1]?.offset ?? -1))) {
      this.breaches.push('offsets that do not grow')
    }
    this.#running.add(partition)
    try {
      await this.handle(batch)
      this.batches.push(batch)
    } finally {
      this.#running.delete(partition)
    }
  }

  isHandling(partition: number): boolean {
    return this.#running.has(partition)
  }

  options(group = 'conformance'): ReadOptions {
    return {
      topic: this.#topic,
      group,
      maxRecords: this.#maxRecords,
      onBatch: this.#onBatch,
      onOutOfRange: (partition, asked, range) => this.outOfRange.push({ partition, asked, range }),
    }
  }

  /** Opens a reader on a client; adopts the partitions named, each from its position (0 unless told). */
  async read(bus: Bus, partitions: readonly number[], from: (partition: number) => number = () => 0): Promise<Reader> {
    const reader = await bus.read(this.options())
    for (const partition of partitions) await reader.adopt(partition, from(partition))
    return reader
  }

  /** Resolves once so many records were handled. */
  async reaches(count: number, timeoutMs = 30_000): Promise<void> {
    await eventually(() => this.records.length >= count, timeoutMs).catch(() => {
      throw new Error(`${this.records.length} of ${count} records arrived within ${timeoutMs} ms`)
    })
  }
}

/** Numbers 0 to count - 1. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** A record whose value is a text. */
export const record = (key: string, text: string): LogRecord => ({ key, value: Buffer.from(text) })

/** Values of each key, in the order given. */
export function textsByKey(records: readonly StoredRecord[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {}
  for (const { key, value } of records) {
    const ofKey = texts[key] ?? []
    ofKey.push(value.toString())
    texts[key] = ofKey
  }
  return texts
}

/** A promise with its handles, for handlers that wait until the test says so. */
export function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
