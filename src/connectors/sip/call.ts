/**
 * One call on the wire: the caller's leg, the phones that ring for it, its voice. It decides nothing: it tells the hub what happens and does what
 * comes back, in the order of the hub's books. In a call that goes out, whoever is called stands where the caller stands in one that comes in.
 */
import type { CallCare, CallCommand, CallNews, CallRecord, Directed } from '../contract.ts'
import type { Arrived, CallParts } from './call-parts.ts'
import { handOn } from './handing-on.ts'
import type { CallMedia, Place } from './media.ts'
import { outcomeOf, proxyOf, refusalOf } from './outcomes.ts'
import { Questions } from './questions.ts'
import { answerTo, type Codec, sdpOf, type Voice, voiceIn } from './sdp.ts'
import type { Leg, Ringing } from './signalling.ts'
import { TalkCare } from './talk-care.ts'
import { Tape } from './tape.ts'
import { WaitingLine } from './waiting-line.ts'

/** Payload type of the keys where we are the first to name one. */
const ownEvents = 101

export class SipCall {
  readonly id: string
  readonly #parts: CallParts
  readonly #arrived: Arrived | undefined
  readonly #number: string
  readonly #questions: Questions
  readonly #tape: Tape
  readonly #care: TalkCare
  #offer: Voice | undefined
  #codec: Codec
  #record: CallRecord
  #caller: Leg | undefined
  #calling: Ringing | undefined
  #media: CallMedia | undefined
  #line: WaitingLine | undefined
  readonly #ringing = new Map<string, { ringing: Ringing; timer: NodeJS.Timeout }>()
  readonly #legs = new Map<string, Leg>()
  #turn: Promise<unknown> = Promise.resolve()
  #isOver = false

  /** `number` is whom it calls, for one that goes out. */
  constructor(parts: CallParts, directed: Directed, arrived: Arrived | undefined, number = '') {
    this.id = directed.callId
    this.#parts = parts
    this.#arrived = arrived
    this.#number = number
    this.#offer = arrived?.offer
    this.#codec = arrived?.offer.codecs[0] ?? 0
    this.#record = directed.record
    this.#tape = new Tape(this.id, parts.desk, parts.log)
    this.#care = new TalkCare(parts)
    this.#questions = new Questions({
      prompts: parts.prompts,
      tell: (news) => void this.tell(news),
      failed: (err, sentence) => {
        if (!this.#isOver) parts.log.warn({ err, callId: this.id }, sentence)
      },
    })
    arrived?.request.on('cancel', () => void this.tell({ type: 'caller-left' }))
    this.#turn = this.#follow(directed).catch((error: unknown) => this.#fail(error))
  }

  /** Whether that phone is on the line here. */
  has(extension: string): boolean {
    return this.#record.legs.some((leg) => leg.extension === extension && leg.state === 'talking')
  }

  /** Has the call told something in its turn. Resolves whether that changed anything. Never rejects. */
  tell(news: CallNews): Promise<boolean> {
    const told = this.#turn.then(async () => {
      if (this.#isOver) return false
      const directed = await this.#parts.desk.tell(this.id, news)
      await this.#follow(directed)
      return directed.changed
    })
    const settled = told.catch((error: unknown) => this.#fail(error))
    this.#turn = settled
    return settled
  }

  /** Cares for a talk that goes on, in its turn. Resolves whether that made sense. Never rejects. */
  tend(act: CallCare, extension: string | undefined): Promise<boolean> {
    const done = this.#turn.then(() => {
      if (this.#isOver || this.#media === undefined || this.#tape.leg === undefined) return false
      return this.#care.tend(this.#media, this.#codec, act, extension)
    })
    this.#turn = done.catch(() => {})
    return done.catch(() => false)
  }

  /** The hub lets the channel go, or lost what the call hangs on: nobody is left on a dead line. */
  async abandon(): Promise<void> {
    await this.tell({ type: 'interrupted' })
  }

  async #fail(error: unknown): Promise<boolean> {
    this.#parts.log.error({ err: error, callId: this.id }, 'a call failed')
    if (this.#isOver) return false
    const directed = await this.#parts.desk.tell(this.id, { type: 'failed', detail: 'internal' }).catch(() => undefined)
    if (directed !== undefined) await this.#follow(directed).catch(() => {})
    await this.#end()
    return true
  }

  async #follow({ record, commands }: Directed): Promise<void> {
    this.#record = record
    if (record.question === undefined && record.state !== 'voicemail') this.#questions.stop()
    for (const command of commands) await this.#obey(command)
    if (record.state === 'ended') await this.#end()
  }

  async #obey(command: CallCommand): Promise<void> {
    switch (command.do) {
      case 'answer':
        return this.#pickUp()
      case 'refuse':
        return this.#refuse(refusalOf(command.detail))
      case 'ring':
        return this.#ring(command.leg)
      case 'stop-ringing':
        return this.#stopRinging(command.leg)
      case 'call':
        return this.#call()
      case 'join':
        return this.#join(command.leg, command.segment)
      case 'release':
        return this.#release(command.leg)
      case 'hold':
        return this.#media?.hold(this.#parts.prompts.of('music'))
      case 'resume':
        return this.#media?.resume()
      case 'wait':
        return this.#line?.begin()
      case 'ask':
        this.#line?.leave()
        if (this.#media !== undefined) this.#questions.ask(this.#media, command)
        return
      case 'leave':
        return this.#leave(command)
      case 'hang-up':
        if (this.#caller === undefined) this.#refuse(480)
        this.#calling?.cancel()
        await this.#caller?.hangUp()
    }
  }

  #refuse(status: number): void {
    if (this.#arrived?.answer.finalResponseSent === false) this.#arrived.answer.send(status)
  }

  async #openMedia(): Promise<CallMedia> {
    const media = await this.#parts.media.open(this.id)
    media.onKey((side, key) => side === 'caller' && void this.tell({ type: 'pressed', key }))
    this.#media = media
    const { desk, prompts, settings, log } = this.#parts
    this.#line = new WaitingLine({
      media,
      prompts,
      log,
      isNoticed: settings.record && settings.notice && this.#record.direction !== 'out',
      everyMs: settings.announceSeconds * 1000,
      standing: () => desk.standing(this.id),
    })
    return media
  }

  async #pickUp(): Promise<void> {
    const { signalling } = this.#parts
    const arrived = this.#arrived
    if (arrived === undefined) return
    await this.#openMedia()
    await this.#connectCaller(arrived.offer)
    try {
      const leg = await signalling.answer(arrived.request, arrived.answer, this.#callerSdp(1))
      this.#callerIs(leg)
    } catch {
      void this.tell({ type: 'caller-left' })
      return
    }
  }

  /** Whoever is on the caller's side is on the line. */
  #callerIs(leg: Leg): void {
    this.#caller = leg
    this.#note()
    let version = 1
    leg.onGone(() => {
      // Nothing more is said to them, and nothing waits for its end.
      void this.#line?.close()
      void this.tell({ type: 'caller-left' })
    })
    leg.onKey((key) => void this.tell({ type: 'pressed', key }))
    leg.onChange((sdp) => {
      const offer = voiceIn(sdp)
      if (offer === undefined || !offer.codecs.includes(this.#codec)) return undefined
      this.#connectCaller(offer).catch((error: unknown) => this.#fail(error))
      version += 1
      return this.#callerSdp(version)
    })
  }

  /** Calls whom the agent wants to talk with; until they answer the agent hears what the network says. */
  async #call(): Promise<void> {
    const to = await this.#wayTo(this.#number)
    if (to === undefined) return void this.tell({ type: 'far-unanswered', outcome: 'unreachable' })
    const calling = this.#parts.signalling.ring({
      ...to,
      sdp: this.#sideSdp('caller', [this.#codec]),
      onProgress: (sdp) => this.#hearEarly('caller', sdp),
    })
    this.#calling = calling
    const timer = setTimeout(() => calling.cancel(), this.#parts.ringMs)
    calling.answered
      .then(
        async (leg) => {
          if (this.#isOver) return leg.hangUp()
          const voice = voiceIn(leg.remoteSdp)
          this.#callerIs(leg)
          if (voice !== undefined) await this.#connectCaller(voice)
          await this.tell(voice === undefined ? { type: 'failed', detail: 'no-voice' } : { type: 'far-answered' })
        },
        (error: unknown) => this.tell({ type: 'far-unanswered', outcome: outcomeOf(error) }),
      )
      .finally(() => clearTimeout(timer))
  }

  /** Undefined where there is no trunk, or none that may be called. */
  #wayTo(number: string) {
    return this.#parts.trunk.dial(number, this.#record.plan?.outbound?.callerId).catch((err: unknown) => {
      this.#parts.log.warn({ err, callId: this.id }, 'a number cannot be called')
      return undefined
    })
  }

  /** For whoever comes after us. */
  #note(): void {
    const wire = [this.#caller, ...this.#legs.values()].flatMap((leg) => (leg === undefined ? [] : [leg.trace]))
    this.#parts.desk.note(this.id, wire).catch((err: unknown) => {
      this.#parts.log.warn({ err, callId: this.id }, 'the wires of a call could not be noted')
    })
  }

  async #connectCaller(offer: Voice): Promise<void> {
    this.#offer = offer
    await this.#connect('caller', offer)
  }

  async #connect(side: 'caller' | 'agent', { address, port, events }: Voice): Promise<void> {
    await this.#media?.connect(side, { address, port, codec: this.#codec, events })
  }

  /** What there is to hear before somebody answers, where nobody talks yet. */
  #hearEarly(side: 'caller' | 'agent', sdp: string): void {
    const voice = voiceIn(sdp)
    const { state } = this.#record
    if (voice === undefined || (state !== 'dialling' && state !== 'forwarding')) return
    this.#connect(side, voice)
      .then(() => this.#media?.talk(null))
      .catch((error: unknown) => this.#fail(error))
  }

  #callerSdp(version: number): string {
    const { events = ownEvents, direction = 'sendrecv' } = this.#offer ?? {}
    return sdpOf({ ...this.#at('caller'), codecs: [this.#codec], events, direction: answerTo(direction) }, version)
  }

  #sideSdp(
    side: 'caller' | 'agent',
    codecs: readonly Codec[],
    version = 1,
    direction: Voice['direction'] = 'sendrecv',
  ): string {
    const events = this.#offer?.events ?? ownEvents
    return sdpOf({ ...this.#at(side), codecs, events, direction }, version)
  }

  #at(side: 'caller' | 'agent'): Place {
    return this.#media?.at[side] ?? { address: this.#parts.desk.place.address, port: 0 }
  }

  async #ring(leg: string): Promise<void> {
    const found = this.#record.legs.find(({ id }) => id === leg)
    if (this.#media === undefined) await this.#openMedia()
    const to =
      found?.number === undefined ? await this.#wayToPhone(found?.extension ?? '') : await this.#wayTo(found.number)
    if (to === undefined || typeof to === 'string') {
      void this.tell({ type: 'unanswered', leg, outcome: to ?? 'unreachable' })
      return
    }
    // Where no side has named a codec yet, the phone chooses.
    const codecs: Codec[] = this.#offer === undefined ? [0, 8] : [this.#codec]
    const ringing = this.#parts.signalling.ring({
      ...to,
      sdp: this.#sideSdp('agent', codecs),
      onProgress: (sdp) => this.#hearEarly('agent', sdp),
    })
    const timer = setTimeout(() => ringing.cancel(), this.#parts.ringMs)
    this.#ringing.set(leg, { ringing, timer })
    ringing.answered
      .then(
        (answered) => this.#legAnswered(leg, answered),
        (error: unknown) => this.tell({ type: 'unanswered', leg, outcome: outcomeOf(error) }),
      )
      .finally(() => clearTimeout(timer))
  }

  /** Undefined for a phone that is not there; `busy` for one that is on the line in another call. */
  async #wayToPhone(extension: string) {
    if (this.#parts.isBusy(extension)) return 'busy' as const
    const phone = await this.#parts.desk.phone(extension)
    return phone?.contact == null ? undefined : { uri: phone.contact, from: this.#parts.from, ...proxyOf(phone) }
  }

  async #legAnswered(leg: string, answered: Leg): Promise<void> {
    this.#legs.set(leg, answered)
    this.#note()
    answered.onGone(() => this.#agentGone(leg))
    this.#followHold(leg, answered)
    // Only a phone of ours may hand its caller on.
    if (this.#record.legs.some(({ id, memberId }) => id === leg && memberId !== null)) {
      answered.onRefer((user) => handOn(this, this.#parts.desk, leg, user))
    }
    const voice = voiceIn(answered.remoteSdp)
    if (this.#offer === undefined && voice !== undefined) this.#codec = voice.codecs[0] ?? this.#codec
    if (this.#offer === undefined && voice !== undefined) await this.#connect('agent', voice)
    await this.tell({ type: 'answered', leg })
    // The call was over before it was told: nobody else lets this phone go.
    if (this.#isOver) void answered.hangUp()
  }

  #followHold(leg: string, answered: Leg): void {
    let version = 1
    answered.onChange((sdp) => {
      const offer = voiceIn(sdp)
      if (offer === undefined || !offer.codecs.includes(this.#codec)) return undefined
      version += 1
      if (this.#tape.leg === leg) void this.tell({ type: offer.direction === 'sendrecv' ? 'resumed' : 'held' })
      return this.#sideSdp('agent', [this.#codec], version, answerTo(offer.direction))
    })
  }

  #agentGone(leg: string): void {
    this.#legs.delete(leg)
    void this.tell({ type: 'agent-left', leg })
  }

  #stopRinging(leg: string): void {
    const found = this.#ringing.get(leg)
    if (found === undefined) return
    clearTimeout(found.timer)
    found.ringing.cancel()
    this.#ringing.delete(leg)
  }

  async #join(leg: string, segment: number): Promise<void> {
    const voice = voiceIn(this.#legs.get(leg)?.remoteSdp ?? '')
    if (this.#media === undefined || voice === undefined) {
      void this.tell({ type: 'failed', detail: 'no-voice' })
      return
    }
    const path = this.#parts.settings.record ? await this.#tape.pathOf(segment) : null
    await this.#line?.end()
    await this.#connect('agent', voice)
    await this.#media.talk(path)
    this.#tape.began({ leg, segment, path })
  }

  async #leave(command: Extract<CallCommand, { do: 'leave' }>): Promise<void> {
    const media = this.#media
    if (media === undefined) return
    this.#line?.leave()
    const path = await this.#tape.pathOf(command.segment)
    this.#questions.leave(media, command, path, () => this.#tape.began({ leg: '', segment: command.segment, path }))
  }

  /** The talk with that phone is over, if there was one, and its recording whole. */
  async #release(leg: string): Promise<void> {
    if (this.#tape.leg === leg) await this.#tape.keep(this.#media)
    const released = this.#legs.get(leg)
    this.#legs.delete(leg)
    await released?.hangUp()
  }

  async #end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#questions.stop()
    await this.#line?.close()
    await this.#care.end()
    await this.#tape.keep(this.#media)
    for (const leg of [...this.#ringing.keys()]) this.#stopRinging(leg)
    this.#calling?.cancel()
    await Promise.all([...this.#legs.values()].map((leg) => leg.hangUp()))
    await this.#media?.close().catch(() => {})
    // All legs are let go: whoever comes after us need not.
    if (this.#record.end === 'interrupted') await this.#parts.desk.note(this.id, null).catch(() => {})
    this.#parts.onOver()
  }
}
