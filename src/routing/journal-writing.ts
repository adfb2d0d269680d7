/** Keeps what the engine was told, and once a day the state before it, in the transaction of its decisions. */
import type { Tx } from '../core/platform/database.ts'
import { textArray } from '../core/platform/text-array.ts'
import { dayOf, type Ledger } from './ledger.ts'
import { decisionDigest } from './records.ts'

/** Writes one row for each ledger that told its engine anything. */
export async function writeJournal(tx: Tx, ledgers: readonly Ledger[]): Promise<void> {
  const told = ledgers.filter((ledger) => ledger.told.length > 0)
  if (told.length === 0) return
  const rows = await tx.query<{ tenantId: string; id: number }>(
    `insert into routing_journal (tenant_id, at, events, digest)
     select t, to_timestamp(a / 1000.0), e::json, d from unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) as u (t, a, e, d)
     returning tenant_id, id`,
    told.map(({ tenant }) => tenant.tenantId),
    told.map(({ at }) => at),
    textArray(told.map((ledger) => JSON.stringify(ledger.told))),
    told.map((ledger) => decisionDigest(ledger.decided)),
  )
  const ids = new Map(rows.map(({ tenantId, id }) => [tenantId, id]))
  const begun = told.filter(({ snapshot }) => snapshot !== undefined)
  if (begun.length === 0) return
  await tx.run(
    `insert into routing_snapshots (tenant_id, journal_id, at, records)
     select t, j, to_timestamp(a / 1000.0), r::json from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as u (t, j, a, r)`,
    begun.map(({ tenant }) => tenant.tenantId),
    begun.map(({ tenant }) => ids.get(tenant.tenantId) ?? 0),
    begun.map(({ at }) => at),
    begun.map(({ snapshot }) => JSON.stringify(snapshot)),
  )
  await tx.run(
    'update routing_states set snapshot_day = ($2::jsonb->>tenant_id)::date where tenant_id = any($1)',
    begun.map(({ tenant }) => tenant.tenantId),
    JSON.stringify(Object.fromEntries(begun.map(({ tenant, at }) => [tenant.tenantId, dayOf(at)]))),
  )
}
