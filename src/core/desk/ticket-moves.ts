/**
 * Tickets that routing gives to people, many in one go. What somebody did by hand in the meantime stands: a move whose ticket is
 * no longer with whom routing took it from, or is over, is not made.
 */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { changesBetween } from './ticket-history.ts'
import { type TicketRow, ticketColumns, toTicket } from './ticket-rows.ts'

export interface TicketMove {
  readonly tenantId: string
  readonly ticketId: string
  /** Who had it, as routing knows; null: nobody. */
  readonly from: string | null
  /** Who has it from now on; null: nobody. */
  readonly to: string | null
  readonly groupId: string
  readonly causationId?: string
}

/** Makes the moves, at most one for each ticket, with their history, and answers with what is to be emitted. Locks the tickets, ids ascending. */
export async function moveTickets(tx: Tx, moves: readonly TicketMove[]): Promise<Emission[]> {
  if (moves.length === 0) return []
  const tenantIds = [...new Set(moves.map((move) => move.tenantId))]
  const locked = await tx.query<TicketRow>(
    `select ${ticketColumns} from tickets t where t.tenant_id = any($1) and t.id = any($2)
        and t.status_category in ('new', 'open', 'pending') order by t.id for no key update`,
    tenantIds,
    moves.map((move) => move.ticketId),
  )
  const byId = new Map(locked.map((row) => [row.id, row]))
  const made = moves.flatMap((move) => {
    const before = byId.get(move.ticketId)
    if (before === undefined || before.assigneeId !== move.from) return []
    const isSame = before.assigneeId === move.to && before.groupId === move.groupId
    return isSame ? [] : [{ move, before }]
  })
  if (made.length === 0) return []
  const after = await tx.query<TicketRow>(
    `update tickets t set assignee_id = $3::jsonb->>t.id, group_id = $4::jsonb->>t.id, updated_at = now(), version = version + 1
      where t.tenant_id = any($1) and t.id = any($2) returning ${ticketColumns}`,
    tenantIds,
    made.map(({ move }) => move.ticketId),
    JSON.stringify(Object.fromEntries(made.map(({ move }) => [move.ticketId, move.to]))),
    JSON.stringify(Object.fromEntries(made.map(({ move }) => [move.ticketId, move.groupId]))),
  )
  const rows = new Map(after.map((row) => [row.id, row]))
  const changed = made.flatMap(({ move, before }) => {
    const row = rows.get(move.ticketId)
    if (row === undefined) return []
    const ticket = toTicket(row)
    return [{ move, row, ticket, changes: changesBetween(toTicket(before), ticket) }]
  })
  await tx.run(
    `insert into ticket_changes (tenant_id, ticket_id, version, actor_id, changes)
     select t, i, v, $5, c::jsonb from unnest($1::text[], $2::text[], $3::int[], $4::text[]) as u (t, i, v, c)`,
    changed.map(({ move }) => move.tenantId),
    changed.map(({ row }) => row.id),
    changed.map(({ row }) => row.version),
    changed.map(({ changes }) => JSON.stringify(changes)),
    tx.actorId,
  )
  return changed.map(
    ({ move, ticket, changes }): Emission => ({
      type: 'ticket.updated',
      tenantId: move.tenantId,
      subject: ticket.id,
      data: { ticket, changes },
      ...(move.causationId !== undefined && { causationId: move.causationId }),
    }),
  )
}
