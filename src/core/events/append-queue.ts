/**
 * Gathers appends to one place of a log: one is under way at a time, and whatever was added meanwhile goes with the next. So
 * the order of calls is the order of the log, and a busy log is paid for by the batch, not by the record.
 */
import { Fault } from '../platform/errors.ts'
import type { LogRecord } from './bus.ts'

export interface AppendLimits {
  readonly maxRecords: number
  /** Of one append; a single record may be larger. */
  readonly maxBytes: number
}

interface Call {
  readonly records: readonly LogRecord[]
  /** How many of them were taken into an append. */
  taken: number
  resolve(): void
  reject(error: unknown): void
}

export class AppendQueue {
  readonly #append: (records: readonly LogRecord[]) => Promise<void>
  readonly #limits: AppendLimits
  readonly #calls: Call[] = []
  #running: Promise<void> | undefined
  #draining = false

  constructor(limits: AppendLimits, append: (records: readonly LogRecord[]) => Promise<void>) {
    this.#limits = limits
    this.#append = append
  }

  /** Resolves when all the records were appended; rejects with what ended the append that held one of them. */
  add(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#calls.push({ records, taken: 0, resolve, reject })
      // A tick later, so that calls made together travel together.
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  /** Resolves when nothing is queued any more. From now on the first failure also rejects whatever waits behind it. */
  async drain(): Promise<void> {
    this.#draining = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#calls.length > 0) {
      const { records, calls } = this.#take()
      try {
        await this.#append(records)
        for (const call of calls) if (call.taken === call.records.length) call.resolve()
      } catch (error) {
        for (const call of calls) call.reject(error)
        // The rest of a call that failed halfway is not appended: its caller repeats it whole.
        if (this.#calls[0] && calls.has(this.#calls[0])) this.#calls.shift()
        if (this.#draining) for (const call of this.#calls.splice(0)) call.reject(error)
      }
    }
    this.#running = undefined
  }

  #take(): { records: LogRecord[]; calls: Set<Call> } {
    const records: LogRecord[] = []
    const calls = new Set<Call>()
    let bytes = 0
    let whole = 0
    for (let call = this.#calls[0]; call && records.length < this.#limits.maxRecords; call = this.#calls[whole]) {
      const record = call.records[call.taken]
      if (record) {
        bytes += sizeOf(record)
        if (records.length > 0 && bytes > this.#limits.maxBytes) break
        records.push(record)
        calls.add(call)
        call.taken++
      }
      if (call.taken >= call.records.length) whole++
    }
    // At once: taking the first of many thousand calls one by one would move the rest each time.
    this.#calls.splice(0, whole)
    return { records, calls }
  }
}

const maxValueBytes = 2_000_000
const maxNamesBytes = 500_000

/** Faults with `record-too-large` when a value has more than 2 MB, or a key and its headers have half a megabyte. */
export function refuseTooLarge(records: readonly LogRecord[]): void {
  for (const record of records) {
    if (record.value.length <= maxValueBytes && sizeOf(record) - record.value.length <= maxNamesBytes) continue
    throw new Fault('too-large', 'record-too-large', `A record's value may have ${maxValueBytes} bytes.`)
  }
}

/** About how many bytes a record takes on the wire. */
export function sizeOf({ key, value, headers = {} }: LogRecord): number {
  let bytes = Buffer.byteLength(key) + value.length + 32
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '') + 4
  return bytes
}
