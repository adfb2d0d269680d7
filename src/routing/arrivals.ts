/** What is read of conversations that begin to wait, for a whole batch in a few statements. Reading only. */
import type { GroupRouting } from '../core/events/routing-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { together } from '../core/platform/together.ts'
import type { Arriving } from './entry.ts'
import { type RuleSet, type RuleSets, readEntryFacts } from './entry-facts.ts'
import type { EntryFacts } from './entry-match.ts'
import { readGivenUp } from './giving-up.ts'
import { readDesignated, readLastServed, type Served } from './last-served.ts'

type LastAgent = NonNullable<GroupRouting['lastAgent']>

export interface QueuedConversation extends Arriving {
  readonly tenantId: string
  readonly id: string
  readonly priority: number
  readonly version: number
  /** Open, and waiting for a person; not for the hours to begin, nor to be closed. */
  readonly waits: boolean
  /** Somebody is on the telephone. */
  readonly isCall: boolean
}

/** Whom the customer knows. */
type Known = Required<Pick<Arriving, 'lastAgentId' | 'lastServedAt' | 'designatedId'>>

export interface Arrivals {
  readonly conversations: ReadonlyMap<string, QueuedConversation>
  /** By tenant. */
  readonly rules: ReadonlyMap<string, RuleSet>
  /** By conversation, of tenants that have rules. */
  readonly facts: ReadonlyMap<string, EntryFacts>
  /** What groups say of customers who come back, by group. */
  readonly lastAgents: ReadonlyMap<string, LastAgent>
}

export const noArrivals: Arrivals = {
  conversations: new Map(),
  rules: new Map(),
  facts: new Map(),
  lastAgents: new Map(),
}

/** All that is to be known of these conversations. */
export async function readArrivals(
  tx: Tx,
  tenantIds: readonly string[],
  ids: readonly string[],
  rules: RuleSets,
  at: number,
): Promise<Arrivals> {
  if (ids.length === 0) return noArrivals
  const reading = tx.query<Omit<QueuedConversation, keyof Known> & { contactId: string }>(
    `select tenant_id, id, contact_id, group_id, priority, version, status = 'open' and held_by = 'queue' and parked_at is null as waits,
            exists (select from calls k where k.tenant_id = conversations.tenant_id and k.conversation_id = conversations.id
                                          and k.ended_at is null) as is_call
       from conversations where tenant_id = any($1) and id = any($2)`,
    tenantIds,
    ids,
  )
  const [rows, givenUp, lastAgents, sets] = await together([
    reading,
    readGivenUp(tx, tenantIds, ids),
    readLastAgents(tx, tenantIds),
    rules.read(tx, tenantIds),
  ])
  const judged = rows.filter(({ tenantId, waits }) => waits && (sets.get(tenantId)?.rules.length ?? 0) > 0)
  const [served, designated, facts] = await together([
    lastAgents.size === 0 ? new Map<string, Served>() : readLastServed(tx, tenantIds, rows),
    readDesignated(
      tx,
      tenantIds,
      rows.map(({ contactId }) => contactId),
    ),
    readEntryFacts(
      tx,
      tenantIds,
      judged.map(({ id }) => id),
      at,
    ),
  ])
  return {
    conversations: new Map(
      rows.map(({ contactId, ...row }) => {
        const last = served.get(row.id)
        const known: Known = {
          lastAgentId: last?.agentId ?? null,
          lastServedAt: last?.at ?? null,
          designatedId: designated.get(contactId) ?? null,
        }
        return [row.id, { ...row, ...known, waits: row.waits && !givenUp.has(row.id) }]
      }),
    ),
    rules: sets,
    facts,
    lastAgents,
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

/** The priority of a conversation, and what its entry rule added to it. */
export interface KnownPriority {
  readonly tenantId: string
  readonly priority: number
  readonly added: number
}

/** Of these conversations, by id. */
export async function readPriorities(
  tx: Tx,
  tenantIds: readonly string[],
  ids: readonly string[],
): Promise<Map<string, KnownPriority>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<KnownPriority & { id: string }>(
    `select c.tenant_id, c.id, c.priority,
            coalesce((select (w.entry->>'priority')::int from work_items w
                       where w.tenant_id = c.tenant_id and w.conversation_id = c.id and w.entry is not null
                       order by (w.record->>'seq')::bigint desc limit 1), 0) as added
       from conversations c where c.tenant_id = any($1) and c.id = any($2)`,
    tenantIds,
    ids,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Every conversation of a tenant that waits, the longest first. */
export function readWaiting(tx: Tx, tenantId: string): Promise<{ id: string; updatedAt: Date }[]> {
  return tx.query(
    `select id, updated_at from conversations
      where tenant_id = $1 and status = 'open' and held_by = 'queue' and parked_at is null order by updated_at, id`,
    tenantId,
  )
}
