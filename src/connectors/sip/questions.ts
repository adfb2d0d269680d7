/** What a caller is asked by the hub itself: sounds, keys, and messages left after the tone. One thing at a time. */
import type { CallCommand, CallNews } from '../contract.ts'
import type { CallMedia } from './media.ts'
import type { Prompts } from './prompts.ts'
import type { WordsAround } from './words.ts'

type Ask = Extract<CallCommand, { do: 'ask' }>
type Leave = Extract<CallCommand, { do: 'leave' }>

export interface QuestionParts {
  readonly prompts: Prompts
  tell(news: CallNews): void
  failed(error: unknown, sentence: string): void
}

export class Questions {
  readonly #parts: QuestionParts
  #timer: NodeJS.Timeout | undefined
  /** What began since makes of what was before nothing. */
  #turn = 0

  constructor(parts: QuestionParts) {
    this.#parts = parts
  }

  /** Plays and waits for a key; `otherwise` is played for a prompt that cannot be had. Does not wait for the end. */
  ask(media: CallMedia, { question, say, waitMs }: Ask, { before, otherwise }: WordsAround): void {
    const { prompts } = this.#parts
    const turn = this.#begin()
    this.#play(media, say, prompts.of(otherwise), turn, before && prompts.of(before))
      .then(() => {
        if (turn !== this.#turn) return
        this.#timer = setTimeout(() => this.#parts.tell({ type: 'silent', question }), waitMs)
      })
      .catch((error: unknown) => this.#parts.failed(error, 'a question could not be asked'))
  }

  /** Plays, beeps and records; `begun` is told of it before the first word. Does not wait for the end. */
  leave(media: CallMedia, { say, maxMs }: Leave, path: string, begun: () => void): void {
    const turn = this.#begin()
    const isOurs = () => turn === this.#turn
    const record = async () => {
      await this.#play(media, say, this.#parts.prompts.of('message-before'), turn)
      if (isOurs()) await media.play(this.#parts.prompts.of('beep'))
      if (!isOurs()) return
      await media.record(path)
      begun()
      this.#parts.tell({ type: 'leaving' })
      this.#timer = setTimeout(() => this.#parts.tell({ type: 'time-up' }), maxMs)
    }
    record().catch((error: unknown) => this.#parts.failed(error, 'no message could be left'))
  }

  /** Something else begins, or the call is over. */
  stop(): void {
    this.#begin()
  }

  #begin(): number {
    clearTimeout(this.#timer)
    this.#turn += 1
    return this.#turn
  }

  /** What cannot be had is said by the hub's own sound. Leaves the voices alone once something else has begun. */
  async #play(
    media: CallMedia,
    say: Ask['say'],
    otherwise: readonly string[],
    turn: number,
    before: readonly string[] = [],
  ): Promise<void> {
    const path = say && (await this.#parts.prompts.soundOf(say.fileId).catch(() => undefined))
    if (turn !== this.#turn) return
    // Whoever is asked hears no music between.
    await media.part()
    if (turn !== this.#turn) return
    await media.play([...before, ...(path === undefined ? otherwise : [path])])
  }
}
