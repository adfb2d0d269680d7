/** The job that has sounds written down: the service is asked outside of any transaction, later each time that it fails, for most of a day. */
import { findSpeechAccess, noteSpeech } from '../../core/desk/speech-settings.ts'
import {
  failTranscript,
  findUnwritten,
  keepTranscript,
  transcription,
  type Unwritten,
} from '../../core/desk/transcripts.ts'
import type { BlobStore } from '../../core/platform/blobs.ts'
import type { Database } from '../../core/platform/database.ts'
import { type JobHandler, onJob } from '../../core/platform/jobs.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import { type Heard, type Speech, writeDown } from './speech.ts'

export interface TranscriptionParts {
  readonly db: Database
  readonly vault: Vault
  readonly blobs: BlobStore
  readonly speech: Speech
  readonly log: Logger
}

const minuteMs = 60_000
/** How long after each failure it is asked again; then it is given up. */
export const pausesMs: readonly number[] = [
  minuteMs / 4,
  minuteMs,
  5 * minuteMs,
  30 * minuteMs,
  120 * minuteMs,
  720 * minuteMs,
]

interface Outcome {
  readonly file: Unwritten
  readonly heard: Heard
}

export function transcriptionHandler({ db, vault, blobs, speech, log }: TranscriptionParts): JobHandler {
  return onJob<{ tries: number }, Outcome | undefined>({
    kind: transcription,
    // Such services are slow, and busy with one thing at a time.
    atOnce: 2,
    async prepare({ tenantId, key }, signal) {
      const found = await db.work('speech', [tenantId], async (worker) => {
        const tx = { ...worker, tenantId }
        const file = await findUnwritten(tx, key)
        const service = file && (await findSpeechAccess(tx, vault, speech.hub))
        return file && service && { file, service }
      })
      if (found === undefined) return undefined
      const { file, service } = found
      const bytes = await blobs.get(file.blobKey)
      if (bytes === undefined) return { file, heard: { failure: 'The sound is not there any more.', isFinal: true } }
      return { file, heard: await writeDown(speech, service, { ...file, read: async () => bytes }, signal) }
    },
    async run(tx, { key, data: { tries } }, outcome) {
      // Without a service there is nobody to ask: it can be asked for again.
      if (outcome === undefined) return undefined
      const { file, heard } = outcome
      const sound = { id: key, messageId: file.messageId }
      if ('text' in heard) {
        await keepTranscript(tx, sound, heard.text)
        await noteSpeech(tx, null)
        return undefined
      }
      log.warn({ tenantId: tx.tenantId, fileId: key, failure: heard.failure }, 'a sound could not be written down')
      // What is wrong with a sound says nothing of the service.
      if (!heard.isFinal) await noteSpeech(tx, heard.failure)
      const pauseMs = heard.isFinal ? undefined : pausesMs[tries]
      if (pauseMs !== undefined)
        return { afterMs: Math.max(pauseMs, heard.retryAfterMs ?? 0), data: { tries: tries + 1 } }
      await failTranscript(tx, sound)
      return undefined
    },
  })
}
