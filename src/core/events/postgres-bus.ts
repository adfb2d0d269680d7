/**
 * The embedded log: topics as tables of PostgreSQL.
 *
 * Each partition has a counter row, locked from append to commit, so offsets are dense and become visible in order.
 * (Reading a sequence in id order loses rows under concurrent writers: 30 % in a measurement with eight of them.) Since
 * commits on one partition follow each other, appends to a topic are gathered (append-queue.ts).
 */
import type { Database } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import { storable, storableText } from '../platform/text.ts'
import { textArray } from '../platform/text-array.ts'
import { AppendQueue, refuseTooLarge } from './append-queue.ts'
import type { Bus, LogRecord, PartitionRange, Reader, ReadOptions, TopicSpec } from './bus.ts'
import { partitionOf } from './murmur2.ts'
import { PartitionReader } from './partition-reader.ts'
import { PostgresSource, placeOf } from './postgres-source.ts'

export interface PostgresBusOptions {
  readonly db: Database
  readonly log: Logger
  /** How often a reader looks without having been told; a hint can be lost. */
  readonly pollMs?: number
}

const appendLimits = { maxRecords: 2000, maxBytes: 8_000_000 }
const channel = 'tributary_log'
/** Of one NOTIFY, whose payload must stay below 8,000 bytes. */
const placesPerHint = 100

export class PostgresBus implements Bus {
  readonly kind = 'postgres'
  readonly #options: PostgresBusOptions
  readonly #partitions = new Map<string, number>()
  /** One for each topic, so that a topic that is refused or waited for holds up no other. */
  readonly #queues = new Map<string, AppendQueue>()
  readonly #readers = new Set<Reader>()
  readonly #sources = new Set<PostgresSource>()
  readonly #self = Math.random().toString(36).slice(2)
  readonly #untold = new Set<string>()
  #telling = false
  #stopped = false
  #closeListening: (() => Promise<void>) | undefined

  constructor(options: PostgresBusOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#closeListening !== undefined) return
    try {
      this.#closeListening = await this.#options.db.listen(channel, (payload) => {
        const [origin, ...places] = payload.split(' ')
        if (origin !== this.#self) this.#wake(new Set(places))
      })
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const { name, partitions, retentionHours } of specs) {
      await this.#ask(
        `insert into bus_topics (topic, partitions, retention_hours) values ($1, $2, $3)
         on conflict (topic) do update set retention_hours = excluded.retention_hours`,
        name,
        partitions,
        retentionHours,
      )
      await this.#ask(
        `insert into bus_partitions (topic, partition)
         select t.topic, p from bus_topics t, generate_series(0, t.partitions - 1) p where t.topic = $1
         on conflict do nothing`,
        name,
      )
    }
  }

  async partitions(topic: string): Promise<number> {
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const [row] = await this.#ask<{ partitions: number }>('select partitions from bus_topics where topic = $1', topic)
    if (row === undefined) throw unknownTopic()
    this.#partitions.set(topic, row.partitions)
    return row.partitions
  }

  async publish(topic: string, records: readonly LogRecord[]): Promise<void> {
    if (this.#stopped) throw unavailable('the bus was stopped')
    refuseTooLarge(records)
    let queue = this.#queues.get(topic)
    if (queue === undefined) {
      queue = new AppendQueue(appendLimits, (batch) => this.#append(topic, batch))
      this.#queues.set(topic, queue)
    }
    await queue.add(records)
  }

  async read(options: ReadOptions): Promise<Reader> {
    if (this.#stopped) throw unavailable('the bus was stopped')
    const { topic, maxRecords } = options
    await this.partitions(topic)
    const { db, log, pollMs = 500 } = this.#options
    const reader = new PartitionReader(options, log, (partition) => {
      const onClose = (closed: PostgresSource) => this.#sources.delete(closed)
      const source = new PostgresSource({ db, topic, partition, maxRecords, pollMs, onClose })
      this.#sources.add(source)
      return source
    })
    this.#readers.add(reader)
    return reader
  }

  async ranges(topic: string): Promise<PartitionRange[]> {
    const ranges = await this.#ask<PartitionRange>(
      `select partition, earliest_offset as earliest, next_offset as next from bus_partitions
        where topic = $1 order by partition`,
      topic,
    )
    if (ranges.length === 0) throw unknownTopic()
    return ranges
  }

  async health(): Promise<{ ok: boolean; detail?: string }> {
    return (await this.#options.db.health()) ? { ok: true } : { ok: false, detail: 'the database does not answer' }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#readers].map((reader) => reader.stop()))
    await Promise.all([...this.#queues.values()].map((queue) => queue.drain()))
    await this.#closeListening?.()
  }

  /** Forgets records older than their topic's retention, some thousands at a time. For the housekeeping of the hub. */
  async forget(): Promise<void> {
    const { db } = this.#options
    const due = await db.ground<{ topic: string; partition: number; until: number }>(
      `select p.topic, p.partition, max(r."offset") + 1 as until
         from bus_partitions p join bus_topics t using (topic)
         cross join lateral (
           select "offset", at from bus_records r where r.topic = p.topic and r.partition = p.partition
            order by "offset" limit 5000) r
        where r.at < now() - t.retention_hours * interval '1 hour'
        group by p.topic, p.partition`,
    )
    for (const { topic, partition, until } of due) {
      await db.ground(
        `with moved as (
           update bus_partitions set earliest_offset = $3 where topic = $1 and partition = $2 and earliest_offset < $3
         ) delete from bus_records where topic = $1 and partition = $2 and "offset" < $3`,
        topic,
        partition,
        until,
      )
    }
  }

  async #append(topic: string, records: readonly LogRecord[]): Promise<void> {
    const count = await this.partitions(topic)
    const partitions: number[] = []
    const keys: string[] = []
    const headers: string[] = []
    const starts: number[] = []
    const lengths: number[] = []
    let at = 1
    for (const record of records) {
      partitions.push(partitionOf(record.key, count))
      // What the tables cannot hold would be refused with all the records beside it.
      keys.push(storableText(record.key))
      headers.push(JSON.stringify(storable(record.headers ?? {})))
      starts.push(at)
      lengths.push(record.value.length)
      at += record.value.length
    }
    await this.#ask(
      `with input as (
         select partition, key, headers::jsonb, start, length, n
           from unnest($2::int[], $3::text[], $4::text[], $5::int[], $6::int[])
             with ordinality as u (partition, key, headers, start, length, n)
       ), counts as (
         select partition, count(*) as n from input group by partition
       ), locked as materialized (
         select b.partition from bus_partitions b join counts c using (partition)
          where b.topic = $1 order by b.partition for update of b
       ), moved as (
         update bus_partitions b set next_offset = b.next_offset + c.n
           from locked l join counts c using (partition)
          where b.topic = $1 and b.partition = l.partition
         returning b.partition, b.next_offset - c.n as base
       )
       insert into bus_records (topic, partition, "offset", at, key, value, headers)
       select $1, i.partition, m.base + row_number() over (partition by i.partition order by i.n) - 1,
              clock_timestamp(), i.key, substring($7::bytea from i.start for i.length), i.headers
         from input i join moved m using (partition)`,
      topic,
      partitions,
      textArray(keys),
      textArray(headers),
      starts,
      lengths,
      Buffer.concat(records.map((record) => record.value)),
    )
    const places = new Set([...new Set(partitions)].map((partition) => placeOf(topic, partition)))
    this.#wake(places)
    for (const place of places) this.#untold.add(place)
    if (!this.#telling) void this.#tell()
  }

  #wake(places: ReadonlySet<string>): void {
    for (const source of this.#sources) if (places.has(source.place)) source.wake()
  }

  /** Tells the other processes, after the commit and in a statement of its own; lost hints are made up for by the poll. */
  async #tell(): Promise<void> {
    this.#telling = true
    while (this.#untold.size > 0) {
      const places = [...this.#untold].slice(0, placesPerHint)
      for (const place of places) this.#untold.delete(place)
      await this.#options.db.notify(channel, [this.#self, ...places].join(' ')).catch(() => {})
    }
    this.#telling = false
  }

  async #ask<T>(sql: string, ...parameters: unknown[]): Promise<T[]> {
    try {
      return await this.#options.db.ground<T>(sql, ...parameters)
    } catch (cause) {
      throw unavailable(cause)
    }
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault('unavailable', 'log-unavailable', 'The log cannot be reached, or did not take the records.', {
    cause,
  })
}

function unknownTopic(): Fault {
  return new Fault('not-found', 'topic-unknown', 'The log has no such topic.')
}
