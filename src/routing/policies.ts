/**
 * Skill groups and members as the engine is told of them. An event only says that something changed: what is told is the
 * rows as they stand, so events that come late, twice or together cannot bring an old configuration back.
 */
import type { Tx } from '../core/platform/database.ts'
import { type Ledger, tell } from './ledger.ts'
import type { AgentConfig, GroupConfig, Strategy } from './model.ts'

/**
 * What a step of priority is worth as time waited. Five minutes gave high priority nearly all of a strict order's benefit
 * in simulations at full load, and still bounds how long anybody is overtaken.
 */
const creditMs = 300_000

interface GroupRow {
  readonly tenantId: string
  readonly id: string
  readonly strategy: string
  readonly acceptMode: 'auto' | 'manual'
  readonly offerSeconds: number
  readonly wrapUpSeconds: number
}

interface MemberRow {
  readonly tenantId: string
  readonly id: string
  readonly capacity: number
  readonly memberships: readonly { groupId: string; tier: number; level: number }[]
}

/** The groups of these tenants, the oldest first: a tenant's first takes what has no group of its own. */
export async function readGroups(tx: Tx, tenantIds: readonly string[]): Promise<Map<string, GroupConfig[]>> {
  const rows = await tx.query<GroupRow>(
    `select tenant_id, id, strategy, accept_mode, offer_seconds, wrap_up_seconds from skill_groups
      where tenant_id = any($1) and removed_at is null order by created_at, id`,
    tenantIds,
  )
  return byTenant(rows, (row) => ({
    id: row.id,
    strategy: row.strategy as Strategy,
    acceptMode: row.acceptMode,
    offerTimeoutMs: row.offerSeconds * 1000,
    order: { by: 'aged', creditMs },
    wrapUpMs: row.wrapUpSeconds * 1000,
  }))
}

/** The members of these tenants who are not disabled; only those with these ids where ids are given. */
export async function readMembers(
  tx: Tx,
  tenantIds: readonly string[],
  ids?: readonly string[],
): Promise<Map<string, AgentConfig[]>> {
  const rows = await tx.query<MemberRow>(
    `select m.tenant_id, m.id, m.capacity,
            coalesce(jsonb_agg(jsonb_build_object('groupId', g.group_id, 'tier', g.tier, 'level', g.level) order by g.group_id)
                     filter (where g.group_id is not null), '[]') as memberships
       from members m left join skill_group_members g on g.tenant_id = m.tenant_id and g.member_id = m.id
      where m.tenant_id = any($1) and m.disabled_at is null and ($2::text[] is null or m.id = any($2))
      group by m.tenant_id, m.id, m.capacity order by m.id`,
    tenantIds,
    ids ?? null,
  )
  return byTenant(rows, (row) => ({
    id: row.id,
    capacity: row.capacity,
    hardMax: row.capacity * 2,
    memberships: row.memberships.map(({ groupId, tier, level }) => ({ groupId, tier, level })),
  }))
}

/** Members of these groups by the rows, to whom those whom the engine still takes for members must be added. */
export async function membersOfGroups(tx: Tx, tenantId: string, groupIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ memberId: string }>(
    'select distinct member_id from skill_group_members where tenant_id = $1 and group_id = any($2)',
    tenantId,
    groupIds,
  )
  return rows.map((row) => row.memberId)
}

/**
 * Tells the engine what differs from what it holds: new groups before the members who serve in them, what was taken away
 * last. `asked`: the members who were looked up, all of the tenant unless given; one of them without a row is gone.
 */
export function reconfigure(
  ledger: Ledger,
  groups: readonly GroupConfig[],
  members: readonly AgentConfig[],
  asked?: Iterable<string>,
): void {
  const { tenant } = ledger
  const kept = new Set(groups.map((group) => group.id))
  const removed = [...tenant.groups.keys()].filter((id) => !kept.has(id))
  for (const group of groups) {
    if (same(group, tenant.groups.get(group.id))) continue
    ledger.regrouped = true
    tell(ledger, { type: 'config.group', group })
  }
  for (const member of members) {
    if (same(member, tenant.members.get(member.id))) continue
    tenant.members.set(member.id, member)
    ledger.reconfigured.add(member.id)
    tell(ledger, { type: 'config.agent', agent: member })
  }
  tenant.groups = new Map(groups.map((group) => [group.id, group]))
  const fallback = groups[0]?.id
  for (const groupId of removed) {
    ledger.regrouped = true
    tell(ledger, {
      type: 'config.group-removed',
      groupId,
      ...(fallback !== undefined && { fallbackGroupId: fallback }),
    })
  }
  const present = new Set(members.map((member) => member.id))
  for (const agentId of [...(asked ?? tenant.members.keys())]) {
    if (present.has(agentId) || !tenant.members.delete(agentId)) continue
    ledger.reconfigured.add(agentId)
    tell(ledger, { type: 'config.agent-removed', agentId })
  }
}

/** Equal in meaning: both were made here, or stored as they were made. */
function same(a: object, b: object | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function byTenant<Row extends { readonly tenantId: string }, T>(rows: readonly Row[], shape: (row: Row) => T) {
  const found = new Map<string, T[]>()
  for (const row of rows) {
    const list = found.get(row.tenantId)
    if (list === undefined) found.set(row.tenantId, [shape(row)])
    else list.push(shape(row))
  }
  return found
}
