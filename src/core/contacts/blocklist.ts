/** The blocklist: of a contact that is on it, ingest takes nothing in. */
import { emit } from '../events/outbox.ts'
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { storableText } from '../platform/text.ts'
import { type ContactRow, contactColumns, isBlocked, lockContact, toContact } from './contacts.ts'
import { aboutOne } from './family.ts'

export interface Block {
  readonly reason?: string
  /** Absent: until somebody takes it off again. */
  readonly until?: Date
}

/** Puts a contact on the blocklist, or changes reason and end. Locks the contact. Faults with `contact-unknown`. */
export async function blockContact(tx: TenantTx, id: string, block: Block): Promise<Contact> {
  const before = await lockContact(tx, id)
  // In milliseconds, as it is shown: a merge that is undone puts back what was there.
  const row = await tx.one<ContactRow>(
    `update contacts ct set blocked_at = case when $5 then blocked_at else date_trunc('milliseconds', now()) end, blocked_reason = $3, blocked_until = $4,
            updated_at = now(), version = version + 1 where tenant_id = $1 and id = $2 returning ${contactColumns}`,
    tx.tenantId,
    before.id,
    block.reason === undefined ? null : storableText(block.reason),
    block.until ?? null,
    isBlocked(before, Date.now()),
  )
  const contact = toContact(row, await aboutOne(tx, row.id))
  await emit(tx, 'contact.blocked', row.id, { contact })
  return contact
}

/**
 * Takes a contact off, and all that were merged into it; nothing happens to one that is not on it. Locks the contact. Faults with
 * `contact-unknown`.
 */
export async function unblockContact(tx: TenantTx, id: string): Promise<Contact> {
  const before = await lockContact(tx, id)
  const about = await aboutOne(tx, before.id)
  if (before.blockedAt === null) return toContact(before, about)
  const row = await tx.one<ContactRow>(
    `update contacts ct set blocked_at = null, blocked_reason = null, blocked_until = null, updated_at = now(),
            version = version + 1 where tenant_id = $1 and id = $2 returning ${contactColumns}`,
    tx.tenantId,
    before.id,
  )
  await tx.run(
    `update contacts set blocked_at = null, blocked_reason = null, blocked_until = null
      where tenant_id = $1 and merged_into = $2 and blocked_at is not null`,
    tx.tenantId,
    before.id,
  )
  const contact = toContact(row, about)
  await emit(tx, 'contact.unblocked', row.id, { contact })
  return contact
}
