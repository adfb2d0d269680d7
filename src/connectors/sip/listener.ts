/** Somebody who listens in: hears both sides as one, and is heard by nobody. */
import { encodeAll } from './g711.ts'
import { Backlog, frameSamples, mixed } from './mixing.ts'
import type { Party } from './party.ts'
import type { RtpPacket } from './rtp.ts'
import type { Side } from './wav.ts'

export class Listener {
  readonly party: Party
  readonly #waiting: Readonly<Record<Side, Backlog>> = { caller: new Backlog(), agent: new Backlog() }
  #count = 0

  constructor(party: Party) {
    this.party = party
    // What a listener says goes nowhere.
    party.socket.on('message', () => {})
    party.socket.on('error', () => {})
  }

  hear(side: Side, packet: RtpPacket): void {
    this.#waiting[side].hear(packet)
  }

  /** Called fifty times a second. */
  tick(): void {
    const { remote } = this.party
    if (remote === undefined) return
    const payload = encodeAll(remote.codec, mixed([this.#waiting.caller.take(), this.#waiting.agent.take()]))
    const index = this.#count++
    const packet = {
      payloadType: remote.codec,
      marker: false,
      sequence: index & 0xffff,
      timestamp: index * frameSamples,
      payload,
    }
    this.party.socket.send(this.party.out.next(packet, -1, remote.codec), remote.port, remote.address, () => {})
  }
}
