/** Taking, keeping and ending jobs: the statements of the runner. A claim is proved by its generation. */
import type { Database, Tx } from './database.ts'
import type { Again } from './jobs.ts'

/** How long a claim holds without renewal: so long a job of a process that was killed waits. */
export const claimMs = 30_000

export interface Claim {
  readonly tenantId: string
  readonly kind: string
  readonly key: string
  readonly generation: number
  readonly data: object
  readonly runAt: Date
  readonly now: Date
  readonly attempts: number
}

/** The job was taken back, or its claim was lost: the run is undone and nobody has failed. */
export class ClaimLost extends Error {}

// Stable within a statement, so that an index can serve it.
const present = `coalesce($1::timestamptz, now())`
const thisMoment = `coalesce($1::timestamptz, clock_timestamp())`

/**
 * Claims due jobs: of each kind no more than `free` says, tenants in turn, of each lane its first alone. `now` stands in
 * for PostgreSQL's clock.
 */
export async function claimJobs(
  db: Database,
  owner: string,
  free: ReadonlyMap<string, number>,
  now: Date | null,
): Promise<Claim[]> {
  const kinds = [...free.keys()]
  const due = await db.ground<{ tenantId: string }>(
    `select distinct tenant_id from
       (select tenant_id from jobs where due_at <= ${present} and kind = any($2) order by due_at limit 20000) j`,
    now,
    kinds,
  )
  if (due.length === 0) return []
  const tenants = due.map((row) => row.tenantId)
  return db.work('jobs', tenants, async (tx) => {
    await foldAbandoned(tx, tenants, now)
    return tx.query<Claim>(
      `with candidates as (
         select j.tenant_id, j.kind, j.key, f.free, j.due_at,
                row_number() over (partition by j.tenant_id, j.kind order by j.due_at, j.id) as turn
           from unnest($2::text[]) t (id) cross join unnest($3::text[], $4::int[]) f (kind, free)
          cross join lateral (
            select * from jobs j where j.tenant_id = t.id and j.kind = f.kind and j.due_at <= ${present} and ${mayRun}
             order by j.due_at, j.id limit f.free) j),
       picked as (
         select tenant_id, kind, key from (
           select c.*, row_number() over (partition by kind order by turn, due_at) as place from candidates c) r
          where place <= free),
       locked as (
         select j.tenant_id, j.kind, j.key from picked p join jobs j using (tenant_id, kind, key)
          where j.due_at <= ${present} order by j.tenant_id, j.kind, j.key for update of j skip locked)
       update jobs j set owner = $5, generation = generation + 1, due_at = ${thisMoment} + $6 * interval '1 millisecond'
         from locked l where j.tenant_id = l.tenant_id and j.kind = l.kind and j.key = l.key
       returning j.tenant_id, j.kind, j.key, j.generation, j.data, j.run_at, j.attempts, ${present} as now`,
      now,
      tenants,
      kinds,
      [...free.values()],
      owner,
      claimMs,
    )
  })
}

/** Nothing of its lane runs, and nothing of its lane comes before it. Two that are claimed at once break a unique index. */
const mayRun = `(j.lane is null or not exists (
  select 1 from jobs o where o.tenant_id = j.tenant_id and o.lane = j.lane and o.id <> j.id
     and (o.owner is not null or (o.run_at, o.id) < (j.run_at, j.id))))`

/** What was asked for during a run whose process was killed. */
async function foldAbandoned(tx: Tx, tenants: readonly string[], now: Date | null): Promise<void> {
  await tx.run(
    `delete from jobs where tenant_id = any($2) and owner is not null and due_at <= ${present} and cancelled_in is not null`,
    now,
    tenants,
  )
  await tx.run(
    `update jobs set owner = null, again_at = null, again_data = null, data = coalesce(again_data, data),
            run_at = case when again_data is null then run_at else again_at end,
            due_at = case when again_data is null then due_at else again_at end
      where tenant_id = any($2) and owner is not null and due_at <= ${present} and again_at is not null`,
    now,
    tenants,
  )
}

/** Holds the claim on; false when it is lost. */
export function renewClaim(db: Database, claim: Claim, now: Date | null): Promise<boolean> {
  return db.work('jobs', [claim.tenantId], async (tx) => {
    const held = await tx.run(
      `update jobs set due_at = ${thisMoment} + $6 * interval '1 millisecond'
        where tenant_id = $2 and kind = $3 and key = $4 and generation = $5 and owner is not null and cancelled_in is null`,
      now,
      ...name(claim),
      claimMs,
    )
    return held > 0
  })
}

/** Ends the job, or has its next step stand, within the transaction of its effects. Throws ClaimLost to undo them. */
export async function endJob(tx: Tx, claim: Claim, again: Again<object> | undefined, now: Date | null): Promise<void> {
  const row = await tx.maybe<{ revoked: boolean; cancelled: boolean; asked: boolean }>(
    `select cancelled_in is not null as cancelled, coalesce(cancelled_in <> pg_current_xact_id(), false) as revoked,
            again_at is not null as asked
       from jobs where tenant_id = $1 and kind = $2 and key = $3 and generation = $4 and owner is not null for update`,
    ...name(claim),
  )
  if (row === undefined || row.revoked) throw new ClaimLost(`${claim.kind} ${claim.key} is no longer ours to run.`)
  if (row.cancelled || (again === undefined && !row.asked)) {
    await tx.run(`delete from jobs where tenant_id = $1 and kind = $2 and key = $3 and generation = $4`, ...name(claim))
    return
  }
  await tx.run(
    `update jobs j set owner = null, attempts = 0, error = null, again_at = null, again_data = null,
            data = coalesce(j.again_data, $6::jsonb, j.data), run_at = w.at, due_at = w.at
       from (select case when again_data is not null then again_at else least(again_at,
                      case when $6::jsonb is not null then coalesce($7, ${thisMoment} + $8 * interval '1 millisecond') end) end as at
               from jobs where tenant_id = $2 and kind = $3 and key = $4) w
      where j.tenant_id = $2 and j.kind = $3 and j.key = $4 and j.generation = $5`,
    now,
    ...name(claim),
    again === undefined ? null : JSON.stringify(again.data),
    again !== undefined && 'runAt' in again ? again.runAt : null,
    again !== undefined && 'afterMs' in again ? again.afterMs : null,
  )
}

/** Gives a claim back: to run again after `pauseMs`; with an `error` it has failed. */
export async function returnJob(
  db: Database,
  claim: Claim,
  given: { readonly pauseMs: number; readonly error?: string },
  now: Date | null,
): Promise<void> {
  await db.work('jobs', [claim.tenantId], async (tx) => {
    await tx.run(
      `delete from jobs where tenant_id = $1 and kind = $2 and key = $3 and generation = $4 and cancelled_in is not null`,
      ...name(claim),
    )
    await tx.run(
      `update jobs set owner = null, again_at = null, again_data = null, data = coalesce(again_data, data),
              attempts = attempts + case when $7::text is null then 0 else 1 end, error = coalesce($7, error),
              run_at = case when again_data is null then run_at else again_at end,
              due_at = greatest(case when again_data is not null then again_at end, ${thisMoment} + $6 * interval '1 millisecond')
        where tenant_id = $2 and kind = $3 and key = $4 and generation = $5 and owner is not null`,
      now,
      ...name(claim),
      given.pauseMs,
      given.error ?? null,
    )
  })
}

function name(claim: Claim): [string, string, string, number] {
  return [claim.tenantId, claim.kind, claim.key, claim.generation]
}
