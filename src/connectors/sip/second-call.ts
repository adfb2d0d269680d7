/** What a desk phone does before an attended transfer: while it has a caller it calls somebody else. That call, from its INVITE to its end. */
import type { Arrived } from './call-parts.ts'
import type { CallMedia } from './media.ts'
import { tagOf } from './message.ts'
import type { Replaces } from './referring.ts'
import { type Voice, voiceIn } from './sdp.ts'
import type { Leg, Signalling } from './signalling.ts'

export class SecondCall {
  readonly #arrived: Arrived
  #leg: Leg | undefined
  #isOver = false
  #onGone: () => void = () => {}
  /** Where it hears whom it asks. */
  line: CallMedia | undefined

  constructor(arrived: Arrived) {
    this.#arrived = arrived
    arrived.request.on('cancel', () => this.#gone())
  }

  get leg(): Leg | undefined {
    return this.#leg
  }

  /** The phone has given it up. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Called once, when the phone gives it up; not when we do. */
  onGone(listener: () => void): void {
    this.#onGone = listener
  }

  ring(): void {
    if (!this.#arrived.answer.finalResponseSent) this.#arrived.answer.send(180)
  }

  /** Picks up. Resolves where its voice is; undefined where the phone was faster. */
  async answer(signalling: Signalling, sdp: string): Promise<Voice | undefined> {
    if (this.#isOver) return undefined
    const { request, answer, offer } = this.#arrived
    const leg = await signalling.answer(request, answer, sdp).catch(() => undefined)
    const voice = offer ?? voiceIn(leg?.remoteSdp ?? '')
    if (leg === undefined || voice === undefined) {
      this.#gone()
      return undefined
    }
    this.#leg = leg
    leg.onGone(() => this.#gone())
    leg.onChange(() => (this.#isOver ? undefined : sdp))
    return voice
  }

  isNamedBy({ callId, toTag, fromTag }: Replaces): boolean {
    const trace = this.#leg?.trace
    return trace?.callId === callId && tagOf(trace.local) === toTag && tagOf(trace.remote) === fromTag
  }

  /** Nobody is there (any more): refused as `status`, or hung up. Resolves whether the phone can know. Never throws. */
  async end(status: number): Promise<boolean> {
    const isGone = this.#isOver
    this.#isOver = true
    this.#onGone = () => {}
    await this.line?.close().catch(() => {})
    if (isGone) return true
    if (this.#leg !== undefined) return this.#leg.hangUp()
    if (!this.#arrived.answer.finalResponseSent) this.#arrived.answer.send(status)
    return true
  }

  #gone(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onGone()
  }
}
