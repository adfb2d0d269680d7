/** Some who hear each other, and nobody themselves: an agent and whom they ask, or both of them with the caller. */
import { Backlog, mixed } from './mixing.ts'
import type { RtpPacket } from './rtp.ts'

export interface Guest {
  /** What all others said in the last 20 ms. */
  hearOthers(samples: Int16Array): void
}

export class Room {
  readonly #guests = new Map<Guest, Backlog>()

  get isEmpty(): boolean {
    return this.#guests.size === 0
  }

  enter(guest: Guest): void {
    this.#guests.set(guest, new Backlog())
  }

  leave(guest: Guest): void {
    this.#guests.delete(guest)
  }

  hear(guest: Guest, packet: RtpPacket): void {
    this.#guests.get(guest)?.hear(packet)
  }

  /** Called fifty times a second. */
  tick(): void {
    const said = [...this.#guests].map(([guest, backlog]) => [guest, backlog.take()] as const)
    for (const [guest] of said) {
      const others = said.flatMap(([other, frame]) => (other === guest || frame === undefined ? [] : [frame]))
      if (others.length > 0) guest.hearOthers(mixed(others))
    }
  }
}
