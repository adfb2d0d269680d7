/** Where those who wait stand in line, and how long it will be: one reading for all of a tenant. Reading only. */
import type { TenantTx } from '../core/platform/database.ts'
import { type Estimate, estimateWait } from './estimate.ts'
import type { Flows } from './flows.ts'

export interface Place {
  readonly conversationId: string
  /** The contact, or that which it was merged into. */
  readonly contactId: string
  readonly groupId: string
  /** 1 is next. */
  readonly position: number
  readonly waitingSince: Date
  readonly estimate: Estimate | undefined
}

type PlaceRow = Omit<Place, 'estimate'>

/** Everybody who waits and whom nobody serves meanwhile, each group in its order; only one conversation where one is named. Costs one pass over what waits. */
export async function readPlaces(tx: TenantTx, flows: Flows, now: number, conversationId?: string): Promise<Place[]> {
  const rows = await tx.query<PlaceRow>(
    `select l.conversation_id, coalesce(o.merged_into, o.id) as contact_id, l.group_id, l.position, l.waiting_since from (
       select conversation_id, group_id, to_timestamp((record->>'enqueuedAt')::float8 / 1000) as waiting_since,
              (row_number() over (partition by group_id order by coalesce((record->>'band')::float8, 0), (record->>'key')::float8, (record->>'seq')::bigint))::int as position,
              record->>'consultFor' is not null as is_served
         from work_items where tenant_id = $1 and state in ('waiting', 'offered')
          and state not in ('done', 'abandoned', 'rejected', 'expired')) l
       join conversations c on c.tenant_id = $1 and c.id = l.conversation_id
       join contacts o on o.tenant_id = $1 and o.id = c.contact_id
      where not l.is_served and ($2::text is null or l.conversation_id = $2)`,
    tx.tenantId,
    conversationId ?? null,
  )
  const groups = [...new Set(rows.map((row) => row.groupId))].map((groupId) => ({ tenantId: tx.tenantId, groupId }))
  const known = await flows.read(tx, groups, now)
  return rows.map((row) => {
    const flow = known.get(row.groupId)
    return { ...row, estimate: flow === undefined ? undefined : estimateWait(row.position - 1, flow, now) }
  })
}
