/**
 * Tickets and what becomes of their contacts. A merge needs nothing: a ticket keeps the contact it was made for, and whoever reads
 * tickets of a contact asks for all that were merged with it (`merged_into`), so that un-merging gives each its own back.
 */
import { contactFamily, getContact } from '../contacts/contacts.ts'
import { type Emission, emitAll } from '../events/outbox.ts'
import type { Ticket } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { parameters } from '../platform/page.ts'
import { recordChanges } from './ticket-history.ts'
import { type TicketRow, ticketColumns, toTicket } from './ticket-rows.ts'
import { type TicketViewer, ticketVisibleTo } from './ticket-sight.ts'

/** How many tickets go with one page of a thread at most, the newest; lists of tickets have them all. */
export const maxThreadTickets = 100

/**
 * Tickets of the contact that the viewer sees, made in a stretch of time (`from` inclusive, `to` exclusive, each open if
 * null), the newest first: what belongs between the messages of a page of the contact's thread.
 */
export async function ticketsOfThread(
  tx: TenantTx,
  viewer: TicketViewer,
  contactId: string,
  span: { readonly from: string | null; readonly to: string | null },
): Promise<Ticket[]> {
  const family = await contactFamily(tx, (await getContact(tx, contactId)).id)
  const { values, bind } = parameters()
  const conditions = [
    `t.tenant_id = ${bind(tx.tenantId)}`,
    `t.contact_id = any(${bind(family)}::text[])`,
    ticketVisibleTo(viewer, bind),
  ]
  if (span.from !== null) conditions.push(`t.created_at >= ${bind(span.from)}::timestamptz`)
  if (span.to !== null) conditions.push(`t.created_at < ${bind(span.to)}::timestamptz`)
  const rows = await tx.query<TicketRow>(
    `select ${ticketColumns} from tickets t where ${conditions.join(' and ')}
      order by t.created_at desc, t.id desc limit ${maxThreadTickets}`,
    ...values,
  )
  return rows.map(toTicket)
}

/** What stands where words of an erased contact stood. */
const erased = '—'

/**
 * Takes a person out of their tickets: subject, description, fields, tags and the texts of all comments go, as does what history
 * tells of them, and who the contact was. Number, status, times and assignee stay, so that figures and numbers remain. Locks the
 * tickets, ids ascending; emits ticket.updated for each, without the words. Repeating it finds nothing more.
 */
export async function eraseTicketsOfContact(tx: TenantTx, contactIds: readonly string[]): Promise<number> {
  const locked = await tx.query<{ id: string }>(
    'select id from tickets where tenant_id = $1 and contact_id = any($2) order by id for no key update',
    tx.tenantId,
    contactIds,
  )
  if (locked.length === 0) return 0
  const ids = locked.map(({ id }) => id)
  await tx.run(
    'update ticket_comments set text = $3 where tenant_id = $1 and ticket_id = any($2)',
    tx.tenantId,
    ids,
    erased,
  )
  await tx.run(
    `update ticket_changes set changes = (
       select coalesce(jsonb_agg(case when e->>'field' in ('status', 'priority', 'category', 'groupId', 'assigneeId', 'dueAt', 'links')
                then e else jsonb_build_object('field', e->'field', 'from', null, 'to', null) end), '[]')
         from jsonb_array_elements(changes) e)
      where tenant_id = $1 and ticket_id = any($2)`,
    tx.tenantId,
    ids,
  )
  const rows = await tx.query<TicketRow>(
    `update tickets t set subject = $3, description = '', fields = '{}', tags = '{}', contact_id = null, conversation_id = null,
            updated_at = now(), version = version + 1
      where t.tenant_id = $1 and t.id = any($2) returning ${ticketColumns}`,
    tx.tenantId,
    ids,
    erased,
  )
  const emissions: Emission[] = []
  for (const row of rows) {
    emissions.push(await recordChanges(tx, row, [{ field: 'contactId', from: null, to: null }]))
  }
  await emitAll(tx, emissions)
  return rows.length
}
