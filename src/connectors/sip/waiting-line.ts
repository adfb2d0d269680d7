/** What a caller hears while they wait: a welcome and the notice that the talk is recorded, music, and from time to time where they stand. */
import type { ConnectorLog } from '../contract.ts'
import type { CallMedia } from './media.ts'
import type { Prompts } from './prompts.ts'

export interface WaitingLineOptions {
  readonly media: CallMedia
  readonly prompts: Prompts
  readonly log: ConnectorLog
  /** Whether the talk is going to be recorded, and that is said. */
  readonly isNoticed: boolean
  /** How long from one announcement to the next; 0: none. */
  readonly everyMs: number
  /** Where they stand; undefined once they wait no more. */
  standing(): Promise<{ readonly position: number; readonly waitMs: number | null } | undefined>
}

export class WaitingLine {
  readonly #options: WaitingLineOptions
  #timer: NodeJS.Timeout | undefined
  #noticed: Promise<unknown> = Promise.resolve()
  #isTold = false

  constructor(options: WaitingLineOptions) {
    this.#options = options
  }

  /** The caller waits, for the first time or again. Resolves once they hear it. */
  async begin(): Promise<void> {
    const { media, prompts, isNoticed } = this.#options
    await media.wait(prompts.of('music'))
    if (!this.#isTold) {
      this.#isTold = true
      const said = this.#say([...prompts.of('welcome'), ...(isNoticed ? prompts.of('notice') : [])])
      // A welcome may be cut short, the notice not.
      if (isNoticed) this.#noticed = said
    }
    this.#next()
  }

  /** The caller waits no more, and is told something else. */
  leave(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Somebody takes the call: resolves once the caller has heard what they must. */
  async end(): Promise<void> {
    this.leave()
    await this.#noticed
  }

  /** Nobody hears any more. */
  async close(): Promise<void> {
    this.leave()
    await this.#options.media.stop().catch(() => {})
  }

  #next(): void {
    const { everyMs } = this.#options
    clearTimeout(this.#timer)
    if (everyMs === 0) return
    this.#timer = setTimeout(() => void this.#announce(), everyMs)
  }

  async #announce(): Promise<void> {
    const { prompts, standing, log } = this.#options
    const timer = this.#timer
    const place = await standing().catch((err: unknown) => {
      log.warn({ err }, 'where a caller stands in line could not be read')
      return undefined
    })
    if (timer !== this.#timer) return
    if (place !== undefined) await this.#say([...prompts.of('busy'), ...prompts.place(place.position, place.waitMs)])
    if (timer === this.#timer) this.#next()
  }

  /** What cannot be said is left out: the caller waits all the same. */
  async #say(files: readonly string[]): Promise<void> {
    const { media, log } = this.#options
    await media.play(files).catch((err: unknown) => log.warn({ err }, 'a prompt could not be played'))
  }
}
