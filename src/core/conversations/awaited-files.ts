/**
 * Files whose message is there before them: a platform names them, and their bytes are fetched later. A message never waits for its
 * files; one that cannot be had is shown as such. connectors/runtime/fetcher.ts does the fetching, over the channel they came on.
 */
import type { Failure, Part } from '../events/shapes.ts'
import type { Tx } from '../platform/database.ts'
import { cleanName, partTypeOf } from '../platform/file-kinds.ts'
import { newRandomId } from '../platform/ids.ts'
import type { Spooled } from './file-intake.ts'
import { newBlobKey } from './files.ts'
import type { ServedLanes } from './lanes.ts'
import { changeFileParts } from './message-changes.ts'
import type { PartBlob } from './model.ts'

interface Expected {
  readonly fileId: string
  readonly type: string
  readonly blob: PartBlob
}

/** A message that came over a channel, with the files that are still to be fetched for it. */
export interface Awaiting {
  readonly tenantId: string
  readonly channelId: string
  readonly messageId: string
  readonly files: readonly Expected[]
}

/** The parts with a handle of ours in place of each locator, and what is to be fetched for them. What names a file already stays. */
export function expectFiles(parts: readonly Part[]): { readonly parts: Part[]; readonly files: readonly Expected[] } {
  const files: Expected[] = []
  const expected = withBlobs(parts, (blob, type) => {
    const { locator, ...shown } = blob
    if (locator === undefined || locator === null || blob.fileId !== undefined) return shown
    const fileId = newRandomId('fil')
    files.push({ fileId, type, blob })
    return { ...shown, fileId }
  })
  return { parts: expected, files }
}

/** The parts with other blobs, those in forwarded messages included. */
function withBlobs<P extends Part>(parts: readonly P[], change: (blob: PartBlob, type: string) => PartBlob): P[] {
  return parts.map((part) => {
    if ('blob' in part) return { ...part, blob: change(part.blob, part.type) }
    if (part.type !== 'forward') return part
    return { ...part, items: part.items.map((item) => ({ ...item, parts: withBlobs(item.parts, change) })) }
  })
}

/** Notes what is to be fetched, in the transaction that writes its messages. It is asked for until the platform forgets it: three days unless it says, a week at most. */
export async function awaitFiles(tx: Tx, awaiting: readonly Awaiting[]): Promise<void> {
  const list = awaiting.flatMap(({ files, ...of }) => files.map((file) => ({ ...of, ...file })))
  if (list.length === 0) return
  await tx.run(
    `insert into files (tenant_id, id, state, uploader_kind, uploader_id, channel_id, message_id, name, declared_type, media_type, bytes,
                        sha256, blob_key, thumbnail_key, locator, fetch_at, fetch_until)
     select t, i, 'awaited', 'channel', c, c, m, n, d, 'application/octet-stream', b, '', k, p, l::jsonb, now(),
            greatest(now() + interval '1 minute', least(coalesce(e, now() + interval '3 days'), now() + interval '7 days'))
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
                   $10::text[], $11::timestamptz[]) as u (t, i, c, m, n, d, b, k, p, l, e)`,
    list.map(({ tenantId }) => tenantId),
    list.map(({ fileId }) => fileId),
    list.map(({ channelId }) => channelId),
    list.map(({ messageId }) => messageId),
    list.map(({ blob, type }) => cleanName(blob.name ?? type)),
    list.map(({ blob }) => blob.mediaType ?? null),
    list.map(({ blob }) => blob.size ?? 0),
    list.map(({ tenantId }) => newBlobKey(tenantId)),
    list.map(({ tenantId }) => newBlobKey(tenantId)),
    list.map(({ blob }) => JSON.stringify(blob.locator)),
    list.map(({ blob }) => blob.expiresAt ?? null),
  )
}

/** A file that somebody fetches now. */
export interface AwaitedFile {
  readonly tenantId: string
  readonly id: string
  readonly channelId: string
  readonly messageId: string
  readonly name: string
  readonly blobKey: string
  readonly thumbnailKey: string
  readonly locator: unknown
  /** From 1. */
  readonly fetches: number
  readonly fetchUntil: Date
}

/**
 * Takes files of those channels that are due, those that the platform forgets first, first. They are this caller's for `holdSeconds`; a
 * caller that dies leaves them to the next. Any number of processes may do this at once.
 */
export function claimAwaited(
  tx: Tx,
  channels: readonly ServedLanes[],
  limit: number,
  holdSeconds: number,
): Promise<AwaitedFile[]> {
  return tx.query<AwaitedFile>(
    `update files f set fetch_at = now() + make_interval(secs => $4), fetches = f.fetches + 1 from (
       select w.tenant_id, w.id from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
         join files w on w.tenant_id = s.tenant_id and w.channel_id = s.channel_id
        where w.state = 'awaited' and w.fetch_at <= now() order by w.fetch_until, w.id limit $3 for update of w skip locked) due
      where f.tenant_id = due.tenant_id and f.id = due.id
     returning f.tenant_id, f.id, f.channel_id, f.message_id, f.name, f.blob_key, f.thumbnail_key, f.locator, f.fetches, f.fetch_until`,
    channels.map(({ tenantId }) => tenantId),
    channels.map(({ channelId }) => channelId),
    limit,
    holdSeconds,
  )
}

/** Puts a file off: it is asked for again after that time, or given up with the failure when that is past its time. */
export async function awaitLonger(tx: Tx, file: AwaitedFile, afterMs: number, failure: Failure): Promise<void> {
  if (Date.now() + afterMs > file.fetchUntil.getTime()) return failAwaited(tx, file, failure)
  await tx.run(
    `update files set fetch_at = now() + $3 * interval '1 millisecond' where tenant_id = $1 and id = $2 and state = 'awaited'`,
    file.tenantId,
    file.id,
    afterMs,
  )
}

/** What the bytes said of themselves. */
export interface Arrival extends Pick<Spooled, 'bytes' | 'sha256'> {
  readonly name: string
  readonly mediaType: string
  readonly picture?: { readonly width: number; readonly height: number; readonly bytes: number }
}

/**
 * The bytes lie under the keys: from now on the file can be seen, and its message says of it what the bytes say. Emits message.updated.
 * False when nobody waits for it any more; then the bytes are the caller's to take away. Locks the conversation.
 */
export function arrive(
  tx: Tx,
  file: AwaitedFile,
  { name, mediaType, bytes, sha256, picture }: Arrival,
): Promise<boolean> {
  const kind = partTypeOf(mediaType)
  const { width, height } = picture ?? {}
  const change = (part: Part): Part => {
    if (!('blob' in part)) return part
    const { durationMs, fileId, contentId } = part.blob
    const known = {
      ...(fileId !== undefined && { fileId }),
      ...(durationMs !== undefined && { durationMs }),
      ...(contentId !== undefined && { contentId }),
    }
    const size = { name, mediaType, size: bytes, ...(width !== undefined && height !== undefined && { width, height }) }
    const fits = part.type === kind || part.type === 'file' || part.type === 'sticker'
    return { ...part, type: fits ? part.type : kind, blob: { ...known, ...size } }
  }
  return changeFileParts(tx, file, change, () =>
    tx.run(
      `update files set state = 'ready', name = $3, media_type = $4, bytes = $5, sha256 = $6, width = $7, height = $8,
              thumbnail_key = case when $9::bigint is null then null else thumbnail_key end, thumbnail_bytes = $9, locator = null
        where tenant_id = $1 and id = $2 and state = 'awaited'`,
      file.tenantId,
      file.id,
      name,
      mediaType,
      bytes,
      sha256,
      width ?? null,
      height ?? null,
      picture?.bytes ?? null,
    ),
  )
}

/** The file will not come: its message says why. Emits message.updated. Locks the conversation. */
export async function failAwaited(
  tx: Tx,
  file: Pick<AwaitedFile, 'tenantId' | 'id' | 'messageId'>,
  failure: Failure,
): Promise<void> {
  await changeFileParts(
    tx,
    file,
    (part) => part,
    () =>
      tx.run(
        `update files set state = 'failed', failure = $3, locator = null where tenant_id = $1 and id = $2 and state = 'awaited'`,
        file.tenantId,
        file.id,
        JSON.stringify(failure),
      ),
  )
}

/** Gives up what nobody could fetch in its time, for instance because its channel was never there. Answers how many. */
export async function failOverdueFiles(tx: Tx, channels: readonly ServedLanes[], limit: number): Promise<number> {
  const overdue = await tx.query<Pick<AwaitedFile, 'tenantId' | 'id' | 'messageId'>>(
    `select f.tenant_id, f.id, f.message_id from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
       join files f on f.tenant_id = s.tenant_id and f.channel_id = s.channel_id
      where f.state = 'awaited' and greatest(f.fetch_until, f.fetch_at) < now() order by f.id limit $3`,
    channels.map(({ tenantId }) => tenantId),
    channels.map(({ channelId }) => channelId),
    limit,
  )
  for (const file of overdue) {
    await failAwaited(tx, file, { code: 'file-expired', detail: 'It could not be fetched in time.' })
  }
  return overdue.length
}
