/** What is being recorded of a call: one talk after the other, each a file of its own until the hub has it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallDesk, ConnectorLog } from '../contract.ts'
import type { CallMedia } from './media.ts'
import { repairRecording } from './wav.ts'

interface Talk {
  /** Whose talk it is; empty for a message that is left. */
  readonly leg: string
  readonly segment: number
  /** Null for what is not recorded. */
  readonly path: string | null
}

export class Tape {
  readonly #callId: string
  readonly #desk: Pick<CallDesk, 'keep' | 'noteVoices' | 'place'>
  readonly #log: ConnectorLog
  #talk: Talk | undefined

  constructor(callId: string, desk: Pick<CallDesk, 'keep' | 'noteVoices' | 'place'>, log: ConnectorLog) {
    this.#callId = callId
    this.#desk = desk
    this.#log = log
  }

  /** The leg that is being recorded. */
  get leg(): string | undefined {
    return this.#talk?.leg
  }

  /** Where the talk of that number is to be recorded. */
  async pathOf(segment: number): Promise<string> {
    const { spool } = this.#desk.place
    await mkdir(spool, { recursive: true, mode: 0o700 })
    return join(spool, `${this.#callId}.${segment}.wav`)
  }

  began(talk: Talk): void {
    this.#talk = talk
  }

  /** The talk is over, if there is one, and its recording whole. */
  async keep(media: CallMedia | undefined): Promise<void> {
    const talk = this.#talk
    this.#talk = undefined
    if (talk === undefined) return
    const { segment, path } = talk
    // Where the engine is gone, its file is as a crash leaves it.
    const part = await media?.part().catch(() => undefined)
    // A message that is left has one side only, and is no talk.
    if (part !== undefined && talk.leg !== '') {
      this.#desk
        .noteVoices(this.#callId, { segment, ...part })
        .catch((err: unknown) => this.#log.warn({ err, callId: this.#callId }, 'how voices arrived could not be noted'))
    }
    if (path === null) return
    const durationMs = part?.durationMs ?? (await repairRecording(path).catch(() => 0))
    // The caller waits for nothing of this; what fails here lies in the folder and is kept at the next opening.
    this.#desk
      .keep({ callId: this.#callId, segment, path, durationMs })
      .catch((error: unknown) =>
        this.#log.warn({ err: error, callId: this.#callId }, 'a recording could not be kept yet'),
      )
  }
}
