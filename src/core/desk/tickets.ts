/**
 * Tickets (工单): work that outlives a conversation. Made here from a conversation or by a program, found again, and locked for
 * whoever changes one. Locks go contacts, conversations, tickets, ids ascending; the tenant's counter before tickets.
 */
import { contactFamily, getContact } from '../contacts/contacts.ts'
import { emitAll } from '../events/outbox.ts'
import type { Ticket, TicketFieldValue, TicketPriority, TicketStatusCategory } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { requireCategory } from './ticket-categories.ts'
import { changedFields, listFields } from './ticket-fields.ts'
import { changesBetween, recordChanges } from './ticket-history.ts'
import { contactOfTicket, requireMembers, requireTicketGroup } from './ticket-references.ts'
import { priorities, type TicketRow, ticketColumns, toTicket, unknownTicket } from './ticket-rows.ts'
import { maySeeTicket, type TicketViewer, ticketViewerOf, ticketVisibleTo } from './ticket-sight.ts'
import { requireStatus } from './ticket-statuses.ts'

export interface NewTicket {
  readonly subject: string
  readonly description?: string
  /** The first status of category new, unless said. */
  readonly status?: string
  readonly priority?: TicketPriority
  readonly category?: string | null
  readonly groupId?: string | null
  readonly assigneeId?: string | null
  readonly contactId?: string | null
  readonly conversationId?: string | null
  readonly fields?: Readonly<Record<string, TicketFieldValue>>
  readonly tags?: readonly string[]
  readonly watcherIds?: readonly string[]
  readonly dueAt?: Date | null
}

/** The number of a tenant's first ticket. */
const firstNumber = 1001

/**
 * Makes a ticket with the tenant's next number, which is held until the commit: numbers have no holes. Emits ticket.created.
 * Faults: `ticket-status-unknown`, `ticket-category-unknown`, `ticket-field-invalid`, `group-unknown`, `member-unknown`,
 * `contact-unknown`, `conversation-unknown`, `ticket-contact-foreign`.
 */
export async function createTicket(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  given: NewTicket,
): Promise<Ticket> {
  const contactId = await contactOfTicket(tx, by, given.contactId ?? null, given.conversationId ?? null)
  const status = await requireStatus(tx, given.status)
  if (given.category) await requireCategory(tx, given.category)
  if (given.groupId) await requireTicketGroup(tx, given.groupId)
  if (given.assigneeId) await requireMembers(tx, [given.assigneeId], '/assigneeId')
  const watcherIds = [...new Set(given.watcherIds)]
  await requireMembers(tx, watcherIds, '/watcherIds')
  const fields = changedFields(await listFields(tx), undefined, given.fields ?? {})
  const { number } = await tx.one<{ number: number }>(
    `insert into ticket_counters as k (tenant_id, last) values ($1, $2)
     on conflict (tenant_id) do update set last = k.last + 1 returning last as number`,
    tx.tenantId,
    firstNumber,
  )
  const row = await tx.one<TicketRow>(
    `insert into tickets as t (tenant_id, id, number, subject, description, status, status_category, priority, category,
       group_id, assignee_id, contact_id, conversation_id, fields, tags, watcher_ids, due_at, created_by, solved_at, closed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             case when $7 = 'solved' then now() end, case when $7 = 'closed' then now() end)
     returning ${ticketColumns}`,
    tx.tenantId,
    newId('tkt'),
    number,
    storable(given.subject),
    storable(given.description ?? ''),
    status.key,
    status.category,
    priorities.indexOf(given.priority ?? 'normal'),
    given.category ?? null,
    given.groupId ?? null,
    given.assigneeId ?? null,
    contactId,
    given.conversationId ?? null,
    JSON.stringify(fields),
    [...new Set(storable([...(given.tags ?? [])]))],
    watcherIds,
    given.dueAt ?? null,
    by.id,
  )
  const ticket = toTicket(row)
  await emitAll(tx, [await recordChanges(tx, row, changesBetween(undefined, ticket))])
  return ticket
}

/** The ticket, if there is one that the viewer may see. Faults with `ticket-unknown` otherwise. */
export async function getTicket(tx: TenantTx, viewer: TicketViewer, id: string): Promise<Ticket> {
  const { values, bind } = parameters()
  const row = await tx.maybe<TicketRow>(
    `select ${ticketColumns} from tickets t
      where t.tenant_id = ${bind(tx.tenantId)} and t.id = ${bind(id)} and ${ticketVisibleTo(viewer, bind)}`,
    ...values,
  )
  if (row === undefined) throw unknownTicket(id)
  return toTicket(row)
}

/** Takes the row until the end of the transaction. Faults with `ticket-unknown`, also where it may not be seen. */
export async function lockTicket(tx: TenantTx, by: MemberPrincipal | KeyPrincipal, id: string): Promise<TicketRow> {
  const row = await tx.maybe<TicketRow>(
    `select ${ticketColumns} from tickets t where t.tenant_id = $1 and t.id = $2 for no key update`,
    tx.tenantId,
    id,
  )
  if (row === undefined || !maySeeTicket(ticketViewerOf(by), row)) throw unknownTicket(id)
  return row
}

export interface TicketFilter {
  /** `unsolved` stands for new, open and pending together. */
  readonly statusCategory?: TicketStatusCategory | 'unsolved'
  readonly status?: string
  readonly priority?: TicketPriority
  /** Also what lies in the categories below it. */
  readonly category?: string
  /** `none`: nobody's. */
  readonly assigneeId?: string
  readonly groupId?: string
  /** And all contacts that were merged with this one. */
  readonly contactId?: string
  readonly conversationId?: string
  readonly watcherId?: string
  readonly tag?: string
  readonly dueBefore?: Date
  /** Within subject or description, in either case; or the number, with or without `#`. */
  readonly text?: string
}

/** `updated` and `priority`: the newest and the most urgent first; `due`: the next first, those without one last. */
export type TicketSort = 'updated' | 'due' | 'priority'

const orders: Readonly<Record<TicketSort, { key: string; type: string; way: '<' | '>'; by: string }>> = {
  updated: { key: 't.updated_at', type: 'timestamptz', way: '<', by: 'desc' },
  due: { key: `coalesce(t.due_at, 'infinity')`, type: 'timestamptz', way: '>', by: 'asc' },
  priority: { key: 't.priority', type: 'int', way: '<', by: 'desc' },
}

/** Tickets that the viewer may see. Faults with `contact-unknown`. */
export async function listTickets(
  tx: TenantTx,
  viewer: TicketViewer,
  filter: TicketFilter,
  sort: TicketSort,
  page: PageRequest,
): Promise<Page<Ticket>> {
  const { values, bind } = parameters()
  const conditions = [`t.tenant_id = ${bind(tx.tenantId)}`, ticketVisibleTo(viewer, bind)]
  conditions.push(...conditionsOf(filter, bind))
  if (filter.contactId !== undefined) {
    const family = await contactFamily(tx, (await getContact(tx, filter.contactId)).id)
    conditions.push(`t.contact_id = any(${bind(family)}::text[])`)
  }
  const { key, type, way, by } = orders[sort]
  if (page.after !== null) {
    conditions.push(`(${key}, t.id) ${way} (${bind(page.after[0])}::${type}, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<TicketRow & { sortKey: string }>(
    `select ${ticketColumns}, (${key})::text as sort_key from tickets t where ${conditions.join(' and ')}
      order by ${key} ${by}, t.id ${by} limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    ({ sortKey: _, ...row }) => toTicket(row),
  )
}

function conditionsOf(filter: TicketFilter, bind: (value: unknown) => string): string[] {
  const found: string[] = []
  if (filter.statusCategory === 'unsolved') found.push(`t.status_category in ('new', 'open', 'pending')`)
  else if (filter.statusCategory !== undefined) found.push(`t.status_category = ${bind(filter.statusCategory)}`)
  if (filter.status !== undefined) found.push(`t.status = ${bind(filter.status)}`)
  if (filter.priority !== undefined) found.push(`t.priority = ${bind(priorities.indexOf(filter.priority))}`)
  if (filter.category !== undefined) {
    const key = bind(filter.category)
    found.push(`(t.category = ${key} or t.category in (select g.key from ticket_categories g
      where g.tenant_id = t.tenant_id and g.parent_key = ${key}))`)
  }
  if (filter.assigneeId === 'none') found.push('t.assignee_id is null')
  else if (filter.assigneeId !== undefined) found.push(`t.assignee_id = ${bind(filter.assigneeId)}`)
  if (filter.groupId !== undefined) found.push(`t.group_id = ${bind(filter.groupId)}`)
  if (filter.conversationId !== undefined) found.push(`t.conversation_id = ${bind(filter.conversationId)}`)
  if (filter.watcherId !== undefined) found.push(`${bind(filter.watcherId)} = any(t.watcher_ids)`)
  if (filter.tag !== undefined) found.push(`${bind(storable(filter.tag))} = any(t.tags)`)
  if (filter.dueBefore !== undefined) found.push(`t.due_at < ${bind(filter.dueBefore)}`)
  if (filter.text !== undefined) {
    const within = bind(`%${storable(filter.text).replace(/[\\%_]/g, '\\$&')}%`)
    const number = /^#?(\d{1,9})$/.exec(filter.text.trim())?.[1]
    const named = number === undefined ? '' : ` or t.number = ${bind(Number(number))}`
    found.push(`(t.subject ilike ${within} or t.description ilike ${within}${named})`)
  }
  return found
}
