/**
 * Tickets as work: one that lies in a skill group, is not done and is nobody's waits there like everything else. The row decides, an
 * event only says where to look. What people do by hand stands: the engine follows it, also beyond a limit as far as `hardMax`.
 */
import type { TicketStatusCategory } from '../core/events/ticket-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { type Ledger, tell } from './ledger.ts'
import { itemIn } from './look.ts'
import type { ItemRecord } from './model.ts'
import { itemIdOf } from './tenants.ts'

export interface RoutedTicket {
  readonly tenantId: string
  readonly id: string
  readonly version: number
  readonly groupId: string | null
  readonly assigneeId: string | null
  readonly statusCategory: TicketStatusCategory
  /** 0 low, 1 normal, 2 high, 3 urgent. */
  readonly priority: number
  readonly createdAt: Date
}

/** The tickets as they stand, by id. */
export async function readTickets(
  tx: Tx,
  tenantIds: readonly string[],
  ids: readonly string[],
): Promise<Map<string, RoutedTicket>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<RoutedTicket>(
    `select tenant_id, id, version, group_id, assignee_id, status_category, priority, created_at from tickets
      where tenant_id = any($1) and id = any($2)`,
    tenantIds,
    ids,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/**
 * Has the engine's item follow its ticket. Once in each transaction for each ticket: the row is as it was read when that began, so
 * what was decided since then, and is written at the end, is taken for what it says.
 */
export function followTicket(ledger: Ledger, read: RoutedTicket): void {
  const moved = ledger.ticketMoves.get(read.id)
  const ticket = moved?.from === read.assigneeId ? { ...read, assigneeId: moved.to, groupId: moved.groupId } : read
  follow(ledger, ticket)
  const move = ledger.ticketMoves.get(read.id)
  // Whoever has it by hand is whom it is taken from.
  if (move !== undefined) ledger.ticketMoves.set(read.id, { ...move, from: read.assigneeId })
}

function follow(ledger: Ledger, ticket: RoutedTicket): void {
  const { tenant } = ledger
  const { groupId, assigneeId, statusCategory } = ticket
  const item = itemIn(tenant.state, tenant.items.get(ticket.id) ?? '')
  const isWork =
    groupId !== null && tenant.groups.has(groupId) && statusCategory !== 'solved' && statusCategory !== 'closed'
  if (!isWork) {
    if (item !== undefined) end(ledger, item)
    return
  }
  const isPending = statusCategory === 'pending'
  if (item === undefined) {
    if (!isPending) begin(ledger, ticket, groupId)
    return
  }
  const isQueued = item.agentId === undefined
  if (isPending && isQueued) {
    end(ledger, item)
    return
  }
  if (item.groupId !== groupId && !isQueued) {
    // In other hands or in another group: what it took there is free, and it begins there.
    end(ledger, item)
    begin(ledger, ticket, groupId)
    return
  }
  const priority = priorityOf(ticket)
  if (item.groupId !== groupId || item.priority !== priority) {
    tell(ledger, { type: 'item.update', itemId: item.id, groupId, priority })
  }
  if (assigneeId === null && !isQueued) {
    tell(ledger, { type: 'item.transfer', itemId: item.id, to: { groupId } })
    return
  }
  if (assigneeId !== null && assigneeId !== item.agentId) give(ledger, item.id, assigneeId)
  const now = itemIn(tenant.state, item.id)
  if (isPending && now?.state === 'active') tell(ledger, { type: 'item.park', itemId: item.id })
  else if (!isPending && now?.state === 'parked') tell(ledger, { type: 'item.wake', itemId: item.id })
}

/** Its priority as conversations count it: normal is 0. */
function priorityOf({ priority }: RoutedTicket): number {
  return priority - 1
}

function begin(ledger: Ledger, ticket: RoutedTicket, groupId: string): void {
  const { tenant } = ledger
  const { id, assigneeId } = ticket
  // Given by hand to somebody whom routing does not know: nothing to count.
  if (assigneeId !== null && !tenant.members.has(assigneeId)) return
  const itemId = itemIdOf(id, ticket.version)
  tenant.items.set(id, itemId)
  tell(ledger, {
    type: 'item.enqueue',
    itemId,
    groupId,
    medium: 'ticket',
    priority: priorityOf(ticket),
    enqueuedAt: ticket.createdAt.getTime(),
    // Nobody else may be given it on the way to whom it was given by hand.
    ...(assigneeId !== null && { steps: [{ agents: [assigneeId] }] }),
  })
  if (itemIn(tenant.state, itemId) === undefined) {
    tenant.items.delete(id)
    return
  }
  if (assigneeId !== null) give(ledger, itemId, assigneeId)
}

/** Who has it by hand holds it here too. Where that cannot be (they are not there), it is theirs all the same, and takes nothing. */
function give(ledger: Ledger, itemId: string, agentId: string): void {
  const { state } = ledger.tenant
  if (itemIn(state, itemId)?.agentId !== agentId) tell(ledger, { type: 'item.assign', itemId, agentId, override: true })
  const item = itemIn(state, itemId)
  if (item !== undefined && item.agentId !== agentId) end(ledger, item)
}

/** Nothing comes after a ticket's end: what would wrap up is through at once. */
function end(ledger: Ledger, item: ItemRecord): void {
  tell(ledger, { type: 'item.cancel', itemId: item.id })
  if (itemIn(ledger.tenant.state, item.id)?.state === 'wrapup') tell(ledger, { type: 'item.wrapDone', itemId: item.id })
}
