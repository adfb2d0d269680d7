/**
 * What was spoken, in words (语音识别): recordings of calls and customers' voice messages are written down by the speech service of the
 * business, where it wants that. The words stand in the message that carries the sound, so whoever sees it reads them, the search finds
 * them, and they go with it. A message never waits for them.
 */
import { changeFileParts } from '../conversations/message-changes.ts'
import type { EventData } from '../events/catalogue.ts'
import type { EventRecord } from '../events/event-record.ts'
import type { Message, Part } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { jobKind, schedule } from '../platform/jobs.ts'
import { storableText } from '../platform/text.ts'

/** Keyed by the file. */
export const transcription = jobKind<{ tries: number }>('transcription')

type AudioPart = Extract<Part, { type: 'audio' }>

const longest = 20_000

/** A sound without words that may be given some. */
const isOpen = (part: Part): part is AudioPart & { blob: { fileId: string } } =>
  part.type === 'audio' && part.blob.fileId !== undefined && part.transcript === undefined && !part.transcriptFailed

/** Has what was said in these events written down, where its business wants that. Among the last statements, as all that is scheduled. */
export async function orderTranscripts(tx: Tx, records: readonly EventRecord[]): Promise<void> {
  const wanted = records.flatMap(({ event: { type, tenantid: tenantId, data } }) => {
    if (type !== 'message.created' && type !== 'message.updated') return []
    const { message } = data as EventData<'message.created'>
    const kind = kindOf(message)
    if (kind === undefined) return []
    return message.parts.filter(isOpen).map(({ blob }) => ({ tenantId, kind, fileId: blob.fileId }))
  })
  if (wanted.length === 0) return
  const settings = await tx.query<{ tenantId: string; transcribeCalls: boolean; transcribeMessages: boolean }>(
    'select tenant_id, transcribe_calls, transcribe_messages from speech_settings where tenant_id = any($1::text[])',
    [...new Set(wanted.map(({ tenantId }) => tenantId))],
  )
  for (const { tenantId, kind, fileId } of wanted.toSorted((a, b) => (a.fileId < b.fileId ? -1 : 1))) {
    const asked = settings.find((one) => one.tenantId === tenantId)
    if (!(kind === 'call' ? asked?.transcribeCalls : asked?.transcribeMessages)) continue
    await schedule(
      { ...tx, tenantId },
      { kind: transcription, key: fileId, afterMs: 0, data: { tries: 0 }, keep: true },
    )
  }
}

/** A note of the hub's own with a sound is a recording. */
function kindOf({ direction, author }: Message): 'call' | 'message' | undefined {
  if (direction === 'in') return 'message'
  return direction === 'note' && author.kind === 'system' ? 'call' : undefined
}

/** A sound that is to be written down. */
export interface Unwritten {
  readonly messageId: string
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  readonly blobKey: string
}

/** Undefined when its bytes have not come, it is no sound of a message, or it is written down already. */
export async function findUnwritten(tx: TenantTx, fileId: string): Promise<Unwritten | undefined> {
  const row = await tx.maybe<Unwritten & { parts: Part[] }>(
    `select f.message_id, f.name, f.media_type, f.bytes, f.blob_key, m.parts
       from files f join messages m on m.tenant_id = f.tenant_id and m.id = f.message_id
      where f.tenant_id = $1 and f.id = $2 and f.state = 'ready' and f.media_type like 'audio/%'`,
    tx.tenantId,
    fileId,
  )
  if (row === undefined) return undefined
  const { parts, ...file } = row
  return parts.some((part) => isOpen(part) && part.blob.fileId === fileId) ? file : undefined
}

/** What was heard; emits message.updated. Empty words say that nothing was. Locks the conversation. */
export async function keepTranscript(
  tx: TenantTx,
  file: { id: string; messageId: string },
  text: string,
): Promise<void> {
  const transcript = storableText(text).trim().slice(0, longest)
  await change(tx, file, (part) => ({ ...part, transcript }))
}

/** Nobody could write it down; emits message.updated. Locks the conversation. */
export async function failTranscript(tx: TenantTx, file: { id: string; messageId: string }): Promise<void> {
  await change(tx, file, (part) => ({ ...part, transcriptFailed: true }))
}

/**
 * Has a sound written down now, whatever the settings say and whatever came of it before. Faults with `sound-unknown` for what is no sound of a
 * message. Locks its conversation.
 */
export async function askForTranscript(tx: TenantTx, fileId: string): Promise<void> {
  const file = await tx.maybe<{ messageId: string }>(
    `select message_id from files where tenant_id = $1 and id = $2 and state = 'ready' and media_type like 'audio/%' and message_id is not null`,
    tx.tenantId,
    fileId,
  )
  if (file === undefined) throw new Fault('not-found', 'sound-unknown', 'The file is no sound of a message.')
  await changeFileParts(tx, { tenantId: tx.tenantId, id: fileId, messageId: file.messageId }, (part) => {
    if (part.type !== 'audio') return part
    const { transcriptFailed: _, transcript: __, ...open } = part
    return open
  })
  await schedule(tx, { kind: transcription, key: fileId, afterMs: 0, data: { tries: 0 } })
}

async function change(
  tx: TenantTx,
  { id, messageId }: { id: string; messageId: string },
  put: (part: AudioPart) => AudioPart,
): Promise<void> {
  await changeFileParts(tx, { tenantId: tx.tenantId, id, messageId }, (part) => (isOpen(part) ? put(part) : part))
}
