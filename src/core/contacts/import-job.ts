/** The job of an import: some rows at a time, each step whole with its counts, so a crash repeats nothing. */
import type { TenantTx } from '../platform/database.ts'
import { type Job, type JobHandler, onJob } from '../platform/jobs.ts'
import { applyRows, type ImportPlan, type RowOutcome } from './import-rows.ts'
import { finishImport, importJob, importLimits, nextRows, trial } from './imports.ts'

/** How many rows a step takes: a second's work, also where each of them is somebody who is known. */
const rowsAtOnce = 250

interface Running {
  readonly state: string
  readonly failed: number
  readonly plan: ImportPlan
  readonly createdBy: string
}

export function importHandler(): JobHandler {
  return onJob({ kind: importJob, run: importStep })
}

async function importStep(tx: TenantTx, { data: { importId, after } }: Job<{ importId: string; after: number }>) {
  const found = await tx.maybe<Running>(
    'select state, failed, plan, created_by from contact_imports where tenant_id = $1 and id = $2 for update',
    tx.tenantId,
    importId,
  )
  if (found === undefined || (found.state !== 'checking' && found.state !== 'importing')) return undefined
  const rows = await nextRows(tx, importId, after, rowsAtOnce)
  const last = rows.at(-1)
  if (last === undefined) {
    await finishImport(tx, importId, found.state === 'checking' ? 'draft' : 'done')
    return undefined
  }
  // Whoever started it did this: events name them, so that a program can tell its own.
  const theirs = { ...tx, actorId: found.createdBy }
  const outcomes =
    found.state === 'checking' ? await trial(theirs, found.plan, rows) : await applyRows(theirs, found.plan, rows)
  await note(tx, importId, outcomes, found)
  return { afterMs: 0, data: { importId, after: last.number } }
}

/**
 * Counts the outcomes, keeps the rows that failed with their reasons, as many as are kept, and lets go of the others: of those that were
 * taken at once, of a trial's never.
 */
async function note(tx: TenantTx, importId: string, outcomes: readonly RowOutcome[], before: Running): Promise<void> {
  const failed = outcomes.filter(({ error }) => error !== null)
  const kept = failed.slice(0, Math.max(0, importLimits.errors - before.failed))
  // By their numbers, not as a join: of rows that came in a moment ago no statistics tell that there are many.
  await tx.run(
    `update contact_import_rows set error = ($4::text[])[array_position($3::int[], number)]::jsonb
      where tenant_id = $1 and import_id = $2 and number = any($3::int[])`,
    tx.tenantId,
    importId,
    kept.map(({ number }) => number),
    kept.map(({ error }) => JSON.stringify(error)),
  )
  if (before.state === 'importing') {
    const staying = new Set(kept.map(({ number }) => number))
    await tx.run(
      'delete from contact_import_rows where tenant_id = $1 and import_id = $2 and number = any($3::int[])',
      tx.tenantId,
      importId,
      outcomes.flatMap(({ number }) => (staying.has(number) ? [] : [number])),
    )
  }
  const count = (outcome: RowOutcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length
  await tx.run(
    `update contact_imports set processed = processed + $3, created = created + $4, updated = updated + $5,
            unchanged = unchanged + $6, failed = failed + $7 where tenant_id = $1 and id = $2`,
    tx.tenantId,
    importId,
    outcomes.length,
    count('created'),
    count('updated'),
    count('unchanged'),
    failed.length,
  )
}
