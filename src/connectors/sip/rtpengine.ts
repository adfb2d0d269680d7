/**
 * rtpengine as the engine of voices (https://github.com/sipwise/rtpengine), told over its ng protocol. Voices of a talk pass through it alone;
 * what is played, recorded, pressed and listened to is the affair of our own engine, which stands on the agent's side while nobody else does, and
 * during a talk hears both sides by subscription. So rtpengine needs none of our files, and may be on another machine.
 *
 * One ng call for a call, with two tags for its whole life: whoever comes to the agent's side comes under the same tag, so the ports never change
 * and no phone has to be told anything anew.
 */
import type { EmbeddedCall, EmbeddedEngine } from './embedded-media.ts'
import type { CallMedia, MediaEngine, Place, Remote } from './media.ts'
import { NgClient } from './ng.ts'
import { sdpOf, voiceIn } from './sdp.ts'

const pingMs = 2000
/** Of phones, rtpengine learns where they really are; of ourselves it is told, and hears nobody else from the first packet on. */
const ofPhones = ['port-latching', 'strict-source']
const ofOurs = [...ofPhones, 'asymmetric']
const common = { ICE: 'remove', replace: ['origin', 'session-connection'] } as const
const nobody: Remote = { address: '127.0.0.1', port: 9, codec: 0, events: 101 }

export interface RtpengineOptions {
  readonly host: string
  readonly port: number
  /** Plays, records and listens. Closed with this one. */
  readonly own: EmbeddedEngine
}

/** Connects to it. Rejects when it does not answer. */
export async function openRtpengine({ host, port, own }: RtpengineOptions): Promise<MediaEngine> {
  const lost = new Set<() => void>()
  let isGone = false
  const lose = () => {
    if (isGone) return
    isGone = true
    for (const listener of lost) listener()
  }
  const ng = new NgClient(host, port, lose)
  try {
    await ng.ask('ping')
  } catch (error) {
    ng.close()
    await own.close()
    throw error
  }
  own.onLost(lose)
  // What it does not answer is told by `lose`.
  const timer = setInterval(() => ng.ask('ping').catch(() => {}), pingMs)
  return {
    open: async (callId) => RtpengineCall.open(ng, callId, await own.open(callId)),
    onLost: (listener) => void lost.add(listener),
    async close() {
      isGone = true
      clearInterval(timer)
      ng.close()
      await own.close()
    },
  }
}

class RtpengineCall implements CallMedia {
  readonly at: CallMedia['at']
  readonly #ng: NgClient
  readonly #id: string
  readonly #own: EmbeddedCall
  #caller: Remote
  #agent: Remote = nobody
  /** Where we ourselves stand in, seen from rtpengine. */
  readonly #stand: Place
  #taps: string[] = []
  readonly #muted = new Set<'caller' | 'agent'>()
  #talks = false
  #isHeld = false

  private constructor(ng: NgClient, id: string, own: EmbeddedCall, at: CallMedia['at']) {
    this.at = at
    this.#ng = ng
    this.#id = id
    this.#own = own
    this.#caller = nobody
    this.#stand = own.at.caller
  }

  static async open(ng: NgClient, callId: string, own: EmbeddedCall): Promise<RtpengineCall> {
    try {
      const { caller, agent } = await aim(ng, callId, nobody, { ...nobody, ...own.at.caller }, ofOurs)
      return new RtpengineCall(ng, callId, own, { caller, agent })
    } catch (error) {
      await own.close().catch(() => {})
      throw error
    }
  }

  async connect(side: 'caller' | 'agent', remote: Remote): Promise<void> {
    if (side === 'caller') this.#caller = remote
    else this.#agent = remote
    await this.#aim()
  }

  async wait(music?: readonly string[]): Promise<void> {
    await this.#standIn()
    this.#agent = nobody
    await this.#own.wait(music)
  }

  play(files: readonly string[]): Promise<boolean> {
    return this.#aside(() => this.#own.play(files))
  }

  /** In a talk the caller is taken aside for as long as it lasts. */
  async #aside(work: () => Promise<boolean>): Promise<boolean> {
    if (!this.#talks || this.#isHeld) return work()
    await this.hold([])
    const isWhole = await work()
    await this.resume()
    return isWhole
  }

  stop(): Promise<void> {
    return this.#own.stop()
  }

  /** We stay on the agent's side: they hear a copy of what we play, from a port of its own. */
  async attend(): Promise<void> {
    const agent = this.#agent
    await this.#standIn()
    await this.#copy('agent', agent)
  }

  async talk(path: string | null): Promise<void> {
    await this.#unmute()
    this.#talks = true
    this.#isHeld = false
    await this.#own.overhear(path)
    await this.#aim()
    await this.#tap()
  }

  async record(path: string): Promise<void> {
    await this.#standIn()
    await this.#own.record(path)
  }

  async meet(room: string, path: string | null): Promise<void> {
    await this.#standIn()
    await this.#own.meet(room, path)
  }

  async mute(side: 'caller' | 'agent', isMuted: boolean): Promise<void> {
    await this.#own.mute(side, isMuted)
    if (!this.#talks) return
    await this.#ng.ask(isMuted ? 'block media' : 'unblock media', { 'call-id': this.#id, 'from-tag': side })
    if (isMuted) this.#muted.add(side)
    else this.#muted.delete(side)
  }

  async press(digits: string): Promise<boolean> {
    return this.#aside(() => this.#own.press(digits))
  }

  async hold(music?: readonly string[]): Promise<void> {
    if (!this.#talks || this.#isHeld) return
    this.#isHeld = true
    await this.#untap()
    await this.#own.hold(music)
    await this.#aim()
  }

  async resume(): Promise<void> {
    if (!this.#isHeld) return
    this.#isHeld = false
    await this.#own.resume()
    await this.#aim()
    await this.#tap()
  }

  pause(isPaused: boolean): Promise<void> {
    return this.#own.pause(isPaused)
  }

  async part(): ReturnType<CallMedia['part']> {
    const part = await this.#own.part()
    await this.#standIn()
    return part
  }

  onKey(listener: Parameters<CallMedia['onKey']>[0]): void {
    this.#own.onKey(listener)
  }

  listen(): Promise<Place> {
    return this.#own.listen()
  }

  hearAs(remote: Remote): Promise<void> {
    return this.#own.hearAs(remote)
  }

  unlisten(): Promise<void> {
    return this.#own.unlisten()
  }

  async close(): Promise<void> {
    await this.#ng.ask('delete', { 'call-id': this.#id, 'delete-delay': 0 }).catch(() => {})
    await this.#own.close()
  }

  /** We are on the agent's side again, and nobody else. */
  async #standIn(): Promise<void> {
    await this.#unmute()
    this.#talks = false
    this.#isHeld = false
    await this.#untap()
    await this.#aim()
  }

  /** Who comes to a side next is heard. */
  async #unmute(): Promise<void> {
    for (const side of this.#muted) await this.#ng.ask('unblock media', { 'call-id': this.#id, 'from-tag': side })
    this.#muted.clear()
  }

  async #aim(): Promise<void> {
    const isOurs = !this.#talks || this.#isHeld
    const other = isOurs ? { ...this.#caller, ...this.#stand } : this.#agent
    const { agent } = await aim(this.#ng, this.#id, this.#caller, other, isOurs ? ofOurs : ofPhones)
    if (isOurs) await this.#own.connect('caller', { ...this.#caller, ...agent })
  }

  /** What each side says comes to us as well. */
  async #tap(): Promise<void> {
    await this.#untap()
    for (const side of ['caller', 'agent'] as const) {
      await this.#copy(side, this.#own.at[side], (from) => this.#own.connect(side, from))
    }
  }

  /** What comes from that side goes there as well, which is told before where it comes from. */
  async #copy(side: 'caller' | 'agent', to: Place, tell?: (from: Remote) => Promise<void>): Promise<void> {
    const asked = await this.#ng.ask('subscribe request', { 'call-id': this.#id, 'from-tags': [side] })
    const tag = String(asked['to-tag'])
    const there = voiceIn(String(asked.sdp))
    if (there === undefined) throw new Error('rtpengine offers no voice to listen to.')
    const { address, port, codecs, events } = there
    const sdp = sdpOf({ address: to.address, port: to.port, codecs, events, direction: 'recvonly' })
    await tell?.({ address, port, codec: codecs[0] ?? 0, events })
    await this.#ng.ask('subscribe answer', { 'call-id': this.#id, 'to-tag': tag, sdp })
    this.#taps.push(tag)
  }

  async #untap(): Promise<void> {
    const taps = this.#taps
    this.#taps = []
    for (const tag of taps) await this.#ng.ask('unsubscribe', { 'call-id': this.#id, 'to-tag': tag })
  }
}

/** Has the caller and whoever is on the agent's side hear each other; answers with where each is to send to. */
async function aim(
  ng: NgClient,
  callId: string,
  caller: Remote,
  agent: Remote,
  flags: readonly string[],
): Promise<Readonly<Record<'caller' | 'agent', Place>>> {
  const of = { ...common, 'call-id': callId, 'from-tag': 'caller' }
  const offered = await ng.ask('offer', { ...of, flags: ofPhones, sdp: sdpWith(caller) })
  const answered = await ng.ask('answer', { ...of, flags, 'to-tag': 'agent', sdp: sdpWith(agent) })
  return { caller: placeIn(answered.sdp), agent: placeIn(offered.sdp) }
}

function sdpWith({ address, port, codec, events }: Remote): string {
  return sdpOf({ address, port, codecs: [codec], events, direction: 'sendrecv' })
}

function placeIn(sdp: unknown): Place {
  const voice = voiceIn(String(sdp))
  if (voice === undefined) throw new Error('rtpengine answered without a place for the voice.')
  return { address: voice.address, port: voice.port }
}
