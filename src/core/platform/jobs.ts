/**
 * Durable timers: something to be done for a tenant at some moment, once. A job is a row of the transaction that asks for it,
 * so it is there if, and only if, what it follows from is there. job-runner.ts does the work.
 *
 *   const reminder = jobKind<{ conversationId: string }>('conversation-reminder')      // where the subject lives
 *   await schedule(tx, { kind: reminder, key: id, afterMs: 60_000, data: { conversationId: id } })
 *   await cancel(tx, reminder, id)
 *   onJob({ kind: reminder, run: async (tx, job) => { … } })                            // into the runner's list, in app.ts
 *
 * Locks: a job's row comes last of all, so schedule and cancel stand among the last statements, beside emit; many of one
 * transaction in ascending order of key.
 */
import type { TenantTx } from './database.ts'

declare const shape: unique symbol

/** A kind of job and the shape of its data, which is stored as JSON. */
export interface JobKind<D extends object> {
  /** Stored for ever: never give the name of a kind another meaning. */
  readonly name: string
  readonly [shape]?: D
}

export function jobKind<D extends object>(name: string): JobKind<D> {
  return { name }
}

/** When: at a moment, or so long after PostgreSQL's present. */
export type When = { readonly runAt: Date } | { readonly afterMs: number }

export type Schedule<D extends object> = When & {
  readonly kind: JobKind<D>
  /** There is at most one job for each tenant, kind and key. */
  readonly key: string
  readonly data: D
  /** Jobs of one lane of a tenant run one after another, of whatever kind, in order of time; one that fails holds its lane. */
  readonly lane?: string
  /**
   * What becomes of one that is there already: it is moved to the new time with the new data, or (true) kept with its data,
   * only earlier if that is asked for.
   */
  readonly keep?: true
}

/**
 * Makes or moves a job. While the job runs, what is asked for here follows the run and does not disturb it: so a run may
 * schedule its own key, and with `keep` nothing that was written before is overlooked.
 */
export async function schedule<D extends object>(tx: TenantTx, job: Schedule<D>): Promise<void> {
  await tx.run(
    `insert into jobs (tenant_id, kind, key, run_at, due_at, data, lane)
     select $1, $2, $3, w, w, $6, $7 from (select coalesce($4, clock_timestamp() + $5 * interval '1 millisecond') as w) t
     on conflict (tenant_id, kind, key) do update
        set run_at = case when jobs.owner is not null then jobs.run_at when $8 then least(jobs.run_at, excluded.run_at) else excluded.run_at end,
            due_at = case when jobs.owner is not null then jobs.due_at
                          when $8 and jobs.attempts > 0 then jobs.due_at
                          when $8 then least(jobs.due_at, excluded.due_at) else excluded.due_at end,
            data = case when $8 or jobs.owner is not null then jobs.data else excluded.data end,
            lane = case when $8 or jobs.owner is not null then jobs.lane else excluded.lane end,
            attempts = case when $8 or jobs.owner is not null then jobs.attempts else 0 end,
            error = case when $8 or jobs.owner is not null then jobs.error end,
            again_at = case when jobs.owner is not null then case when $8 then least(jobs.again_at, excluded.run_at) else excluded.run_at end end,
            again_data = case when jobs.owner is not null then case when $8 then jobs.again_data else excluded.data end end,
            cancelled_in = null`,
    tx.tenantId,
    job.kind.name,
    job.key,
    'runAt' in job ? job.runAt : null,
    'afterMs' in job ? job.afterMs : null,
    JSON.stringify(job.data),
    job.lane ?? null,
    job.keep ?? false,
  )
}

/**
 * Takes a job back. Once this has committed the job has no effect any more: of one that runs just now the transaction is
 * undone (what its `prepare` did outside is done). Answers whether there was one.
 */
export async function cancel<D extends object>(tx: TenantTx, kind: JobKind<D>, key: string): Promise<boolean> {
  const removed = await tx.run(
    `delete from jobs where tenant_id = $1 and kind = $2 and key = $3 and owner is null`,
    tx.tenantId,
    kind.name,
    key,
  )
  if (removed > 0) return true
  const running = await tx.run(
    `update jobs set cancelled_in = pg_current_xact_id(), again_at = null, again_data = null
      where tenant_id = $1 and kind = $2 and key = $3 and cancelled_in is null`,
    tx.tenantId,
    kind.name,
    key,
  )
  return running > 0
}

/** One run of a job. */
export interface Job<D extends object> {
  readonly tenantId: string
  readonly key: string
  readonly data: D
  /** The moment that was asked for. */
  readonly runAt: Date
  /** PostgreSQL's present when the run began. */
  readonly now: Date
  /** How often it has failed since it last succeeded. */
  readonly failures: number
}

/** A further step: the same job goes on with this data, at once or later. */
export type Again<D extends object> = When & { readonly data: D }

export interface JobWork<D extends object, R = undefined> {
  readonly kind: JobKind<D>
  /** How many of the kind a process runs at once; 4 unless said. Kinds do not wait for each other. */
  readonly atOnce?: number
  /**
   * What has to be done outside of a transaction, such as calling somebody: before `run`, which is given its result. May be
   * repeated: after a crash, and when `run` fails. `signal` aborts when the hub stops or the claim is lost.
   */
  prepare?(job: Job<D>, signal: AbortSignal): Promise<R>
  /**
   * The effects, in one transaction with the end of the job: exactly once, however often it begins. A long job does some
   * of it, keeps its cursor in the data of the step that it answers with, and goes on from there, also after a crash. A
   * step should take well under ten seconds. Throwing undoes the step; it is tried again, later each time, up to each hour.
   * The transaction is that of the worker role for the one tenant; its actor is the kind's name.
   */
  run(tx: TenantTx, job: Job<D>, prepared: R): Promise<Again<D> | undefined>
}

/** Work of some kind, as the runner takes it. */
export interface JobHandler {
  readonly kind: string
  readonly atOnce: number
  prepare(job: Job<object>, signal: AbortSignal): Promise<unknown>
  run(tx: TenantTx, job: Job<object>, prepared: unknown): Promise<Again<object> | undefined>
}

/** Binds work to its kind for the runner's list. */
export function onJob<D extends object, R = undefined>(work: JobWork<D, R>): JobHandler {
  // The one place where stored JSON is taken for what `schedule` was given under this kind.
  return {
    kind: work.kind.name,
    atOnce: work.atOnce ?? 4,
    prepare: async (job, signal) => work.prepare?.(job as Job<D>, signal),
    run: (tx, job, prepared) => work.run(tx, job as Job<D>, prepared as R),
  }
}
