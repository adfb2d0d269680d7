/** Keys that we press towards a phone (RFC 4733): the packets of each, one every 20 ms, and the silence between them. Pure. */
import { frameSamples } from './mixing.ts'

const keys = '0123456789*#ABCD'
/** Packets of a key, and of its end, which is told three times (2.5.1.4). */
const [held, ends] = [8, 3]
/** Ticks of 20 ms. */
const between = 5
const pause = 50
/** -10 dBm0 (2.3.4). */
const volume = 10

export interface KeyPacket {
  readonly payload: Buffer
  /** Of the key’s first packet. */
  readonly marker: boolean
  /** The same for all packets of a key, and as many samples as passed before it. */
  readonly timestamp: number
}

export class Keypad {
  /** Null: silence. */
  readonly #steps: (KeyPacket | null)[] = []
  #at = 0

  /** `digits`: keys, and a comma for a second of silence; what is no key is left out. */
  constructor(digits: string) {
    for (const digit of digits.toUpperCase()) {
      const event = keys.indexOf(digit)
      if (digit === ',') this.#steps.push(...Array.from({ length: pause }, () => null))
      if (event >= 0) this.#press(event)
    }
  }

  /** The next 20 ms: a packet, null for silence, undefined when all is pressed. */
  next(): KeyPacket | null | undefined {
    return this.#steps[this.#at++]
  }

  #press(event: number): void {
    const timestamp = this.#steps.length * frameSamples
    for (let index = 0; index < held + ends; index++) {
      const duration = Math.min(index + 1, held) * frameSamples
      const end = index >= held ? 0x80 : 0
      const payload = Buffer.from([event, end | volume, duration >> 8, duration & 0xff])
      this.#steps.push({ payload, marker: index === 0, timestamp })
    }
    this.#steps.push(...Array.from({ length: between }, () => null))
  }
}
