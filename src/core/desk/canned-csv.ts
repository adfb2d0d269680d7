/**
 * Canned replies as a table (CSV, RFC 4180) with the columns folder, title and text, to be edited elsewhere and brought back. All of a
 * table is taken in, or none of it.
 */
import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import {
  type CannedReplyText,
  createCannedReply,
  listCannedReplies,
  mostReplies,
  type Reader,
  unshared,
  updateCannedReply,
} from './canned-replies.ts'

const columns = ['folder', 'title', 'text'] as const
const longest = { folder: 100, title: 200, text: 5000 } as const

/** Shared ones, or the reader's own, by folder and title. */
export async function exportCannedReplies(tx: TenantTx, reader: Reader, own: boolean): Promise<string> {
  const replies = (await listCannedReplies(tx, reader)).filter(({ memberId }) => (memberId !== null) === own)
  const rows = [columns, ...replies.map((reply) => columns.map((column) => safe(reply[column])))]
  // The mark at the beginning is how spreadsheets know UTF-8.
  return `\u{feff}${rows.map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`
}

/** What a spreadsheet would take for a formula is marked as text; the mark is taken away when it comes back. */
const safe = (cell: string) => (/^['=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)
const unsafe = (cell: string) => (/^'['=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell)
const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

export interface CannedImport {
  readonly created: number
  readonly changed: number
  readonly unchanged: number
}

/**
 * Takes a table in: a reply of that folder and title is given its text, others are made; none is taken away. With `dryRun` it only says
 * what would be. Faults: `canned-import-invalid`, naming rows and columns; `canned-reply-forbidden`, `canned-replies-too-many`.
 */
export async function importCannedReplies(
  tx: TenantTx,
  reader: Reader,
  csv: string,
  own: boolean,
  dryRun: boolean,
): Promise<CannedImport> {
  const rows = rowsOf(csv)
  const present = new Map(
    (await listCannedReplies(tx, reader))
      .filter(({ memberId }) => (memberId !== null) === own)
      .map((reply) => [nameOf(reply), reply]),
  )
  if (!own && !reader.mayShare) throw unshared()
  const done = { created: 0, changed: 0, unchanged: 0 }
  for (const row of rows) {
    const before = present.get(nameOf(row))
    if (before === undefined) done.created++
    else if (before.text === row.text) done.unchanged++
    else done.changed++
    if (dryRun || before?.text === row.text) continue
    if (before === undefined) await createCannedReply(tx, reader, row, own)
    else await updateCannedReply(tx, reader, before.id, { text: row.text }, undefined)
  }
  return done
}

const nameOf = ({ folder, title }: CannedReplyText) => `${folder}\n${title}`

function rowsOf(csv: string): CannedReplyText[] {
  const table = tableOf(csv)
  const head = (table[0] ?? []).map((name) => name.trim().toLowerCase())
  const places = columns.map((column) => head.indexOf(column))
  const missing = columns.filter((column, i) => column !== 'folder' && (places[i] ?? -1) < 0)
  const wrong = missing.map((column) => ({ pointer: '/csv/row/1', detail: `has no column ${column}` }))
  if (wrong.length > 0) throw invalid(wrong)
  const seen = new Set<string>()
  const rows = table.slice(1).map((cells, index) => {
    const [folder = '', title = '', text = ''] = places.map((place) => storable(unsafe(cells[place] ?? '')))
    const row = { folder: folder.trim(), title: title.trim(), text }
    for (const column of columns) {
      const pointer = `/csv/row/${index + 2}/${column}`
      if (column !== 'folder' && row[column].trim() === '') wrong.push({ pointer, detail: 'is blank' })
      if (row[column].length > longest[column]) {
        wrong.push({ pointer, detail: `is longer than ${longest[column]} characters` })
      }
    }
    if (seen.has(nameOf(row)))
      wrong.push({ pointer: `/csv/row/${index + 2}`, detail: 'has folder and title of a row before' })
    seen.add(nameOf(row))
    return row
  })
  if (rows.length > mostReplies) wrong.push({ pointer: '/csv', detail: `has more than ${mostReplies} rows` })
  if (wrong.length > 0) throw invalid(wrong)
  return rows
}

function tableOf(csv: string): string[][] {
  try {
    return parse(csv, { bom: true, relax_column_count: true, skip_empty_lines: true })
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw invalid([{ pointer: '/csv', detail: `is no table: ${cause.code}` }])
  }
}

const mostErrors = 100

function invalid(errors: { pointer: string; detail: string }[]): Fault {
  return new Fault('invalid', 'canned-import-invalid', 'Nothing was taken in: the table has mistakes.', {
    errors: errors.slice(0, mostErrors),
  })
}
