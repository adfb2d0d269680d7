/**
 * The first sheet of an XLSX workbook (ECMA-376), read from a file in pieces. Sizes are limited before anything is inflated, so a zip
 * bomb costs nothing; nothing in it is run or looked up.
 */
import type { Readable } from 'node:stream'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import type { TableRow } from './csv.ts'
import { Fault } from './errors.ts'

/** How much the parts of a workbook may hold when they are inflated. */
const limits = { entries: 2000, sheetBytes: 268_435_456, textBytes: 67_108_864, otherBytes: 8_388_608 }

/** Rows of the first sheet, those that are empty left out. Faults: `table-malformed`, `table-too-large`, `table-format`. */
export async function* readXlsx(path: string): AsyncGenerator<TableRow> {
  const zip = await openZip(path)
  try {
    const entries = await entriesOf(zip)
    const part = (name: string, maxBytes: number) => openPart(zip, entries.get(name), maxBytes)
    const sheet = await firstSheet(part)
    const texts = await sharedTexts(part)
    const dates = await dateStyles(part)
    const source = await part(sheet.path, limits.sheetBytes)
    if (source === undefined) throw malformed('it has no sheet')
    yield* rowsOf(source, texts, dates, sheet.from1904)
  } finally {
    zip.close()
  }
}

type Part = (name: string, maxBytes: number) => Promise<Readable | undefined>

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(malformed(error.message, error))
      else resolve(zip)
    })
  })
}

function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>()
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry)
      if (entries.size > limits.entries) reject(tooLarge('it has too many parts'))
      else zip.readEntry()
    })
    zip.on('end', () => resolve(entries))
    zip.on('error', (error) => reject(malformed(error.message, error)))
    zip.readEntry()
  })
}

/** The bytes of a part; yauzl ends with an error when there are more of them than the directory says. */
function openPart(zip: ZipFile, entry: Entry | undefined, maxBytes: number): Promise<Readable | undefined> {
  if (entry === undefined) return Promise.resolve(undefined)
  if (entry.uncompressedSize > maxBytes) return Promise.reject(tooLarge(`${entry.fileName} holds too much`))
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(malformed(error.message, error))
      else resolve(stream)
    })
  })
}

interface Listener {
  open?(tag: SaxesTagPlain): void
  text?(text: string): void
  close?(name: string): void
}

/** Feeds a part to a listener; after each piece the caller may take what has come together. */
async function* parsing(source: Readable, listener: Listener): AsyncGenerator<undefined> {
  const parser = new SaxesParser()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const local = (name: string) => name.slice(name.indexOf(':') + 1)
  parser.on('doctype', () => {
    throw malformed('it has a document type')
  })
  parser.on('opentag', (tag) => listener.open?.({ ...tag, name: local(tag.name) }))
  parser.on('text', (text) => listener.text?.(text))
  parser.on('closetag', (tag) => listener.close?.(local(tag.name)))
  parser.on('error', (error) => {
    throw malformed(error.message, error)
  })
  try {
    for await (const chunk of source) {
      parser.write(decoder.decode(chunk as Buffer, { stream: true }))
      yield
    }
    parser.write(decoder.decode()).close()
    yield
  } catch (error) {
    // Of a file on the disk nothing else is read here, so whatever is wrong is wrong with the file.
    throw error instanceof Fault ? error : malformed(error instanceof Error ? error.message : 'unknown', error)
  } finally {
    source.destroy()
  }
}

async function parsed(source: Readable | undefined, listener: Listener): Promise<void> {
  if (source === undefined) return
  for await (const _ of parsing(source, listener));
}

async function firstSheet(part: Part): Promise<{ path: string; from1904: boolean }> {
  let id = ''
  let from1904 = false
  const book = await part('xl/workbook.xml', limits.otherBytes)
  if (book === undefined)
    throw new Fault('invalid', 'table-format', 'This is no XLSX workbook; save it as XLSX or CSV.')
  await parsed(book, {
    open({ name, attributes }) {
      if (name === 'workbookPr') from1904 = /^(1|true)$/.test(attributes.date1904 ?? '')
      if (name === 'sheet' && id === '') id = attributes['r:id'] ?? ''
    },
  })
  let target = 'worksheets/sheet1.xml'
  await parsed(await part('xl/_rels/workbook.xml.rels', limits.otherBytes), {
    open({ name, attributes }) {
      if (name === 'Relationship' && attributes.Id === id) target = attributes.Target ?? target
    },
  })
  return { path: target.startsWith('/') ? target.slice(1) : `xl/${target}`, from1904 }
}

async function sharedTexts(part: Part): Promise<string[]> {
  const texts: string[] = []
  let text = ''
  let within = false
  let phonetic = false
  await parsed(await part('xl/sharedStrings.xml', limits.textBytes), {
    open({ name }) {
      if (name === 'si') text = ''
      if (name === 'rPh') phonetic = true
      within = name === 't' && !phonetic
    },
    text(piece) {
      if (within) text += piece
    },
    close(name) {
      if (name === 'si') texts.push(text)
      if (name === 'rPh') phonetic = false
      within = false
    },
  })
  return texts
}

/** Numbers of the cell formats that show a date: ECMA-376, 18.8.30, and what people define themselves. */
async function dateStyles(part: Part): Promise<ReadonlySet<number>> {
  const own = new Set<number>()
  const dates = new Set<number>()
  let cellFormats = false
  let count = 0
  const shows = (id: number) =>
    own.has(id) || (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58)
  await parsed(await part('xl/styles.xml', limits.otherBytes), {
    open({ name, attributes }) {
      if (name === 'numFmt') {
        const code = (attributes.formatCode ?? '').replaceAll(/"[^"]*"|\[[^\]]*\]|\\./g, '')
        if (/[ymdhs年月日]/i.test(code)) own.add(Number(attributes.numFmtId))
      }
      if (name === 'cellXfs') cellFormats = true
      if (name === 'xf' && cellFormats && shows(Number(attributes.numFmtId))) dates.add(count)
      if (name === 'xf' && cellFormats) count++
    },
    close(name) {
      if (name === 'cellXfs') cellFormats = false
    },
  })
  return dates
}

const maxColumns = 16_384

async function* rowsOf(
  source: Readable,
  texts: readonly string[],
  dates: ReadonlySet<number>,
  from1904: boolean,
): AsyncGenerator<TableRow> {
  let done: TableRow[] = []
  let number = 0
  let cells: string[] = []
  let column = 0
  let type = ''
  let style = -1
  let value = ''
  let within = false
  const listener: Listener = {
    open({ name, attributes }) {
      if (name === 'row') {
        number = Number(attributes.r ?? number + 1)
        cells = []
        column = 0
      } else if (name === 'c') {
        column = attributes.r === undefined ? column : columnOf(attributes.r)
        type = attributes.t ?? 'n'
        style = Number(attributes.s ?? -1)
        value = ''
      } else within = name === 'v' || (name === 't' && type === 'inlineStr')
    },
    text(piece) {
      if (within) value += piece
    },
    close(name) {
      within = false
      if (name === 'c') {
        while (cells.length < column && column < maxColumns) cells.push('')
        if (column < maxColumns) cells[column] = meaning()
        column++
      }
      if (name === 'row' && cells.some((cell) => cell !== '')) done.push({ number, cells })
    },
  }
  const meaning = (): string => {
    if (type === 's') return texts[Number(value)] ?? ''
    if (type === 'b') return value === '1' ? 'true' : 'false'
    if (type === 'e') return ''
    if (type !== 'n' || value === '') return value
    const figure = Number(value)
    if (Number.isNaN(figure)) return value
    return dates.has(style) ? dateOf(figure, from1904) : String(figure)
  }
  for await (const _ of parsing(source, listener)) {
    yield* done
    done = []
  }
}

function columnOf(reference: string): number {
  let column = 0
  for (const letter of /^[A-Z]{1,3}/.exec(reference)?.[0] ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  return Math.max(0, column - 1)
}

/** Days since the last day of 1899 (or since 1904), as ISO 8601; the time of day is kept where there is one. */
function dateOf(days: number, from1904: boolean): string {
  const date = new Date(Math.round((days - (from1904 ? 24_107 : 25_569)) * 86_400_000))
  if (Number.isNaN(date.getTime())) return String(days)
  return date
    .toISOString()
    .replace(/T00:00:00\.000Z$/, '')
    .replace(/\.000Z$/, '')
}

function malformed(what: string, cause?: unknown): Fault {
  return new Fault('invalid', 'table-malformed', `The workbook cannot be read: ${what}.`, {
    cause,
    errors: [{ pointer: '/file', detail: 'cannot be read' }],
  })
}

function tooLarge(what: string): Fault {
  return new Fault('too-large', 'table-too-large', `The workbook is too large: ${what}.`)
}
