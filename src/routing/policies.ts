/**
 * Skill groups and members as the engine is told of them. An event only says that something changed: what is told is the
 * rows as they stand, so events that come late, twice or together cannot bring an old configuration back.
 */
import type { GroupRouting, OverflowHandler, PlanStep, SkillLevel } from '../core/events/routing-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { routingOf } from '../core/tenancy/group-routing.ts'
import { type Ledger, tell } from './ledger.ts'
import type { AgentConfig, GroupConfig, Order, Overflow, OverflowRules, Step, Strategy } from './model.ts'
import { CLOSE } from './tenants.ts'

export interface GroupRow {
  readonly tenantId: string
  readonly id: string
  readonly strategy: string
  readonly acceptMode: 'auto' | 'manual'
  readonly offerSeconds: number
  readonly wrapUpSeconds: number
  readonly maxWaiting: number | null
  readonly routing: Partial<GroupRouting>
}

export interface MemberRow {
  readonly tenantId: string
  readonly id: string
  readonly capacity: number
  readonly limits: AgentConfig['limits']
  readonly skills: readonly SkillLevel[]
  readonly memberships: readonly {
    groupId: string
    tier: number
    level: number
    weight: number
    creditSeconds: number
    maxItems: number | null
  }[]
  readonly acceptMode: 'auto' | 'manual' | null
}

/** The groups of these tenants, the oldest first: a tenant's first takes what has no group of its own. */
export async function readGroups(tx: Tx, tenantIds: readonly string[]): Promise<Map<string, GroupConfig[]>> {
  return byTenant(await readGroupRows(tx, tenantIds), toGroupConfig)
}

export function readGroupRows(tx: Tx, tenantIds: readonly string[]): Promise<GroupRow[]> {
  return tx.query<GroupRow>(
    `select tenant_id, id, strategy, accept_mode, offer_seconds, wrap_up_seconds, max_waiting, routing from skill_groups
      where tenant_id = any($1) and removed_at is null order by created_at, id`,
    tenantIds,
  )
}

/** The members of these tenants who are not disabled; only those with these ids where ids are given. */
export async function readMembers(
  tx: Tx,
  tenantIds: readonly string[],
  ids?: readonly string[],
): Promise<Map<string, AgentConfig[]>> {
  return byTenant(await readMemberRows(tx, tenantIds, ids), toAgentConfig)
}

export function readMemberRows(tx: Tx, tenantIds: readonly string[], ids?: readonly string[]): Promise<MemberRow[]> {
  return tx.query<MemberRow>(
    `select m.tenant_id, m.id, m.capacity, m.limits, m.skills, m.accept_mode,
            coalesce(jsonb_agg(jsonb_build_object('groupId', g.group_id, 'tier', g.tier, 'level', g.level, 'weight', g.weight,
                                                  'creditSeconds', g.credit_seconds, 'maxItems', g.max_items) order by g.group_id)
                     filter (where g.group_id is not null), '[]') as memberships
       from members m left join skill_group_members g on g.tenant_id = m.tenant_id and g.member_id = m.id
      where m.tenant_id = any($1) and m.disabled_at is null and ($2::text[] is null or m.id = any($2))
      group by m.tenant_id, m.id, m.capacity, m.limits, m.skills, m.accept_mode order by m.id`,
    tenantIds,
    ids ?? null,
  )
}

/** A member as the engine is told of them. */
export function toAgentConfig(row: MemberRow): AgentConfig {
  return {
    id: row.id,
    capacity: row.capacity,
    hardMax: row.capacity * 2,
    ...limitsOf({ ticket: Math.max(1, Math.floor(row.capacity / 2)), ...row.limits }),
    ...(row.skills.length > 0 && { skills: row.skills.map(({ skill, level }) => ({ skill, level })) }),
    memberships: row.memberships.map(({ groupId, tier, level, weight, creditSeconds, maxItems }) => ({
      groupId,
      tier,
      level,
      ...(weight !== 1 && { weight }),
      ...(creditSeconds > 0 && { creditMs: creditSeconds * 1000 }),
      ...(maxItems !== null && { maxItems }),
    })),
    ...(row.acceptMode !== null && { acceptMode: row.acceptMode }),
  }
}

/** A group as the engine is told of it. */
export function toGroupConfig(row: GroupRow): GroupConfig {
  const routing = routingOf(row.routing)
  return {
    id: row.id,
    strategy: row.strategy as Strategy,
    acceptMode: row.acceptMode,
    offerTimeoutMs: row.offerSeconds * 1000,
    order: orderOf(routing.order),
    wrapUpMs: row.wrapUpSeconds * 1000,
    offersAtOnce: routing.offersAtOnce,
    declineCooldownMs: routing.declineCooldownSeconds * 1000,
    reofferDelayMs: routing.reofferSeconds * 1000,
    maxMissed: routing.maxMissed,
    onOffline: routing.onOffline,
    onLinkLost: routing.onLinkLost,
    wrapUp: routing.wrapUp,
    ...(row.maxWaiting !== null && { maxWaiting: row.maxWaiting }),
    overflow: overflowOf(routing.overflow),
    ...(routing.reserve !== null && { reserve: routing.reserve }),
    ...(routing.maxEach !== null && { maxEach: routing.maxEach }),
    notDuring: routing.notDuring,
    interruptible: routing.interruptible,
    weight: routing.weight,
    parkedWeight: routing.parkedWeight,
    onWakeFull: routing.onWakeFull,
    steps: routing.plan.map(stepOf),
  }
}

/** A full group never refuses a conversation: without a rule for it, it is put into the pool. */
function overflowOf({ nobody, full, slow, late }: GroupRouting['overflow']): OverflowRules {
  return {
    ...(nobody !== undefined && { nobody: handlerOf(nobody) }),
    full: full === undefined ? { to: 'pool' } : handlerOf(full),
    ...(slow !== undefined && {
      slow: { estimateMs: slow.estimateSeconds * 1000, handler: handlerOf(slow.handler) },
    }),
    ...(late !== undefined && { late: { afterMs: late.afterSeconds * 1000, handler: handlerOf(late.handler) } }),
  }
}

function handlerOf(handler: OverflowHandler): Overflow {
  if ('groupId' in handler) return { to: 'group', groupId: handler.groupId }
  return 'pool' in handler ? { to: 'pool' } : { to: 'end', action: CLOSE }
}

function orderOf({ by, creditSeconds, targetSeconds, guardSeconds = 3600 }: GroupRouting['order']): Order {
  const creditMs = creditSeconds * 1000
  if (by === 'strict' || by === 'lifo') return { by, guardMs: guardSeconds * 1000 }
  if (by === 'deadline') return { by, targetMs: targetSeconds * 1000, creditMs }
  return by === 'aged' ? { by, creditMs } : { by }
}

/** A step as it is configured, in the engine's words. */
export function stepOf(step: PlanStep): Step {
  const { afterSeconds, mode, groupId, memberIds, skills, where, maxTier, priority, skipIfNobody, waitSeconds } = step
  return {
    ...(afterSeconds !== undefined && { afterMs: afterSeconds * 1000 }),
    ...(mode !== undefined && { mode }),
    ...(groupId !== undefined && { groupId }),
    ...(memberIds !== undefined && { agents: memberIds }),
    ...(skills !== undefined && { requirements: skills }),
    ...(where !== undefined && { where }),
    ...(maxTier !== undefined && { maxTier }),
    ...(priority !== undefined && { priority }),
    ...(skipIfNobody !== undefined && { skipIfNobody }),
    ...(waitSeconds !== undefined && {
      waitMs: {
        full: waitSeconds.full * 1000,
        busy: waitSeconds.busy * 1000,
        offline: waitSeconds.offline * 1000,
      },
    }),
  }
}

function limitsOf(limits: AgentConfig['limits']): Pick<AgentConfig, 'limits'> {
  const { chat, call, ticket } = limits ?? {}
  if (chat === undefined && call === undefined && ticket === undefined) return {}
  return {
    limits: {
      ...(chat !== undefined && { chat }),
      ...(call !== undefined && { call }),
      ...(ticket !== undefined && { ticket }),
    },
  }
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
