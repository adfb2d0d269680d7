/** Fetches one partition of the embedded log: looks when a hint says that something came, and every so often without one. */
import type { Database } from '../platform/database.ts'
import type { PartitionRange, StoredRecord } from './bus.ts'
import type { Source } from './partition-reader.ts'

/** More records are added to a fetch while those before them have fewer bytes than this. */
const fetchBytes = 8_000_000

export interface PostgresSourceOptions {
  readonly db: Database
  readonly topic: string
  readonly partition: number
  readonly maxRecords: number
  /** How often it looks without a hint; one can be lost. */
  readonly pollMs: number
  onClose(source: PostgresSource): void
}

export class PostgresSource implements Source {
  /** As hints name it. */
  readonly place: string
  readonly #options: PostgresSourceOptions
  #hinted = false
  #closed = false
  #resume = () => {}

  constructor(options: PostgresSourceOptions) {
    this.#options = options
    this.place = placeOf(options.topic, options.partition)
  }

  async fetch(next: number): ReturnType<Source['fetch']> {
    // Before looking: what is appended while it looks is not waited for.
    this.#hinted = false
    const records = await this.#look(next)
    // Offsets are dense: anything but the one asked for means that records were forgotten in between.
    const last = records.at(-1)
    if (last !== undefined && records[0]?.offset === next) return { records, next: last.offset + 1 }
    const kept = await this.#range()
    if (kept !== undefined && (next < kept.earliest || next > kept.next)) return { outOfRange: kept }
    await this.#wait()
    return { records: [], next }
  }

  /** Ends the wait of a fetch, now or as soon as it would begin. */
  wake(): void {
    this.#hinted = true
    this.#resume()
  }

  close(): void {
    this.#closed = true
    this.#resume()
    this.#options.onClose(this)
  }

  #look(next: number): Promise<StoredRecord[]> {
    const { db, topic, partition, maxRecords } = this.#options
    return db.ground<StoredRecord>(
      `select topic, partition, "offset", timestamp, key, value, headers
         from (select r.*, (extract(epoch from at) * 1000)::bigint as timestamp,
                      sum(octet_length(value) + octet_length(key) + pg_column_size(headers))
                        over (order by "offset" rows between unbounded preceding and 1 preceding) as bytes_before
                 from bus_records r where topic = $1 and partition = $2 and "offset" >= $3
                order by "offset" limit $4) r
        where coalesce(bytes_before, 0) < $5 order by "offset"`,
      topic,
      partition,
      next,
      maxRecords,
      fetchBytes,
    )
  }

  async #range(): Promise<PartitionRange | undefined> {
    const { db, topic, partition } = this.#options
    const [range] = await db.ground<PartitionRange>(
      `select partition, earliest_offset as earliest, next_offset as next from bus_partitions
        where topic = $1 and partition = $2`,
      topic,
      partition,
    )
    return range
  }

  #wait(): Promise<void> {
    if (this.#hinted || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.pollMs)
      this.#resume = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** What a hint says of a partition to which something was appended. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
