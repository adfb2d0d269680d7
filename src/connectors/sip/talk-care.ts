/** What is asked of a talk without changing what the call is: its recording pauses, a supervisor listens in. */
import type { CallCare, CallDesk, CareMeans } from '../contract.ts'
import { Listening } from './listening.ts'
import type { CallMedia } from './media.ts'
import { proxyOf } from './outcomes.ts'
import type { Codec } from './sdp.ts'
import type { Signalling } from './signalling.ts'

export interface TalkCareParts {
  readonly desk: Pick<CallDesk, 'phone'>
  readonly signalling: Signalling
  /** What the phone that listens sees as who calls. */
  readonly from: string
}

/** The talk as it stands. */
export interface Talk {
  readonly media: CallMedia
  readonly codec: Codec
  /** Where keys are pressed; undefined where none are taken. */
  readonly keys: CallMedia | undefined
}

export class TalkCare {
  readonly #parts: TalkCareParts
  #listening: Listening | undefined

  constructor(parts: TalkCareParts) {
    this.#parts = parts
  }

  /** Resolves whether it made sense. */
  async tend({ media, codec, keys }: Talk, act: CallCare, { extension, digits = '' }: CareMeans): Promise<boolean> {
    if (act === 'digits') {
      if (keys === undefined) return false
      // That takes as long as there are digits; the call goes on meanwhile.
      keys.press(digits).catch(() => {})
      return true
    }
    if (act === 'unlisten') return this.end()
    if (act === 'listen') return this.#listen(media, codec, extension)
    await media.pause(act === 'pause')
    return true
  }

  /** Nobody listens any more. Resolves whether somebody did. Never throws. */
  async end(): Promise<boolean> {
    return (await this.#listening?.end()) ?? false
  }

  async #listen(media: CallMedia, codec: Codec, extension: string | undefined): Promise<boolean> {
    const { desk, signalling, from } = this.#parts
    const phone = extension === undefined ? undefined : await desk.phone(extension)
    if (phone?.contact == null) return false
    await this.end()
    this.#listening = await Listening.begin({ media, signalling, from, codec, uri: phone.contact, ...proxyOf(phone) })
    return true
  }
}
