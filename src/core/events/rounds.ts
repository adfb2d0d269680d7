/**
 * Work that becomes ready here and there, done in rounds: while a round is under way, what becomes ready waits for the next, and is
 * done with all else that waits. The busier it is, the fuller the rounds, so that what a transaction costs is shared by more.
 */
import { setImmediate as turn } from 'node:timers/promises'

export interface RoundsOptions<T> {
  /** How much one piece counts, and how much a round may hold; the first piece of a round always fits. */
  size(piece: T): number
  readonly most: number
  /** Does all pieces, or none. */
  run(pieces: readonly T[]): Promise<void>
  /** Whether the failure of a round says nothing of its pieces: then none of them is tried alone. */
  concernsAll(error: unknown): boolean
}

interface Waiting<T> {
  readonly piece: T
  resolve(): void
  reject(error: unknown): void
}

export class Rounds<T> {
  readonly #options: RoundsOptions<T>
  #waiting: Waiting<T>[] = []
  #running = false

  constructor(options: RoundsOptions<T>) {
    this.#options = options
  }

  /** Resolves when the piece is done; rejects with what speaks against it, never for the sake of another piece alone. */
  join(piece: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ piece, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#running = true
    // What came in one answer of the log becomes ready at once, but for a turn of the event loop.
    await turn()
    for (let round = this.#next(); round.length > 0; round = this.#next()) {
      const error = await this.#attempt(round)
      if (error === undefined) for (const one of round) one.resolve()
      else if (round.length === 1 || this.#options.concernsAll(error.cause))
        for (const one of round) one.reject(error.cause)
      else {
        for (const one of round) {
          const alone = await this.#attempt([one])
          if (alone === undefined) one.resolve()
          else one.reject(alone.cause)
        }
      }
      // Whoever took part may be ready again by then.
      await turn()
    }
    this.#running = false
  }

  async #attempt(round: readonly Waiting<T>[]): Promise<{ cause: unknown } | undefined> {
    try {
      await this.#options.run(round.map(({ piece }) => piece))
      return undefined
    } catch (cause) {
      return { cause }
    }
  }

  /** Those that came first, as many as fit. */
  #next(): Waiting<T>[] {
    let sum = 0
    const fits = this.#waiting.findIndex(({ piece }, index) => {
      sum += this.#options.size(piece)
      return index > 0 && sum > this.#options.most
    })
    return this.#waiting.splice(0, fits < 0 ? this.#waiting.length : fits)
  }
}
