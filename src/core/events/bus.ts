/**
 * The log as the house sees it: topics of partitions, appended durably, read by position.
 *
 * The port knows nothing of ownership or positions: who may read a partition is said by leases (leases.ts), how far it was
 * handled by positions kept in PostgreSQL beside the effects (consumer.ts). Two logs stand behind it, PostgresBus and
 * KafkaBus, and one conformance suite runs over both.
 */

/**
 * What is appended. `key` chooses the partition (murmur2, as Kafka's default partitioner) and is the scope of order. NUL and
 * lone surrogates in keys and headers may come back as U+FFFD; values are bytes and come back as they are.
 */
export interface LogRecord {
  readonly key: string
  readonly value: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** What is read back. `offset` grows strictly within its partition, but need not be dense. */
export interface StoredRecord extends LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** When the log took it, in ms since 1970. */
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  readonly retentionHours: number
}

/** Records of one partition in ascending offset; never empty. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly StoredRecord[]
}

/** First offset still kept, and the offset that the next record will get. */
export interface PartitionRange {
  readonly partition: number
  readonly earliest: number
  readonly next: number
}

export interface ReadOptions {
  readonly topic: string
  /** Names the reader in the broker's own tools; it decides nothing about ownership. */
  readonly group: string
  /** Of one batch. Large records come in smaller ones, of some 10 MB at most. */
  readonly maxRecords: number
  /**
   * Called for one batch of a partition at a time; the next fetch of that partition waits for it (back-pressure), other
   * partitions go on. When it rejects, the same records come again after a pause that grows from 0.2 s to 5 s.
   */
  onBatch(batch: Batch): Promise<void>
  /** The position asked for is no longer kept: nothing is delivered for this partition until it is adopted anew. */
  onOutOfRange(partition: number, asked: number, range: PartitionRange): void
}

export interface Reader {
  /** Begins (or begins again) delivering a partition from `next`. Resolves at once; records follow. */
  adopt(partition: number, next: number): Promise<void>
  /**
   * Ends delivery of a partition. Resolves when no handler of it runs, and none will be called any more; so a handler must
   * not wait for the drop, or for an adoption, of its own partition.
   */
  drop(partition: number): Promise<void>
  /** Drops everything and closes. Never throws. */
  stop(): Promise<void>
}

export interface Bus {
  readonly kind: 'postgres' | 'kafka'
  /** Connects. Rejects when the log cannot be reached within its time-out. */
  start(): Promise<void>
  /**
   * Creates the topics that are missing; one that is there keeps its partitions, which the place of every key hangs on. May
   * be repeated by many processes at once.
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>
  partitions(topic: string): Promise<number>
  /**
   * Appends. Resolves only when every record is durable (Kafka acks=all, PostgreSQL commit). For each key, the order of
   * calls is the order of the log, also for calls that were not awaited. A rejected call may have appended all, some or none: the caller that
   * repeats it must be recognised by its records. Faults with `log-unavailable`, `topic-unknown` and, before anything is
   * appended, `record-too-large` (values up to 2 MB are taken). A call for a topic that faults spoils none for another.
   */
  publish(topic: string, records: readonly LogRecord[]): Promise<void>
  read(options: ReadOptions): Promise<Reader>
  ranges(topic: string): Promise<PartitionRange[]>
  health(): Promise<{ ok: boolean; detail?: string }>
  /** Waits for appends under way, then closes. Never throws. */
  stop(): Promise<void>
}
