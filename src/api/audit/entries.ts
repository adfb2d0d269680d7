/** The audit log as it is kept: entries are added and read, never changed. */
import type { TenantTx } from '../../core/platform/database.ts'
import { newId } from '../../core/platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../../core/platform/page.ts'
import { storable } from '../../core/platform/text.ts'

/** A field that an act changed. Of people's own data only its name is kept, so that erasing a person leaves nothing here. */
export interface FieldChange {
  readonly field: string
  readonly before?: unknown
  readonly after?: unknown
}

export interface NewAuditEntry {
  readonly action: string
  readonly subject: string | null
  /** The id of the session or key, never a token. */
  readonly credential: string | null
  readonly address: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  readonly changes: readonly FieldChange[]
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: string
  readonly at: string
  readonly actorId: string
}

/** Adds an entry in the name of the transaction's actor: it is there exactly if the act was done. */
export async function addAuditEntry(tx: TenantTx, entry: NewAuditEntry): Promise<void> {
  await tx.run(
    `insert into audit_entries (tenant_id, id, action, subject, actor_id, credential, address, user_agent, request_id, changes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    tx.tenantId,
    newId('aud'),
    entry.action,
    entry.subject,
    tx.actorId,
    entry.credential,
    entry.address,
    entry.userAgent === null ? null : storable(entry.userAgent),
    entry.requestId,
    JSON.stringify(storable(entry.changes)),
  )
}

export interface AuditFilter {
  /** `member.update`, or `member.*` for all that was done to members. */
  readonly action?: string
  readonly actorId?: string
  readonly subject?: string
  readonly since?: Date
  readonly until?: Date
}

/** Newest first. */
export async function listAuditEntries(
  tx: TenantTx,
  { action, actorId, subject, since, until }: AuditFilter,
  { limit, after }: PageRequest,
): Promise<Page<AuditEntry>> {
  const { values, bind } = parameters()
  const conditions = [`tenant_id = ${bind(tx.tenantId)}`]
  if (after !== null) conditions.push(`id < ${bind(after[0])}`)
  if (action?.endsWith('.*')) conditions.push(`starts_with(action, ${bind(action.slice(0, -1))})`)
  else if (action !== undefined) conditions.push(`action = ${bind(action)}`)
  if (actorId !== undefined) conditions.push(`actor_id = ${bind(actorId)}`)
  if (subject !== undefined) conditions.push(`subject = ${bind(subject)}`)
  if (since !== undefined) conditions.push(`at >= ${bind(since)}`)
  if (until !== undefined) conditions.push(`at < ${bind(until)}`)
  const rows = await tx.query<Omit<AuditEntry, 'at'> & { readonly at: Date }>(
    `select id, at, action, subject, actor_id, credential, address, user_agent, request_id, changes from audit_entries
      where ${conditions.join(' and ')} order by id desc limit ${bind(limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    limit,
    (row) => [row.id],
    ({ at, ...row }) => ({ ...row, at: at.toISOString() }),
  )
}
