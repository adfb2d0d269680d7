/**
 * Links between tickets: related, a duplicate of, blocking, parent of. Each is stored once and seen from both ends. Nothing
 * blocks or is above itself over however many steps: links are made one at a time in a tenant, under its counter's lock.
 */
import { emitAll } from '../events/outbox.ts'
import type { TicketLink, TicketLinkKind } from '../events/ticket-shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { parameters } from '../platform/page.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { recordChanges } from './ticket-history.ts'
import { type TicketRow, ticketColumns } from './ticket-rows.ts'
import { type TicketViewer, ticketVisibleTo } from './ticket-sight.ts'
import { lockTicket } from './tickets.ts'

type Colleague = MemberPrincipal | KeyPrincipal
type Stored = 'relates' | 'duplicates' | 'blocks' | 'parent'

/** How a kind is stored, and what it is seen from the other end. */
const kinds: Readonly<Record<TicketLinkKind, { stored: Stored; turned: boolean; mirror: TicketLinkKind }>> = {
  relates: { stored: 'relates', turned: false, mirror: 'relates' },
  duplicates: { stored: 'duplicates', turned: false, mirror: 'duplicated-by' },
  'duplicated-by': { stored: 'duplicates', turned: true, mirror: 'duplicates' },
  blocks: { stored: 'blocks', turned: false, mirror: 'blocked-by' },
  'blocked-by': { stored: 'blocks', turned: true, mirror: 'blocks' },
  parent: { stored: 'parent', turned: false, mirror: 'child' },
  child: { stored: 'parent', turned: true, mirror: 'parent' },
}

/** How many links a ticket has at most. */
export const maxLinks = 200

interface Ends {
  readonly kind: Stored
  readonly from: string
  readonly to: string
}

function ends(kind: TicketLinkKind, ticketId: string, otherId: string): Ends {
  const { stored, turned } = kinds[kind]
  const swap = stored === 'relates' ? ticketId > otherId : turned
  return swap ? { kind: stored, from: otherId, to: ticketId } : { kind: stored, from: ticketId, to: otherId }
}

/**
 * Links two tickets, both of which the caller sees. `parent` says that the other one is this one's parent. Repeating it changes
 * nothing. Each of the two gets a version, a line of its history and a ticket.updated.
 * Faults: `ticket-unknown`, `ticket-link-self`, `ticket-link-circular`, `ticket-parent-taken`, `ticket-links-full`.
 */
export async function linkTickets(
  tx: TenantTx,
  by: Colleague,
  ticketId: string,
  kind: TicketLinkKind,
  otherId: string,
): Promise<void> {
  const link = ends(kind, ticketId, otherId)
  await lockBoth(tx, by, ticketId, otherId)
  if (ticketId === otherId) throw new Fault('invalid', 'ticket-link-self', 'A ticket is not linked with itself.')
  if (await has(tx, link)) return
  await requireRoom(tx, [ticketId, otherId])
  if (link.kind !== 'relates') await requireNoCircle(tx, link)
  try {
    await tx.run(
      'insert into ticket_links (tenant_id, kind, from_id, to_id, created_by) values ($1, $2, $3, $4, $5)',
      tx.tenantId,
      link.kind,
      link.from,
      link.to,
      by.id,
    )
  } catch (error) {
    if (brokenConstraint(error) !== 'ticket_links_parent') throw error
    throw new Fault('conflict', 'ticket-parent-taken', 'The ticket has a parent already.', { cause: error })
  }
  await touchBoth(tx, ticketId, kind, otherId, true)
}

/** Takes a link away. What is gone stays gone. Faults with `ticket-unknown`. */
export async function unlinkTickets(
  tx: TenantTx,
  by: Colleague,
  ticketId: string,
  kind: TicketLinkKind,
  otherId: string,
): Promise<void> {
  const link = ends(kind, ticketId, otherId)
  await lockBoth(tx, by, ticketId, otherId)
  const gone = await tx.run(
    'delete from ticket_links where tenant_id = $1 and kind = $2 and from_id = $3 and to_id = $4',
    tx.tenantId,
    link.kind,
    link.from,
    link.to,
  )
  if (gone > 0) await touchBoth(tx, ticketId, kind, otherId, false)
}

/** Links of a ticket; of one that the viewer may not see, the number alone. Says nothing of permission to this one. */
export async function listLinks(tx: TenantTx, viewer: TicketViewer, ticketId: string): Promise<TicketLink[]> {
  const { values, bind } = parameters()
  const [tenant, id] = [bind(tx.tenantId), bind(ticketId)]
  const rows = await tx.query<{ kind: Stored; outward: boolean } & Omit<TicketLink, 'kind'>>(
    `select l.kind, l.from_id = ${id} as outward, t.id as ticket_id, t.number, t.status_category,
            case when ${ticketVisibleTo(viewer, bind)} then t.subject end as subject
       from ticket_links l join tickets t on t.tenant_id = l.tenant_id
                                         and t.id = case when l.from_id = ${id} then l.to_id else l.from_id end
      where l.tenant_id = ${tenant} and (l.from_id = ${id} or l.to_id = ${id})
      order by l.created_at, t.id`,
    ...values,
  )
  return rows.map(({ kind, outward, ...rest }) => ({ ...rest, kind: outward ? kind : kinds[kind].mirror }))
}

async function lockBoth(tx: TenantTx, by: Colleague, ticketId: string, otherId: string): Promise<void> {
  await tx.run('select 1 from ticket_counters where tenant_id = $1 for update', tx.tenantId)
  for (const id of [...new Set([ticketId, otherId])].sort()) await lockTicket(tx, by, id)
}

async function has(tx: TenantTx, { kind, from, to }: Ends): Promise<boolean> {
  const found = await tx.maybe(
    'select 1 from ticket_links where tenant_id = $1 and kind = $2 and from_id = $3 and to_id = $4',
    tx.tenantId,
    kind,
    from,
    to,
  )
  return found !== undefined
}

async function requireRoom(tx: TenantTx, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { count } = await tx.one<{ count: number }>(
      'select count(*)::int as count from ticket_links where tenant_id = $1 and (from_id = $2 or to_id = $2)',
      tx.tenantId,
      id,
    )
    if (count >= maxLinks) throw new Fault('conflict', 'ticket-links-full', `A ticket has ${maxLinks} links at most.`)
  }
}

/** `union` keeps each ticket once, so the walk ends whatever stands in the table. */
async function requireNoCircle(tx: TenantTx, { kind, from, to }: Ends): Promise<void> {
  const found = await tx.maybe(
    `with recursive onward as (
       select $4::text as id
       union
       select l.to_id from onward join ticket_links l on l.tenant_id = $1 and l.kind = $2 and l.from_id = onward.id)
     select 1 from onward where id = $3`,
    tx.tenantId,
    kind,
    from,
    to,
  )
  if (found !== undefined) {
    throw new Fault('conflict', 'ticket-link-circular', 'Over its links a ticket would come back to itself.')
  }
}

async function touchBoth(
  tx: TenantTx,
  ticketId: string,
  kind: TicketLinkKind,
  otherId: string,
  made: boolean,
): Promise<void> {
  const emissions = []
  const sides = [
    { id: ticketId, link: { kind, ticketId: otherId } },
    { id: otherId, link: { kind: kinds[kind].mirror, ticketId } },
  ]
  for (const { id, link } of sides.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const row = await tx.one<TicketRow>(
      `update tickets t set updated_at = now(), version = version + 1 where t.tenant_id = $1 and t.id = $2
       returning ${ticketColumns}`,
      tx.tenantId,
      id,
    )
    const change = { field: 'links', from: made ? null : link, to: made ? link : null }
    emissions.push(await recordChanges(tx, row, [change]))
  }
  await emitAll(tx, emissions)
}
