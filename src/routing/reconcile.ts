/**
 * Whether the tables agree with each other: conversations that wait have items, items have conversations, whoever holds an
 * item has its assignment, loads are the sums of what is held. They always do; what is found here is a bug or was written
 * by hand, so it is counted, and mended.
 */
import type { Tx } from '../core/platform/database.ts'
import type { RuleSets } from './entry-facts.ts'
import { isGivenUp } from './giving-up.ts'
import { enqueueWaiting } from './intake.ts'
import { type Ledger, move, tell } from './ledger.ts'
import { itemIn } from './look.ts'
import { followTicket, readTickets } from './ticket-intake.ts'

export interface Difference {
  readonly tenantId: string
  readonly kind:
    | 'conversation-without-item'
    | 'item-without-conversation'
    | 'ticket-without-item'
    | 'item-without-ticket'
    | 'assignment-without-holder'
    | 'holder-without-assignment'
    | 'load'
  /** Or the ticket. */
  readonly conversationId: string | null
  readonly itemId: string | null
  readonly agentId: string | null
}

/** States in which an item is over, as the index work_items_open knows them. */
const over = `'done', 'abandoned', 'rejected', 'expired'`

/**
 * What differs in these tenants. What changed less than `graceMs` ago is left out: its event may still be on the way.
 * Ask within Consumer.act, between batches.
 */
export function differing(tx: Tx, tenantIds: readonly string[], graceMs: number): Promise<Difference[]> {
  return tx.query<Difference>(
    `with settled as (select now() - $2 * interval '1 millisecond' as until)
     select c.tenant_id, 'conversation-without-item' as kind, c.id as conversation_id, null as item_id, null as agent_id
       from conversations c, settled
      where c.tenant_id = any($1) and c.status = 'open' and c.held_by = 'queue' and c.parked_at is null and c.updated_at <= settled.until
        and not exists (select from work_items w where w.tenant_id = c.tenant_id and w.conversation_id = c.id
                                                   and w.state not in ('wrapup', ${over}))
        and exists (select from skill_groups g where g.tenant_id = c.tenant_id and g.removed_at is null)
        and not ${isGivenUp('c')}
     union all
     select w.tenant_id, 'item-without-conversation', c.id, w.id, w.agent_id
       from work_items w join conversations c on c.tenant_id = w.tenant_id and c.id = w.conversation_id, settled
      where w.tenant_id = any($1) and w.state not in ('wrapup', ${over}) and w.record->>'consultFor' is null
        and c.updated_at <= settled.until and w.updated_at <= settled.until
        and (c.status <> 'open' or (c.held_by, c.assignee_id) is distinct from
             (case when w.agent_id is null then 'queue' else 'agent' end, w.agent_id))
     union all
     select t.tenant_id, 'ticket-without-item', t.id, null, null
       from tickets t, settled
      where t.tenant_id = any($1) and t.group_id is not null and t.assignee_id is null and t.status_category in ('new', 'open')
        and t.updated_at <= settled.until
        and exists (select from skill_groups g where g.tenant_id = t.tenant_id and g.id = t.group_id and g.removed_at is null)
        and not exists (select from work_items w where w.tenant_id = t.tenant_id and w.ticket_id = t.id and w.state not in (${over}))
     union all
     select w.tenant_id, 'item-without-ticket', t.id, w.id, w.agent_id
       from work_items w join tickets t on t.tenant_id = w.tenant_id and t.id = w.ticket_id, settled
      where w.tenant_id = any($1) and w.state not in (${over})
        and t.updated_at <= settled.until and w.updated_at <= settled.until
        and (t.status_category in ('solved', 'closed') or (t.assignee_id, t.group_id) is distinct from (w.agent_id, w.group_id))
     union all
     select a.tenant_id, 'assignment-without-holder', coalesce(a.conversation_id, a.ticket_id), a.item_id, a.agent_id
       from assignments a where a.tenant_id = any($1) and a.ended_at is null
        and not exists (select from work_items w where w.tenant_id = a.tenant_id and w.id = a.item_id
                                                   and w.agent_id = a.agent_id and w.state not in (${over}))
     union all
     select w.tenant_id, 'holder-without-assignment', coalesce(w.conversation_id, w.ticket_id), w.id, w.agent_id
       from work_items w where w.tenant_id = any($1) and w.agent_id is not null and w.state not in (${over})
        and not exists (select from assignments a where a.tenant_id = w.tenant_id and a.item_id = w.id
                                                    and a.agent_id = w.agent_id and a.ended_at is null)
     union all
     select s.tenant_id, 'load', null, null, s.agent_id
       from agent_states s
       left join (
         select tenant_id, agent_id, sum(weight) as used from (
           select tenant_id, agent_id, coalesce(record->'parked'->>'units', record->>'weight')::int as weight from work_items
            where tenant_id = any($1) and agent_id is not null and state not in (${over})
           union all
           select w.tenant_id, o->>'agentId', (w.record->>'weight')::int
             from work_items w cross join json_array_elements(w.record->'offers') o
            where w.tenant_id = any($1) and w.state not in (${over})
         ) parts group by tenant_id, agent_id
       ) l on l.tenant_id = s.tenant_id and l.agent_id = s.agent_id
      where s.tenant_id = any($1) and s.used <> coalesce(l.used, 0)`,
    tenantIds,
    graceMs,
  )
}

/** Tells the engine, or notes in the ledger, what brings the tables together again. */
export async function repair(tx: Tx, ledger: Ledger, found: readonly Difference[], rules: RuleSets): Promise<void> {
  const { tenant } = ledger
  for (const { kind, conversationId, itemId, agentId } of found) {
    if (kind === 'item-without-conversation' && itemId !== null && conversationId !== null) {
      await follow(tx, ledger, itemId, conversationId)
    } else if (kind === 'assignment-without-holder' && itemId !== null) {
      ledger.released.set(itemId, 'repaired')
    } else if (kind === 'holder-without-assignment' && itemId !== null && agentId !== null) {
      ledger.made.set(itemId, [
        {
          itemId,
          agentId,
          groupId: itemIn(tenant.state, itemId)?.groupId ?? '',
          why: { cause: 'repaired' },
        },
      ])
    } else if (kind === 'load' && agentId !== null) {
      const agent = tenant.members.get(agentId)
      if (agent !== undefined) tell(ledger, { type: 'config.agent', agent })
    }
  }
  const tickets = found.flatMap(({ kind, conversationId }) =>
    (kind === 'ticket-without-item' || kind === 'item-without-ticket') && conversationId !== null
      ? [conversationId]
      : [],
  )
  for (const ticket of (await readTickets(tx, [tenant.tenantId], tickets)).values()) followTicket(ledger, ticket)
  if (found.some(({ kind }) => kind === 'conversation-without-item')) await enqueueWaiting(tx, ledger, rules)
}

/** A conversation that is over or not routing's ends the item; one that is held otherwise follows it. */
async function follow(tx: Tx, ledger: Ledger, itemId: string, conversationId: string): Promise<void> {
  const item = itemIn(ledger.tenant.state, itemId)
  const row = await tx.maybe<{ status: string; heldBy: string }>(
    'select status, held_by from conversations where tenant_id = $1 and id = $2',
    ledger.tenant.tenantId,
    conversationId,
  )
  if (item === undefined || row === undefined) return
  if (row.status === 'open' && (row.heldBy === 'queue' || row.heldBy === 'agent')) {
    move(ledger, conversationId, item.agentId ?? null, item.groupId)
  } else {
    tell(ledger, { type: 'item.cancel', itemId })
  }
}
