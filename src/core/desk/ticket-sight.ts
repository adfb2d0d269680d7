/**
 * Who sees which ticket: one rule, as a condition of SQL for what is read and as a function for what is streamed. Whoever
 * holds `ticket:read-all` sees every one of the tenant; others those that are assigned to them, lie in one of their groups, or
 * that they made or watch.
 */
import type { Ticket, TicketChange } from '../events/ticket-shapes.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'

export interface TicketViewer {
  /** `usr_…` or `key_…` */
  readonly id: string
  readonly all: boolean
  readonly groupIds: readonly string[]
}

export function ticketViewerOf(principal: MemberPrincipal | KeyPrincipal): TicketViewer {
  return {
    id: principal.id,
    all: principal.permissions.has('ticket:read-all'),
    groupIds: principal.kind === 'member' ? principal.groupIds : [],
  }
}

type Seen = Pick<Ticket, 'assigneeId' | 'groupId' | 'watcherIds' | 'createdBy'>

export function maySeeTicket(viewer: TicketViewer, ticket: Seen): boolean {
  return (
    viewer.all ||
    ticket.assigneeId === viewer.id ||
    ticket.createdBy === viewer.id ||
    ticket.watcherIds.includes(viewer.id) ||
    (ticket.groupId !== null && viewer.groupIds.includes(ticket.groupId))
  )
}

/** Whether an event of a ticket may be shown: to all who see it after the event, and to those from whose sight it goes. */
export function maySeeTicketEvent(viewer: TicketViewer, ticket: Seen, changes: readonly TicketChange[]): boolean {
  if (maySeeTicket(viewer, ticket)) return true
  const before = Object.fromEntries(changes.map(({ field, from }) => [field, from]))
  return maySeeTicket(viewer, { ...ticket, ...before } as Seen)
}

/** The same rule as maySeeTicket, on `tickets` under the alias `t`; `bind` adds a parameter to the statement. */
export function ticketVisibleTo(viewer: TicketViewer, bind: (value: unknown) => string): string {
  if (viewer.all) return 'true'
  const me = bind(viewer.id)
  return `(t.assignee_id = ${me} or t.created_by = ${me} or ${me} = any(t.watcher_ids)
    or t.group_id = any(${bind(viewer.groupIds)}::text[]))`
}
