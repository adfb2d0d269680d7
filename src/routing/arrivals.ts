/** What is read of conversations that begin to wait, for a whole batch in a few statements. Reading only. */
import type { GroupRouting } from '../core/events/routing-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import type { Arriving } from './entry.ts'
import { type RuleSet, type RuleSets, readEntryFacts } from './entry-facts.ts'
import type { EntryFacts } from './entry-match.ts'

type LastAgent = NonNullable<GroupRouting['lastAgent']>

export interface QueuedConversation extends Arriving {
  readonly tenantId: string
  readonly id: string
  readonly priority: number
  readonly version: number
  /** Open, and waiting for a person; not for the hours to begin. */
  readonly waits: boolean
}

export interface Arrivals {
  readonly conversations: ReadonlyMap<string, QueuedConversation>
  /** By tenant. */
  readonly rules: ReadonlyMap<string, RuleSet>
  /** By conversation, of tenants that have rules. */
  readonly facts: ReadonlyMap<string, EntryFacts>
  /** What groups say of customers who come back, by group. */
  readonly lastAgents: ReadonlyMap<string, LastAgent>
}

/** Whoever served this conversation last, if it was reopened, else the customer's one before, where any group asks for them. */
const lastServed = `(select x.* from (
    (select a.agent_id, a.started_at as at, 1 as n from assignments a
      where a.tenant_id = c.tenant_id and a.conversation_id = c.id order by a.started_at desc limit 1)
    union all
    (select p.assignee_id, p.closed_at, 2 from conversations p
      where p.tenant_id = c.tenant_id and p.contact_id = c.contact_id and p.status = 'closed' and p.assignee_id is not null
      order by p.closed_at desc limit 1)) x
   where exists (select from skill_groups g where g.tenant_id = c.tenant_id and jsonb_typeof(g.routing->'lastAgent') = 'object')
   order by x.n limit 1)`

/** All that is to be known of these conversations. */
export async function readArrivals(
  tx: Tx,
  tenantIds: readonly string[],
  ids: readonly string[],
  rules: RuleSets,
  at: number,
): Promise<Arrivals> {
  if (ids.length === 0) return { conversations: new Map(), rules: new Map(), facts: new Map(), lastAgents: new Map() }
  const rows = await tx.query<QueuedConversation>(
    `select c.tenant_id, c.id, c.group_id, c.priority, c.version, c.status = 'open' and c.held_by = 'queue' and c.parked_at is null as waits,
            l.agent_id as last_agent_id, l.at as last_served_at,
            (select m.id from contacts o join members m on m.tenant_id = o.tenant_id
                and (m.id = o.claims->>'agent' or m.number = o.claims->>'agent') and m.disabled_at is null
              where o.tenant_id = c.tenant_id and o.id = c.contact_id order by m.id limit 1) as designated_id
       from conversations c left join lateral ${lastServed} l on true where c.tenant_id = any($1) and c.id = any($2)`,
    tenantIds,
    ids,
  )
  const sets = await rules.read(tx, tenantIds)
  const judged = rows.filter(({ tenantId, waits }) => waits && (sets.get(tenantId)?.rules.length ?? 0) > 0)
  return {
    conversations: new Map(rows.map((row) => [row.id, row])),
    rules: sets,
    facts: await readEntryFacts(
      tx,
      tenantIds,
      judged.map(({ id }) => id),
      at,
    ),
    lastAgents: await readLastAgents(tx, tenantIds),
  }
}

async function readLastAgents(tx: Tx, tenantIds: readonly string[]): Promise<Map<string, LastAgent>> {
  const rows = await tx.query<{ id: string; lastAgent: LastAgent }>(
    `select id, routing->'lastAgent' as last_agent from skill_groups
      where tenant_id = any($1) and jsonb_typeof(routing->'lastAgent') = 'object'`,
    tenantIds,
  )
  return new Map(rows.map(({ id, lastAgent }) => [id, lastAgent]))
}

/** Every conversation of a tenant that waits, the longest first. */
export function readWaiting(tx: Tx, tenantId: string): Promise<{ id: string; updatedAt: Date }[]> {
  return tx.query(
    `select id, updated_at from conversations
      where tenant_id = $1 and status = 'open' and held_by = 'queue' and parked_at is null order by updated_at, id`,
    tenantId,
  )
}
