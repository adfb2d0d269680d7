/** A table of contacts on its way in: from the request's body to rows that wait, a few hundred at a time. Never in memory. */
import type { FastifyRequest } from 'fastify'
import { beginImport, dropImport, finishReading, importLimits, stageRows } from '../core/contacts/imports.ts'
import type { ContactImport } from '../core/events/contact-shapes.ts'
import { Fault } from '../core/platform/errors.ts'
import { cleanName } from '../core/platform/file-kinds.ts'
import { openTable, type TableRow } from '../core/platform/tables.ts'
import { write } from './transactions.ts'
import { type FileServerParts, withUpload } from './uploads.ts'

const rowsAtOnce = 500
const sampleRows = 5

/**
 * Reads the one file of a multipart request into an import that waits for its mapping. Resolves once all rows are durable. Faults: those of
 * withUpload, `table-format`, `table-encoding`, `table-malformed`, `table-too-large`, `table-empty`; then nothing is kept.
 */
export async function takeTable(parts: FileServerParts, request: FastifyRequest): Promise<ContactImport> {
  return withUpload(parts, request, async ({ path, given }) => {
    const { format, encoding, rows } = await openTable(path)
    const file = { name: cleanName(given.filename ?? ''), format, encoding }
    const id = await write(parts, request.principal, (tx) => beginImport(tx, file))
    try {
      return await stage(parts, request, id, rows())
    } catch (error) {
      await write(parts, request.principal, (tx) => dropImport(tx, id))
      throw error
    }
  })
}

async function stage(
  parts: FileServerParts,
  request: FastifyRequest,
  id: string,
  rows: AsyncGenerator<TableRow>,
): Promise<ContactImport> {
  let names: readonly string[] | undefined
  const samples: (readonly string[])[] = []
  let waiting: TableRow[] = []
  let total = 0
  const keep = () => write(parts, request.principal, (tx) => stageRows(tx, id, waiting))
  for await (const { number, cells } of rows) {
    if (cells.every((cell) => cell.trim() === '')) continue
    requireSize(number, cells)
    if (names === undefined) {
      names = cells
      continue
    }
    total++
    if (total > importLimits.rows) throw tooLarge(`it has more than ${importLimits.rows} rows`)
    if (samples.length < sampleRows) samples.push(cells)
    waiting.push({ number, cells: cells.slice(0, names.length) })
    if (waiting.length < rowsAtOnce) continue
    await keep()
    waiting = []
  }
  if (names === undefined || total === 0) {
    throw new Fault('invalid', 'table-empty', 'A table has a row of names and at least one row below it.', {
      errors: [{ pointer: '/file', detail: 'has no rows' }],
    })
  }
  if (waiting.length > 0) await keep()
  const columns = names.map((name, index) => ({
    name: name.trim().slice(0, 200),
    samples: samples.map((row) => (row[index] ?? '').slice(0, 100)),
  }))
  return write(parts, request.principal, (tx) => finishReading(tx, id, columns))
}

function requireSize(number: number, cells: readonly string[]): void {
  if (cells.length > importLimits.columns) throw tooLarge(`row ${number} has more than ${importLimits.columns} columns`)
  if (cells.some((cell) => cell.length > importLimits.cellChars)) {
    throw tooLarge(`row ${number} has a cell of more than ${importLimits.cellChars} characters`)
  }
}

function tooLarge(what: string): Fault {
  return new Fault('too-large', 'table-too-large', `The table is too large: ${what}.`, {
    errors: [{ pointer: '/file', detail: what }],
  })
}
