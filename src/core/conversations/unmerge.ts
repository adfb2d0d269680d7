/** A merge of contacts undone, with the conversations that the restored one has had alone meanwhile. */
import { type Merged, undoMerge } from '../contacts/merge.ts'
import { emit } from '../events/outbox.ts'
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'

export type Restored = Merged & { readonly restored: Contact; readonly conversationIds: readonly string[] }

/**
 * Undoes a merge (undoMerge). Messages are whose address they came from or went to, also while they were one, so each has its own
 * again; a conversation that began meanwhile and in which only the restored contact has a part goes with it, any other stays with
 * the survivor. Locks contacts, then conversations. Emits contact.unmerged. Faults: those of undoMerge.
 */
export async function unmergeContact(tx: TenantTx, contactId: string, mergeId: string): Promise<Restored> {
  const { merge, contact, restored, since, restoredIds } = await undoMerge(tx, contactId, mergeId)
  const moved = await tx.query<{ id: string }>(
    `update conversations c set contact_id = $4, slot = $4 || substr(c.slot, length(c.contact_id) + 1), version = c.version + 1
       from (select o.id from conversations o
              where o.tenant_id = $1 and o.contact_id = $2 and o.opened_at >= $3
                and exists (select 1 from messages m where m.tenant_id = $1 and m.conversation_id = o.id
                                                       and m.direction <> 'note' and m.contact_id = any($5::text[]))
                and not exists (select 1 from messages m where m.tenant_id = $1 and m.conversation_id = o.id
                                                           and m.direction <> 'note' and not m.contact_id = any($5::text[]))
                and (o.status = 'closed' or not exists (
                     select 1 from conversations w where w.tenant_id = $1 and w.status <> 'closed'
                                                     and w.slot = $4 || substr(o.slot, length(o.contact_id) + 1)))
              order by o.id for no key update) own
      where c.tenant_id = $1 and c.id = own.id returning c.id`,
    tx.tenantId,
    merge.survivorId,
    since,
    merge.mergedId,
    restoredIds,
  )
  const conversationIds = moved.map(({ id }) => id).sort()
  await tx.run(
    `update messages set contact_id = $3 where tenant_id = $1 and conversation_id = any($2::text[]) and direction = 'note'`,
    tx.tenantId,
    conversationIds,
    merge.mergedId,
  )
  await emit(tx, 'contact.unmerged', contact.id, { contact, restored, merge, conversationIds })
  return { merge, contact, restored, conversationIds }
}
