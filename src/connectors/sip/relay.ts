/** The voice of one call: two sockets, what passes between them, what is played to the caller, what is recorded, who listens in. */
import { encodeAll } from './g711.ts'
import { Hearing, KeyEar, type Quality } from './hearing.ts'
import { Keypad } from './keypad.ts'
import { Listener } from './listener.ts'
import { frameSamples } from './mixing.ts'
import { isFrom, openParty, type Party, type Remote } from './party.ts'
import { Player } from './player.ts'
import type { Guest, Room } from './room.ts'
import { type RtpPacket, readRtp } from './rtp.ts'
import { Recording, type Side } from './wav.ts'

/** What came of a talk or a message: how long it was in ms, recorded or not, and how each side arrived. */
export interface Part {
  readonly durationMs: number
  readonly caller: Quality
  readonly agent: Quality
}

export interface Talk {
  /** Where it is recorded; null for what is not. */
  readonly path: string | null
  /** Whether the two hear each other through us, or we hear both of them from elsewhere. */
  readonly passes: boolean
}

/** Sources of sound that are no party. */
const player = -1
const keypad = -2

interface Pressing {
  readonly keypad: Keypad
  done(isWhole: boolean): void
}

export class Relay {
  readonly #parties: Readonly<Record<Side, Party>>
  readonly #now: () => number
  readonly #ground: { readonly host: string; readonly ports: readonly [number, number] }
  readonly #player = new Player()
  readonly #ears = { caller: new KeyEar(), agent: new KeyEar() }
  #hearings: Readonly<Record<Side, Hearing>>
  #listener: Listener | undefined
  #recording: Recording | undefined
  /** Of the talk or message that goes on, recorded or not. */
  #beganAt: number | undefined
  #isPaused = false
  #passes = true
  #mode: 'silent' | 'waiting' | 'attended' | 'talking' | 'held' | 'message' | 'meeting' = 'silent'
  readonly #guest: Guest = { hearOthers: (samples) => this.#hearOthers(samples) }
  #room: Room | undefined
  readonly #muted = new Set<Side>()
  #pressing: Pressing | undefined
  #keyPackets = 0
  #played = 0
  onKey: (side: Side, key: string) => void = () => {}

  private constructor(
    parties: Readonly<Record<Side, Party>>,
    now: () => number,
    ground: { readonly host: string; readonly ports: readonly [number, number] },
  ) {
    this.#parties = parties
    this.#now = now
    this.#ground = ground
    this.#hearings = this.#newHearings()
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
    return new Relay({ caller, agent }, now, { host, ports })
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
  wait(music: readonly string[]): void {
    this.#parties.agent.remote = undefined
    this.#leaveRoom()
    this.#release()
    this.#player.goRound(music)
    this.#mode = 'waiting'
  }

  /** The caller hears that, and nothing else until it is over: resolves true then, false when it was stopped or something else was said. */
  play(files: readonly string[]): Promise<boolean> {
    return this.#player.say(files)
  }

  stop(): void {
    this.#player.stop()
  }

  /** The agent hears what is played to the caller, and neither hears the other. */
  attend(): void {
    this.#mode = 'attended'
  }

  /** The two hear each other, and it is recorded from here. */
  talk({ path, passes }: Talk): void {
    this.#begin(path)
    this.#player.silence()
    this.#passes = passes
    this.#mode = 'talking'
  }

  /** The caller alone is recorded from here, who hears nothing but what is played. */
  record(path: string): void {
    this.#begin(path)
    this.#player.silence()
    this.#mode = 'message'
  }

  /** The caller is in that room from here, which is recorded: they left, everybody else right. */
  meet(room: Room, path: string | null): void {
    this.#begin(path)
    this.#player.silence()
    this.#room = room
    room.enter(this.#guest)
    this.#mode = 'meeting'
  }

  /** Nobody hears that side, nor is it recorded, to the end of this talk. */
  mute(side: Side, isMuted: boolean): void {
    if (isMuted) this.#muted.add(side)
    else this.#muted.delete(side)
  }

  /** Presses keys towards the caller, who hears nothing else meanwhile. Resolves whether all were: not without payload type, nor if others follow. */
  press(digits: string): Promise<boolean> {
    this.#release()
    if (this.#parties.caller.remote?.events == null) return Promise.resolve(false)
    return new Promise((done) => {
      this.#pressing = { keypad: new Keypad(digits), done }
    })
  }

  /** The caller hears that they wait, the agent nothing; of the talk, the recording goes on. */
  hold(music: readonly string[]): void {
    if (this.#mode !== 'talking') return
    this.#player.goRound(music)
    for (const hearing of Object.values(this.#hearings)) hearing.pause(this.#now())
    this.#mode = 'held'
  }

  resume(): void {
    if (this.#mode !== 'held') return
    this.#player.silence()
    for (const hearing of Object.values(this.#hearings)) hearing.resume(this.#now())
    this.#mode = 'talking'
  }

  /** What is said while it pauses is silence in the recording, and is heard by nobody who listens in. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
  }

  /** The talk or message is over. */
  part(): Part {
    const now = this.#now()
    // A talk that ends while it is held has no gap at its end.
    if (this.#mode === 'held') for (const hearing of Object.values(this.#hearings)) hearing.resume(now)
    const durationMs =
      this.#recording?.close(now) ?? (this.#beganAt === undefined ? 0 : Math.round(now - this.#beganAt))
    this.#beganAt = undefined
    this.#recording = undefined
    this.#player.silence()
    this.#leaveRoom()
    this.#release()
    this.#mode = 'silent'
    this.#isPaused = false
    return { durationMs, caller: this.#hearings.caller.quality(now), agent: this.#hearings.agent.quality(now) }
  }

  /** From now on that phone hears both; answers with where it may send to, which nobody hears. */
  async listen(): Promise<number> {
    const { host, ports } = this.#ground
    const listener = new Listener(await openParty(host, ports))
    this.unlisten()
    this.#listener = listener
    return listener.party.port
  }

  hearAs(remote: Remote): void {
    if (this.#listener !== undefined) this.#listener.party.remote = remote
  }

  unlisten(): void {
    this.#listener?.party.socket.close()
    this.#listener = undefined
  }

  /** Called fifty times a second. */
  tick(): void {
    this.#listener?.tick()
    const { caller, agent } = this.#parties
    if (this.#pressing !== undefined) {
      this.#pressNext(caller, this.#pressing)
      return
    }
    if (!this.#player.isPlaying || caller.remote === undefined) return
    const { codec } = caller.remote
    const payload = this.#player.next(codec)
    if (payload === undefined) return
    const packet = this.#playedNext(codec, payload)
    this.#send(caller, packet, player)
    if (this.#mode === 'attended') this.#send(agent, packet, player)
  }

  #playedNext(payloadType: number, payload: Buffer): Omit<RtpPacket, 'ssrc'> {
    const index = this.#played++
    return { payloadType, marker: false, sequence: index & 0xffff, timestamp: (index * frameSamples) >>> 0, payload }
  }

  #pressNext({ remote }: Party, pressing: Pressing): void {
    const packet = pressing.keypad.next()
    if (packet === undefined) {
      this.#pressing = undefined
      pressing.done(true)
    } else if (packet !== null && remote?.events != null) {
      const sequence = this.#keyPackets++ & 0xffff
      this.#send(this.#parties.caller, { ...packet, payloadType: remote.events, sequence }, keypad, remote.events)
    }
  }

  #hearOthers(samples: Int16Array): void {
    const { caller } = this.#parties
    if (caller.remote === undefined || this.#player.isPlaying || this.#pressing !== undefined) return
    const { codec } = caller.remote
    const packet = this.#playedNext(codec, encodeAll(codec, samples))
    this.#keep('agent', { ...packet, ssrc: 0 }, this.#now())
    this.#send(caller, packet, player)
  }

  /** No key is pressed any more. */
  #release(): void {
    this.#pressing?.done(false)
    this.#pressing = undefined
  }

  #leaveRoom(): void {
    this.#room?.leave(this.#guest)
    this.#room = undefined
  }

  /** For the recording, and for whoever listens in. */
  #keep(side: Side, packet: RtpPacket, now: number): void {
    this.#hearings[side].note(packet, now)
    if (this.#isPaused || this.#muted.has(side)) return
    this.#recording?.hear(side, packet, now)
    this.#listener?.hear(side, packet)
  }

  flush(): void {
    this.#recording?.flush(this.#now())
  }

  close(): void {
    this.part()
    this.unlisten()
    this.#parties.caller.socket.close()
    this.#parties.agent.socket.close()
  }

  #begin(path: string | null): void {
    const now = this.#now()
    this.#recording?.close(now)
    this.#leaveRoom()
    this.#muted.clear()
    this.#beganAt = now
    this.#recording = path === null ? undefined : new Recording(path, now)
    this.#hearings = this.#newHearings()
    this.#isPaused = false
  }

  #newHearings(): Readonly<Record<Side, Hearing>> {
    return { caller: new Hearing(this.#now()), agent: new Hearing(this.#now()) }
  }

  #hear(side: Side, bytes: Buffer, from: { address: string; port: number }): void {
    const party = this.#parties[side]
    if (party.remote === undefined) return
    const packet = readRtp(bytes)
    if (packet === undefined || !isFrom(party, from)) return
    const key = this.#ears[side].keyIn(packet, party.remote.events)
    if (key !== undefined) this.onKey(side, key)
    const isAlone = (this.#mode === 'message' || this.#mode === 'meeting') && side === 'caller'
    if (this.#mode !== 'talking' && !isAlone) return
    this.#keep(side, packet, this.#now())
    if (this.#muted.has(side)) return
    if (isAlone) this.#room?.hear(this.#guest, packet)
    if (isAlone || !this.#passes) return
    const other = this.#parties[side === 'caller' ? 'agent' : 'caller']
    if (side === 'agent' && (this.#player.isPlaying || this.#pressing !== undefined)) return
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
