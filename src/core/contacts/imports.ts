/**
 * Imports of contacts: a file is read into rows, somebody says what its columns are, sees what would come of it, and starts it; a
 * durable job (import-job.ts) does the rest. What was taken is there whole; what could not be taken stays as a row with its reason.
 */
import type { ContactImport, ImportError } from '../events/contact-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { cancel, jobKind, schedule } from '../platform/jobs.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storable } from '../platform/text.ts'
import { listFields } from './fields.ts'
import { getContactGroup } from './groups.ts'
import { type RowError, suggestMapping } from './import-mapping.ts'
import { applyRows, type ImportPlan, type ImportRow, type RowOutcome } from './import-rows.ts'
import { normalTag } from './tags.ts'

export const importJob = jobKind<{ importId: string; after: number }>('contact-import')

/** `errors`: of so many rows that failed, the first, cells and reasons are kept; of the rest the number. */
export const importLimits = { rows: 200_000, columns: 100, cellChars: 20_000, errors: 10_000 }

/** How many rows a preview shows. */
export const previewRows = 50

interface Column {
  readonly name: string
  readonly samples: readonly string[]
}

export interface ImportRecord
  extends Omit<
    ContactImport,
    'columns' | 'errorsKept' | 'mapping' | 'onMatch' | 'tags' | 'groupId' | 'createdAt' | 'startedAt' | 'finishedAt'
  > {
  readonly columns: Column[]
  readonly plan: ImportPlan | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

const columns = `i.id, i.state, i.name, i.format, i.encoding, i.columns, i.plan, i.total, i.processed, i.created, i.updated, i.unchanged,
  i.failed, i.created_by, i.created_at, i.started_at, i.finished_at, i.version`

async function toImport(tx: TenantTx, row: ImportRecord): Promise<ContactImport> {
  const { plan, columns: named, createdAt, startedAt, finishedAt, ...rest } = row
  const suggestions = suggestMapping(
    named.map(({ name }) => name),
    await listFields(tx),
  )
  return {
    ...rest,
    errorsKept: Math.min(rest.failed, importLimits.errors),
    columns: named.map(({ name, samples }, index) => ({
      name,
      samples: [...samples],
      suggestion: suggestions[index] ?? null,
    })),
    mapping: plan === null ? null : [...plan.mapping],
    onMatch: plan?.onMatch ?? null,
    tags: [...(plan?.tags ?? [])],
    groupId: plan?.groupId ?? null,
    createdAt: createdAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
  }
}

/** Notes that a file is being read. What is never finished goes with the next housekeeping. */
export async function beginImport(
  tx: TenantTx,
  file: Pick<ContactImport, 'name' | 'format' | 'encoding'>,
): Promise<string> {
  const id = newId('imp')
  await tx.run(
    'insert into contact_imports (tenant_id, id, name, format, encoding, created_by) values ($1, $2, $3, $4, $5, $6)',
    tx.tenantId,
    id,
    storable(file.name),
    file.format,
    file.encoding,
    tx.actorId,
  )
  return id
}

/** Keeps rows of a file that is being read. */
export async function stageRows(tx: TenantTx, importId: string, rows: readonly ImportRow[]): Promise<void> {
  await tx.run(
    `insert into contact_import_rows (tenant_id, import_id, number, cells)
     select $1, $2, n, c::jsonb from unnest($3::int[], $4::text[]) as u (n, c)`,
    tx.tenantId,
    importId,
    rows.map(({ number }) => number),
    rows.map(({ cells }) => JSON.stringify(storable([...cells]))),
  )
}

/** The file was read to its end: now it can be looked at and started. */
export async function finishReading(tx: TenantTx, importId: string, named: readonly Column[]): Promise<ContactImport> {
  const row = await tx.one<ImportRecord>(
    `update contact_imports i set state = 'draft', columns = $3,
            total = (select count(*) from contact_import_rows r where r.tenant_id = i.tenant_id and r.import_id = i.id)
      where i.tenant_id = $1 and i.id = $2 returning ${columns}`,
    tx.tenantId,
    importId,
    JSON.stringify(storable(named)),
  )
  return toImport(tx, row)
}

/** Takes back what was begun. */
export async function dropImport(tx: TenantTx, importId: string): Promise<void> {
  await tx.run('delete from contact_imports where tenant_id = $1 and id = $2', tx.tenantId, importId)
}

/** Faults with `import-unknown`. */
export async function getImport(tx: TenantTx, id: string): Promise<ContactImport> {
  return toImport(tx, await findImport(tx, id, ''))
}

async function findImport(tx: TenantTx, id: string, lock: '' | 'for update'): Promise<ImportRecord> {
  const row = await tx.maybe<ImportRecord>(
    `select ${columns} from contact_imports i where i.tenant_id = $1 and i.id = $2 ${lock}`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw new Fault('not-found', 'import-unknown', `There is no import ${id}.`)
  return row
}

/** The newest first. */
export async function listImports(tx: TenantTx, page: PageRequest): Promise<Page<ContactImport>> {
  const { values, bind } = parameters()
  const tenant = bind(tx.tenantId)
  const after =
    page.after === null
      ? ''
      : `and (i.created_at, i.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<ImportRecord & { sortKey: string }>(
    `select ${columns}, i.created_at::text as sort_key from contact_imports i where i.tenant_id = ${tenant} ${after}
      order by i.created_at desc, i.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  const keyed = await Promise.all(
    rows.map(async ({ sortKey, ...row }) => ({ sortKey, shown: await toImport(tx, row) })),
  )
  return pageOf(
    keyed,
    page.limit,
    ({ sortKey, shown }) => [sortKey, shown.id],
    ({ shown }) => shown,
  )
}

/** Rows that could not be taken, in order. Faults with `import-unknown`. */
export async function listImportErrors(tx: TenantTx, id: string, page: PageRequest): Promise<Page<ImportError>> {
  await findImport(tx, id, '')
  const { values, bind } = parameters()
  const tenant = bind(tx.tenantId)
  const after = page.after === null ? '' : `and r.number > ${bind(Number(page.after[0]))}`
  const rows = await tx.query<{ number: number; cells: string[]; error: RowError }>(
    `select r.number, r.cells, r.error from contact_import_rows r
      where r.tenant_id = ${tenant} and r.import_id = ${bind(id)} and r.error is not null ${after}
      order by r.number limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [String(row.number)],
    ({ number, cells, error }) => ({ row: number, ...error, cells }),
  )
}

/**
 * What the first rows would become: they are applied and taken back. Faults: `import-unknown`, `import-state`, `mapping-invalid`,
 * `contact-group-unknown`, `tag-blank`.
 */
export async function previewImport(tx: TenantTx, id: string, plan: ImportPlan): Promise<RowOutcome[]> {
  const found = requireState(await findImport(tx, id, ''), ['draft'])
  const checked = await checkPlan(tx, found, plan)
  const rows = await nextRows(tx, id, 0, previewRows)
  return trial(tx, checked, rows)
}

/** Applies rows and takes all of it back but what was found out. */
export async function trial(tx: TenantTx, plan: ImportPlan, rows: readonly ImportRow[]): Promise<RowOutcome[]> {
  await tx.run('savepoint trial')
  const outcomes = await applyRows(tx, plan, rows)
  await tx.run('rollback to savepoint trial')
  return outcomes
}

/** Rows of an import that wait, after a number. */
export async function nextRows(tx: TenantTx, importId: string, after: number, count: number): Promise<ImportRow[]> {
  return tx.query<ImportRow>(
    `select number, cells from contact_import_rows where tenant_id = $1 and import_id = $2 and number > $3 order by number limit $4`,
    tx.tenantId,
    importId,
    after,
    count,
  )
}

/**
 * Starts the import, or (`check`) a trial of it all that changes nothing. Imports of a tenant go one after the other. Faults: those of
 * previewImport, `version-stale`.
 */
export async function startImport(
  tx: TenantTx,
  id: string,
  plan: ImportPlan,
  mode: 'check' | 'import',
): Promise<ContactImport> {
  const found = requireState(await findImport(tx, id, 'for update'), ['draft'])
  const checked = await checkPlan(tx, found, plan)
  await tx.run(
    'update contact_import_rows set error = null where tenant_id = $1 and import_id = $2 and error is not null',
    tx.tenantId,
    id,
  )
  const row = await tx.one<ImportRecord>(
    `update contact_imports i set state = $3, plan = $4, processed = 0, created = 0, updated = 0, unchanged = 0, failed = 0,
            started_at = clock_timestamp(), finished_at = null, version = version + 1
      where i.tenant_id = $1 and i.id = $2 returning ${columns}`,
    tx.tenantId,
    id,
    mode === 'check' ? 'checking' : 'importing',
    JSON.stringify(checked),
  )
  const shown = await toImport(tx, row)
  await emit(tx, 'contactimport.started', id, { import: shown })
  await schedule(tx, { kind: importJob, key: id, afterMs: 0, data: { importId: id, after: 0 }, lane: importJob.name })
  return shown
}

/**
 * Ends an import, or throws a draft away; what was taken stays, what waits is taken away. Repeating it changes nothing. Faults with
 * `import-unknown`.
 */
export async function cancelImport(tx: TenantTx, id: string): Promise<ContactImport> {
  const found = await findImport(tx, id, 'for update')
  if (found.state === 'done' || found.state === 'cancelled') return toImport(tx, found)
  await tx.run(
    'delete from contact_import_rows where tenant_id = $1 and import_id = $2 and error is null',
    tx.tenantId,
    id,
  )
  const shown = await finishImport(tx, id, 'cancelled')
  await cancel(tx, importJob, id)
  return shown
}

/** The import is over; after a trial it is a draft again. */
export async function finishImport(
  tx: TenantTx,
  id: string,
  state: 'done' | 'draft' | 'cancelled',
): Promise<ContactImport> {
  const row = await tx.one<ImportRecord>(
    `update contact_imports i set state = $3, finished_at = clock_timestamp(), version = version + 1
      where i.tenant_id = $1 and i.id = $2 returning ${columns}`,
    tx.tenantId,
    id,
    state,
  )
  const shown = await toImport(tx, row)
  await emit(tx, 'contactimport.finished', id, { import: shown })
  return shown
}

function requireState(row: ImportRecord, states: readonly ContactImport['state'][]): ImportRecord {
  if (states.includes(row.state)) return row
  throw new Fault(
    'conflict',
    'import-state',
    `The import is ${row.state}; that can be done only while it is ${states.join(' or ')}.`,
  )
}

async function checkPlan(tx: TenantTx, { columns: named }: ImportRecord, plan: ImportPlan): Promise<ImportPlan> {
  const wrong = (detail: string) =>
    new Fault('invalid', 'mapping-invalid', `The mapping ${detail}.`, { errors: [{ pointer: '/mapping', detail }] })
  if (plan.mapping.length !== named.length) throw wrong(`names ${plan.mapping.length} columns of ${named.length}`)
  if (!plan.mapping.some((target) => target !== null && /^(name|phone|email|ext:)/.test(target))) {
    throw wrong('has neither a name nor an address')
  }
  const once = plan.mapping.filter((target) => target !== null && !/^(phone|email|tags|note|ext:)/.test(target))
  const twice = once.find((target, index) => once.indexOf(target) !== index)
  if (twice !== undefined) throw wrong(`names ${twice} twice`)
  if (plan.groupId !== null) await getContactGroup(tx, plan.groupId)
  return { ...plan, tags: plan.tags.map((tag, index) => normalTag(tag, `/tags/${index}`)) }
}
