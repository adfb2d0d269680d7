/** Keeps what was estimated for those who have to wait, and when they were taken, so that the estimate knows its own error. */
import type { Tx } from '../core/platform/database.ts'
import { together } from '../core/platform/together.ts'
import { estimateWait } from './estimate.ts'
import type { Flows } from './flows.ts'
import type { Ledger } from './ledger.ts'
import { aheadOf, itemIn } from './look.ts'

/** Writes the waits that began and ended in these ledgers. */
export async function writeWaits(tx: Tx, ledgers: readonly Ledger[], flows: Flows): Promise<void> {
  const begun = writeBegun(tx, ledgers, flows)
  // What came in this transaction and is taken at once has not waited.
  const taken = ledgers.flatMap(({ tenant, taken, entries, at }) =>
    [...taken].filter((itemId) => !entries.has(itemId)).map((itemId) => ({ tenantId: tenant.tenantId, itemId, at })),
  )
  const ended = taken.length > 0 && endWaits(tx, taken)
  await together([begun, ended])
}

function endWaits(tx: Tx, taken: readonly { tenantId: string; itemId: string; at: number }[]): Promise<number> {
  return tx.run(
    `update waits set taken_at = to_timestamp($3 / 1000.0)
      where tenant_id = any($1) and item_id = any($2) and taken_at is null`,
    [...new Set(taken.map(({ tenantId }) => tenantId))],
    taken.map(({ itemId }) => itemId),
    taken[0]?.at ?? 0,
  )
}

async function writeBegun(tx: Tx, ledgers: readonly Ledger[], flows: Flows): Promise<void> {
  const begun = ledgers.flatMap(({ tenant, queued, at }) => {
    const waiting = [...queued].flatMap((itemId) => {
      const item = itemIn(tenant.state, itemId)
      return item === undefined || item.agentId !== undefined ? [] : [item]
    })
    const ahead = aheadOf(
      tenant.state,
      waiting.map(({ id }) => id),
    )
    return waiting.map(({ id, groupId }) => {
      return { tenantId: tenant.tenantId, itemId: id, groupId, at, ahead: ahead.get(id) ?? 0 }
    })
  })
  if (begun.length === 0) return
  const at = begun[0]?.at ?? 0
  const groups = [...new Map(begun.map((wait) => [wait.groupId, wait])).values()]
  const known = await flows.read(tx, groups, at)
  const rows = begun.map((wait) => {
    const flow = known.get(wait.groupId)
    return { ...wait, estimate: flow === undefined ? undefined : estimateWait(wait.ahead, flow, at) }
  })
  await tx.run(
    `insert into waits (tenant_id, item_id, group_id, queued_at, ahead, estimate_ms, low_ms, high_ms)
     select t, i, g, to_timestamp($8 / 1000.0), a, e, l, h
       from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[]) as u (t, i, g, a, e, l, h)
     on conflict do nothing`,
    rows.map(({ tenantId }) => tenantId),
    rows.map(({ itemId }) => itemId),
    rows.map(({ groupId }) => groupId),
    rows.map(({ ahead }) => ahead),
    rows.map(({ estimate }) => estimate?.ms ?? null),
    rows.map(({ estimate }) => estimate?.lowMs ?? null),
    rows.map(({ estimate }) => estimate?.highMs ?? null),
    at,
  )
}
