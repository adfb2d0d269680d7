/** Somebody who listens in: hears both sides as one, and is heard by nobody. */
import { decoded, encodeAll } from './g711.ts'
import type { Party } from './party.ts'
import type { RtpPacket } from './rtp.ts'
import type { Side } from './wav.ts'

const frameSamples = 160
/** What comes faster than it can be said is left out: the listener hears the talk, not its past. */
const maxWaiting = 10
/** So many are gathered before the first is said, so that one that comes late leaves no hole. */
const gathered = 3

interface Voice {
  readonly frames: Int16Array[]
  isReady: boolean
}

export class Listener {
  readonly party: Party
  readonly #waiting: Readonly<Record<Side, Voice>> = { caller: newVoice(), agent: newVoice() }
  #count = 0

  constructor(party: Party) {
    this.party = party
    // What a listener says goes nowhere.
    party.socket.on('message', () => {})
    party.socket.on('error', () => {})
  }

  hear(side: Side, { payloadType, payload }: RtpPacket): void {
    if (payloadType !== 0 && payloadType !== 8) return
    const table = decoded[payloadType]
    const waiting = this.#waiting[side]
    waiting.frames.push(Int16Array.from(payload, (byte) => table[byte] ?? 0))
    if (waiting.frames.length >= gathered) waiting.isReady = true
    if (waiting.frames.length > maxWaiting) waiting.frames.shift()
  }

  /** Called fifty times a second. */
  tick(): void {
    const { remote } = this.party
    if (remote === undefined) return
    const [caller, agent] = [take(this.#waiting.caller), take(this.#waiting.agent)]
    const mixed = new Int16Array(frameSamples)
    for (let index = 0; index < frameSamples; index++) {
      const sum = (caller?.[index] ?? 0) + (agent?.[index] ?? 0)
      mixed[index] = Math.max(-32_768, Math.min(32_767, sum))
    }
    const index = this.#count++
    const payload = encodeAll(remote.codec, mixed)
    const packet = {
      payloadType: remote.codec,
      marker: false,
      sequence: index & 0xffff,
      timestamp: index * 160,
      payload,
    }
    this.party.socket.send(this.party.out.next(packet, -1, remote.codec), remote.port, remote.address, () => {})
  }
}

function newVoice(): Voice {
  return { frames: [], isReady: false }
}

function take(voice: Voice): Int16Array | undefined {
  if (!voice.isReady) return undefined
  const frame = voice.frames.shift()
  if (frame === undefined) voice.isReady = false
  return frame
}
