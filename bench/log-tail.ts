/** What of each key has come onto the log in the database, read as it grows. */
import pg from 'pg'

export class LogTail {
  readonly #client: pg.Client
  readonly #topic: string
  readonly #counts = new Map<string, number>()
  /** The next offset to be read, by partition. */
  readonly #next = new Map<number, number>()
  #reading: Promise<void> | undefined

  constructor(databaseUrl: string, topic: string) {
    this.#client = new pg.Client({ connectionString: databaseUrl })
    this.#client.on('error', () => undefined)
    this.#topic = topic
  }

  async open(): Promise<void> {
    await this.#client.connect()
    await this.#read()
  }

  /** How many records of that key are on the log. Whoever asks at once is answered by one reading. */
  async count(key: string): Promise<number> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
    return this.#counts.get(key) ?? 0
  }

  close(): Promise<void> {
    return this.#client.end()
  }

  async #read(): Promise<void> {
    const { rows } = await this.#client.query<{ partition: number; offset: string; key: string }>(
      `select r.partition, r."offset", r.key from bus_partitions p
         left join unnest($2::int[], $3::bigint[]) as known (partition, next) on known.partition = p.partition
         join lateral (select partition, "offset", key from bus_records
                        where topic = p.topic and partition = p.partition and "offset" >= coalesce(known.next, 0)) r on true
        where p.topic = $1`,
      [this.#topic, [...this.#next.keys()], [...this.#next.values()]],
    )
    for (const { partition, offset, key } of rows) {
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
      this.#next.set(partition, Math.max(this.#next.get(partition) ?? 0, Number(offset) + 1))
    }
  }
}
