/** Pictures of others made into pictures of ours, one after the other, in a process apart (picture-child.ts). */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Fault } from './errors.ts'
import type { PictureAnswer, PictureTask } from './picture-child.ts'

export interface OwnPicture {
  /** Of the original, upright, in pixels. */
  readonly width: number
  readonly height: number
  /** Of our own, a WebP. */
  readonly bytes: number
}

export interface PictureOptions {
  /** Larger ones are refused unread: 40 megapixels unless said. */
  readonly maxPixels?: number
  /** How long one may take; 20 s unless said. */
  readonly timeoutMs?: number
}

/** How many may wait at once. */
const longestQueue = 32
/** The longer side of a picture of ours. */
const side = 1280

export class Pictures {
  readonly #options: Required<PictureOptions>
  #child: ChildProcess | undefined
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor({ maxPixels = 40_000_000, timeoutMs = 20_000 }: PictureOptions = {}) {
    this.#options = { maxPixels, timeoutMs }
  }

  /**
   * Writes our own picture of the one at `from` to `to`. Faults with `picture-refused` when it cannot be decoded, is too large or
   * takes too long, `pictures-busy` when too many wait.
   */
  async make(from: string, to: string): Promise<OwnPicture> {
    if (this.#closed || this.#waiting >= longestQueue) {
      throw new Fault('unavailable', 'pictures-busy', 'Too many pictures at once; try again.', { retryAfterSeconds: 5 })
    }
    this.#waiting++
    const mine = this.#last.then(() => this.#ask({ from, to, side, maxPixels: this.#options.maxPixels }))
    this.#last = mine.catch(() => {})
    const answer = await mine.finally(() => {
      this.#waiting--
    })
    if (answer === undefined || 'refused' in answer) {
      throw new Fault('invalid', 'picture-refused', 'The picture is broken, or larger than is taken.')
    }
    return answer
  }

  close(): void {
    this.#closed = true
    this.#child?.kill('SIGKILL')
  }

  /** Undefined when the child fell over or took too long: the next one is asked of a new child. */
  #ask(task: PictureTask): Promise<PictureAnswer | undefined> {
    const child = this.#living()
    return new Promise((resolve) => {
      const end = (answer: PictureAnswer | undefined) => {
        clearTimeout(timer)
        child.off('message', heard)
        child.off('exit', fell)
        if (answer === undefined) child.kill('SIGKILL')
        resolve(answer)
      }
      const heard = (answer: PictureAnswer) => end(answer)
      const fell = () => end(undefined)
      const timer = setTimeout(fell, this.#options.timeoutMs)
      child.on('message', heard)
      child.on('exit', fell)
      child.send(task, (error) => {
        if (error !== null) fell()
      })
    })
  }

  #living(): ChildProcess {
    if (this.#child?.connected) return this.#child
    // It needs nothing of our environment, which holds secrets.
    const child = fork(join(import.meta.dirname, 'picture-child.ts'), { env: {}, execArgv: [], stdio: 'ignore' })
    child.on('error', () => child.kill('SIGKILL'))
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    child.unref()
    child.channel?.unref()
    this.#child = child
    return child
  }
}
