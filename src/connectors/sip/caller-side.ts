/**
 * Who is on the caller's side of a call: answered, or, in a call that goes out, called; what is spoken with them, and where their voice is. When
 * is the call's to say.
 */
import type { CallNews, CallRecord } from '../contract.ts'
import type { Arrived, CallParts } from './call-parts.ts'
import type { CallMedia, Place } from './media.ts'
import { outcomeOf } from './outcomes.ts'
import { remoteOf } from './party.ts'
import { answerTo, type Codec, sdpOf, type Voice, voiceIn } from './sdp.ts'
import type { Leg, Ringing } from './signalling.ts'
import { wayToNumber } from './ways.ts'

/** Payload type of the keys where we are the first to name one. */
export const ownEvents = 101

/** The call that they belong to. */
export interface CallerHost {
  readonly parts: CallParts
  readonly isOver: boolean
  readonly record: CallRecord
  readonly media: CallMedia | undefined
  tell(news: CallNews): Promise<boolean>
  failed(error: unknown): void
  /** They are not on the line any more, or never came. */
  left(): void
  /** What there is to hear before they answer. */
  hearEarly(sdp: string): void
  /** Their leg came. */
  noted(): void
}

export class CallerSide {
  readonly #host: CallerHost
  readonly #arrived: Arrived | undefined
  #voice: Voice | undefined
  #codec: Codec
  /** The phone of whoever calls out has said what is spoken. */
  #hasChosen = false
  #leg: Leg | undefined
  #calling: Ringing | undefined

  constructor(host: CallerHost, arrived: Arrived | undefined) {
    this.#host = host
    this.#arrived = arrived
    this.#voice = arrived?.offer
    this.#codec = arrived?.offer?.codecs[0] ?? 0
    arrived?.request.on('cancel', () => host.left())
  }

  get leg(): Leg | undefined {
    return this.#leg
  }

  get codec(): Codec {
    return this.#codec
  }

  /** What is spoken, once a side has named it. */
  get chosen(): Codec | undefined {
    return this.#voice === undefined && !this.#hasChosen ? undefined : this.#codec
  }

  /** The payload type of keys. */
  get events(): number | null {
    return this.#voice === undefined ? ownEvents : this.#voice.events
  }

  /** Their phone takes keys. */
  get takesKeys(): boolean {
    return this.#voice?.events != null
  }

  /** A phone of ours has named what is spoken before them. */
  choose({ codecs }: Voice): void {
    this.#codec = codecs[0] ?? this.#codec
    this.#hasChosen = true
  }

  refuse(status: number): void {
    if (this.#arrived?.answer.finalResponseSent === false) this.#arrived.answer.send(status)
  }

  /** They have named a voice and wait still. */
  get canHearEarly(): boolean {
    return this.#arrived?.offer !== undefined && !this.#arrived.answer.finalResponseSent
  }

  /** What is played from now on is heard without being answered: who calls pays nothing. */
  async hearEarly(): Promise<void> {
    const { offer, answer } = this.#arrived ?? {}
    if (offer === undefined || answer === undefined) return
    await this.#connect(offer)
    answer.send(183, { headers: { 'Content-Type': 'application/sdp' }, body: this.#sdp(1) })
  }

  async pickUp(): Promise<void> {
    if (this.#arrived === undefined) return
    const { request, answer, offer } = this.#arrived
    if (offer !== undefined) await this.#connect(offer)
    const leg = await this.#host.parts.signalling.answer(request, answer, this.#sdp(1)).catch(() => undefined)
    if (leg === undefined) return this.#host.left()
    this.#is(leg)
    if (offer !== undefined) return
    const voice = voiceIn(leg.remoteSdp)
    if (voice === undefined) return void this.#host.tell({ type: 'failed', detail: 'no-voice' })
    this.#codec = voice.codecs[0] ?? this.#codec
    await this.#connect(voice)
  }

  /** Calls whom the agent wants to talk with; until they answer the agent hears what the network says. */
  async call(number: string): Promise<void> {
    const { parts, record } = this.#host
    const to = await wayToNumber(parts, record, number)
    if (to === undefined) return void this.#host.tell({ type: 'far-unanswered', outcome: 'unreachable' })
    const calling = parts.signalling.ring({
      ...to,
      sdp: this.#sdp(1),
      onProgress: (sdp) => this.#host.hearEarly(sdp),
    })
    this.#calling = calling
    const timer = setTimeout(() => calling.cancel(), parts.ringMs)
    calling.answered
      .then(
        async (leg) => {
          if (this.#host.isOver) return void leg.hangUp()
          const voice = voiceIn(leg.remoteSdp)
          this.#is(leg)
          if (voice !== undefined) await this.#connect(voice)
          await this.#host.tell(voice === undefined ? { type: 'failed', detail: 'no-voice' } : { type: 'far-answered' })
        },
        (error: unknown) => this.#host.tell({ type: 'far-unanswered', outcome: outcomeOf(error) }),
      )
      .finally(() => clearTimeout(timer))
  }

  /** Nobody who is called is wanted any more. */
  cancel(): void {
    this.#calling?.cancel()
  }

  #is(leg: Leg): void {
    this.#leg = leg
    this.#host.noted()
    let version = 1
    leg.onGone(() => this.#host.left())
    leg.onKey((key) => void this.#host.tell({ type: 'pressed', key }))
    leg.onChange((sdp) => {
      const offer = voiceIn(sdp)
      if (offer === undefined || !offer.codecs.includes(this.#codec)) return undefined
      this.#connect(offer).catch((error: unknown) => this.#host.failed(error))
      version += 1
      return this.#sdp(version)
    })
  }

  async #connect(voice: Voice): Promise<void> {
    this.#voice = voice
    await this.#host.media?.connect('caller', remoteOf(voice, this.#codec))
  }

  #sdp(version: number): string {
    const codecs: Codec[] = this.chosen === undefined ? [0, 8] : [this.chosen]
    const direction = answerTo(this.#voice?.direction ?? 'sendrecv')
    return sdpOf({ ...placeOf(this.#host, 'caller'), codecs, events: this.events, direction }, version)
  }
}

/** Where a phone on that side is to send to. */
export function placeOf({ media, parts }: Pick<CallerHost, 'media' | 'parts'>, side: 'caller' | 'agent'): Place {
  return media?.at[side] ?? { address: parts.desk.place.address, port: 0 }
}
