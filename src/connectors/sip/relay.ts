/** The voice of one call: two sockets, what passes between them, what is played while one waits, what is recorded. */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { isPrivate } from './dialogs.ts'
import { type RtpPacket, RtpStream, readRtp } from './rtp.ts'
import type { Codec } from './sdp.ts'
import { waitingTone } from './tone.ts'
import { Recording, type Side } from './wav.ts'

/** Where one side's phone listens, and how it speaks. */
export interface Remote {
  readonly address: string
  readonly port: number
  readonly codec: Codec
  readonly events: number | null
}

interface Party {
  readonly socket: Socket
  readonly port: number
  readonly out: RtpStream
  remote: Remote | undefined
  /** Where its voice really comes from: the first that speaks after it was connected. */
  source: { readonly address: string; readonly port: number } | undefined
}

/** A source of sound that is no party. */
const tone = -1
const frameSamples = 160

export class Relay {
  readonly #parties: Readonly<Record<Side, Party>>
  readonly #now: () => number
  #recording: Recording | undefined
  #mode: 'silent' | 'waiting' | 'talking' | 'held' = 'silent'
  #played = 0

  private constructor(parties: Readonly<Record<Side, Party>>, now: () => number) {
    this.#parties = parties
    this.#now = now
    for (const side of ['caller', 'agent'] as const) {
      parties[side].socket.on('message', (bytes, from) => this.#hear(side, bytes, from))
      // A phone whose port is closed: it will be noticed by what it does not say.
      parties[side].socket.on('error', () => {})
    }
  }

  /** Opens the sockets on two free ports of the range. Rejects when there are none. */
  static async open(host: string, ports: readonly [number, number], now: () => number): Promise<Relay> {
    const caller = await openParty(host, ports)
    const agent = await openParty(host, ports).catch((error: unknown) => {
      caller.socket.close()
      throw error
    })
    return new Relay({ caller, agent }, now)
  }

  get ports(): Readonly<Record<Side, number>> {
    return { caller: this.#parties.caller.port, agent: this.#parties.agent.port }
  }

  /** From now on that phone is on that side. */
  connect(side: Side, remote: Remote): void {
    this.#parties[side].remote = remote
    this.#parties[side].source = undefined
  }

  /** The caller hears that they wait; the agent is nobody any more. */
  wait(): void {
    this.#parties.agent.remote = undefined
    this.#mode = 'waiting'
  }

  /** The two hear each other, and it is recorded from here. */
  talk(path: string): void {
    this.#recording?.close(this.#now())
    this.#recording = new Recording(path, this.#now())
    this.#mode = 'talking'
  }

  /** The caller hears that they wait, the agent nothing; of the talk, the recording goes on. */
  hold(): void {
    if (this.#mode === 'talking') this.#mode = 'held'
  }

  resume(): void {
    if (this.#mode === 'held') this.#mode = 'talking'
  }

  /** The talk is over; answers with how long its recording is, 0 where there is none. */
  part(): number {
    const length = this.#recording?.close(this.#now()) ?? 0
    this.#recording = undefined
    this.#mode = 'silent'
    return length
  }

  /** Called fifty times a second. */
  tick(): void {
    const { caller } = this.#parties
    if ((this.#mode !== 'waiting' && this.#mode !== 'held') || caller.remote === undefined) return
    const { codec } = caller.remote
    const index = this.#played++
    const packet = {
      payloadType: codec,
      marker: false,
      sequence: index & 0xffff,
      timestamp: (index * frameSamples) >>> 0,
      payload: waitingTone(codec, index),
    }
    this.#send(caller, packet, tone)
  }

  flush(): void {
    this.#recording?.flush(this.#now())
  }

  close(): number {
    const length = this.part()
    this.#parties.caller.socket.close()
    this.#parties.agent.socket.close()
    return length
  }

  #hear(side: Side, bytes: Buffer, from: { address: string; port: number }): void {
    const party = this.#parties[side]
    if (party.remote === undefined) return
    const packet = readRtp(bytes)
    if (packet === undefined || !isFrom(party, from)) return
    if (this.#mode !== 'talking') return
    const other = this.#parties[side === 'caller' ? 'agent' : 'caller']
    this.#recording?.hear(side, packet, this.#now())
    this.#send(other, packet, packet.ssrc, party.remote.events)
  }

  /** Under the payload types that the listener has agreed on; what it has not agreed on is left out. */
  #send(to: Party, packet: Omit<RtpPacket, 'ssrc'>, source: number, events: number | null = null): void {
    const { remote } = to
    if (remote === undefined) return
    const isEvent = events !== null && packet.payloadType === events
    const type = isEvent ? remote.events : packet.payloadType === remote.codec ? remote.codec : null
    if (type === null) return
    const { address, port } = to.source ?? remote
    to.socket.send(to.out.next(packet, source, type), port, address, () => {})
  }
}

/** A phone behind a router is where its first packet comes from; one with a public address is nowhere else. */
function isFrom(party: Party, from: { address: string; port: number }): boolean {
  const { remote, source } = party
  if (source !== undefined) return source.address === from.address && source.port === from.port
  if (remote === undefined || (from.address !== remote.address && !isPrivate(remote.address))) return false
  party.source = { address: from.address, port: from.port }
  return true
}

async function openParty(host: string, [first, last]: readonly [number, number]): Promise<Party> {
  const even = Math.floor((last - first) / 2) + 1
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = first + 2 * Math.floor(Math.random() * even)
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const isBound = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false))
      socket.bind(port, host, () => resolve(true))
    })
    if (isBound) {
      const out = new RtpStream(randomBytes(4).readUInt32BE())
      return { socket, port, out, remote: undefined, source: undefined }
    }
    socket.close()
  }
  throw new Error('No port is free for a voice.')
}
