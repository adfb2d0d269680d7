/**
 * One call on the wire: the caller's leg, the phones that ring for it, its voice. It decides nothing: it tells the hub what happens and does
 * what comes back, one after the other, in the order in which the hub's books have it.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallCommand, CallDesk, CallNews, CallRecord, ConnectorLog, Directed, KnownPhone } from '../contract.ts'
import type { CallMedia, MediaEngine, Place } from './media.ts'
import { answerTo, type Codec, sdpOf, type Voice, voiceIn } from './sdp.ts'
import { type Answer, CallFailed, type IncomingRequest, type Leg, type Ringing, type Signalling } from './signalling.ts'
import { repairRecording, type Side } from './wav.ts'

export interface CallParts {
  readonly desk: CallDesk
  readonly signalling: Signalling
  readonly media: MediaEngine
  readonly log: ConnectorLog
  /** How long a phone rings, at most. */
  readonly ringMs: number
  /** What phones see as who calls. */
  readonly from: string
  onOver(): void
}

/** Payload type of the keys where we are the first to name one. */
const ownEvents = 101

const outcomes: Readonly<Record<number, 'busy' | 'declined' | 'no-answer' | 'unreachable'>> = {
  486: 'busy',
  600: 'busy',
  603: 'declined',
  480: 'declined',
  487: 'no-answer',
  408: 'unreachable',
}

/** The status that says why a call is not taken. */
const refusals: Readonly<Record<string, number>> = { closed: 480 }

export class SipCall {
  readonly id: string
  readonly #parts: CallParts
  readonly #request: IncomingRequest
  readonly #answer: Answer
  /** What the caller offered. */
  #offer: Voice
  #codec: Codec
  #record: CallRecord
  #caller: Leg | undefined
  #media: CallMedia | undefined
  readonly #ringing = new Map<string, { ringing: Ringing; timer: NodeJS.Timeout }>()
  readonly #legs = new Map<string, Leg>()
  #talk: { leg: string; segment: number; path: string } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #isOver = false

  constructor(parts: CallParts, directed: Directed, request: IncomingRequest, answer: Answer, offer: Voice) {
    this.id = directed.callId
    this.#parts = parts
    this.#request = request
    this.#answer = answer
    this.#offer = offer
    this.#codec = offer.codecs[0] ?? 0
    this.#record = directed.record
    request.on('cancel', () => void this.tell({ type: 'caller-left' }))
    this.#turn = this.#follow(directed).catch((error: unknown) => this.#fail(error))
  }

  /** Has the call told something in its turn. Resolves whether that changed anything. Never rejects. */
  tell(news: CallNews): Promise<boolean> {
    const told = this.#turn.then(async () => {
      if (this.#isOver) return false
      const before = JSON.stringify(this.#record)
      const directed = await this.#parts.desk.tell(this.id, news)
      await this.#follow(directed)
      return JSON.stringify(directed.record) !== before
    })
    const settled = told.catch((error: unknown) => this.#fail(error))
    this.#turn = settled
    return settled
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
    for (const command of commands) await this.#obey(command)
    if (record.state === 'ended') await this.#end()
  }

  async #obey(command: CallCommand): Promise<void> {
    switch (command.do) {
      case 'answer':
        return this.#pickUp()
      case 'refuse':
        return this.#answer.send(refusals[command.detail] ?? 603)
      case 'ring':
        return this.#ring(command.leg)
      case 'stop-ringing':
        return this.#stopRinging(command.leg)
      case 'join':
        return this.#join(command.leg, command.segment)
      case 'release':
        return this.#release(command.leg)
      case 'hold':
        return this.#media?.hold()
      case 'resume':
        return this.#media?.resume()
      case 'wait':
        return this.#media?.wait()
      case 'hang-up':
        if (this.#caller === undefined && !this.#answer.finalResponseSent) this.#answer.send(480)
        await this.#caller?.hangUp()
    }
  }

  async #pickUp(): Promise<void> {
    const { media, signalling } = this.#parts
    this.#media = await media.open(this.id)
    await this.#connectCaller(this.#offer)
    try {
      this.#caller = await signalling.answer(this.#request, this.#answer, this.#callerSdp(1))
    } catch {
      void this.tell({ type: 'caller-left' })
      return
    }
    this.#note()
    let version = 1
    this.#caller.onGone(() => void this.tell({ type: 'caller-left' }))
    this.#caller.onChange((sdp) => {
      const offer = voiceIn(sdp)
      if (offer === undefined || !offer.codecs.includes(this.#codec)) return undefined
      this.#offer = offer
      this.#connectCaller(offer).catch((error: unknown) => this.#fail(error))
      version += 1
      return this.#callerSdp(version)
    })
    await this.#media.wait()
  }

  /** For whoever comes after us. */
  #note(): void {
    const wire = [this.#caller, ...this.#legs.values()].flatMap((leg) => (leg === undefined ? [] : [leg.trace]))
    this.#parts.desk.note(this.id, wire).catch((err: unknown) => {
      this.#parts.log.warn({ err, callId: this.id }, 'the wires of a call could not be noted')
    })
  }

  async #connectCaller({ address, port, events }: Voice): Promise<void> {
    await this.#media?.connect('caller', { address, port, codec: this.#codec, events })
  }

  #callerSdp(version: number): string {
    const { events, direction } = this.#offer
    return sdpOf({ ...this.#at('caller'), codecs: [this.#codec], events, direction: answerTo(direction) }, version)
  }

  #agentSdp(version: number, direction: Voice['direction']): string {
    const events = this.#offer.events ?? ownEvents
    return sdpOf({ ...this.#at('agent'), codecs: [this.#codec], events, direction }, version)
  }

  #at(side: Side): Place {
    return this.#media?.at[side] ?? { address: this.#parts.desk.place.address, port: 0 }
  }

  async #ring(leg: string): Promise<void> {
    const { desk, signalling, ringMs, from } = this.#parts
    const extension = this.#record.legs.find(({ id }) => id === leg)?.extension
    const phone = extension === undefined ? undefined : await desk.phone(extension)
    if (phone?.contact == null) {
      void this.tell({ type: 'unanswered', leg, outcome: 'unreachable' })
      return
    }
    const ringing = signalling.ring(phone.contact, this.#agentSdp(1, 'sendrecv'), from, proxyOf(phone))
    const timer = setTimeout(() => ringing.cancel(), ringMs)
    this.#ringing.set(leg, { ringing, timer })
    ringing.answered
      .then(
        (answered) => {
          this.#legs.set(leg, answered)
          this.#note()
          answered.onGone(() => this.#agentGone(leg))
          this.#followHold(leg, answered)
          return this.tell({ type: 'answered', leg }).then(() => {
            // The call was over before it was told: nobody else lets this phone go.
            if (this.#isOver) void answered.hangUp()
          })
        },
        (error: unknown) => {
          const status = error instanceof CallFailed ? error.status : 503
          return this.tell({ type: 'unanswered', leg, outcome: outcomes[status] ?? 'unreachable' })
        },
      )
      .finally(() => clearTimeout(timer))
  }

  #followHold(leg: string, answered: Leg): void {
    let version = 1
    answered.onChange((sdp) => {
      const offer = voiceIn(sdp)
      if (offer === undefined || !offer.codecs.includes(this.#codec)) return undefined
      version += 1
      if (this.#talk?.leg === leg) void this.tell({ type: offer.direction === 'sendrecv' ? 'resumed' : 'held' })
      return this.#agentSdp(version, answerTo(offer.direction))
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
    const { spool } = this.#parts.desk.place
    await mkdir(spool, { recursive: true, mode: 0o700 })
    const path = join(spool, `${this.id}.${segment}.wav`)
    const { address, port, events } = voice
    await this.#media.connect('agent', { address, port, codec: this.#codec, events })
    await this.#media.talk(path)
    this.#talk = { leg, segment, path }
  }

  /** The talk with that phone is over, if there was one, and its recording whole. */
  async #release(leg: string): Promise<void> {
    if (this.#talk?.leg === leg) await this.#keepTalk()
    const released = this.#legs.get(leg)
    this.#legs.delete(leg)
    await released?.hangUp()
  }

  async #keepTalk(): Promise<void> {
    const talk = this.#talk
    this.#talk = undefined
    if (talk === undefined) return
    const { segment, path } = talk
    // Where the engine is gone, its file is as a crash leaves it.
    const part = await this.#media?.part().catch(() => undefined)
    const durationMs = part?.durationMs ?? (await repairRecording(path).catch(() => 0))
    // The caller waits for nothing of this; what fails here lies in the folder and is kept at the next opening.
    this.#parts.desk
      .keep({ callId: this.id, segment, path, durationMs })
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error, callId: this.id }, 'a recording could not be kept yet'),
      )
  }

  async #end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#keepTalk()
    for (const leg of [...this.#ringing.keys()]) this.#stopRinging(leg)
    await Promise.all([...this.#legs.values()].map((leg) => leg.hangUp()))
    await this.#media?.close().catch(() => {})
    this.#parts.onOver()
  }
}

/** Where a phone really is, if its own word for it leads nowhere. */
function proxyOf({ contact, received }: KnownPhone): string | undefined {
  if (received === null || contact === null) return undefined
  return contact.includes(received.replace(/^sip:|;.*$/g, '')) ? undefined : received
}
