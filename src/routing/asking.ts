/** Tenants that asked something of routing, until the turn of their partition comes: then what all of them asked is looked at together. */
import type { Tx } from '../core/platform/database.ts'
import type { Logger } from '../core/platform/log.ts'
import { promptMs } from './at-once.ts'

export interface AskingOptions {
  readonly log: Logger
  /** Runs `work` in its partition's turn; `tenants` is asked when that has come. */
  act(partition: number, tenants: () => readonly string[], work: (tx: Tx) => Promise<void>): Promise<unknown>
  answer(tx: Tx, partition: number, tenantIds: readonly string[]): Promise<void>
}

export class Asking {
  readonly #options: AskingOptions
  /** By partition, those that wait for its turn. */
  readonly #waiting = new Map<number, Set<string>>()
  /** Those whose commands are left to the log until then, by our own clock, since deciding them at once has failed. */
  readonly #left = new Map<string, number>()

  constructor(options: AskingOptions) {
    this.#options = options
  }

  /** A tenant of that partition asks something. */
  hear(partition: number, tenantId: string): void {
    if (this.#isLeft(tenantId)) return
    const waiting = this.#waiting.get(partition)
    if (waiting !== undefined) waiting.add(tenantId)
    else void this.#answer(partition, new Set([tenantId]))
  }

  async #answer(partition: number, asking: Set<string>): Promise<void> {
    const { act, answer, log } = this.#options
    this.#waiting.set(partition, asking)
    const take = () => {
      this.#waiting.delete(partition)
      return [...asking]
    }
    try {
      await act(partition, take, (tx) => answer(tx, partition, [...asking]))
    } catch (err) {
      log.warn({ err, partition }, 'commands could not be decided at once; they come by the log')
      for (const tenantId of asking) this.#left.set(tenantId, Date.now() + promptMs)
    } finally {
      // Its turn never came: it is another's now.
      if (this.#waiting.get(partition) === asking) this.#waiting.delete(partition)
    }
  }

  #isLeft(tenantId: string): boolean {
    const until = this.#left.get(tenantId)
    if (until === undefined || until > Date.now()) return until !== undefined
    this.#left.delete(tenantId)
    return false
  }
}
