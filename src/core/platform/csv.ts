/** Comma-separated values (RFC 4180), read from a file in pieces and written line by line. */
import { createReadStream } from 'node:fs'
import { CsvError, parse } from 'csv-parse'
import { Fault } from './errors.ts'

/** A row as spreadsheets number it, from 1. */
export interface TableRow {
  readonly number: number
  readonly cells: readonly string[]
}

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030'

/** No record of a table of people is longer; what is, has a quotation mark that nobody closed. */
const maxRecordChars = 262_144

/**
 * In which encoding a text file is: by its mark, else UTF-8 if all of it is, else GB18030 (which holds GBK and GB2312) if all of it is.
 * Reads the file once or twice, in pieces. Undefined for what is no text.
 */
export async function encodingOf(path: string): Promise<TextEncoding | undefined> {
  const [b0, b1] = await firstBytes(path)
  if (b0 === 0xff && b1 === 0xfe) return (await isText(path, 'utf-16le')) ? 'utf-16le' : undefined
  if (b0 === 0xfe && b1 === 0xff) return (await isText(path, 'utf-16be')) ? 'utf-16be' : undefined
  for (const encoding of ['utf-8', 'gb18030'] as const) if (await isText(path, encoding)) return encoding
  return undefined
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const chunk of createReadStream(path, { end: 3 })) return chunk as Buffer
  return Buffer.alloc(0)
}

async function isText(path: string, encoding: TextEncoding): Promise<boolean> {
  try {
    for await (const text of decoded(path, encoding)) if (text.includes('\u0000')) return false
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/** The text of a file, in pieces; its mark is left out. Rejects with a TypeError at bytes that are none of the encoding. */
async function* decoded(path: string, encoding: TextEncoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  for await (const chunk of createReadStream(path, { highWaterMark: 65_536 }))
    yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/**
 * The rows of a file, in pieces: comma, semicolon or tab, whichever its first line has most of. Faults with `table-malformed`, naming
 * the row, where quotation marks do not match.
 */
export async function* readCsv(path: string, encoding: TextEncoding): AsyncGenerator<TableRow> {
  const text = decoded(path, encoding)
  const first = await text.next()
  const head = first.done ? '' : first.value
  const parser = parse({
    delimiter: delimiterOf(head.split(/[\r\n]/, 1)[0] ?? ''),
    relax_column_count: true,
    max_record_size: maxRecordChars,
  })
  const feeding = (async () => {
    parser.write(head)
    for await (const piece of text) {
      if (!parser.write(piece)) await new Promise((resolve) => parser.once('drain', resolve).once('close', resolve))
      if (parser.destroyed) return
    }
    parser.end()
  })()
  let number = 0
  try {
    for await (const cells of parser as AsyncIterable<string[]>) yield { number: ++number, cells }
    await feeding
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw new Fault('invalid', 'table-malformed', `The table breaks off after row ${number}: ${cause.code}.`, {
      cause,
      errors: [{ pointer: '/file', detail: `cannot be read after row ${number}` }],
    })
  } finally {
    parser.destroy()
    await feeding.catch(() => undefined)
  }
}

function delimiterOf(line: string): string {
  const count = (mark: string) => line.split(mark).length
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}

/** A spreadsheet would take a text that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection). */
const formula = /^[=+\-@\t\r]/

/** One line, ended as RFC 4180 says. What could be taken for a formula gets an apostrophe before it, which readers of ours take off. */
export function csvLine(cells: readonly string[]): string {
  return `${cells
    .map((cell) => (formula.test(cell) ? `'${cell}` : cell))
    .map((cell) => (/[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',')}\r\n`
}

/** What somebody meant by a cell: without the apostrophe that keeps it from being a formula. */
export function meantBy(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell
}
