/** Queues and agents at this moment, for those who look after them (实时监控). Reading only, from what is stored. */
import type { PresenceState } from '../core/events/shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'
import type { Flows } from './flows.ts'

export interface QueueFigures {
  readonly groupId: string
  readonly waiting: number
  /** Being offered to somebody: of what waits, or is handed on to it. */
  readonly offered: number
  /** Of what waits: in the pool (未接入池), for nobody in particular. */
  readonly pooled: number
  /** Put off: nobody is asked for them at present. */
  readonly deferred: number
  /** Beside what waits: for the opening hours, when routing hears of them. */
  readonly parked: number
  /** Beside what waits: handed on to it while somebody of another group still serves them. */
  readonly handedOn: number
  /** Since when the one that has waited longest is waiting. */
  readonly oldestAt: Date | null
  readonly inService: number
  /** Members on duty, and those of them who have room. */
  readonly online: number
  readonly free: number
  readonly members: number
}

/** How good the estimates of waits have been lately. */
export interface EstimateFigures {
  /** Waits of the last days that were estimated and are over. */
  readonly measured: number
  /** Share of them that lay between what had been said; null without any. */
  readonly within: number | null
  /** The middle one of max(wait ÷ estimate, estimate ÷ wait): 1.3 is off by 30 %. */
  readonly medianFactor: number | null
}

/** Keyed by group, of those with any. */
export async function readEstimateFigures(
  tx: TenantTx,
  flows: Flows,
  groupIds: readonly string[],
  now: number,
): Promise<Map<string, EstimateFigures>> {
  const known = await flows.read(
    tx,
    groupIds.map((groupId) => ({ tenantId: tx.tenantId, groupId })),
    now,
  )
  return new Map(
    [...known].map(([groupId, { errors, within }]) => {
      const sorted = errors.toSorted((a, b) => a - b)
      const middle = sorted[Math.floor(sorted.length / 2)]
      const share = errors.length === 0 ? null : within / errors.length
      return [
        groupId,
        { measured: errors.length, within: share, medianFactor: middle === undefined ? null : Math.exp(middle) },
      ]
    }),
  )
}

/** One row for each group that is there, by name. */
export function readQueues(tx: TenantTx): Promise<QueueFigures[]> {
  return tx.query<QueueFigures>(
    `select g.id as group_id, coalesce(c.waiting, 0)::int as waiting, coalesce(t.handed_on, 0)::int as handed_on, coalesce(o.offered, 0)::int as offered,
            coalesce(q.pooled, 0)::int as pooled, coalesce(c.deferred, 0)::int as deferred, coalesce(c.parked, 0)::int as parked, c.oldest_at,
            coalesce(c.in_service, 0)::int as in_service, coalesce(m.online, 0)::int as online,
            coalesce(m.free, 0)::int as free, coalesce(m.members, 0)::int as members
       from skill_groups g
       left join (select group_id, count(*) filter (where held_by = 'queue' and snoozed_at is null and parked_at is null) as waiting,
                         count(*) filter (where held_by = 'queue' and snoozed_at is not null) as deferred,
                         count(*) filter (where held_by = 'queue' and snoozed_at is null and parked_at is not null) as parked,
                         min(coalesce(waiting_since, opened_at)) filter (where held_by = 'queue' and snoozed_at is null and parked_at is null) as oldest_at,
                         count(*) filter (where held_by = 'agent') as in_service
                    from conversations where tenant_id = $1 and status = 'open' group by group_id) c on c.group_id = g.id
       left join (select transfer_group_id, count(*) as handed_on
                    from conversations where tenant_id = $1 and status = 'open' and transfer_group_id is not null
                   group by transfer_group_id) t on t.transfer_group_id = g.id
       left join (select group_id, count(distinct item_id) as offered
                    from offers where tenant_id = $1 and state = 'open' group by group_id) o on o.group_id = g.id
       left join (select group_id, count(conversation_id) as pooled
                    from work_items where tenant_id = $1 and state = 'pooled' group by group_id) q on q.group_id = g.id
       left join (select s.group_id, count(*) as members,
                         count(*) filter (where a.presence = 'online') as online,
                         count(*) filter (where a.presence = 'online' and a.used < p.capacity) as free
                    from skill_group_members s
                    join members p on p.tenant_id = s.tenant_id and p.id = s.member_id and p.disabled_at is null
                    left join agent_states a on a.tenant_id = s.tenant_id and a.agent_id = s.member_id
                   where s.tenant_id = $1 group by s.group_id) m on m.group_id = g.id
      where g.tenant_id = $1 and g.removed_at is null order by g.name`,
    tx.tenantId,
  )
}

export interface AgentFigures {
  readonly memberId: string
  readonly state: PresenceState
  /** The key of one of the business's own states. */
  readonly status: string | null
  readonly reason: string | null
  /** Since when they are in this state; null for whoever never was in any. */
  readonly since: Date | null
  readonly used: number
  readonly capacity: number
  readonly conversations: number
  readonly wrappingUp: number
  readonly openOffers: number
  /** Since when nothing was asked of them. */
  readonly idleSince: Date | null
  /** Offers missed in a row. */
  readonly missed: number
  readonly groupIds: readonly string[]
}

/** One row for each member who belongs to a group or has been on duty, by name. */
export function readAgents(tx: TenantTx): Promise<AgentFigures[]> {
  return tx.query<AgentFigures>(
    `select p.id as member_id, coalesce(a.presence, 'offline') as state, a.record->>'status' as status, a.reason,
            to_timestamp((a.record->>'presenceSince')::bigint / 1000.0) as since,
            coalesce(a.used, 0) as used, p.capacity,
            (select count(*)::int from conversations c
              where c.tenant_id = $1 and c.assignee_id = p.id and c.status = 'open') as conversations,
            coalesce((a.record->>'wrappingUp')::int, 0) as wrapping_up,
            (select count(*)::int from offers o where o.tenant_id = $1 and o.agent_id = p.id and o.state = 'open') as open_offers,
            case when coalesce(a.used, 0) = 0 then to_timestamp((a.record->>'idleSince')::bigint / 1000.0) end as idle_since,
            coalesce((a.record->>'missed')::int, 0) as missed,
            array(select s.group_id from skill_group_members s
                   where s.tenant_id = $1 and s.member_id = p.id order by s.group_id) as group_ids
       from members p left join agent_states a on a.tenant_id = p.tenant_id and a.agent_id = p.id
      where p.tenant_id = $1 and p.disabled_at is null
        and (a.agent_id is not null
             or exists (select from skill_group_members s where s.tenant_id = $1 and s.member_id = p.id))
      order by p.name, p.id`,
    tx.tenantId,
  )
}
