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
import type { Tx } from '../../core/platform/database.ts'
import { Undelivered } from '../contract.ts'
import { sendTimeoutOf } from './deliver.ts'
import { type ErrandParts, Errands } from './errands.ts'
import { logFor } from './hub.ts'
import type { OpenChannel } from './supervisor.ts'
import { pauseMs, within } from './timing.ts'

/** How long nobody else tries one meanwhile: longer than a message of many pieces takes. */
const holdSeconds = 150
/** How soon to look again at one that is being sent. */
const sendingMs = 500
const unsure = { code: 'outcome-unknown', detail: 'Whether the platform has all of it is not known.' }

export class Recaller {
  readonly #options: ErrandParts
  readonly #errands: Errands<Recall>

  /** Unless said: looks every 2 s, 16 at once, pauses from 1 s to a minute. */
  constructor(options: ErrandParts) {
    this.#options = options
    this.#errands = new Errands(options, {
      name: 'messages to take back',
      hint: 'recalls',
      pollMs: 2000,
      concurrency: 16,
      giveUpEveryMs: 10_000,
      stopMs: 20_000,
      isFor: ({ connector }) => connector.recall !== undefined,
      claim: (tx, lanes, limit) => claimRecalls(tx, lanes, limit, holdSeconds),
      failOverdue: failOverdueRecalls,
      run: (channel, recall) => this.#recall(channel, recall),
      idOf: ({ messageId }) => ({ messageId }),
    })
  }

  start(): void {
    this.#errands.start()
  }

  /** Claims nothing more; resolves when what is under way has ended, a few seconds at most. Never throws. */
  stop(): Promise<void> {
    return this.#errands.stop()
  }

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
