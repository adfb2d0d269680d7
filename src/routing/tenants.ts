/**
 * What a shard keeps in memory of a tenant, and how it is rebuilt from the database, which is the truth: whenever memory
 * may have run ahead of it, memory is thrown away.
 */
import type { Presence as ShownPresence } from '../core/events/shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { Fault } from '../core/platform/errors.ts'
import { restore, type State } from './engine.ts'
import { agentIn } from './look.ts'
import type { AgentConfig, AgentRecord, GroupConfig, ItemRecord, TenantRecord } from './model.ts'

export interface RoutedTenant {
  readonly tenantId: string
  readonly state: State
  /** The newest item of each conversation or ticket that has one which is not over. */
  readonly items: Map<string, string>
  /** Configuration as the engine holds it. Groups are in the order of their creation. */
  groups: Map<string, GroupConfig>
  readonly members: Map<string, AgentConfig>
  /** Presence as it was last announced. */
  readonly shown: Map<string, ShownPresence>
  /** What each agent's use may reach, as stored: see ceiling() in writing.ts. */
  readonly ceilings: Map<string, number>
  /** The day (UTC) of which the state at its beginning is kept. */
  snapshotDay: string | undefined
  /** Whether it holds what no transaction has committed yet. */
  ahead: boolean
}

/** The word with which a conversation leaves routing to be closed. */
export const CLOSE = 'close'

/** An item is named by its conversation or ticket and the version it was queued at: queued again later, it is another item. */
export function itemIdOf(subject: string, version: number): string {
  return `${subject}.${version}`
}

/** The conversation or ticket that the item is of. */
export function subjectOf(itemId: string): string {
  return itemId.slice(0, itemId.lastIndexOf('.'))
}

export function isTicket(subject: string): boolean {
  return subject.startsWith('tkt_')
}

/** The same as the two columns that tables have for it. */
export function subjectColumns(itemId: string): { conversationId: string | null; ticketId: string | null } {
  const subject = subjectOf(itemId)
  return isTicket(subject) ? { conversationId: null, ticketId: subject } : { conversationId: subject, ticketId: null }
}

/** Whether it only stands in line for an item that its holder hands on: consult.ts names it so. */
export function isConsult(itemId: string): boolean {
  return itemId.includes('c', itemId.lastIndexOf('.'))
}

/** The conversation's version at which the item was queued. */
export function versionOf(itemId: string): number {
  return Number(itemId.slice(itemId.lastIndexOf('.') + 1))
}

/** An agent's presence as everybody is shown it. */
export function shownPresence(record: AgentRecord, capacity: number): ShownPresence {
  const isAbsent = record.presence === 'away' && record.reason === 'not-responding'
  return {
    memberId: record.id,
    state: isAbsent ? 'not-responding' : record.presence,
    reason: isAbsent ? null : (record.reason ?? null),
    used: record.used,
    capacity,
    ...(record.status !== undefined && { status: record.status }),
    ...(record.closed !== undefined && { closed: [...record.closed] }),
    ...(record.closedReasons !== undefined && { closedReasons: { ...record.closedReasons } }),
    ...(record.wrappingUp !== undefined && { wrappingUp: record.wrappingUp }),
  }
}

interface AgentRow {
  readonly tenantId: string
  readonly record: AgentRecord
  readonly config: AgentConfig
  readonly hardMax: number
}

interface TenantRow {
  readonly id: string
  readonly record: TenantRecord | null
  readonly groups: readonly GroupConfig[] | null
  readonly snapshotDay: string | null
}

/**
 * Rebuilds tenants as they were committed last: with the same digest, and with the configuration that was in force then.
 * Faults with `tenant-unknown`.
 */
export async function rebuild(tx: Tx, tenantIds: readonly string[]): Promise<RoutedTenant[]> {
  const tenants = await tx.query<TenantRow>(
    `select t.id, r.record, r.groups, r.snapshot_day::text from tenants t left join routing_states r on r.tenant_id = t.id where t.id = any($1)`,
    tenantIds,
  )
  if (tenants.length < new Set(tenantIds).size) {
    throw new Fault('not-found', 'tenant-unknown', 'There is no such tenant.')
  }
  const items = await tx.query<{ tenantId: string; record: ItemRecord }>(
    `select tenant_id, record from work_items
      where tenant_id = any($1) and state not in ('done', 'abandoned', 'rejected', 'expired')`,
    tenantIds,
  )
  const agents = await tx.query<AgentRow>(
    'select tenant_id, record, config, hard_max from agent_states where tenant_id = any($1)',
    tenantIds,
  )
  const itemsOf = Map.groupBy(items, (row) => row.tenantId)
  const agentsOf = Map.groupBy(agents, (row) => row.tenantId)
  return tenants.map((row) =>
    assemble(
      row,
      (itemsOf.get(row.id) ?? []).map((item) => item.record),
      (agentsOf.get(row.id) ?? []).filter((agent) => !agent.record.removed),
    ),
  )
}

function assemble(row: TenantRow, items: readonly ItemRecord[], agents: readonly AgentRow[]): RoutedTenant {
  const groups = row.groups ?? []
  const state = restore(row.id, {
    ...(row.record !== null && { tenant: row.record }),
    items,
    agents: agents.map((agent) => agent.record),
    groups,
    members: agents.map((agent) => agent.config),
  })
  const tenant: RoutedTenant = {
    tenantId: row.id,
    state,
    items: new Map(),
    groups: new Map(groups.map((group) => [group.id, group])),
    members: new Map(agents.map((agent) => [agent.config.id, agent.config])),
    shown: new Map(),
    ceilings: new Map(agents.map((agent) => [agent.config.id, agent.hardMax])),
    snapshotDay: row.snapshotDay ?? undefined,
    ahead: false,
  }
  for (const item of items.toSorted((a, b) => a.seq - b.seq))
    if (!isConsult(item.id)) tenant.items.set(subjectOf(item.id), item.id)
  for (const { config } of agents) {
    const record = agentIn(state, config.id)
    if (record) tenant.shown.set(config.id, shownPresence(record, config.capacity ?? 0))
  }
  return tenant
}
