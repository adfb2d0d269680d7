/** Voices as one sound: what each said in the last 20 ms, added up. Pure. */
import { decoded } from './g711.ts'
import type { RtpPacket } from './rtp.ts'

export const frameSamples = 160
/** What comes faster than it can be said is left out: whoever listens hears the talk, not its past. */
const maxWaiting = 10
/** So many are gathered before the first is said, so that one that comes late leaves no hole. */
const gathered = 3

/** What one of them said and nobody heard yet. */
export class Backlog {
  readonly #frames: Int16Array[] = []
  #isReady = false

  /** G.711 alone is sound. */
  hear({ payloadType, payload }: Pick<RtpPacket, 'payloadType' | 'payload'>): void {
    if (payloadType !== 0 && payloadType !== 8) return
    const table = decoded[payloadType]
    this.#frames.push(Int16Array.from(payload, (byte) => table[byte] ?? 0))
    if (this.#frames.length >= gathered) this.#isReady = true
    if (this.#frames.length > maxWaiting) this.#frames.shift()
  }

  /** Taken once in 20 ms. Undefined for silence. */
  take(): Int16Array | undefined {
    if (!this.#isReady) return undefined
    const frame = this.#frames.shift()
    if (frame === undefined) this.#isReady = false
    return frame
  }
}

export function mixed(frames: readonly (Int16Array | undefined)[]): Int16Array {
  const sum = new Int16Array(frameSamples)
  for (let index = 0; index < frameSamples; index++) {
    let sample = 0
    for (const frame of frames) sample += frame?.[index] ?? 0
    sum[index] = Math.max(-32_768, Math.min(32_767, sample))
  }
  return sum
}
