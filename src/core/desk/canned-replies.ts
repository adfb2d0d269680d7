/**
 * Canned replies (常用语): what agents say often. Shared ones are everybody's and are changed by who may; a member's own are seen and changed
 * by that member alone. Only what is shared is told as an event.
 */
import type { CannedReply } from '../events/desk-shapes.ts'
import { emit } from '../events/outbox.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'

/** Who asks: the member, or null for a program, which has no replies of its own. */
export interface Reader {
  readonly memberId: string | null
  readonly mayShare: boolean
}

export interface CannedReplyText {
  readonly folder: string
  readonly title: string
  readonly text: string
}

interface Row extends Omit<CannedReply, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = 'id, member_id, folder, title, text, created_at, updated_at, version'

/** How many a tenant shares at most, and a member has: they are handed out whole. */
export const mostReplies = 1000

/** Shared ones and the reader's own, by folder and title. */
export async function listCannedReplies(tx: TenantTx, { memberId }: Reader): Promise<CannedReply[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from canned_replies where tenant_id = $1 and (member_id is null or member_id = $2)
      order by folder, title, id`,
    tx.tenantId,
    memberId,
  )
  return rows.map(shape)
}

/**
 * Keeps one; `own` keeps it for the reader alone. Emits cannedreply.created if it is shared. Faults: `canned-reply-forbidden`,
 * `canned-reply-taken`, `canned-replies-too-many`.
 */
export async function createCannedReply(
  tx: TenantTx,
  reader: Reader,
  given: CannedReplyText,
  own: boolean,
): Promise<CannedReply> {
  const memberId = own ? reader.memberId : null
  requireRight(reader, memberId)
  const { count } = await tx.one<{ count: number }>(
    'select count(*) from canned_replies where tenant_id = $1 and member_id is not distinct from $2',
    tx.tenantId,
    memberId,
  )
  if (count >= mostReplies) {
    throw new Fault('conflict', 'canned-replies-too-many', `There are at most ${mostReplies} of them.`)
  }
  const { folder, title, text } = storable(given)
  const row = await unlessTaken(() =>
    tx.one<Row>(
      `insert into canned_replies (tenant_id, id, member_id, folder, title, text) values ($1, $2, $3, $4, $5, $6)
       returning ${columns}`,
      tx.tenantId,
      newId('rpl'),
      memberId,
      folder,
      title,
      text,
    ),
  )
  return told(tx, 'cannedreply.created', row)
}

/** Emits cannedreply.updated if it is shared and that made a difference. Faults as createCannedReply, and `canned-reply-unknown`, `version-stale`. */
export async function updateCannedReply(
  tx: TenantTx,
  reader: Reader,
  id: string,
  change: Partial<CannedReplyText>,
  version: number | undefined,
): Promise<CannedReply> {
  const before = await lock(tx, reader, id, version)
  const after = storable({ ...before, ...change })
  if (after.folder === before.folder && after.title === before.title && after.text === before.text) return shape(before)
  const row = await unlessTaken(() =>
    tx.one<Row>(
      `update canned_replies set folder = $3, title = $4, text = $5, updated_at = now(), version = version + 1
        where tenant_id = $1 and id = $2 returning ${columns}`,
      tx.tenantId,
      id,
      after.folder,
      after.title,
      after.text,
    ),
  )
  return told(tx, 'cannedreply.updated', row)
}

/** Emits cannedreply.removed if it was shared. Faults: `canned-reply-unknown`, `canned-reply-forbidden`, `version-stale`. */
export async function removeCannedReply(
  tx: TenantTx,
  reader: Reader,
  id: string,
  version: number | undefined,
): Promise<void> {
  const row = await lock(tx, reader, id, version)
  await tx.run('delete from canned_replies where tenant_id = $1 and id = $2', tx.tenantId, id)
  await told(tx, 'cannedreply.removed', row)
}

/** Another member's own is as if it were not there. */
async function lock(tx: TenantTx, reader: Reader, id: string, version: number | undefined): Promise<Row> {
  const row = await tx.maybe<Row>(
    `select ${columns} from canned_replies
      where tenant_id = $1 and id = $2 and (member_id is null or member_id = $3) for update`,
    tx.tenantId,
    id,
    reader.memberId,
  )
  if (row === undefined) throw new Fault('not-found', 'canned-reply-unknown', 'There is no such canned reply.')
  requireRight(reader, row.memberId)
  requireVersion(row.version, version)
  return row
}

function requireRight({ mayShare }: Reader, memberId: string | null): void {
  if (memberId === null && !mayShare) {
    throw unshared()
  }
}

export function unshared(): Fault {
  return new Fault(
    'forbidden',
    'canned-reply-forbidden',
    'Shared replies are changed by supervisors; keep one of your own.',
  )
}

async function told(
  tx: TenantTx,
  type: 'cannedreply.created' | 'cannedreply.updated' | 'cannedreply.removed',
  row: Row,
): Promise<CannedReply> {
  const reply = shape(row)
  if (reply.memberId === null) await emit(tx, type, reply.id, { reply })
  return reply
}

async function unlessTaken<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (cause) {
    if (brokenConstraint(cause) !== 'canned_replies_title') throw cause
    throw new Fault('conflict', 'canned-reply-taken', 'There is one of this title in the folder.', {
      cause,
      errors: [{ pointer: '/title', detail: 'is taken' }],
    })
  }
}

function shape({ createdAt, updatedAt, ...row }: Row): CannedReply {
  return { ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
