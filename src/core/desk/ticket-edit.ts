/** Changing tickets: by somebody who says which version they have seen, by taking one, and many at once. */
import { getContact } from '../contacts/contacts.ts'
import { emitAll } from '../events/outbox.ts'
import type { Ticket, TicketFieldValue } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { requireCategory } from './ticket-categories.ts'
import { changedFields, listFields } from './ticket-fields.ts'
import { changesBetween, recordChanges } from './ticket-history.ts'
import { requireMembers, requireTicketGroup } from './ticket-references.ts'
import { priorities, type TicketRow, ticketColumns, toTicket } from './ticket-rows.ts'
import { requireStatus } from './ticket-statuses.ts'
import { lockTicket, type NewTicket } from './tickets.ts'

type Colleague = MemberPrincipal | KeyPrincipal

export interface TicketPatch extends Omit<Partial<NewTicket>, 'conversationId' | 'fields'> {
  /** Merged into those that are there; null takes one away. */
  readonly fields?: Readonly<Record<string, TicketFieldValue | null>>
}

/**
 * Changes a ticket. `version` is the one that the caller has seen; undefined when they want it as it is. What changes nothing
 * makes no version and no event. All checks come before the first write. Locks the ticket; emits ticket.updated.
 * Faults: `ticket-unknown`, `version-stale`, and those of createTicket.
 */
export async function updateTicket(
  tx: TenantTx,
  by: Colleague,
  id: string,
  patch: TicketPatch,
  version: number | undefined,
): Promise<Ticket> {
  const before = await lockTicket(tx, by, id)
  requireVersion(before.version, version)
  return write(tx, before, await patched(tx, before, patch))
}

/**
 * Takes a ticket that is nobody's: of two who try at once one gets it. Taking one's own changes nothing.
 * Faults: `ticket-unknown`, `ticket-taken`.
 */
export async function takeTicket(tx: TenantTx, by: MemberPrincipal, id: string): Promise<Ticket> {
  const before = await lockTicket(tx, by, id)
  if (before.assigneeId !== null && before.assigneeId !== by.id) {
    throw new Fault('conflict', 'ticket-taken', 'Somebody else has taken it.')
  }
  return write(tx, before, { ...before, assigneeId: by.id })
}

export interface BulkItem extends TicketPatch {
  readonly id: string
  readonly version: number
}

export type BulkResult =
  | { readonly id: string; readonly ticket: Ticket }
  | { readonly id: string; readonly fault: Fault }

/**
 * Changes many tickets in one transaction, each as updateTicket does; what is refused leaves the others as they are asked
 * for. Results are in the order of the items.
 */
export async function updateTickets(tx: TenantTx, by: Colleague, items: readonly BulkItem[]): Promise<BulkResult[]> {
  const results: BulkResult[] = []
  const inOrder = items.map((item, index) => ({ item, index })).sort((a, b) => (a.item.id < b.item.id ? -1 : 1))
  for (const { item, index } of inOrder) {
    const { id, version, ...patch } = item
    try {
      results[index] = { id, ticket: await updateTicket(tx, by, id, patch, version) }
    } catch (error) {
      // A refusal comes before anything is written, so the transaction goes on whole.
      if (!(error instanceof Fault) || error.kind === 'unavailable') throw error
      results[index] = { id, fault: error }
    }
  }
  return results
}

async function patched(tx: TenantTx, before: TicketRow, patch: TicketPatch): Promise<TicketRow> {
  const status = patch.status === undefined || patch.status === before.status ? undefined : patch.status
  const to = status === undefined ? undefined : await requireStatus(tx, status)
  if (patch.category && patch.category !== before.category) await requireCategory(tx, patch.category)
  if (patch.groupId && patch.groupId !== before.groupId) await requireTicketGroup(tx, patch.groupId)
  if (patch.assigneeId && patch.assigneeId !== before.assigneeId) {
    await requireMembers(tx, [patch.assigneeId], '/assigneeId')
  }
  const watcherIds = patch.watcherIds === undefined ? before.watcherIds : [...new Set(patch.watcherIds)]
  const added = watcherIds.filter((id) => !before.watcherIds.includes(id))
  await requireMembers(tx, added, '/watcherIds')
  const contactId = patch.contactId ? (await getContact(tx, patch.contactId)).id : patch.contactId
  const fields =
    patch.fields === undefined ? before.fields : changedFields(await listFields(tx), before.fields, patch.fields)
  return {
    ...before,
    subject: patch.subject === undefined ? before.subject : storable(patch.subject),
    description: patch.description === undefined ? before.description : storable(patch.description),
    status: to?.key ?? before.status,
    statusCategory: to?.category ?? before.statusCategory,
    priority: patch.priority === undefined ? before.priority : priorities.indexOf(patch.priority),
    category: patch.category === undefined ? before.category : patch.category,
    groupId: patch.groupId === undefined ? before.groupId : patch.groupId,
    assigneeId: patch.assigneeId === undefined ? before.assigneeId : patch.assigneeId,
    contactId: contactId === undefined ? before.contactId : contactId,
    fields,
    tags: patch.tags === undefined ? before.tags : [...new Set(storable([...patch.tags]))],
    watcherIds,
    dueAt: patch.dueAt === undefined ? before.dueAt : patch.dueAt,
  }
}

async function write(tx: TenantTx, before: TicketRow, after: TicketRow): Promise<Ticket> {
  const shown = toTicket(before)
  const changes = changesBetween(shown, toTicket(after))
  if (changes.length === 0) return shown
  const row = await tx.one<TicketRow>(
    `update tickets t set subject = $3, description = $4, status = $5, status_category = $6, priority = $7, category = $8,
            group_id = $9, assignee_id = $10, contact_id = $11, fields = $12, tags = $13, watcher_ids = $14, due_at = $15,
            solved_at = case when $6 = 'solved' then coalesce(t.solved_at, now()) when $6 = 'closed' then t.solved_at end,
            closed_at = case when $6 = 'closed' then coalesce(t.closed_at, now()) end,
            updated_at = now(), version = version + 1
      where t.tenant_id = $1 and t.id = $2 returning ${ticketColumns}`,
    tx.tenantId,
    before.id,
    after.subject,
    after.description,
    after.status,
    after.statusCategory,
    after.priority,
    after.category,
    after.groupId,
    after.assigneeId,
    after.contactId,
    JSON.stringify(after.fields),
    after.tags,
    after.watcherIds,
    after.dueAt,
  )
  await emitAll(tx, [await recordChanges(tx, row, changes)])
  return toTicket(row)
}
