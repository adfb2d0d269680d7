/** What a caller hears while they wait: a welcome and the notice that the talk is recorded, music, and from time to time where they stand. */
import type { ConnectorLog } from '../contract.ts'
import type { CallMedia } from './media.ts'
import type { Prompts, ShippedName } from './prompts.ts'

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
  #opening: Promise<void> | undefined
  #isNoticeHeard = false
  #isClosed = false
  /** What began since makes of what was before nothing. */
  #turn = 0

  constructor(options: WaitingLineOptions) {
    this.#options = options
  }

  /** The caller waits, for the first time or again, and is told that word after the first ones. Resolves once they hear that they wait. */
  async begin(word?: ShippedName): Promise<void> {
    const { media, prompts } = this.#options
    this.leave()
    const turn = this.#turn
    await media.wait(prompts.of('music'))
    this.#opening ??= this.#open()
    // No announcement takes the place of the first words.
    void this.#opening.then(async () => {
      if (word !== undefined && turn === this.#turn) await this.#say(prompts.of(word))
      if (turn === this.#turn) this.#next()
    })
  }

  async #open(): Promise<void> {
    const { prompts, isNoticed } = this.#options
    const isWhole = await this.#say([...prompts.of('welcome'), ...(isNoticed ? prompts.of('notice') : [])])
    this.#isNoticeHeard = isWhole
  }

  /** The caller waits no more, and is told something else. */
  leave(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#turn += 1
  }

  /**
   * Somebody takes the call: resolves once the caller has heard what they must, from the beginning where they never did or it was cut short. Where
   * there is something to be heard still, `attend` brings whoever takes it to hear it too.
   */
  async end(attend: () => Promise<unknown>): Promise<void> {
    const { prompts, isNoticed } = this.#options
    this.leave()
    if (!isNoticed || this.#isNoticeHeard || this.#isClosed) return
    await attend()
    await this.#opening
    if (this.#isNoticeHeard || this.#isClosed) return
    this.#isNoticeHeard = true
    await this.#say(prompts.of('notice'))
  }

  /** Nobody hears any more. */
  async close(): Promise<void> {
    this.#isClosed = true
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

  /** Resolves whether it was heard to its end. What cannot be said is left out: the caller waits all the same. */
  #say(files: readonly string[]): Promise<boolean> {
    const { media, log } = this.#options
    return media.play(files).catch((err: unknown) => {
      log.warn({ err }, 'a prompt could not be played')
      return false
    })
  }
}
