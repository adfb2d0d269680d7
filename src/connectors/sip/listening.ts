/** A supervisor's phone that listens in: rung, then given both voices, and heard by nobody. */
import type { CallMedia } from './media.ts'
import { type Codec, sdpOf, voiceIn } from './sdp.ts'
import type { Leg, Ringing, Signalling } from './signalling.ts'

export interface ListeningOptions {
  readonly media: CallMedia
  readonly signalling: Signalling
  readonly from: string
  readonly codec: Codec
  /** The phone, and where it really is. */
  readonly uri: string
  readonly proxy?: string
}

const ringMs = 30_000
const events = 101

export class Listening {
  readonly #media: CallMedia
  readonly #ringing: Ringing
  readonly #timer: NodeJS.Timeout
  #leg: Leg | undefined
  #isOver = false

  private constructor(media: CallMedia, ringing: Ringing) {
    this.#media = media
    this.#ringing = ringing
    this.#timer = setTimeout(() => void this.end(), ringMs)
  }

  /** Resolves once the phone rings. */
  static async begin({ media, signalling, codec, ...to }: ListeningOptions): Promise<Listening> {
    const place = await media.listen()
    const sdp = sdpOf({ ...place, codecs: [codec], events, direction: 'sendrecv' })
    const ringing = signalling.ring({ ...to, sdp })
    const listening = new Listening(media, ringing)
    ringing.answered.then(
      (leg) => listening.#answered(leg, codec),
      () => listening.end(),
    )
    return listening
  }

  /** Whoever listens does no longer. Resolves whether anybody did. Never throws. */
  async end(): Promise<boolean> {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#timer)
    if (this.#leg === undefined) this.#ringing.cancel()
    await this.#leg?.hangUp()
    await this.#media.unlisten().catch(() => {})
    return true
  }

  async #answered(leg: Leg, codec: Codec): Promise<void> {
    clearTimeout(this.#timer)
    const voice = voiceIn(leg.remoteSdp)
    if (this.#isOver || voice === undefined) {
      await leg.hangUp()
      await this.end()
      return
    }
    this.#leg = leg
    leg.onGone(() => void this.end())
    await this.#media
      .hearAs({ address: voice.address, port: voice.port, codec, events: voice.events })
      .catch(() => this.end())
  }
}
