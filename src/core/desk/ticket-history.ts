/** What changed between two states of a ticket, and the record that is kept of it. */
import type { Emission } from '../events/outbox.ts'
import type { Ticket, TicketChange, TicketHistoryEntry } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { type TicketRow, toTicket } from './ticket-rows.ts'

const kept = [
  'subject',
  'description',
  'status',
  'priority',
  'category',
  'groupId',
  'assigneeId',
  'contactId',
  'tags',
  'watcherIds',
  'dueAt',
] as const satisfies readonly (keyof Ticket)[]

/** Pure. Without a state before, what the ticket began with, from null. */
export function changesBetween(before: Ticket | undefined, after: Ticket): TicketChange[] {
  const changes: TicketChange[] = []
  const compare = (field: string, from: unknown, to: unknown) => {
    if (JSON.stringify(from ?? null) !== JSON.stringify(to ?? null)) {
      changes.push({ field, from: from ?? null, to: to ?? null })
    }
  }
  for (const field of kept) compare(field, before?.[field], after[field])
  for (const key of new Set([...Object.keys(before?.fields ?? {}), ...Object.keys(after.fields)])) {
    compare(`fields.${key}`, before?.fields[key], after.fields[key])
  }
  return changes
}

/** Keeps the record of a change that led to this row, and answers with what is to be emitted. The row is locked. */
export async function recordChanges(tx: TenantTx, row: TicketRow, changes: readonly TicketChange[]): Promise<Emission> {
  await tx.run(
    'insert into ticket_changes (tenant_id, ticket_id, version, actor_id, changes) values ($1, $2, $3, $4, $5)',
    tx.tenantId,
    row.id,
    row.version,
    tx.actorId,
    JSON.stringify(changes),
  )
  const ticket = toTicket(row)
  const { tenantId } = tx
  return row.version === 1
    ? { type: 'ticket.created', tenantId, subject: row.id, data: { ticket } }
    : { type: 'ticket.updated', tenantId, subject: row.id, data: { ticket, changes: [...changes] } }
}

/** Changes of one ticket, the newest first. Says nothing of permission: ask getTicket first. */
export async function listHistory(
  tx: TenantTx,
  ticketId: string,
  page: PageRequest,
): Promise<Page<TicketHistoryEntry>> {
  const { values, bind } = parameters()
  const conditions = [`tenant_id = ${bind(tx.tenantId)}`, `ticket_id = ${bind(ticketId)}`]
  if (page.after !== null) conditions.push(`version < ${bind(page.after[0])}::int`)
  const rows = await tx.query<Omit<TicketHistoryEntry, 'at'> & { at: Date }>(
    `select version, actor_id, at, changes from ticket_changes where ${conditions.join(' and ')}
      order by version desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [String(row.version)],
    (row) => ({ ...row, at: row.at.toISOString() }),
  )
}
