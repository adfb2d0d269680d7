/** What routing decided of one conversation or ticket, as it was written with each decision. Reading only. */
import type { TenantTx, Tx } from '../core/platform/database.ts'
import type { EntryRecord } from './entry.ts'
import { explainItem, type ItemView } from './explain.ts'
import type { Pass } from './ledger.ts'
import { consultOf } from './look.ts'
import { rebuild } from './tenants.ts'

export interface JournalEntry {
  readonly at: Date
  readonly type: 'offered' | 'accepted' | 'declined' | 'expired' | 'rescinded' | 'assigned' | 'released'
  readonly memberId: string
  /** Why this agent, for what was offered or assigned: strategy, step, the winner's measures and the next one's. */
  readonly why: Readonly<Record<string, unknown>> | null
  /** Why it was declined, in the agent's words; of what was rescinded or released, in the engine's. */
  readonly reason: string | null
}

/** Offers and assignments of a conversation or ticket, oldest first, at most the newest 200. Looks neither at permission nor existence. */
export async function readJournal(tx: TenantTx, subject: string): Promise<JournalEntry[]> {
  const rows = await tx.query<JournalEntry>(
    `select * from (
       select created_at as at, 'offered' as type, agent_id as member_id, why, null::text as reason, 2 as n, id as k
         from offers where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2)
       union all
       select ended_at, state, agent_id, null, reason, 1, id
         from offers where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2) and ended_at is not null
       union all
       select started_at, 'assigned', agent_id, why, null, 3, lpad(id::text, 20, '0')
         from assignments where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2)
       union all
       select ended_at, 'released', agent_id, null, end_reason, 0, lpad(id::text, 20, '0')
         from assignments where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2) and ended_at is not null
     ) j order by at desc, n desc, k desc limit 200`,
    tx.tenantId,
    subject,
  )
  return rows.map(({ at, type, memberId, why, reason }) => ({ at, type, memberId, why, reason })).toReversed()
}

/**
 * How the conversation or ticket stands with routing at this moment, with everybody who could take it or could not. Read from what
 * is stored, which equals what the shard holds; undefined when routing has nothing open of it. The transaction is a
 * worker's, for this tenant. Costs a reading of all the tenant's open work.
 */
export async function explainSubject(tx: Tx, tenantId: string, subject: string): Promise<ItemView | undefined> {
  const [tenant] = await rebuild(tx, [tenantId])
  const itemId = tenant?.items.get(subject)
  if (tenant === undefined || itemId === undefined) return undefined
  // Who could take over what is being handed on is the question then.
  return explainItem(tenant.state, consultOf(tenant.state, itemId) ?? itemId)
}

/** How the conversation last came into a skill group; undefined where it never waited, or did before this was kept. */
export async function readEntry(tx: TenantTx, conversationId: string): Promise<EntryRecord | undefined> {
  const row = await tx.maybe<{ entry: EntryRecord }>(
    `select entry from work_items where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2) and entry is not null
      order by (record->>'seq')::bigint desc limit 1`,
    tx.tenantId,
    conversationId,
  )
  return row?.entry
}

/** Each time that a skill group could not serve the conversation or ticket, oldest first. */
export async function readPasses(tx: TenantTx, subject: string): Promise<Pass[]> {
  const rows = await tx.query<{ passes: Pass[] }>(
    `select passes from work_items where tenant_id = $1 and (conversation_id = $2 or ticket_id = $2) and passes is not null
      order by (record->>'seq')::bigint`,
    tx.tenantId,
    subject,
  )
  return rows.flatMap(({ passes }) => passes)
}
