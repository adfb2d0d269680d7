/** Files: what is known of each, who may see it, and the promise of its bytes. The bytes lie in the blob store. */
import { randomBytes } from 'node:crypto'
import { contactFamily } from '../contacts/family.ts'
import type { Failure } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { cleanName, unknownType } from '../platform/file-kinds.ts'
import { newRandomId } from '../platform/ids.ts'
import { parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'
import type { Principal, VisitorPrincipal } from '../tenancy/principals.ts'
import { viewerOf, visibleTo } from './visibility.ts'
import { contactOfVisitor } from './visitors.ts'

export interface FileRow {
  readonly id: string
  /** awaited: its bytes are still with the platform that it comes from. failed: they will not come. */
  readonly state: 'pending' | 'awaited' | 'ready' | 'failed'
  readonly failure: Failure | null
  readonly uploaderId: string
  readonly messageId: string | null
  readonly expiresAt: Date | null
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  readonly sha256: string
  readonly blobKey: string
  readonly width: number | null
  readonly height: number | null
  readonly thumbnailKey: string | null
  readonly thumbnailBytes: number | null
  readonly createdAt: Date
}

const fileColumns = `f.id, f.state, f.failure, f.uploader_id, f.message_id, f.expires_at, f.name, f.media_type, f.bytes, f.sha256, f.blob_key, f.width,
  f.height, f.thumbnail_key, f.thumbnail_bytes, f.created_at`

export interface NewFile {
  readonly name: string
  readonly declaredType: string | undefined
  readonly mediaType: string
  readonly bytes: number
  readonly sha256: string
  readonly picture?: { readonly width: number; readonly height: number; readonly bytes: number }
}

/** Whose a file is: a principal's, or that of the channel which brought it. */
export interface Uploader {
  readonly kind: 'member' | 'key' | 'visitor' | 'channel'
  readonly id: string
  /** The channel over which it comes, where it comes over one. */
  readonly channelId?: string
}

export interface UploadLimits {
  /** Of one visitor within a day. */
  readonly visitorFilesPerDay: number
  /** Of a tenant within a day. */
  readonly tenantBytesPerDay: number
  /** How long an upload waits for its message. */
  readonly unusedHours: number
}

/**
 * Notes that a file is coming, before its bytes are kept: what is never finished is found again and taken away (attachments.ts).
 * Faults with `files-exceeded` when the visitor or the tenant has sent too many for a day.
 */
export async function promiseFile(tx: TenantTx, who: Uploader, file: NewFile, limits: UploadLimits): Promise<FileRow> {
  await requireRoom(tx, who, file.bytes, limits)
  const { picture } = file
  return tx.one<FileRow>(
    `insert into files as f (tenant_id, id, uploader_kind, uploader_id, channel_id, expires_at, name, declared_type, media_type, bytes,
                             sha256, blob_key, width, height, thumbnail_key, thumbnail_bytes)
     values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     returning ${fileColumns}`,
    tx.tenantId,
    newRandomId('fil'),
    who.kind,
    who.id,
    who.channelId ?? null,
    limits.unusedHours,
    file.name,
    declaredTypeOf(file.declaredType),
    file.mediaType,
    file.bytes,
    file.sha256,
    newBlobKey(tx.tenantId),
    picture?.width ?? null,
    picture?.height ?? null,
    picture === undefined ? null : newBlobKey(tx.tenantId),
    picture?.bytes ?? null,
  )
}

/** Notes a file that could not be kept, so that its message can show it with the reason. It waits that long for its message. */
export function refuseFile(
  tx: TenantTx,
  who: Uploader,
  file: Pick<NewFile, 'name' | 'declaredType'>,
  failure: Failure,
  unusedHours: number,
): Promise<FileRow> {
  return tx.one<FileRow>(
    `insert into files as f (tenant_id, id, state, failure, uploader_kind, uploader_id, channel_id, expires_at, name, declared_type,
                             media_type, bytes, sha256, blob_key)
     values ($1, $2, 'failed', $3, $4, $5, $6, now() + make_interval(hours => $7), $8, $9, $10, 0, '', $11)
     returning ${fileColumns}`,
    tx.tenantId,
    newRandomId('fil'),
    JSON.stringify(failure),
    who.kind,
    who.id,
    who.channelId ?? null,
    unusedHours,
    cleanName(file.name),
    declaredTypeOf(file.declaredType),
    unknownType,
    newBlobKey(tx.tenantId),
  )
}

function declaredTypeOf(given: string | undefined): string | null {
  return given === undefined ? null : storableText(given).slice(0, 127)
}

/** Where a blob of the tenant lies: random, and never made of what somebody called the file. */
export function newBlobKey(tenantId: string): string {
  return `${tenantId}/${randomBytes(1).toString('hex')}/${randomBytes(20).toString('hex')}`
}

/** Its bytes are durable: from now on it can be used and seen. False when it was given up meanwhile. */
export async function confirmFile(tx: TenantTx, id: string): Promise<boolean> {
  const confirmed = await tx.run(
    `update files set state = 'ready' where tenant_id = $1 and id = $2 and state = 'pending'`,
    tx.tenantId,
    id,
  )
  return confirmed === 1
}

/** The file of a signed address: says nothing of permission. */
export function findFile(tx: TenantTx, id: string): Promise<FileRow | undefined> {
  return tx.maybe<FileRow>(
    `select ${fileColumns} from files f where f.tenant_id = $1 and f.id = $2 and ${isShown}`,
    tx.tenantId,
    id,
  )
}

/** The files of these ids whose bytes are there, by id: for the runtime, which asks on behalf of a message that carries them. */
export async function readyFiles(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FileRow>> {
  const rows = await tx.query<FileRow>(
    `select ${fileColumns} from files f where f.tenant_id = $1 and f.id = any($2::text[]) and f.state = 'ready'`,
    tenantId,
    ids,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** What whoever sees a message may know of its files: also of one that has not come yet, or will not. */
const isShown = `f.state in ('ready', 'awaited', 'failed')`

/**
 * Those of these files that the asker may see: what they uploaded themselves, what stands in a message that they may read, and for
 * colleagues what channels show or play to everybody. In the order of the ids given; others are left out.
 */
export async function listFiles(tx: TenantTx, who: Principal, ids: readonly string[]): Promise<FileRow[]> {
  const { values, bind } = parameters()
  const conditions = `f.tenant_id = ${bind(tx.tenantId)} and f.id = any(${bind(ids)}::text[]) and ${isShown}`
  const own = `f.uploader_kind = ${bind(who.kind)} and f.uploader_id = ${bind(who.id)}`
  const shown = who.kind === 'visitor' ? 'false' : 'f.kept_by is not null'
  const readable = who.kind === 'visitor' ? await ofVisitor(tx, who, bind) : visibleTo(viewerOf(who), bind)
  const rows = await tx.query<FileRow>(
    `select ${fileColumns} from files f
       left join messages m on m.tenant_id = f.tenant_id and m.id = f.message_id
       left join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
      where ${conditions} and ((${own}) or ${shown} or (c.id is not null and ${readable}))`,
    ...values,
  )
  const order = new Map(ids.map((id, index) => [id, index]))
  return rows.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
}

/** As listFiles, of one. Faults with `file-unknown`. */
export async function getFile(tx: TenantTx, who: Principal, id: string): Promise<FileRow> {
  const [row] = await listFiles(tx, who, [id])
  if (row === undefined) throw unknownFile(id)
  return row
}

export function unknownFile(id: string): Fault {
  return new Fault('not-found', 'file-unknown', `There is no file ${id}.`)
}

/** A visitor reads what was said in their own conversations, but no notes. */
async function ofVisitor(tx: TenantTx, who: VisitorPrincipal, bind: (value: unknown) => string): Promise<string> {
  const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
  if (contactId === undefined) return 'false'
  return `m.direction <> 'note' and m.contact_id = any(${bind(await contactFamily(tx, contactId))}::text[])`
}

/** Faults with `files-exceeded` when that many bytes more are too many for a day of the visitor or the tenant. */
export async function requireRoom(
  tx: TenantTx,
  who: Pick<Uploader, 'kind' | 'id'>,
  moreBytes: number,
  limits: UploadLimits,
): Promise<void> {
  const today = `created_at > now() - interval '1 day' and state <> 'awaited'`
  const { bytes } = await tx.one<{ bytes: number }>(
    `select coalesce(sum(bytes), 0)::bigint as bytes from files where tenant_id = $1 and ${today}`,
    tx.tenantId,
  )
  if (bytes + moreBytes > limits.tenantBytesPerDay) throw exceeded()
  if (who.kind !== 'visitor') return
  const { count } = await tx.one<{ count: number }>(
    `select count(*) as count from files where tenant_id = $1 and uploader_id = $2 and ${today}`,
    tx.tenantId,
    who.id,
  )
  if (count >= limits.visitorFilesPerDay) throw exceeded()
}

function exceeded(): Fault {
  return new Fault('rate-limited', 'files-exceeded', 'Too many files for one day; send it later.', {
    retryAfterSeconds: 3600,
  })
}
