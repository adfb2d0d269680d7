/** How much goes out of a channel to numbers outside, whichever way: calls that are made, callers who are given or forwarded, agents outside. */
import type { CallPlan } from '../events/call-plan-shapes.ts'
import type { TenantTx } from '../platform/database.ts'

const unless = { maxAtOnce: 10, maxPerHour: 60 }
const hourMs = 3_600_000

type Outbound = NonNullable<CallPlan['outbound']>

/** Whether one more may go out; `begun` of those that do are this one already. What was asked for and does not ring yet counts. */
export async function mayAskOutside(
  tx: TenantTx,
  channelId: string,
  outbound: Outbound,
  at: number,
  begun: number,
): Promise<boolean> {
  const { maxAtOnce = unless.maxAtOnce, maxPerHour = unless.maxPerHour } = outbound
  const { live, lately } = await countOutgoing(tx, channelId, at)
  const { asked } = await tx.one<{ asked: number }>(
    `select count(*)::int as asked from call_acts x join calls k on k.tenant_id = x.tenant_id and k.id = x.call_id
      where x.tenant_id = $1 and k.channel_id = $2 and k.ended_at is null and x.outcome is null and x.data->>'number' is not null`,
    tx.tenantId,
    channelId,
  )
  return live + asked - begun < maxAtOnce && lately + asked - begun < maxPerHour
}

/** Whether one that the call has begun to ring may be rung. A channel whose plan says nothing of calls that go out bounds none that it forwards. */
export async function mayRingOutside(tx: TenantTx, callId: string, at: number): Promise<boolean> {
  const found = await tx.maybe<{ channelId: string; outbound: Outbound | null }>(
    `select k.channel_id, p.plan->'outbound' as outbound from calls k
       join call_plans p on p.tenant_id = k.tenant_id and p.channel_id = k.channel_id
      where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    callId,
  )
  if (!found?.outbound) return true
  const { maxAtOnce = unless.maxAtOnce, maxPerHour = unless.maxPerHour } = found.outbound
  const { live, lately } = await countOutgoing(tx, found.channelId, at)
  return live <= maxAtOnce && lately <= maxPerHour
}

/** Calls that go out now, and did in the last hour: those that were made, and every number outside that another call had rung. */
function countOutgoing(tx: TenantTx, channelId: string, at: number): Promise<{ live: number; lately: number }> {
  return tx.one(
    `select count(*) filter (where is_live)::int as live, count(*)::int as lately from (
       select ended_at is null as is_live from calls
        where tenant_id = $1 and channel_id = $2 and direction = 'out' and (ended_at is null or started_at > $3)
       union all
       select l.leg->>'state' <> 'ended' from calls k cross join lateral jsonb_array_elements(k.record->'legs') as l (leg)
        where k.tenant_id = $1 and k.channel_id = $2 and (k.ended_at is null or k.started_at > $4)
          and (l.leg->>'number' is not null or exists (select from phones p where p.tenant_id = $1 and p.channel_id = $2
                                                          and p.extension = l.leg->>'extension' and p.number not like 'sip:%'))
          and (l.leg->>'state' <> 'ended' or (l.leg->>'rangAt')::bigint > $5)
     ) as outgoing`,
    tx.tenantId,
    channelId,
    new Date(at - hourMs),
    new Date(at - 24 * hourMs),
    at - hourMs,
  )
}
