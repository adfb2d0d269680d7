/** The job of an import: some rows at a time, each step whole with its counts, so a crash repeats nothing. */
import type { TenantTx } from '../platform/database.ts'
import { type Job, type JobHandler, onJob } from '../platform/jobs.ts'
import { applyRows, type ImportPlan, type RowOutcome } from './import-rows.ts'
import { finishImport, importJob, nextRows, trial } from './imports.ts'

/** How many rows a step takes: a second's work, also where each of them is somebody who is known. */
const rowsAtOnce = 250

interface Running {
  readonly state: string
  readonly plan: ImportPlan
  readonly createdBy: string
}

export function importHandler(): JobHandler {
  return onJob({ kind: importJob, run: importStep })
}

async function importStep(tx: TenantTx, { data: { importId, after } }: Job<{ importId: string; after: number }>) {
  const found = await tx.maybe<Running>(
    'select state, plan, created_by from contact_imports where tenant_id = $1 and id = $2 for update',
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
  await note(tx, importId, outcomes, found.state === 'importing')
  return { afterMs: 0, data: { importId, after: last.number } }
}

/** Counts the outcomes, keeps the rows that failed with their reasons, and lets go of those that were taken. */
async function note(tx: TenantTx, importId: string, outcomes: readonly RowOutcome[], taken: boolean): Promise<void> {
  const failed = outcomes.filter(({ error }) => error !== null)
  await tx.run(
    `update contact_import_rows r set error = u.error::jsonb from unnest($3::int[], $4::text[]) as u (number, error)
      where r.tenant_id = $1 and r.import_id = $2 and r.number = u.number`,
    tx.tenantId,
    importId,
    failed.map(({ number }) => number),
    failed.map(({ error }) => JSON.stringify(error)),
  )
  if (taken) {
    await tx.run(
      'delete from contact_import_rows where tenant_id = $1 and import_id = $2 and number = any($3::int[])',
      tx.tenantId,
      importId,
      outcomes.filter(({ error }) => error === null).map(({ number }) => number),
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
