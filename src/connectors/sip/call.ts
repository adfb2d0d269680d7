/**
 * One call on the wire: the caller's leg, the phones that ring for it, its voice. It decides nothing: it tells the hub what happens and does what
 * comes back, in the order of the hub's books. In a call that goes out, whoever is called stands where the caller stands in one that comes in.
 */
import type { CallCare, CallCommand, CallNews, CallRecord, CareMeans, Directed } from '../contract.ts'
import { type Arrived, type CallParts, lineOf, noteWires } from './call-parts.ts'
import { CallerSide, ownEvents, placeOf } from './caller-side.ts'
import type { CallMedia } from './media.ts'
import { refusalOf } from './outcomes.ts'
import { remoteOf } from './party.ts'
import { Phones } from './phones.ts'
import { Questions } from './questions.ts'
import { type Voice, voiceIn } from './sdp.ts'
import { TalkCare } from './talk-care.ts'
import { Tape } from './tape.ts'
import type { WaitingLine } from './waiting-line.ts'
import { lastWordOf, waitingWordOf, wordsAround } from './words.ts'

export class SipCall {
  readonly id: string
  readonly #parts: CallParts
  readonly #number: string
  readonly #caller: CallerSide
  readonly #questions: Questions
  readonly #tape: Tape
  readonly #care: TalkCare
  readonly #phones: Phones
  #record: CallRecord
  #media: CallMedia | undefined
  #line: WaitingLine | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #noted: Promise<void> = Promise.resolve()
  #isOver = false
  /** The way to the caller broke before they were let go. */
  #isCut = false

  /** `number` is whom it calls, for one that goes out. */
  constructor(parts: CallParts, directed: Directed, arrived: Arrived | undefined, number = '') {
    this.id = directed.callId
    this.#parts = parts
    this.#number = number
    this.#record = directed.record
    this.#caller = new CallerSide(this.#callerHost(), arrived)
    this.#tape = new Tape(this.id, parts.desk, parts.log)
    this.#care = new TalkCare(parts)
    this.#phones = new Phones(this.#phonesHost())
    this.#questions = new Questions({
      prompts: parts.prompts,
      tell: (news) => void this.tell(news),
      failed: (err, sentence) => {
        if (!this.#isOver) parts.log.warn({ err, callId: this.id }, sentence)
      },
    })
    this.#turn = this.#follow(directed).catch((error: unknown) => this.#fail(error))
  }

  /** Whether that phone is on the line here. */
  has(extension: string): boolean {
    return this.#record.legs.some(
      (leg) => leg.extension === extension && leg.state !== 'ended' && leg.state !== 'ringing',
    )
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
  tend(act: CallCare, means: CareMeans): Promise<boolean> {
    const done = this.#turn.then(() => {
      const media = this.#media
      const { state, consult } = this.#record
      if (this.#isOver || media === undefined || this.#tape.leg === undefined) return false
      const isHeard = state === 'talking' || state === 'conference'
      const keys = isHeard && this.#caller.takesKeys ? media : this.#phones.lineOf(consult?.leg)
      return this.#care.tend({ media, codec: this.#caller.codec, keys }, act, means)
    })
    this.#turn = done.catch(() => {})
    return done.catch(() => false)
  }

  /** Whether that phone has the caller, and may ask somebody. */
  isTalkOf(extension: string): boolean {
    return this.#talkOf(extension) !== undefined
  }

  /** A phone that has the caller calls somebody else. Never rejects. */
  async ask(extension: string, arrived: Arrived, user: string): Promise<void> {
    const leg = this.#talkOf(extension)
    if (leg === undefined) return arrived.answer.send(480)
    await this.#phones.ask(leg.id, arrived, user)
  }

  #talkOf(extension: string) {
    const leg = this.#record.legs.find(({ state }) => state === 'talking')
    return !this.#isOver && leg?.memberId != null && leg.extension === extension ? leg : undefined
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
        await this.#openMedia()
        return this.#caller.pickUp()
      case 'refuse':
        if (command.detail === 'closed') await this.#sayClosed()
        return this.#caller.refuse(refusalOf(command.detail))
      case 'ring':
        if (this.#media === undefined) await this.#openMedia()
        return this.#phones.ring(command.leg)
      case 'stop-ringing':
        return this.#phones.stopRinging(command.leg)
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
      case 'mute':
        return this.#phones.mute(this.#media, command.isMuted)
      case 'wait':
        return this.#line?.begin(waitingWordOf(this.#record))
      case 'aside':
        return this.#aside(command.leg)
      case 'meet':
        return this.#phones.meet([this.#record.consult?.by, command.leg], this.id)
      case 'back':
        return void (await this.#phones.bring(command.leg))
      case 'confer':
        return this.#confer(command.segment)
      case 'keep':
        return
      case 'ask':
        this.#line?.leave()
        if (this.#media !== undefined) this.#questions.ask(this.#media, command, wordsAround(this.#record))
        return
      case 'leave':
        return this.#leave(command)
      case 'hang-up':
        if (this.#caller.leg === undefined) this.#caller.refuse(480)
        this.#caller.cancel()
        await this.#sayLast()
        this.#isCut = (await this.#caller.leg?.hangUp()) === false
    }
  }

  /** Nothing more is said to the caller, and nothing waits for its end. */
  #callerLeft(): void {
    void this.#line?.close()
    void this.tell({ type: 'caller-left' })
  }

  /** Before a call is refused, and without answering it: who calls pays nothing. */
  async #sayClosed(): Promise<void> {
    if (!this.#caller.canHearEarly) return
    const media = await this.#openMedia()
    await this.#caller.hearEarly()
    await media.play(this.#parts.prompts.of('closed')).catch(() => false)
  }

  /** A message that is left is whole before anything is said after it. */
  async #sayLast(): Promise<void> {
    const word = lastWordOf(this.#record)
    if (word === undefined || this.#caller.leg === undefined || this.#media === undefined) return
    this.#line?.leave()
    await this.#tape.keep(this.#media)
    await this.#media.play(this.#parts.prompts.of(word)).catch(() => false)
  }

  #callerHost(): ConstructorParameters<typeof CallerSide>[0] {
    const call = this
    return {
      parts: this.#parts,
      get isOver() {
        return call.#isOver
      },
      get record() {
        return call.#record
      },
      get media() {
        return call.#media
      },
      tell: (news) => this.tell(news),
      failed: (error) => void this.#fail(error),
      left: () => this.#callerLeft(),
      hearEarly: (sdp) => this.#hearEarly('caller', sdp),
      noted: () => this.#note(),
    }
  }

  #phonesHost(): ConstructorParameters<typeof Phones>[0] {
    const call = this
    return {
      id: this.id,
      parts: this.#parts,
      get isOver() {
        return call.#isOver
      },
      get record() {
        return call.#record
      },
      get codec() {
        return call.#caller.chosen
      },
      get events() {
        return call.#caller.events ?? ownEvents
      },
      get side() {
        return placeOf({ media: call.#media, parts: call.#parts }, 'agent')
      },
      tell: (news) => this.tell(news),
      connect: (voice) => this.#connect('agent', voice),
      hearEarly: (sdp) => this.#hearEarly('agent', sdp),
      chose(voice) {
        call.#caller.choose(voice)
        return call.#connect('agent', voice)
      },
      noted: () => this.#note(),
    }
  }

  async #openMedia(): Promise<CallMedia> {
    const media = await this.#parts.media.open(this.id)
    media.onKey((side, key) => side === 'caller' && void this.tell({ type: 'pressed', key }))
    this.#media = media
    this.#line = lineOf(this.#parts, this.#record, this.id, media)
    return media
  }

  /** Whoever had to say that they are there hears the ringing from now on. */
  async #call(): Promise<void> {
    await this.#phones.bring(this.#record.legs.find(({ state }) => state === 'talking')?.id ?? '')
    await this.#caller.call(this.#number)
  }

  /** One after the other: what stands in the books in the end is what is on the line. */
  #note(): void {
    this.#noted = this.#noted.then(() => {
      const { leg } = this.#caller
      return noteWires(this.#parts, this.id, [...this.#phones.legs, ...(leg === undefined ? [] : [leg])])
    })
  }

  async #connect(side: 'caller' | 'agent', voice: Voice): Promise<void> {
    await this.#media?.connect(side, remoteOf(voice, this.#caller.codec))
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

  /** The agent's phone goes on a line of its own; one that does not keeps its caller, before anybody is asked. */
  async #aside(leg: string): Promise<void> {
    try {
      await this.#phones.aside(leg)
    } catch (err) {
      this.#parts.log.warn({ err, callId: this.id }, 'a phone cannot be taken aside')
      const holds = this.#phones.asksApart(leg)
      const over = { type: 'consult-over', outcome: 'returned', ...(holds && { holds }) } as const
      await this.#follow(await this.#parts.desk.tell(this.id, over))
    }
  }

  async #join(leg: string, segment: number): Promise<void> {
    await this.#tape.keep(this.#media)
    const path = this.#parts.settings.record ? await this.#tape.pathOf(segment) : null
    await this.#line?.end(async () => (await this.#phones.bring(leg)) && this.#media?.attend())
    // Once more: it may have hung up meanwhile.
    if (this.#media === undefined || !(await this.#phones.bring(leg))) {
      void this.tell({ type: 'failed', detail: 'no-voice' })
      return
    }
    await this.#media.talk(path)
    this.#tape.began({ leg, segment, path })
    void this.tell({ type: 'connected', leg })
  }

  /** The agent, whom they asked and the caller hear each other. */
  async #confer(segment: number): Promise<void> {
    const { consult } = this.#record
    await this.#tape.keep(this.#media)
    const path = this.#parts.settings.record ? await this.#tape.pathOf(segment) : null
    await this.#phones.meet([consult?.by, consult?.leg], this.id)
    await this.#media?.meet(this.id, path)
    this.#tape.began({ leg: consult?.by ?? '', segment, path })
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
    await this.#phones.release(leg)
  }

  async #end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#questions.stop()
    await this.#line?.close()
    await this.#care.end()
    await this.#tape.keep(this.#media)
    this.#caller.cancel()
    await this.#phones.releaseAll()
    await this.#media?.close().catch(() => {})
    // All legs are let go: whoever comes after us need not.
    if (this.#record.end === 'interrupted' && !this.#isCut && !this.#phones.isCut)
      await this.#parts.desk.note(this.id, null).catch(() => {})
    this.#parts.onOver()
  }
}
