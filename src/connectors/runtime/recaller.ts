/**
 * Takes messages back at their platforms, over the channels that are open here. Which process does it is a row in the database; that one is
 * taken back twice does no harm: who has nothing to take back any more says so.
 */
import {
  claimRecalls,
  endRecall,
  failOverdueRecalls,
  pieceRecalled,
  piecesToRecall,
  type Recall,
  recallLater,
} from '../../core/conversations/recall.ts'
import type { Database, Tx } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { Undelivered } from '../contract.ts'
import { sendTimeoutOf } from './deliver.ts'
import { logFor } from './hub.ts'
import { Rounds } from './rounds.ts'
import type { OpenChannel, Supervisor } from './supervisor.ts'
import { type Backoff, pauseMs, within } from './timing.ts'

export interface RecallerOptions {
  readonly db: Database
  readonly wake: Wake
  readonly supervisor: Pick<Supervisor, 'open' | 'served' | 'onOpen'>
  readonly log: Logger
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  /** Unless said: look every 2 s, 16 at once, pauses from 1 s to a minute. */
  readonly pollMs?: number
  readonly concurrency?: number
  readonly backoff?: Backoff
}

/** How long nobody else tries one meanwhile: longer than a message of many pieces takes. */
const holdSeconds = 150
const giveUpEveryMs = 10_000
/** How soon to look again at one that is being sent. */
const sendingMs = 500
const unsure = { code: 'outcome-unknown', detail: 'Whether the platform has all of it is not known.' }

export class Recaller {
  readonly #options: RecallerOptions
  readonly #rounds: Rounds
  readonly #under = new Set<Promise<void>>()
  #off: (() => void)[] = []
  #gaveUpAt = Number.NEGATIVE_INFINITY

  constructor(options: RecallerOptions) {
    this.#options = options
    this.#rounds = new Rounds({
      everyMs: options.pollMs ?? 2000,
      round: () => this.#round(),
      onFailure: (err) => options.log.warn({ err }, 'messages to take back could not be claimed'),
    })
  }

  start(): void {
    const { wake, supervisor } = this.#options
    this.#off = [wake.on('recalls', () => this.#rounds.nudge()), supervisor.onOpen(() => this.#rounds.nudge())]
    this.#rounds.start()
  }

  /** Claims nothing more; resolves when what is under way has ended, a few seconds at most. Never throws. */
  async stop(): Promise<void> {
    for (const off of this.#off) off()
    await this.#rounds.stop()
    await within(20_000, 'Taking back', Promise.all(this.#under)).catch(() => {})
  }

  async #round(): Promise<void> {
    const { db, owner, supervisor, concurrency = 16 } = this.#options
    const able = supervisor.open().filter(({ connector }) => connector.recall !== undefined)
    const channels = new Map(able.map((channel) => [channel.served.channelId, channel]))
    const room = concurrency - this.#under.size
    if (room > 0 && channels.size > 0) {
      const lanes = able.map(({ served: { tenantId, channelId } }) => ({ tenantId, channelId }))
      const recalls = await db.work(owner, tenantsOf(lanes), (tx) => claimRecalls(tx, lanes, room, holdSeconds))
      for (const recall of recalls) {
        const channel = channels.get(recall.channelId)
        if (channel !== undefined) this.#begin(channel, recall)
      }
    }
    if (performance.now() - this.#gaveUpAt < giveUpEveryMs) return
    this.#gaveUpAt = performance.now()
    const lanes = supervisor.served().map(({ tenantId, channelId }) => ({ tenantId, channelId }))
    if (lanes.length > 0) await db.work(owner, tenantsOf(lanes), (tx) => failOverdueRecalls(tx, lanes, 100))
  }

  #begin(channel: OpenChannel, recall: Recall): void {
    const log = logFor(this.#options.log, channel.served)
    const work = this.#recall(channel, recall)
      .catch((err: unknown) =>
        log.error({ err, messageId: recall.messageId }, 'what became of a recall could not be noted'),
      )
      .finally(() => {
        this.#under.delete(work)
        this.#rounds.nudge()
      })
    this.#under.add(work)
  }

  /** Rejects only when the outcome cannot be written: then the claim runs out, and it is done again. */
  async #recall(channel: OpenChannel, recall: Recall): Promise<void> {
    const write = <T>(record: (tx: Tx) => Promise<T>) =>
      this.#options.db.work(this.#options.owner, [recall.tenantId], record)
    const found = await write((tx) => piecesToRecall(tx, recall))
    if (found === undefined) return write((tx) => recallLater(tx, recall, sendingMs, unsure))
    for (const piece of found.pieces) {
      try {
        const { messageId, conversationId } = recall
        const { peer, externalId } = piece
        const taken = channel.connector.recall?.({ peer, externalId, messageId, conversationId })
        await within(sendTimeoutOf(channel), 'Taking back', Promise.resolve(taken))
      } catch (error) {
        return this.#failed(channel, recall, error, write)
      }
      await write((tx) => pieceRecalled(tx, recall, piece))
    }
    await write((tx) => endRecall(tx, recall, found.isUnsure ? unsure : undefined))
  }

  async #failed(
    { served }: OpenChannel,
    recall: Recall,
    error: unknown,
    write: (record: (tx: Tx) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    logFor(this.#options.log, served).warn({ err: error, messageId: recall.messageId }, 'a message was not taken back')
    const known = error instanceof Undelivered ? error : undefined
    const { kind = 'unknown', message = 'The channel failed while it was being taken back.' } = known ?? {}
    const failure = { code: kind, detail: served.redactor.text(message).slice(0, 300) }
    // What may have been done can be asked for again, unlike a send.
    if (kind !== 'retry' && kind !== 'rate-limited' && kind !== 'unknown')
      return write((tx) => endRecall(tx, recall, failure))
    const afterMs =
      known?.afterMs ?? pauseMs(recall.attempts, this.#options.backoff ?? { firstMs: 1000, maxMs: 60_000 })
    await write((tx) => recallLater(tx, recall, afterMs, failure))
  }
}

function tenantsOf(lanes: readonly { readonly tenantId: string }[]): string[] {
  return [...new Set(lanes.map(({ tenantId }) => tenantId))]
}
