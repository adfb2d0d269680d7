/**
 * What is true for a moment and kept nowhere: somebody is typing, a visitor is there. Heard in this process at once and in
 * the others by NOTIFY; one that is lost is made good by the next.
 */

import type { Database } from '../platform/database.ts'
import type { Logger } from '../platform/log.ts'
import type { Audience } from './rows.ts'

export type Signal =
  | Told
  /** An agent has come: whoever has visitors tells of them again. */
  | { readonly type: 'roll-call'; readonly tenantId: string }

/** What readers are told of. */
export type Told = {
  readonly tenantId: string
  readonly conversationId: string
  /** Of the conversation, as it was when this was said: who may hear it. */
  readonly audience: Audience
} & (
  | { readonly type: 'typing'; readonly by: { readonly kind: 'member' | 'contact'; readonly id: string } }
  | { readonly type: 'visitor.online'; readonly online: boolean }
)

const channel = 'tributary_signals'

/** One per process. */
export class Signals {
  readonly #db: Database
  readonly #log: Logger
  readonly #self = Math.random().toString(36).slice(2)
  readonly #listeners = new Set<(signal: Signal, local: boolean) => void>()
  #close: (() => Promise<void>) | undefined

  constructor(db: Database, log: Logger) {
    this.#db = db
    this.#log = log
  }

  async start(): Promise<void> {
    this.#close = await this.#db.listen(channel, (payload) => {
      const space = payload.indexOf(' ')
      if (payload.slice(0, space) === this.#self) return
      try {
        this.#tell(JSON.parse(payload.slice(space + 1)) as Signal, false)
      } catch (err) {
        this.#log.warn({ err }, 'a signal of another process cannot be read')
      }
    })
  }

  /** Hears signals until the returned function is called; `local` says whether this process is where it came from. */
  on(listener: (signal: Signal, local: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Tells everybody. Never rejects: nothing depends on a signal. */
  publish(signal: Signal): void {
    this.#tell(signal, true)
    void this.#db.notify(channel, `${this.#self} ${JSON.stringify(signal)}`).catch(() => {})
  }

  async stop(): Promise<void> {
    await this.#close?.()
  }

  #tell(signal: Signal, local: boolean): void {
    for (const listener of [...this.#listeners]) listener(signal, local)
  }
}
