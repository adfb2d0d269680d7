/** States of agents in the business's own words (小休, 培训, 只接文字): each stands for one of the hub's, perhaps with media closed. What is in use is retired, never removed. */
import type { AgentStatus } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'

export const maxStatuses = 100

/** All of them, retired ones too, in their order. */
export function listStatuses(tx: TenantTx): Promise<AgentStatus[]> {
  return tx.query<AgentStatus>(
    'select key, name, state, closed, position, retired from agent_statuses where tenant_id = $1 order by position, key',
    tx.tenantId,
  )
}

export type StatusChange = Partial<Omit<AgentStatus, 'key'>>

/**
 * Makes a status, or changes one; a new one needs a name and a state. Repeating it changes nothing. Whoever is in it stays as they
 * are until they choose anew. Changes come one after another. Faults: `status-incomplete`, `statuses-too-many`.
 */
export async function putStatus(tx: TenantTx, key: string, change: StatusChange): Promise<AgentStatus> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('agent-statuses ' || $1, 0))`, tx.tenantId)
  const all = await listStatuses(tx)
  const before = all.find((status) => status.key === key)
  const { name, state } = { ...before, ...change }
  if (name === undefined || state === undefined) {
    throw new Fault('invalid', 'status-incomplete', 'A new status needs a name and a state.', {
      errors: [{ pointer: name === undefined ? '/name' : '/state', detail: 'is missing' }],
    })
  }
  if (before === undefined && all.length >= maxStatuses) {
    throw new Fault('conflict', 'statuses-too-many', `There are at most ${maxStatuses} statuses.`)
  }
  const after = { position: 0, retired: false, closed: [], ...before, ...change, key, state, name: storable(name) }
  await tx.run(
    `insert into agent_statuses (tenant_id, key, name, state, closed, position, retired) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, key) do update set name = excluded.name, state = excluded.state, closed = excluded.closed,
       position = excluded.position, retired = excluded.retired`,
    tx.tenantId,
    key,
    after.name,
    after.state,
    after.closed,
    after.position,
    after.retired,
  )
  return after
}

/** Faults with `status-unknown` unless it is there and in use. */
export async function requireStatus(tx: TenantTx, key: string): Promise<AgentStatus> {
  const found = (await listStatuses(tx)).find((status) => status.key === key && !status.retired)
  if (found !== undefined) return found
  throw new Fault('invalid', 'status-unknown', `There is no status ${key} in use.`, {
    errors: [{ pointer: '/status', detail: 'names no status in use' }],
  })
}
