/** What one side hears that no phone says: a background that goes round, and what is said to it now. Frames of 20 ms, made once for each codec. */
import { readFileSync } from 'node:fs'
import { encodeAll } from './g711.ts'
import { frameSamples } from './mixing.ts'
import type { Codec } from './sdp.ts'
import { waitingSamples } from './tone.ts'
import { samplesIn } from './wav.ts'

/** Sounds that are kept in memory: the one that was not asked for the longest goes. */
const maxKept = 200

type Frames = Readonly<Record<Codec, readonly Buffer[]>>

const kept = new Map<string, Frames>()
const waiting = framesOf(waitingSamples())

interface Now {
  readonly sounds: readonly Frames[]
  sound: number
  frame: number
}

export class Player {
  #background: Now | undefined
  #said: (Now & { done(whole: boolean): void }) | undefined

  get isPlaying(): boolean {
    return this.#background !== undefined || this.#said !== undefined
  }

  /** From its beginning, round and round; without a file it is the tone of those who wait. Throws for a file that is no sound. */
  goRound(paths: readonly string[]): void {
    const sounds = paths.length === 0 ? [waiting] : paths.map(soundAt)
    this.#background = { sounds, sound: 0, frame: 0 }
  }

  /** Says that, instead of what is being said. Resolves true when it was said to its end, false when it was not. Throws as `goRound`. */
  say(paths: readonly string[]): Promise<boolean> {
    const sounds = paths.map(soundAt)
    this.stop()
    return new Promise((resolve) => {
      if (sounds.length === 0) resolve(true)
      else this.#said = { sounds, sound: 0, frame: 0, done: resolve }
    })
  }

  /** What is being said is said no further. */
  stop(): void {
    this.#said?.done(false)
    this.#said = undefined
  }

  silence(): void {
    this.stop()
    this.#background = undefined
  }

  /** The next 20 ms; undefined for nothing. */
  next(codec: Codec): Buffer | undefined {
    const said = this.#said
    if (said !== undefined) {
      const frame = take(said, codec)
      if (frame !== undefined) return frame
      this.#said = undefined
      said.done(true)
    }
    const background = this.#background
    if (background === undefined) return undefined
    const frame = take(background, codec)
    if (frame !== undefined) return frame
    background.sound = 0
    return take(background, codec)
  }
}

function take(now: Now, codec: Codec): Buffer | undefined {
  for (; now.sound < now.sounds.length; now.sound++) {
    const frame = now.sounds[now.sound]?.[codec][now.frame]
    if (frame !== undefined) {
      now.frame += 1
      return frame
    }
    now.frame = 0
  }
  return undefined
}

function soundAt(path: string): Frames {
  const known = kept.get(path)
  kept.delete(path)
  const frames = known ?? framesOf(samplesIn(readFileSync(path)))
  kept.set(path, frames)
  const [oldest] = kept.keys()
  if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest)
  return frames
}

function framesOf(samples: Int16Array): Frames {
  const whole = new Int16Array(Math.ceil(samples.length / frameSamples) * frameSamples)
  whole.set(samples)
  const cut = (codec: Codec) => {
    const bytes = encodeAll(codec, whole)
    return Array.from({ length: bytes.length / frameSamples }, (_, index) =>
      bytes.subarray(index * frameSamples, (index + 1) * frameSamples),
    )
  }
  return { 0: cut(0), 8: cut(8) }
}
