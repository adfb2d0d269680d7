/**
 * Hints that something is there to do, within the process and between processes. A hint can be lost: whoever waits for
 * one also polls. So nothing may depend on a hint for its correctness, only for its speed.
 */
import type { Database } from './database.ts'

type Listener = (said?: unknown) => void

/** Names of what can be hinted at. */
export type WakeName =
  | 'outbox'
  | 'feed'
  | 'log'
  /** Something that was asked of routing, or of a call, has its outcome. */
  | 'commands'
  /** This one has. */
  | `command:${string}`
  /** This tenant asked something of routing. */
  | `asked:${string}`
  | 'deliveries'
  | 'recalls'
  | 'channels'
  | 'set-aside'
  | 'jobs'
  | 'files'
  | 'calls'
  /** A platform has called this channel. */
  | `hook:${string}`

/** A NOTIFY carries less than 8,000 bytes. */
const namesAtOnce = 100

/** One per process. Opens a LISTEN connection; `hint` is heard here at once and elsewhere within milliseconds. */
export class Wake {
  readonly #db: Database
  readonly #self = Math.random().toString(36).slice(2)
  readonly #listeners = new Map<WakeName, Set<Listener>>()
  readonly #pending = new Set<WakeName>()
  #sending = false
  #closeListening: (() => Promise<void>) | undefined

  constructor(db: Database) {
    this.#db = db
  }

  async start(): Promise<void> {
    this.#closeListening = await this.#db.listen('tributary', (payload) => {
      const [origin, ...names] = payload.split(' ')
      if (origin === this.#self) return
      for (const name of names) this.#call(name as WakeName)
    })
  }

  /** Hears hints of that name until the returned function is called. */
  on(name: WakeName, listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    listeners.add(listener)
    this.#listeners.set(name, listeners)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name)
    }
  }

  /**
   * Hints, after a commit. NOTIFY is sent as a statement of its own, coalesced: within a writing transaction it would
   * take a cluster-wide lock until after the flush (bus measurements: a third of the throughput). What is said with it is heard
   * in this process alone.
   */
  hint(name: WakeName, said?: unknown): void {
    this.#call(name, said)
    this.#pending.add(name)
    if (!this.#sending) void this.#send()
  }

  /** Resolves at the next hint, or after `timeoutMs`, or when `signal` aborts. */
  wait(name: WakeName, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        off()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      const off = this.on(name, done)
      signal?.addEventListener('abort', done)
      if (signal?.aborted) done()
    })
  }

  async stop(): Promise<void> {
    await this.#closeListening?.()
  }

  #call(name: WakeName, said?: unknown): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(said)
  }

  async #send(): Promise<void> {
    this.#sending = true
    try {
      while (this.#pending.size > 0) {
        const names = [...this.#pending].slice(0, namesAtOnce)
        for (const name of names) this.#pending.delete(name)
        await this.#db.notify('tributary', `${this.#self} ${names.join(' ')}`)
      }
    } catch {
      // Only a hint: the others poll.
    } finally {
      this.#sending = false
    }
  }
}
