/**
 * Shows customers that somebody is writing to them, on platforms that can (`typing.out`). It is true for a moment and nothing depends on it:
 * what fails is not tried again. Of an account that is open in several processes each of them says so; platforms take the second for the first.
 */
import type { Signal, Signals } from '../../core/conversations/signals.ts'
import { type Clock, systemClock } from '../../core/platform/clock.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Supervisor } from './supervisor.ts'
import { within } from './timing.ts'

export interface TypistOptions {
  readonly db: Database
  readonly signals: Signals
  readonly supervisor: Pick<Supervisor, 'open' | 'find'>
  readonly log: Logger
  /** This process, unlike any other. */
  readonly owner: string
  readonly clock?: Clock
}

/** How long it lasts where a kind does not say. */
const lastsMs = 5000
const answerMs = 5000
/** How many conversations are remembered; what has been over for long goes first. */
const remembered = 10_000

export class Typist {
  readonly #options: TypistOptions
  /** Until when it is shown, by conversation. */
  readonly #until = new Map<string, number>()
  readonly #under = new Set<Promise<void>>()
  #off: (() => void) | undefined

  constructor(options: TypistOptions) {
    this.#options = options
  }

  start(): void {
    this.#off = this.#options.signals.on((signal) => this.#hear(signal))
  }

  /** Never throws. */
  async stop(): Promise<void> {
    this.#off?.()
    await Promise.all(this.#under)
  }

  #hear(signal: Signal): void {
    if (signal.type !== 'typing' || signal.by.kind !== 'member') return
    const { supervisor, log, clock = systemClock } = this.#options
    const { tenantId, conversationId } = signal
    const now = clock()
    if ((this.#until.get(conversationId) ?? 0) > now) return
    if (!supervisor.open().some(({ connector }) => connector.typing !== undefined)) return
    this.#until.delete(conversationId)
    this.#until.set(conversationId, now + lastsMs)
    const oldest = this.#until.size > remembered ? this.#until.keys().next().value : undefined
    if (oldest !== undefined) this.#until.delete(oldest)
    const work = this.#show(tenantId, conversationId, now)
      .catch((err: unknown) => log.debug({ err, conversationId }, 'that somebody is writing could not be shown'))
      .finally(() => this.#under.delete(work))
    this.#under.add(work)
  }

  async #show(tenantId: string, conversationId: string, now: number): Promise<void> {
    const { db, owner, supervisor } = this.#options
    const place = await db.work(owner, [tenantId], (tx) =>
      tx.maybe<{ channelId: string; peer: string }>(
        `select channel_id, peer from conversations where tenant_id = $1 and id = $2 and status <> 'closed'`,
        tenantId,
        conversationId,
      ),
    )
    const channel = place && supervisor.find(place.channelId)
    if (channel?.connector.typing === undefined) return
    const { everyMs = lastsMs } = channel.served.kind.capabilities.typing
    this.#until.set(conversationId, now + everyMs)
    await within(answerMs, 'Showing it', channel.connector.typing(place?.peer ?? ''))
  }
}
