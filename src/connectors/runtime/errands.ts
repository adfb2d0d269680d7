/**
 * What is to be done at platforms beside sending, over the channels that are open here: claimed from the database, a few at once. Which process does which
 * is a row there, so each must be such that done twice it does no harm.
 */
import type { ServedLanes } from '../../core/conversations/lanes.ts'
import type { Database, Tx } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake, WakeName } from '../../core/platform/wake.ts'
import { logFor } from './hub.ts'
import { Rounds } from './rounds.ts'
import type { OpenChannel, Supervisor } from './supervisor.ts'
import { type Backoff, within } from './timing.ts'

/** What whoever has errands done is given. */
export interface ErrandParts {
  readonly db: Database
  readonly wake: Wake
  readonly supervisor: Pick<Supervisor, 'open' | 'served' | 'onOpen'>
  readonly log: Logger
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  /** How often to look, how many at once, how long to wait after a failure: the kind of errand says it unless it is given. */
  readonly pollMs?: number
  readonly concurrency?: number
  readonly backoff?: Backoff
}

export interface ErrandKind<T> {
  /** What they are called in the log, and the hint that there may be some. */
  readonly name: string
  readonly hint: WakeName
  readonly pollMs: number
  readonly concurrency: number
  readonly giveUpEveryMs: number
  /** How long an end waits for those under way. */
  readonly stopMs: number
  /** Whether that channel is one for them. */
  isFor(channel: OpenChannel): boolean
  claim(tx: Tx, lanes: readonly ServedLanes[], limit: number): Promise<readonly T[]>
  /** Ends those that nobody could do in time. */
  failOverdue(tx: Tx, lanes: readonly ServedLanes[], limit: number): Promise<unknown>
  /** Rejects only when the outcome cannot be written: then the claim runs out, and it is done again. */
  run(channel: OpenChannel, errand: T): Promise<void>
  /** What names it in the log. */
  idOf(errand: T): object
}

export class Errands<T extends { readonly channelId: string }> {
  readonly #parts: ErrandParts
  readonly #kind: ErrandKind<T>
  readonly #rounds: Rounds
  readonly #under = new Set<Promise<void>>()
  #off: (() => void)[] = []
  #gaveUpAt = Number.NEGATIVE_INFINITY

  constructor(parts: ErrandParts, kind: ErrandKind<T>) {
    this.#parts = parts
    this.#kind = kind
    this.#rounds = new Rounds({
      everyMs: parts.pollMs ?? kind.pollMs,
      round: () => this.#round(),
      onFailure: (err) => parts.log.warn({ err }, `${kind.name} could not be claimed`),
    })
  }

  /** Aborts when they are to end. */
  get signal(): AbortSignal {
    return this.#rounds.signal
  }

  start(): void {
    const { wake, supervisor } = this.#parts
    const nudge = () => this.#rounds.nudge()
    this.#off = [wake.on(this.#kind.hint, nudge), supervisor.onOpen(nudge)]
    this.#rounds.start()
  }

  /** Claims nothing more; resolves when those under way have ended, or after a while. Never throws. */
  async stop(): Promise<void> {
    for (const off of this.#off) off()
    await this.#rounds.stop()
    await within(this.#kind.stopMs, this.#kind.name, Promise.all(this.#under)).catch(() => {})
  }

  async #round(): Promise<void> {
    const { db, owner, supervisor, concurrency = this.#kind.concurrency } = this.#parts
    const able = supervisor.open().filter((channel) => this.#kind.isFor(channel))
    const channels = new Map(able.map((channel) => [channel.served.channelId, channel]))
    const room = concurrency - this.#under.size
    if (room > 0 && channels.size > 0) {
      const lanes = lanesOf(able.map(({ served }) => served))
      const claimed = await db.work(owner, tenantsOf(lanes), (tx) => this.#kind.claim(tx, lanes, room))
      for (const errand of claimed) {
        const channel = channels.get(errand.channelId)
        if (channel !== undefined) this.#begin(channel, errand)
      }
      if (claimed.length === room && this.#under.size < concurrency) this.#rounds.nudge()
    }
    if (performance.now() - this.#gaveUpAt < this.#kind.giveUpEveryMs) return
    this.#gaveUpAt = performance.now()
    const lanes = lanesOf(supervisor.served())
    if (lanes.length > 0) await db.work(owner, tenantsOf(lanes), (tx) => this.#kind.failOverdue(tx, lanes, 100))
  }

  #begin(channel: OpenChannel, errand: T): void {
    const log = logFor(this.#parts.log, channel.served)
    const work = this.#kind
      .run(channel, errand)
      .catch((err: unknown) => log.error({ err, ...this.#kind.idOf(errand) }, 'what became of it could not be noted'))
      .finally(() => {
        this.#under.delete(work)
        this.#rounds.nudge()
      })
    this.#under.add(work)
  }
}

function lanesOf(served: readonly ServedLanes[]): ServedLanes[] {
  return served.map(({ tenantId, channelId }) => ({ tenantId, channelId }))
}

function tenantsOf(lanes: readonly ServedLanes[]): string[] {
  return [...new Set(lanes.map(({ tenantId }) => tenantId))]
}
