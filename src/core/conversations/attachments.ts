/**
 * Files in messages: a handle is used once, by whoever uploaded it, and the file then belongs to the message. And the way out: rows are
 * marked in the transaction of whoever removes, their bytes go after it, by a sweep that a crash only delays.
 */

import { contactFamily } from '../contacts/family.ts'
import type { Part } from '../events/shapes.ts'
import type { BlobStore } from '../platform/blobs.ts'
import type { Database, TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { partTypeOf } from '../platform/file-kinds.ts'
import type { Principal } from '../tenancy/principals.ts'
import { unknownFile } from './files.ts'

type MediaPart = Extract<Part, { blob: unknown }>

interface UsableRow {
  readonly id: string
  readonly messageId: string | null
  readonly clientId: string | null
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  readonly width: number | null
  readonly height: number | null
}

/**
 * The parts with what we know of their files in place of what was said of them; a picture that is none becomes a file. Parts that name no
 * file stay as they are. Each file must be the author's own and in no message yet, but for the one that has that `clientId` already: it
 * is being said again. It then waits another week for its message. Locks the files. Faults with `file-unknown`, `file-used`.
 */
export async function claimFiles(
  tx: TenantTx,
  author: Principal,
  parts: readonly Part[],
  clientId?: string,
): Promise<Part[]> {
  const ids = fileIdsOf(parts)
  if (ids.length === 0) return [...parts]
  const rows = await tx.query<UsableRow>(
    `select f.id, f.message_id, f.name, f.media_type, f.bytes, f.width, f.height,
            (select m.client_id from messages m where m.tenant_id = f.tenant_id and m.id = f.message_id) as client_id
       from files f where f.tenant_id = $1 and f.id = any($2::text[]) and f.state = 'ready' and f.uploader_kind = $3
                      and f.uploader_id = $4 order by f.id for no key update of f`,
    tx.tenantId,
    ids,
    author.kind,
    author.id,
  )
  const known = new Map(rows.map((row) => [row.id, row]))
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined) throw unknownFile(unknown)
  const used = rows.some((row) => row.messageId !== null && (clientId === undefined || row.clientId !== clientId))
  if (used || new Set(ids).size < ids.length) {
    throw new Fault('conflict', 'file-used', 'A file belongs to one message; upload it again.')
  }
  await tx.run(
    `update files set expires_at = greatest(expires_at, now() + interval '7 days')
      where tenant_id = $1 and id = any($2::text[]) and message_id is null`,
    tx.tenantId,
    ids,
  )
  return parts.map((part) => {
    const row = 'blob' in part ? known.get(part.blob.fileId ?? '') : undefined
    return row === undefined ? part : told(part as MediaPart, row)
  })
}

function told(part: MediaPart, row: UsableRow): Part {
  const { id: fileId, name, mediaType, bytes: size, width, height } = row
  const kind = partTypeOf(mediaType)
  const { durationMs } = part.blob
  const blob = {
    fileId,
    name,
    mediaType,
    size,
    ...(width !== null && height !== null && { width, height }),
    ...(durationMs !== undefined && { durationMs }),
  }
  return { ...part, type: part.type === kind || part.type === 'file' ? part.type : kind, blob }
}

/** The files of these parts now belong to that message. Says nothing of whose they are: see claimFiles. */
export async function bindFiles(tx: TenantTx, messageId: string, parts: readonly Part[]): Promise<void> {
  const ids = fileIdsOf(parts)
  if (ids.length === 0) return
  await tx.run(
    `update files set message_id = $3, expires_at = null
      where tenant_id = $1 and id = any($2::text[]) and message_id is null and state = 'ready'`,
    tx.tenantId,
    ids,
    messageId,
  )
}

export interface HeardFiles {
  readonly tenantId: string
  readonly channelId: string
  readonly messageId: string
  readonly parts: readonly Part[]
}

/**
 * The same for a batch that came in over channels: only files that were uploaded by a visitor of that very channel, so that a program
 * which names the file of somebody else gets nothing by it.
 */
export async function bindHeardFiles(tx: Tx, heard: readonly HeardFiles[]): Promise<void> {
  const uses = heard.flatMap((one) => fileIdsOf(one.parts).map((fileId) => ({ ...one, fileId })))
  if (uses.length === 0) return
  await tx.run(
    `update files f set message_id = u.message_id, expires_at = null
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u (tenant_id, channel_id, message_id, id)
      where f.tenant_id = u.tenant_id and f.id = u.id and f.channel_id = u.channel_id and f.message_id is null
        and f.state in ('ready', 'failed')`,
    uses.map((use) => use.tenantId),
    uses.map((use) => use.channelId),
    uses.map((use) => use.messageId),
    uses.map((use) => use.fileId),
  )
}

function fileIdsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => ('blob' in part && part.blob.fileId !== undefined ? [part.blob.fileId] : []))
}

/**
 * Takes away all files of a contact and of those merged into it: in their messages, in what was answered, and what they uploaded and never
 * sent. They can be seen no more once the transaction commits; their bytes go with the next sweep. Answers how many.
 * To be called before the messages or identities are erased: by these the files are found.
 */
export async function removeFilesOfContact(tx: TenantTx, contactId: string): Promise<number> {
  return tx.run(
    `update files f set state = 'removing', name = '', declared_type = null, locator = null
      where f.tenant_id = $1 and f.state <> 'removing'
        and (f.message_id in (select id from messages where tenant_id = $1 and contact_id = any($2::text[]))
          or (f.uploader_kind = 'visitor' and (f.channel_id, f.uploader_id) in
               (select scope, address from identities where tenant_id = $1 and contact_id = any($2::text[]) and kind = 'visitor')))`,
    tx.tenantId,
    await contactFamily(tx, contactId),
  )
}

interface GoingRow {
  readonly tenantId: string
  readonly id: string
  readonly blobKey: string
  readonly thumbnailKey: string | null
}

/** How many files one step of a sweep takes away. */
const atOnce = 100

/**
 * Takes away the bytes, then the rows, of files that were removed, that no message or channel has used in time, and of uploads that were never
 * finished (an hour old). Each step can be repeated: what a crash leaves is found by the next sweep. Answers how many are gone.
 */
export async function sweepFiles(db: Database, blobs: BlobStore, tenantIds: readonly string[]): Promise<number> {
  let gone = 0
  for (;;) {
    const going = await db.work('files', tenantIds, (tx) =>
      tx.query<GoingRow>(
        `update files f set state = 'removing' from (
           select tenant_id, id from files
            where tenant_id = any($1::text[]) and (state = 'removing'
               or (state = 'pending' and created_at < now() - interval '1 hour')
               or (state in ('ready', 'awaited', 'failed') and message_id is null and kept_by is null and coalesce(expires_at, created_at) < now()))
            order by tenant_id, id limit $2 for update skip locked) old
          where f.tenant_id = old.tenant_id and f.id = old.id
         returning f.tenant_id, f.id, f.blob_key, f.thumbnail_key`,
        tenantIds,
        atOnce,
      ),
    )
    for (const { blobKey, thumbnailKey } of going) {
      await blobs.remove(blobKey)
      if (thumbnailKey !== null) await blobs.remove(thumbnailKey)
    }
    await db.work('files', tenantIds, (tx) =>
      tx.run(
        `delete from files f using unnest($1::text[], $2::text[]) as u (tenant_id, id)
          where f.tenant_id = u.tenant_id and f.id = u.id and f.state = 'removing'`,
        going.map((row) => row.tenantId),
        going.map((row) => row.id),
      ),
    )
    gone += going.length
    if (going.length < atOnce) return gone
  }
}
