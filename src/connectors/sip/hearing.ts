/** What one side's packets tell beside their sound: keys that are pressed (RFC 4733), and how well they arrive. */
import { decoded } from './g711.ts'
import type { RtpPacket } from './rtp.ts'

const keys = '0123456789*#ABCD'
/** Louder than this (of 32,767) is no silence: comfort noise and a bad line stay below it. */
const audible = 250

export interface Quality {
  readonly packets: number
  /** That never came, by their numbers. */
  readonly lost: number
  /** The longest time without any, in ms; from the beginning to the end where there was none. */
  readonly gapMs: number
  /** Whether anything could be heard. */
  readonly isHeard: boolean
}

/** Hears keys for a whole call: the last packets of one may come when the next talk has begun. */
export class KeyEar {
  #at: number | undefined
  #of: number | undefined

  /** The key that this packet is the first to tell of; `events` is its payload type. One key is told by many packets of one time stamp. */
  keyIn(packet: RtpPacket, events: number | null): string | undefined {
    if (events === null || packet.payloadType !== events || packet.payload.length < 4) return undefined
    const { timestamp, ssrc } = packet
    const since = (timestamp - (this.#at ?? timestamp - 1)) >>> 0
    // One that is older than the last came late, if it is of the same stream.
    if (since === 0 || (ssrc === this.#of && since >= 0x80000000)) return undefined
    this.#at = timestamp
    this.#of = ssrc
    return keys[packet.payload[0] ?? 255]
  }
}

export class Hearing {
  #ssrc: number | undefined
  #highest = 0
  /** From the first packet of this source to the highest, both included. */
  #span = 0
  #ofSource = 0
  #packets = 0
  #lost = 0
  #gapMs = 0
  #lastAt: number
  #isHeard = false

  /** `now` in ms on a clock that never goes back. */
  constructor(now: number) {
    this.#lastAt = now
  }

  note({ ssrc, sequence, payload, payloadType }: RtpPacket, now: number): void {
    this.#gapMs = Math.max(this.#gapMs, now - this.#lastAt)
    this.#lastAt = now
    const step = (sequence - this.#highest) & 0xffff
    // A step over thousands is no loss: somebody else speaks under the same name.
    const isOther = this.#ssrc !== ssrc || (step > 3000 && step < 0xffff - 100)
    if (isOther) {
      this.#lost = this.#lostUntilNow()
      this.#ssrc = ssrc
      this.#highest = sequence
      this.#span = 1
      this.#ofSource = 0
    } else if (step < 0x8000) {
      this.#highest = sequence
      this.#span += step
    }
    this.#packets += 1
    this.#ofSource += 1
    // One sample in eight says enough.
    if (!this.#isHeard && (payloadType === 0 || payloadType === 8)) {
      const table = decoded[payloadType]
      for (let index = 0; index < payload.length; index += 8) {
        if (Math.abs(table[payload[index] ?? 0] ?? 0) > audible) this.#isHeard = true
      }
    }
  }

  /** The talk goes on after a pause, in which nothing was counted: it is neither a gap nor a loss. */
  resume(now: number): void {
    this.#lost = this.#lostUntilNow()
    this.#ssrc = undefined
    this.#span = 0
    this.#ofSource = 0
    this.#lastAt = now
  }

  /** The talk pauses: the time without any packet until now counts. */
  pause(now: number): void {
    this.#gapMs = Math.max(this.#gapMs, now - this.#lastAt)
  }

  quality(now: number): Quality {
    return {
      packets: this.#packets,
      lost: this.#lostUntilNow(),
      gapMs: Math.round(Math.max(this.#gapMs, now - this.#lastAt)),
      isHeard: this.#isHeard,
    }
  }

  #lostUntilNow(): number {
    return this.#lost + Math.max(0, this.#span - this.#ofSource)
  }
}
