/** Simulations on a tenant's own journal: read here, run in a thread, bounded in size and time. */
import { Worker } from 'node:worker_threads'
import type { TenantTx } from '../core/platform/database.ts'
import { Fault } from '../core/platform/errors.ts'
import type { EngineEvent, Records } from './model.ts'
import type { Stretch } from './replay.ts'
import type { Comparison, SimulationTask } from './simulation.ts'

/** Events of the journal that one simulation reads at most. */
export const largestStretch = 200_000
const maxMs = 30_000
const maxSteps = 2_000_000
const maxMegabytes = 512

interface SnapshotRow {
  readonly journalId: number
  readonly at: Date
  readonly records: Records
}

/** When the days begin that can be replayed, the newest first. */
export async function listJournalDays(tx: TenantTx): Promise<Date[]> {
  const rows = await tx.query<{ at: Date }>(
    'select at from routing_snapshots where tenant_id = $1 order by journal_id desc limit 100',
    tx.tenantId,
  )
  return rows.map(({ at }) => at)
}

/**
 * The journal from the newest snapshot before `from` to `to`. Faults: `journal-missing` when there is none of that time,
 * `simulation-too-large`.
 */
export async function readStretch(tx: TenantTx, from: Date, to: Date): Promise<Stretch> {
  const snapshot =
    (await tx.maybe<SnapshotRow>(
      `select journal_id, at, records from routing_snapshots where tenant_id = $1 and at <= $2 order by journal_id desc limit 1`,
      tx.tenantId,
      from,
    )) ??
    (await tx.maybe<SnapshotRow>(
      `select journal_id, at, records from routing_snapshots where tenant_id = $1 and at <= $2 order by journal_id limit 1`,
      tx.tenantId,
      to,
    ))
  if (snapshot === undefined) {
    throw new Fault('conflict', 'journal-missing', 'The journal holds nothing of that time.')
  }
  const { count } = await tx.one<{ count: number }>(
    `select coalesce(sum(json_array_length(events)), 0)::int as count from routing_journal
      where tenant_id = $1 and id >= $2 and at <= $3`,
    tx.tenantId,
    snapshot.journalId,
    to,
  )
  if (count > largestStretch) {
    throw new Fault('invalid', 'simulation-too-large', `More than ${largestStretch} events: choose a shorter time.`, {
      errors: [{ pointer: '/to', detail: 'is too late' }],
    })
  }
  const rows = await tx.query<{ at: Date; events: EngineEvent[]; digest: string }>(
    'select at, events, digest from routing_journal where tenant_id = $1 and id >= $2 and at <= $3 order by id',
    tx.tenantId,
    snapshot.journalId,
    to,
  )
  return {
    tenantId: tx.tenantId,
    records: snapshot.records,
    rows: rows.map(({ at, ...row }) => ({ at: at.getTime(), ...row })),
  }
}

let running = false

/** Runs it in a thread. One at a time in a process. Faults: `simulations-busy`, `simulation-too-large`. */
export async function runSimulation(task: Omit<SimulationTask, 'maxSteps'>): Promise<Comparison> {
  if (running) {
    throw new Fault('unavailable', 'simulations-busy', 'Another simulation is under way; try again.', {
      retryAfterSeconds: 10,
    })
  }
  running = true
  const worker = new Worker(new URL('./simulation-worker.ts', import.meta.url), {
    workerData: { ...task, maxSteps },
    resourceLimits: { maxOldGenerationSizeMb: maxMegabytes },
    // It needs nothing of our environment, which holds secrets.
    env: {},
  })
  const timer = setTimeout(() => void worker.terminate(), maxMs)
  try {
    return await new Promise<Comparison>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new RangeError('took too long')))
    })
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError || (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
    if (!isTooLarge) throw cause
    throw new Fault('invalid', 'simulation-too-large', 'It takes too long: choose a shorter time.', {
      cause,
      errors: [{ pointer: '/to', detail: 'is too late' }],
    })
  } finally {
    clearTimeout(timer)
    running = false
    await worker.terminate()
  }
}
