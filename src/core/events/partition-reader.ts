/**
 * Reads adopted partitions of a topic, each by a loop of its own: fetch, hand over, fetch. A partition is at most one fetch ahead of its
 * handler (back-pressure), and no partition waits for another. Knows nothing of the
 * log behind it: that is a Source for each partition.
 */
import type { Logger } from '../platform/log.ts'
import type { PartitionRange, Reader, ReadOptions, StoredRecord } from './bus.ts'

/** One partition, being fetched from. */
export interface Source {
  /**
   * Waits for records at or after `next`, up to a few seconds. Answers with those (perhaps none) and the position after
   * them, or with what is kept instead when `next` is not.
   */
  fetch(next: number): Promise<{ records: readonly StoredRecord[]; next: number } | { outOfRange: PartitionRange }>
  /** Ends a fetch under way, which then rejects. Never throws. */
  close(): void
}

const shortestPauseMs = 200
const longestPauseMs = 5000

export class PartitionReader implements Reader {
  readonly #options: ReadOptions
  readonly #open: (partition: number) => Source
  readonly #log: Logger
  readonly #lanes = new Map<number, Lane>()
  #stopped = false

  constructor(options: ReadOptions, log: Logger, open: (partition: number) => Source) {
    this.#options = options
    this.#log = log
    this.#open = open
  }

  async adopt(partition: number, next: number): Promise<void> {
    // Again when another adoption of it came first: of two lanes, one would be forgotten and go on.
    do await this.drop(partition)
    while (this.#lanes.has(partition))
    if (this.#stopped) return
    this.#lanes.set(partition, new Lane(this.#options, this.#log, partition, next, this.#open(partition)))
  }

  async drop(partition: number): Promise<void> {
    const lane = this.#lanes.get(partition)
    // It stays listed until its handler has ended, so that a second drop waits as well.
    await lane?.stop()
    if (this.#lanes.get(partition) === lane) this.#lanes.delete(partition)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#lanes.keys()].map((partition) => this.drop(partition)))
  }
}

/** One adopted partition, from adoption to drop. */
class Lane {
  readonly #options: ReadOptions
  readonly #log: Logger
  readonly #partition: number
  readonly #source: Source
  readonly #stopping = new AbortController()
  /** The handler that runs, or the last that did. Never rejects. */
  #handling: Promise<boolean> = Promise.resolve(true)

  constructor(options: ReadOptions, log: Logger, partition: number, next: number, source: Source) {
    this.#options = options
    this.#log = log
    this.#partition = partition
    this.#source = source
    void this.#run(next)
  }

  /** Resolves when no handler runs, and none will. A fetch under way is abandoned, not waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#source.close()
    await this.#handling
  }

  async #run(from: number): Promise<void> {
    const { signal } = this.#stopping
    const { topic, maxRecords, onOutOfRange } = this.#options
    let next = from
    let pauseMs = shortestPauseMs
    let fetching: ReturnType<Source['fetch']> | undefined
    while (!signal.aborted) {
      try {
        fetching ??= this.#source.fetch(next)
        const fetched = await fetching
        fetching = undefined
        if (signal.aborted) return
        pauseMs = shortestPauseMs
        if ('outOfRange' in fetched) {
          this.#stopping.abort()
          this.#source.close()
          return onOutOfRange(this.#partition, next, fetched.outOfRange)
        }
        if (fetched.records.length >= maxRecords) {
          // There is more: it is fetched while these are handled. Were it not, what comes meanwhile would make the next batch fuller.
          fetching = this.#source.fetch(fetched.next)
          fetching.catch(() => {})
        }
        await this.#handOver(fetched.records)
        next = fetched.next
      } catch (err) {
        fetching = undefined
        if (signal.aborted) return
        this.#log.warn({ err, topic, partition: this.#partition, next }, 'the log cannot be read; trying again')
        await pause(pauseMs, signal)
        pauseMs = Math.min(2 * pauseMs, longestPauseMs)
      }
    }
  }

  /** Hands over in batches of the size asked for, each again and again until it is handled or the lane stopped. */
  async #handOver(records: readonly StoredRecord[]): Promise<void> {
    const { maxRecords } = this.#options
    for (let start = 0; start < records.length; start += maxRecords) {
      const batch = records.slice(start, start + maxRecords)
      for (
        let pauseMs = shortestPauseMs;
        !this.#stopping.signal.aborted;
        pauseMs = Math.min(2 * pauseMs, longestPauseMs)
      ) {
        this.#handling = this.#handle(batch)
        if (await this.#handling) break
        await pause(pauseMs, this.#stopping.signal)
      }
    }
  }

  async #handle(records: readonly StoredRecord[]): Promise<boolean> {
    const { topic, onBatch } = this.#options
    try {
      await onBatch({ topic, partition: this.#partition, records })
      return true
    } catch (err) {
      const fields = { err, topic, partition: this.#partition, offset: records[0]?.offset, records: records.length }
      this.#log.warn(fields, 'a batch was not handled; it comes again')
      return false
    }
  }
}

/** Waits, or less when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
