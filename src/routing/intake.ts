/**
 * From the log into the engine: which rows a batch needs, and what each of its events means to routing. The rows decide,
 * an event only says where to look; so nothing here can be misled by an event that is late or repeated.
 */
import type { EventRecord } from '../core/events/event-record.ts'
import type { Tx } from '../core/platform/database.ts'
import { together } from '../core/platform/together.ts'
import { type Asked, type AskedOffer, answer } from './answers.ts'
import { type Arrivals, type KnownPriority, readArrivals, readPriorities, readWaiting } from './arrivals.ts'
import { enqueue } from './enqueue.ts'
import type { RuleSets } from './entry-facts.ts'
import { type Ledger, tell } from './ledger.ts'
import { itemIn } from './look.ts'
import { membersOfGroups, readGroups, readMembers, reconfigure } from './policies.ts'
import { versionOf } from './tenants.ts'
import { followTicket, type RoutedTicket, readTickets } from './ticket-intake.ts'

interface Facts {
  readonly arrivals: Arrivals
  readonly rules: RuleSets
  readonly tickets: ReadonlyMap<string, RoutedTicket>
  readonly priorities: ReadonlyMap<string, KnownPriority>
  readonly commands: ReadonlyMap<string, Asked>
  readonly offers: ReadonlyMap<string, AskedOffer>
}

/** Tells one tenant's engine what the records say. What makes no sense is passed over: it must not stop the tenant. */
export async function takeIn(tx: Tx, ledger: Ledger, records: readonly EventRecord[], facts: Facts): Promise<void> {
  let configured = false
  const followed = new Set<string>()
  for (const { event } of records) {
    ledger.causationId = event.id
    const data = event.data as Record<string, unknown>
    if (event.type === 'conversation.queued') {
      const conversation = facts.arrivals.conversations.get(event.subject)
      if (conversation?.waits && conversation.tenantId === ledger.tenant.tenantId)
        enqueue(ledger, conversation, Date.parse(event.time), facts.arrivals)
    } else if (event.type === 'conversation.closed' || event.type === 'conversation.resolved') {
      close(ledger, event.subject, (data.conversation as { version?: unknown } | undefined)?.version)
    } else if (event.type === 'conversation.updated') {
      followPriority(ledger, event.subject, facts.priorities.get(event.subject))
    } else if (event.type === 'conversation.woken') {
      tell(ledger, { type: 'item.wake', itemId: ledger.tenant.items.get(event.subject) ?? '' })
    } else if (event.type === 'command.issued') {
      const asked = facts.commands.get(event.subject)
      if (asked?.tenantId !== ledger.tenant.tenantId || ledger.outcomes.has(asked.id)) continue
      ledger.causationId = asked.id
      ledger.outcomes.set(asked.id, answer(ledger, asked, facts))
    } else if (event.type === 'ticket.created' || event.type === 'ticket.updated') {
      const ticket = facts.tickets.get(event.subject)
      if (ticket?.tenantId === ledger.tenant.tenantId && !followed.has(ticket.id)) followTicket(ledger, ticket)
      followed.add(event.subject)
    } else if (isConfiguration(event.type) && !configured) {
      // All that changed in this batch at once, with the first of its events.
      configured = true
      await configure(tx, ledger, records, facts.rules)
    }
  }
  ledger.causationId = undefined
}

/** What waits takes the place that its priority now gives it. */
function followPriority(ledger: Ledger, conversationId: string, known: KnownPriority | undefined): void {
  const item = itemIn(ledger.tenant.state, ledger.tenant.items.get(conversationId) ?? '')
  if (item === undefined || item.state === 'wrapup' || known?.tenantId !== ledger.tenant.tenantId) return
  const priority = known.priority + (ledger.entries.get(item.id)?.priority ?? known.added)
  if (item.priority !== priority) tell(ledger, { type: 'item.update', itemId: item.id, priority })
}

/** Ends the conversation's item, unless it was queued again since. */
function close(ledger: Ledger, conversationId: string, version: unknown): void {
  const itemId = ledger.tenant.items.get(conversationId)
  if (itemId === undefined) return
  if (typeof version === 'number' && versionOf(itemId) > version) return
  tell(ledger, { type: 'item.cancel', itemId })
}

function isConfiguration(type: string): boolean {
  return type.startsWith('group.') || type.startsWith('member.')
}

async function configure(tx: Tx, ledger: Ledger, records: readonly EventRecord[], rules: RuleSets): Promise<void> {
  const { tenantId, members } = ledger.tenant
  const subjects = records.filter(({ event }) => isConfiguration(event.type)).map(({ event }) => event.subject)
  const groupIds = subjects.filter((subject) => subject.startsWith('grp_'))
  const asked = new Set(subjects.filter((subject) => subject.startsWith('usr_')))
  for (const id of groupIds.length === 0 ? [] : await membersOfGroups(tx, tenantId, groupIds)) asked.add(id)
  for (const { id, memberships = [] } of members.values()) {
    if (memberships.some((membership) => groupIds.includes(membership.groupId))) asked.add(id)
  }
  const hadNone = ledger.tenant.groups.size === 0
  const groups = await readGroups(tx, [tenantId])
  const found = await readMembers(tx, [tenantId], [...asked])
  reconfigure(ledger, groups.get(tenantId) ?? [], found.get(tenantId) ?? [], asked)
  if (hadNone && ledger.tenant.groups.size > 0) await enqueueWaiting(tx, ledger, rules)
}

/** Takes in what waits without an item: what came before there was any group, or was found missing. */
export async function enqueueWaiting(tx: Tx, ledger: Ledger, rules: RuleSets): Promise<void> {
  const { tenant } = ledger
  const waiting = await readWaiting(tx, tenant.tenantId)
  const missing: string[] = []
  for (const { id } of waiting) {
    const item = itemIn(tenant.state, tenant.items.get(id) ?? '')
    if (item === undefined || item.state === 'wrapup') missing.push(id)
    else if (item.state === 'waiting' && !tenant.groups.has(item.groupId)) {
      const groupId = tenant.groups.keys().next().value
      if (groupId !== undefined) tell(ledger, { type: 'item.update', itemId: item.id, groupId })
    }
  }
  const arrivals = await readArrivals(tx, [tenant.tenantId], missing, rules, ledger.at)
  for (const { id, updatedAt } of waiting) {
    const conversation = arrivals.conversations.get(id)
    if (conversation?.waits) enqueue(ledger, conversation, updatedAt.getTime(), arrivals)
  }
}

/** Looks up what the batch speaks of, in a few statements for each kind, as of the moment `at` in ms. */
export async function gather(
  tx: Tx,
  records: readonly EventRecord[],
  commands: Facts['commands'],
  rules: RuleSets,
  at: number,
): Promise<Facts> {
  const queued = records.filter(({ event }) => event.type === 'conversation.queued')
  const reopened = [...commands.values()].flatMap(({ tenantId, command }) =>
    command.kind === 'reopen' ? [{ tenantId, id: command.conversationId }] : [],
  )
  const tickets = records.filter(({ event }) => event.type.startsWith('ticket.'))
  const updated = records.filter(({ event }) => event.type === 'conversation.updated')
  const [arrivals, offers, known, priorities] = await together([
    readArrivals(
      tx,
      [...new Set([...tenantsOf(queued), ...reopened.map(({ tenantId }) => tenantId)])],
      [...queued.map(({ event }) => event.subject), ...reopened.map(({ id }) => id)],
      rules,
      at,
    ),
    readOffers(tx, [...commands.values()]),
    readTickets(
      tx,
      tenantsOf(tickets),
      tickets.map(({ event }) => event.subject),
    ),
    readPriorities(
      tx,
      tenantsOf(updated),
      updated.map(({ event }) => event.subject),
    ),
  ])
  return { arrivals, rules, commands, offers, tickets: known, priorities }
}

/** The commands of a batch that have no outcome: one that has was decided before. */
export async function readCommands(tx: Tx, records: readonly EventRecord[]): Promise<ReadonlyMap<string, Asked>> {
  const issued = records.filter(({ event }) => event.type === 'command.issued')
  if (issued.length === 0) return new Map()
  const rows = await tx.query<CommandRow>(
    'select tenant_id, id, kind, data from commands where tenant_id = any($1) and id = any($2) and outcome is null',
    tenantsOf(issued),
    issued.map(({ event }) => event.subject),
  )
  return new Map(rows.map((row) => [row.id, toAsked(row)]))
}

export interface CommandRow {
  readonly tenantId: string
  readonly id: string
  readonly kind: string
  readonly data: object
}

export function toAsked({ kind, data, ...row }: CommandRow): Asked {
  return { ...row, command: { ...data, kind } as Asked['command'] }
}

/** The offers that these commands name, by id. */
export async function readOffers(tx: Tx, asked: readonly Asked[]): Promise<ReadonlyMap<string, AskedOffer>> {
  const named = asked.filter(({ command }) => 'offerId' in command)
  if (named.length === 0) return new Map()
  const rows = await tx.query<AskedOffer>(
    `select tenant_id, id, engine_id, agent_id, item_id, state, reason from offers
      where tenant_id = any($1) and id = any($2)`,
    [...new Set(named.map(({ tenantId }) => tenantId))],
    named.map(({ command }) => ('offerId' in command ? command.offerId : '')),
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function tenantsOf(records: readonly EventRecord[]): string[] {
  return [...new Set(records.map(({ event }) => event.tenantid))]
}
