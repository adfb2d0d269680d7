/**
 * The phones of one call, but for the caller's: rung, brought into the talk or onto a line of their own, let go. On a line of its own a phone hears us
 * alone, or those who are in a room with it; the offer and the answer of a re-INVITE (RFC 3264, 8) bring it from one to the other.
 */
import type { CallNews, CallRecord } from '../contract.ts'
import type { Arrived, CallParts } from './call-parts.ts'
import { handOn } from './handing-on.ts'
import type { CallMedia, Place } from './media.ts'
import { outcomeOf, statusOfAsked } from './outcomes.ts'
import { remoteOf } from './party.ts'
import { isOnePressed } from './press-one.ts'
import type { Refer } from './referring.ts'
import { answerTo, type Codec, type Direction, sdpOf, type Voice, voiceIn } from './sdp.ts'
import { SecondCall } from './second-call.ts'
import type { Leg, Ringing } from './signalling.ts'
import { wayToNumber, wayToPhone } from './ways.ts'

/** The call that they belong to. */
export interface PhonesHost {
  readonly id: string
  readonly parts: CallParts
  readonly isOver: boolean
  readonly record: CallRecord
  /** What is spoken where it is known; before that the first phone chooses. */
  readonly codec: Codec | undefined
  /** The payload type of keys. */
  readonly events: number
  /** The talk's side for phones. */
  readonly side: Place
  tell(news: CallNews): Promise<boolean>
  /** The phone is on the talk's side from now on. */
  connect(voice: Voice): Promise<void>
  /** What there is to hear before it is picked up. */
  hearEarly(sdp: string): void
  /** The first phone has chosen. */
  chose(voice: Voice): Promise<void>
  /** A leg came or went. */
  noted(): void
}

interface Phone {
  readonly id: string
  readonly session: number
  ringing: Ringing | undefined
  timer: NodeJS.Timeout | undefined
  leg: Leg | undefined
  voice: Voice | undefined
  line: CallMedia | undefined
  /** Another call of the same phone, on which it hears whom it asks: it needs no line then. */
  second: SecondCall | undefined
  /** Its wish that the caller be joined with whom it asked, which is being fulfilled. */
  refer: Refer | undefined
  version: number
  /** Settles once it is decided whether who picked up has the caller. */
  decided: Promise<unknown>
  isGone: boolean
}

export class Phones {
  readonly #host: PhonesHost
  readonly #phones = new Map<string, Phone>()
  #isCut = false
  #lines = 0

  constructor(host: PhonesHost) {
    this.#host = host
  }

  get legs(): Leg[] {
    return [...this.#phones.values()].flatMap(({ leg, second }) =>
      [leg, second?.leg].filter((one) => one !== undefined),
    )
  }

  /** The way to one of them broke before it was let go. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Where the phone hears others than the caller. */
  lineOf(id: string | undefined): CallMedia | undefined {
    const phone = this.#phones.get(id ?? '')
    return phone?.second?.line ?? phone?.line
  }

  /** The phone has its caller on hold and asks by a call of its own. */
  asksApart(id: string): boolean {
    return this.#phones.get(id)?.second !== undefined
  }

  /** A phone that has the caller calls somebody else: whom it dials is asked. Its call is answered in the end, whatever comes of it. */
  async ask(id: string, arrived: Arrived, user: string): Promise<void> {
    const phone = this.#phones.get(id)
    const { codec, parts } = this.#host
    if (phone === undefined || phone.second !== undefined) return arrived.answer.send(486)
    if (arrived.offer !== undefined && !arrived.offer.codecs.includes(codec ?? 0)) return arrived.answer.send(488)
    const second = new SecondCall(arrived)
    phone.second = second
    const givenUp = () => this.#host.tell({ type: 'consult-over', outcome: 'returned', holds: true })
    second.onGone(() => void givenUp())
    const outcome = await parts.desk.consult(this.#host.id, user).catch((err: unknown) => {
      parts.log.warn({ err, callId: this.#host.id }, 'a phone could not ask somebody')
      return 'refused' as const
    })
    if (outcome === 'done' && second.isOver) await givenUp()
    if (outcome !== 'done' || second.isOver) await this.#endSecond(phone, statusOfAsked(outcome))
  }

  async ring(id: string): Promise<void> {
    const { parts, record } = this.#host
    const found = record.legs.find((leg) => leg.id === id)
    // Whoever of ours is rung sees who calls first, if that can be known in time.
    if (found?.number === undefined) await parts.lookup
    const way =
      found?.number === undefined
        ? await wayToPhone(parts, found?.extension ?? '')
        : await wayToNumber(parts, record, found.number)
    if (way === undefined || way === 'busy') {
      void this.#host.tell({ type: 'unanswered', leg: id, outcome: way ?? 'unreachable' })
      return
    }
    const { isOutside, ...to } = way
    // Whoever is asked first, or has to say that they are there, does not hear the caller yet.
    const isApart = isOutside || (record.consult !== undefined && (found?.memberId === null || found?.offerId !== null))
    const line = isApart ? await this.#openLine(id) : undefined
    const { port } = line?.at.caller ?? this.#host.side
    const phone: Phone = {
      id,
      session: port,
      ringing: undefined,
      timer: undefined,
      leg: undefined,
      voice: undefined,
      line,
      second: undefined,
      refer: undefined,
      version: 1,
      decided: Promise.resolve(),
      isGone: false,
    }
    const ringing = parts.signalling.ring({
      ...to,
      sdp: this.#sdp(phone),
      onProgress: (sdp) => phone.line === undefined && this.#host.hearEarly(sdp),
    })
    phone.ringing = ringing
    phone.timer = setTimeout(() => ringing.cancel(), parts.ringMs)
    this.#phones.set(id, phone)
    ringing.answered
      .then(
        (leg) => this.#answered(phone, leg, isOutside),
        (error: unknown) => this.#host.tell({ type: 'unanswered', leg: id, outcome: outcomeOf(error) }),
      )
      .finally(() => clearTimeout(phone.timer))
  }

  /** Nobody is wanted there any more, whether they were picked up meanwhile or not. */
  stopRinging(id: string): void {
    this.#phones.get(id)?.ringing?.cancel()
    void this.release(id)
  }

  /** Lets it go. Never throws. */
  async release(id: string): Promise<void> {
    const phone = this.#phones.get(id)
    if (phone === undefined) return
    this.#phones.delete(id)
    phone.isGone = true
    clearTimeout(phone.timer)
    await phone.refer?.tell('done')
    const [isTold] = await Promise.all([phone.leg?.hangUp(), this.#endSecond(phone, 480)])
    if (isTold === false) this.#isCut = true
    await this.#closeLine(phone)
  }

  async releaseAll(): Promise<void> {
    for (const { ringing, leg } of this.#phones.values()) if (leg === undefined) ringing?.cancel()
    await Promise.all([...this.#phones.keys()].map((id) => this.release(id)))
  }

  /** It hears that somebody is called, and nothing of the caller. Rejects where the phone does not come along. */
  async aside(id: string): Promise<void> {
    const phone = this.#phones.get(id)
    if (phone?.leg === undefined || phone.line !== undefined) return
    if (phone.second !== undefined) {
      if (phone.second.isOver) throw new Error('The phone has given up asking.')
      phone.second.ring()
      return
    }
    phone.line = await this.#openLine(id)
    try {
      await this.#move(phone)
      await phone.line.wait()
    } catch (error) {
      await this.#closeLine(phone)
      throw error
    }
  }

  /** It is on the talk's side. Resolves whether it has a voice that can be carried; rejects where the phone does not come along. */
  async bring(id: string): Promise<boolean> {
    const phone = this.#phones.get(id)
    if (phone?.leg === undefined) return false
    await this.#endSecond(phone, statusOfAsked(this.#host.record.consults?.at(-1)?.outcome))
    if (phone.line !== undefined) {
      await this.#closeLine(phone)
      await this.#move(phone)
    }
    if (phone.voice !== undefined) await this.#host.connect(phone.voice)
    return phone.voice !== undefined
  }

  /** The agent is not heard, or is again: on the talk's side, or, in a room, on the line of their own. */
  async mute(talk: CallMedia | undefined, isMuted: boolean): Promise<void> {
    const line = this.lineOf(this.#host.record.consult?.by)
    if (line !== undefined) await line.mute('caller', isMuted)
    else await talk?.mute('agent', isMuted)
  }

  /** Those of them who have a line of their own hear each other, and whoever else is in the room. */
  async meet(ids: readonly (string | undefined)[], room: string): Promise<void> {
    for (const id of ids) {
      await this.#pickUpSecond(this.#phones.get(id ?? ''))
      await this.lineOf(id)?.meet(room, null)
    }
  }

  /** Whom the phone asks by a call of its own is there. */
  async #pickUpSecond(phone: Phone | undefined): Promise<void> {
    const second = phone?.second
    if (phone === undefined || second === undefined || second.leg !== undefined) return
    const { codec = 0, events, parts } = this.#host
    const line = await this.#openLine(phone.id)
    second.line = line
    const sdp = sdpOf({ ...line.at.caller, codecs: [codec], events, direction: 'sendrecv' })
    const voice = await second.answer(parts.signalling, sdp)
    if (voice === undefined) return
    await this.#connectLine(line, voice)
    this.#host.noted()
  }

  async #endSecond(phone: Phone, status: number): Promise<void> {
    const { second } = phone
    phone.second = undefined
    if ((await second?.end(status)) === false) this.#isCut = true
  }

  async #answered(phone: Phone, leg: Leg, isOutside: boolean): Promise<void> {
    const { id } = phone
    // The answer crossed our withdrawal.
    if (phone.isGone || this.#host.isOver) return void leg.hangUp()
    const decided = Promise.withResolvers<void>()
    phone.decided = decided.promise
    phone.leg = leg
    phone.voice = voiceIn(leg.remoteSdp)
    this.#host.noted()
    leg.onGone(() => {
      const isKnown = this.#phones.delete(id)
      void this.#closeLine(phone)
      if (isKnown) void this.#host.tell({ type: 'agent-left', leg: id })
    })
    this.#followChanges(phone, leg)
    // Only a phone of ours may hand its caller on.
    if (this.#host.record.legs.some((one) => one.id === id && one.memberId !== null)) {
      leg.onRefer((refer) => void this.#refer(phone, refer))
    }
    if (phone.voice !== undefined) await this.#spoken(phone, phone.voice)
    if (isOutside && !(await isOnePressed(phone.line, leg, this.#host.parts.prompts))) {
      await this.#host.tell({ type: 'unanswered', leg: id, outcome: 'no-answer' })
      return this.release(id)
    }
    await this.#host.tell({ type: 'answered', leg: id })
    decided.resolve()
    // The call was over before it was told: nobody else lets this phone go.
    if (this.#host.isOver) await this.release(id)
  }

  /** It hands its caller on: to whom it names, or to whom it has asked by the call that it names. */
  async #refer(phone: Phone, refer: Refer): Promise<void> {
    const { user, replaces } = refer
    if (replaces === undefined) {
      const isDone = await handOn(this.#host, this.#host.parts.desk, phone.id, user)
      return refer.tell(isDone ? 'done' : 'declined')
    }
    if (phone.refer !== undefined || !phone.second?.isNamedBy(replaces)) return refer.tell('unknown')
    // It is told before it is let go.
    phone.refer = refer
    const isDone = await this.#host.tell({ type: 'handed-over' })
    phone.refer = undefined
    return refer.tell(isDone ? 'done' : 'declined')
  }

  async #spoken(phone: Phone, voice: Voice): Promise<void> {
    if (this.#host.codec === undefined) await this.#host.chose(voice)
    if (phone.line !== undefined) await this.#connectLine(phone.line, voice)
  }

  async #connectLine(line: CallMedia, voice: Voice): Promise<void> {
    await line.connect('caller', remoteOf(voice, this.#host.codec ?? 0))
  }

  #openLine(id: string): Promise<CallMedia> {
    // No engine knows two by one name, and a phone may be aside more than once.
    return this.#host.parts.media.open(`${this.#host.id}/${id}/${++this.#lines}`)
  }

  async #closeLine(phone: Phone): Promise<void> {
    const { line } = phone
    phone.line = undefined
    await line?.close().catch(() => {})
  }

  /** Tells the phone where it is to speak from now on. */
  async #move(phone: Phone): Promise<void> {
    phone.version += 1
    const answer = await phone.leg?.move(this.#sdp(phone))
    phone.voice = voiceIn(answer ?? '') ?? phone.voice
    if (phone.line !== undefined && phone.voice !== undefined) await this.#connectLine(phone.line, phone.voice)
  }

  #sdp({ line, version, session }: Phone, direction: Direction = 'sendrecv'): string {
    const { codec, events, side } = this.#host
    const codecs: Codec[] = codec === undefined ? [0, 8] : [codec]
    return sdpOf({ ...(line?.at.caller ?? side), codecs, events, direction }, version, session)
  }

  #followChanges(phone: Phone, leg: Leg): void {
    leg.onChange((sdp) => {
      const offer = voiceIn(sdp)
      const { codec } = this.#host
      if (offer === undefined || codec === undefined || !offer.codecs.includes(codec)) return undefined
      phone.version += 1
      void phone.decided.then(() => {
        const isTalk = this.#host.record.legs.some(({ id, state }) => id === phone.id && state === 'talking')
        if (phone.line !== undefined || !isTalk) return
        void this.#host.tell({ type: offer.direction === 'sendrecv' ? 'resumed' : 'held' })
      })
      return this.#sdp(phone, answerTo(offer.direction))
    })
  }
}
