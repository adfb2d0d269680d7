/** Rounds of looking for what there is to do, one after the other: the next begins when somebody nudges, or after a while. */
import { pause } from './timing.ts'

export interface RoundsOptions {
  /** How long at most from one round to the next. */
  readonly everyMs: number
  /** How long after the beginning of a round the next may begin at the earliest, so that many nudges make one; 0 unless said. */
  readonly gatherMs?: number
  round(): Promise<void>
  /** Hears why a round failed; the next begins a second later. */
  onFailure(error: unknown): void
}

const afterFailureMs = 1000

export class Rounds {
  readonly #options: RoundsOptions
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #isNudged = false
  #wake: () => void = () => {}

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  /** Aborts when the rounds are to end. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There may be something to do: begins a round now, or at once after the one under way. */
  nudge(): void {
    this.#isNudged = true
    this.#wake()
  }

  /** Resolves when the round under way has ended. Never throws. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.signal.aborted) {
      this.#isNudged = false
      const gathered = pause(this.#options.gatherMs ?? 0, this.signal)
      try {
        await this.#options.round()
      } catch (error) {
        this.#options.onFailure(error)
        await pause(afterFailureMs, this.signal)
      }
      await gathered
      await this.#rest()
    }
  }

  #rest(): Promise<void> {
    if (this.#isNudged || this.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.everyMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
