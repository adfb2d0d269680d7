/**
 * From the log into the engine: which rows a batch needs, and what each of its events means to routing. The rows decide,
 * an event only says where to look; so nothing here can be misled by an event that is late or repeated.
 */
import type { EventRecord } from '../core/events/consumer.ts'
import type { GroupRouting } from '../core/events/routing-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { type Asked, type AskedOffer, answer } from './answers.ts'
import { type Ledger, move, tell } from './ledger.ts'
import { itemIn } from './look.ts'
import type { Step } from './model.ts'
import { membersOfGroups, readGroups, readMembers, reconfigure, stepOf } from './policies.ts'
import { itemIdOf, versionOf } from './tenants.ts'

type WaitSeconds = NonNullable<GroupRouting['lastAgent']>['waitSeconds']

export interface QueuedConversation {
  readonly tenantId: string
  readonly id: string
  readonly groupId: string | null
  readonly priority: number
  readonly version: number
  /** Who served the customer last, where the group asks them first, and how long they are waited for. */
  readonly lastAgent?: { readonly memberId: string; readonly waitSeconds: WaitSeconds } | null
  /** Open, and waiting for a person; not for the hours to begin. */
  readonly waits: boolean
}

interface Facts {
  readonly conversations: ReadonlyMap<string, QueuedConversation>
  readonly commands: ReadonlyMap<string, Asked>
  readonly offers: ReadonlyMap<string, AskedOffer>
}

/** Tells one tenant's engine what the records say. What makes no sense is passed over: it must not stop the tenant. */
export async function takeIn(tx: Tx, ledger: Ledger, records: readonly EventRecord[], facts: Facts): Promise<void> {
  let configured = false
  for (const { event } of records) {
    ledger.causationId = event.id
    const data = event.data as Record<string, unknown>
    if (event.type === 'conversation.queued') {
      const conversation = facts.conversations.get(event.subject)
      if (conversation?.waits && conversation.tenantId === ledger.tenant.tenantId)
        enqueue(ledger, conversation, Date.parse(event.time))
    } else if (event.type === 'conversation.closed') {
      close(ledger, event.subject, (data.conversation as { version?: unknown } | undefined)?.version)
    } else if (event.type === 'command.issued') {
      const asked = facts.commands.get(event.subject)
      if (asked?.tenantId !== ledger.tenant.tenantId || ledger.outcomes.has(asked.id)) continue
      ledger.causationId = asked.id
      ledger.outcomes.set(asked.id, answer(ledger, asked, facts.offers))
    } else if (isConfiguration(event.type) && !configured) {
      // All that changed in this batch at once, with the first of its events.
      configured = true
      await configure(tx, ledger, records)
    }
  }
  ledger.causationId = undefined
}

/**
 * A conversation waits: it becomes an item, unless it is one. Without a group of its own that is there, it goes to the
 * tenant's first; where there is no group at all it stays as it is until there is one.
 */
export function enqueue(ledger: Ledger, conversation: QueuedConversation, enqueuedAt: number): void {
  const { tenant } = ledger
  const present = itemIn(tenant.state, tenant.items.get(conversation.id) ?? '')
  if (present !== undefined && present.state !== 'wrapup') return
  const named = conversation.groupId
  const groupId = named !== null && tenant.groups.has(named) ? named : tenant.groups.keys().next().value
  if (groupId === undefined) return
  const itemId = itemIdOf(conversation.id, conversation.version)
  if (itemId === present?.id) return
  tenant.items.set(conversation.id, itemId)
  tell(ledger, {
    type: 'item.enqueue',
    itemId,
    groupId,
    medium: 'chat',
    priority: conversation.priority,
    enqueuedAt: Number.isNaN(enqueuedAt) ? ledger.at : enqueuedAt,
    ...lastAgentFirst(conversation, tenant.groups.get(groupId)?.steps ?? []),
  })
  if (itemIn(tenant.state, itemId) === undefined) tenant.items.delete(conversation.id)
  else if (named !== groupId && !ledger.moves.has(conversation.id)) move(ledger, conversation.id, null, groupId)
}

/** The plan with the last agent before it. The place in line is kept meanwhile: it counts from when the conversation came. */
function lastAgentFirst({ lastAgent }: QueuedConversation, plan: readonly Step[]): { steps?: readonly Step[] } {
  if (!lastAgent) return {}
  const { memberId, waitSeconds } = lastAgent
  return { steps: [stepOf({ memberIds: [memberId], waitSeconds }), ...(plan.length === 0 ? [{}] : plan)] }
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

async function configure(tx: Tx, ledger: Ledger, records: readonly EventRecord[]): Promise<void> {
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
  if (hadNone && ledger.tenant.groups.size > 0) await enqueueWaiting(tx, ledger)
}

/** Takes in what waits without an item: what came before there was any group, or was found missing. */
export async function enqueueWaiting(tx: Tx, ledger: Ledger): Promise<void> {
  const waiting = await tx.query<QueuedConversation & { updatedAt: Date }>(
    `select tenant_id, id, group_id, priority, version, true as waits, updated_at from conversations
      where tenant_id = $1 and status = 'open' and held_by = 'queue' and parked_at is null order by updated_at, id`,
    ledger.tenant.tenantId,
  )
  for (const conversation of waiting) {
    const itemId = ledger.tenant.items.get(conversation.id)
    const item = itemIn(ledger.tenant.state, itemId ?? '')
    if (item?.state === 'waiting' && !ledger.tenant.groups.has(item.groupId)) {
      const groupId = ledger.tenant.groups.keys().next().value
      if (groupId !== undefined) tell(ledger, { type: 'item.update', itemId: item.id, groupId })
    }
    enqueue(ledger, conversation, conversation.updatedAt.getTime())
  }
}

/** Looks up what the batch speaks of, in one statement for each kind, as of the moment `at` in ms. */
export async function gather(tx: Tx, records: readonly EventRecord[], at: number): Promise<Facts> {
  const queued = records.filter(({ event }) => event.type === 'conversation.queued')
  const issued = records.filter(({ event }) => event.type === 'command.issued')
  const conversations = await conversationsOf(tx, queued, at)
  const commands = await commandsOf(tx, issued)
  const offers = await offersOf(tx, [...commands.values()])
  return { conversations, commands, offers }
}

/** Whoever served this conversation last, if it was reopened, else the customer's one before; not from longer ago than the group says. */
const lastAgentOf = `coalesce(
  (select a.agent_id from assignments a where a.tenant_id = c.tenant_id and a.conversation_id = c.id
      and a.started_at > to_timestamp($3 / 1000.0) - make_interval(days => (g.routing->'lastAgent'->>'withinDays')::int)
    order by a.started_at desc limit 1),
  (select p.assignee_id from conversations p where p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
      and p.status = 'closed' and p.assignee_id is not null
      and p.closed_at > to_timestamp($3 / 1000.0) - make_interval(days => (g.routing->'lastAgent'->>'withinDays')::int)
    order by p.closed_at desc limit 1))`

async function conversationsOf(tx: Tx, queued: readonly EventRecord[], at: number): Promise<Facts['conversations']> {
  if (queued.length === 0) return new Map()
  const rows = await tx.query<QueuedConversation>(
    `select c.tenant_id, c.id, c.group_id, c.priority, c.version, c.status = 'open' and c.held_by = 'queue' and c.parked_at is null as waits,
            (select jsonb_build_object('memberId', ${lastAgentOf}, 'waitSeconds', g.routing->'lastAgent'->'waitSeconds')
               from skill_groups g where g.tenant_id = c.tenant_id and g.id = c.group_id
                and jsonb_typeof(g.routing->'lastAgent') = 'object' and ${lastAgentOf} is not null) as last_agent
       from conversations c where c.tenant_id = any($1) and c.id = any($2)`,
    tenantsOf(queued),
    queued.map(({ event }) => event.subject),
    at,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Those without an outcome: a command that has one was decided before. */
async function commandsOf(tx: Tx, issued: readonly EventRecord[]): Promise<Facts['commands']> {
  if (issued.length === 0) return new Map()
  const rows = await tx.query<{ tenantId: string; id: string; kind: string; data: object }>(
    'select tenant_id, id, kind, data from commands where tenant_id = any($1) and id = any($2) and outcome is null',
    tenantsOf(issued),
    issued.map(({ event }) => event.subject),
  )
  return new Map(
    rows.map(({ kind, data, ...row }) => [row.id, { ...row, command: { ...data, kind } as Asked['command'] }]),
  )
}

async function offersOf(tx: Tx, asked: readonly Asked[]): Promise<Facts['offers']> {
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
