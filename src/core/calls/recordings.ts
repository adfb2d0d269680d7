/** Recordings: files of the hub's own making, which stand as a note in their call's conversation and go with it. */

import { bindFiles } from '../conversations/attachments.ts'
import { lockConversation } from '../conversations/conversations.ts'
import { confirmFile, promiseFile } from '../conversations/files.ts'
import type { Part } from '../conversations/model.ts'
import { audienceOf } from '../conversations/rows.ts'
import { noteByHub } from '../conversations/saying.ts'
import { emit } from '../events/outbox.ts'
import { brokenBlob } from '../platform/blobs.ts'
import type { TenantTx } from '../platform/database.ts'
import { type CallRow, callColumns, callsTable, toCall } from './rows.ts'

const mediaType = 'audio/wav'
/** A talk is kept however much was uploaded that day. */
const unlimited = {
  visitorFilesPerDay: Number.MAX_SAFE_INTEGER,
  tenantBytesPerDay: Number.MAX_SAFE_INTEGER,
  unusedHours: 24,
}

export interface NewRecording {
  readonly callId: string
  /** Which talk of the call it is, from 1. */
  readonly segment: number
  readonly durationMs: number
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}

/**
 * Notes that a recording is coming, before its bytes are kept. Undefined for one that is kept already, and for a call that is not there.
 */
export async function promiseRecording(
  tx: TenantTx,
  { callId, segment, bytes, sha256 }: NewRecording,
): Promise<{ fileId: string; blobKey: string } | undefined> {
  const wanted = await tx.maybe<{ channelId: string }>(
    `select k.channel_id from calls k where k.tenant_id = $1 and k.id = $2 and not exists (select from call_recordings r
      where r.tenant_id = k.tenant_id and r.call_id = k.id and r.segment = $3) for update`,
    tx.tenantId,
    callId,
    segment,
  )
  if (wanted === undefined) return undefined
  const { channelId } = wanted
  const file = { name: nameOf(callId, segment), declaredType: undefined, mediaType, bytes, sha256 }
  const { id, blobKey } = await promiseFile(tx, { kind: 'channel', id: channelId, channelId }, file, unlimited)
  return { fileId: id, blobKey }
}

/** Its bytes are durable: it stands in the conversation, also in one that is closed. False when it was kept before. Faults with `blob-broken`. */
export async function keepRecording(tx: TenantTx, fileId: string, given: NewRecording): Promise<boolean> {
  const { callId, segment, durationMs, bytes } = given
  const call = await tx.maybe<{ conversationId: string }>(
    'select conversation_id from calls where tenant_id = $1 and id = $2',
    tx.tenantId,
    callId,
  )
  const conversation = call && (await lockConversation(tx, tx.tenantId, call.conversationId))
  if (conversation === undefined) return false
  const isNew = await tx.run(
    `insert into call_recordings (tenant_id, call_id, file_id, segment, duration_ms) values ($1, $2, $3, $4, $5) on conflict do nothing`,
    tx.tenantId,
    callId,
    fileId,
    segment,
    durationMs,
  )
  if (isNew === 0) return false
  const blob = { fileId, name: nameOf(callId, segment), mediaType, size: bytes, durationMs }
  const parts: Part[] = [{ type: 'audio', blob }]
  // Given up meanwhile: it lies on the disk still, and is kept with the next attempt.
  if (!(await confirmFile(tx, fileId))) throw brokenBlob()
  await bindFiles(tx, await noteByHub(tx, conversation, parts), parts)
  const row = await tx.one<CallRow>(
    `select ${callColumns} from ${callsTable} where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    callId,
  )
  await emit(tx, 'call.recorded', row.conversationId, { call: toCall(row, Date.now()), ...audienceOf(row) })
  return true
}

/** Which of these files are recordings, and of which talk. */
export function recordingsAmong(
  tx: TenantTx,
  fileIds: readonly string[],
): Promise<{ callId: string; segment: number }[]> {
  return tx.query(
    'select call_id, segment from call_recordings where tenant_id = $1 and file_id = any($2::text[]) order by call_id, segment',
    tx.tenantId,
    fileIds,
  )
}

/** Has what is older than its channel keeps go, in the next sweep of files. Of all tenants; for housekeeping. */
export const forgetRecordings = `
  update files f set state = 'removing' from call_recordings r
    join calls k on k.tenant_id = r.tenant_id and k.id = r.call_id
    join channels h on h.tenant_id = k.tenant_id and h.id = k.channel_id
   where f.tenant_id = r.tenant_id and f.id = r.file_id and f.state = 'ready'
     and (h.settings->>'keepDays')::int > 0 and k.ended_at < now() - (h.settings->>'keepDays')::int * interval '1 day'`

function nameOf(callId: string, segment: number): string {
  return `${callId}-${segment}.wav`
}
