/** The flow of skill groups, as estimates need it: read from what is stored, and remembered for some seconds. Reading only. */
import type { Tx } from '../core/platform/database.ts'
import { type Flow, windowMs } from './estimate.ts'

export interface MeasuredFlow extends Flow {
  /** Of the waits behind `errors`: how many lay within what had been said. */
  readonly within: number
}

interface FlowRow extends MeasuredFlow {
  readonly tenantId: string
  readonly groupId: string
}

const freshMs = 5000
const kept = 10_000

export class Flows {
  readonly #known = new Map<string, { readonly at: number; readonly flow: MeasuredFlow }>()

  /** The flow of these groups at the moment `at`, by group; what is known of the last seconds is not asked again. */
  async read(
    tx: Tx,
    groups: readonly { readonly tenantId: string; readonly groupId: string }[],
    at: number,
  ): Promise<ReadonlyMap<string, MeasuredFlow>> {
    const asked = groups.filter(({ groupId }) => {
      const known = this.#known.get(groupId)
      return known === undefined || Math.abs(at - known.at) > freshMs
    })
    for (const { tenantId: _, groupId, ...flow } of await readFlows(tx, asked, at)) {
      this.#known.delete(groupId)
      this.#known.set(groupId, { at, flow })
    }
    const found = new Map<string, MeasuredFlow>()
    for (const { groupId } of groups) {
      const known = this.#known.get(groupId)
      if (known !== undefined) found.set(groupId, known.flow)
    }
    for (const groupId of this.#known.keys()) {
      if (this.#known.size <= kept) break
      this.#known.delete(groupId)
    }
    return found
  }
}

async function readFlows(
  tx: Tx,
  groups: readonly { readonly tenantId: string; readonly groupId: string }[],
  at: number,
): Promise<FlowRow[]> {
  if (groups.length === 0) return []
  const wait = 'greatest(1000, extract(epoch from w.taken_at - w.queued_at) * 1000)'
  return tx.query<FlowRow>(
    `select u.t as tenant_id, u.g as group_id,
            array(select (extract(epoch from w.taken_at) * 1000)::float8 from waits w
                   where w.tenant_id = u.t and w.group_id = u.g and w.taken_at > to_timestamp(($3::bigint - ${windowMs}) / 1000.0)
                   order by w.taken_at desc limit 50) as taken,
            coalesce(e.errors, '{}') as errors, coalesce(e.within, 0)::int as within,
            array(select (extract(epoch from a.ended_at - a.started_at) * 1000)::float8 from assignments a
                   where a.tenant_id = u.t and a.group_id = u.g and a.ended_at is not null order by a.ended_at desc limit 50) as services,
            (select count(*)::int from assignments a
              where a.tenant_id = u.t and a.group_id = u.g and a.ended_at is null) as in_service,
            (select count(*)::int from skill_group_members m
               join agent_states s on s.tenant_id = m.tenant_id and s.agent_id = m.member_id and s.presence = 'online'
              where m.tenant_id = u.t and m.group_id = u.g) as online
       from unnest($1::text[], $2::text[]) as u (t, g)
       left join lateral (
         select array_agg(l.error) as errors, count(*) filter (where l.within) as within from (
           select abs(ln(${wait} / greatest(1000, w.estimate_ms)))::float8 as error, ${wait} between w.low_ms and w.high_ms as within
             from waits w where w.tenant_id = u.t and w.group_id = u.g and w.taken_at is not null and w.estimate_ms is not null
            order by w.taken_at desc limit 100) l) e on true`,
    groups.map(({ tenantId }) => tenantId),
    groups.map(({ groupId }) => groupId),
    at,
  )
}
