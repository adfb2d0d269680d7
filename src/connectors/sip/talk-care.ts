/** What is asked of a talk without changing what the call is: its recording pauses, a supervisor listens in. */
import type { CallCare, CallDesk } from '../contract.ts'
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

export class TalkCare {
  readonly #parts: TalkCareParts
  #listening: Listening | undefined

  constructor(parts: TalkCareParts) {
    this.#parts = parts
  }

  /** Resolves whether it made sense. */
  async tend(media: CallMedia, codec: Codec, act: CallCare, extension: string | undefined): Promise<boolean> {
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
