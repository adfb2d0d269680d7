/** Presence and load of members, as the routing shard last decided. Reading only: the shard is the one who writes. */
import type { Presence } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'

/** What a presence has only when there is something to say. */
type Extras = Required<Pick<Presence, 'status' | 'closed' | 'closedReasons' | 'wrappingUp'>>
type Nullable<T> = { readonly [K in keyof T]: T[K] | null }

/** Of every member who is not disabled; whoever never came online is offline. */
export async function listPresences(tx: TenantTx): Promise<Presence[]> {
  const rows = await tx.query<Omit<Presence, keyof Extras> & { extras: Nullable<Extras> | null }>(
    `select m.id as member_id, coalesce(a.presence, 'offline') as state, a.reason, coalesce(a.used, 0) as used, m.capacity,
            json_build_object('status', a.record->'status', 'closed', a.record->'closed',
                              'closedReasons', a.record->'closedReasons', 'wrappingUp', a.record->'wrappingUp') as extras
       from members m left join agent_states a on a.tenant_id = m.tenant_id and a.agent_id = m.id
      where m.tenant_id = $1 and m.disabled_at is null order by m.id`,
    tx.tenantId,
  )
  return rows.map(({ extras, ...row }) => {
    const given = Object.entries(extras ?? {}).filter(([, value]) => value !== null)
    return { ...row, ...(Object.fromEntries(given) as Partial<Extras>) }
  })
}

/** Whether somebody of the group is there, free or not; without a group, somebody of the business. */
export async function isSomebodyOnDuty(tx: TenantTx, groupId: string | null): Promise<boolean> {
  const found = await tx.maybe(
    `select 1 from agent_states a join members m on m.tenant_id = a.tenant_id and m.id = a.agent_id and m.disabled_at is null
      where a.tenant_id = $1 and a.presence <> 'offline'
        and ($2::text is null or exists (select from skill_group_members s
              where s.tenant_id = $1 and s.group_id = $2 and s.member_id = a.agent_id)) limit 1`,
    tx.tenantId,
    groupId,
  )
  return found !== undefined
}
