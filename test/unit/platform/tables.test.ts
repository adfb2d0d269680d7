import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csvLine, meantBy } from '../../../src/core/platform/csv.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { openTable } from '../../../src/core/platform/tables.ts'
import { foreignWorkbook, workbook, zipOf } from '../../support/workbooks.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-tables-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function read(content: string | Buffer) {
  const path = join(folder, 'table')
  writeFileSync(path, content)
  const table = await openTable(path)
  const rows = []
  for await (const row of table.rows()) rows.push(row)
  return { format: table.format, encoding: table.encoding, rows }
}
const cellsOf = async (content: string | Buffer) => (await read(content)).rows.map(({ cells }) => cells)
const codeOf = (content: string | Buffer) =>
  read(content).then(
    () => 'read',
    (error: unknown) => (error instanceof Fault ? error.code : error),
  )

/** 姓名,城市 / 王芳,上海 in GB18030. */
const gb = Buffer.from('d0d5c3fb2cb3c7cad00d0acdf5b7bc2cc9cfbaa30d0a', 'hex')

test('CSV is read in UTF-8 with and without a mark, in GB18030 and in UTF-16', async () => {
  const rows = [
    ['姓名', '城市'],
    ['王芳', '上海'],
  ]
  const text = '姓名,城市\r\n王芳,上海\r\n'
  expect(await read(text)).toMatchObject({ format: 'csv', encoding: 'utf-8' })
  expect(await cellsOf(text)).toEqual(rows)
  expect(await cellsOf(`\ufeff${text}`)).toEqual(rows)
  expect(await read(gb)).toMatchObject({ encoding: 'gb18030' })
  expect(await cellsOf(gb)).toEqual(rows)
  expect(await cellsOf(Buffer.from(`\ufeff${text}`, 'utf16le'))).toEqual(rows)
})

test('commas, semicolons and tabs are told apart, and rows are numbered as a spreadsheet shows them', async () => {
  expect((await read('a;b\n1,5;2\n')).rows).toEqual([
    { number: 1, cells: ['a', 'b'] },
    { number: 2, cells: ['1,5', '2'] },
  ])
  expect(await cellsOf('a\tb\n1\t2')).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ])
  expect((await read('a,b\n"1\n1",2\n\n3')).rows.at(-1)).toEqual({ number: 4, cells: ['3'] })
})

test('what is no table is refused by name', async () => {
  expect(await codeOf(Buffer.from('89504e470d0a1a0a0000000d', 'hex'))).toBe('table-encoding')
  expect(await codeOf(Buffer.from('d0cf11e0a1b11ae1', 'hex'))).toBe('table-format')
  expect(await codeOf('%PDF-1.7')).toBe('table-format')
  expect(await codeOf(await zipOf({ 'word/document.xml': '<w/>' }))).toBe('table-format')
  expect(await codeOf('name\n"never closed')).toBe('table-malformed')
  expect(await codeOf(`name\n"${'x'.repeat(300_000)}`)).toBe('table-malformed')
  expect(await codeOf(Buffer.from('504b0304000000', 'hex'))).toBe('table-malformed')
})

test('a workbook that somebody else wrote is read: shared and rich texts, dates, numbers, gaps, the first sheet by name', async () => {
  expect(await read(await zipOf(foreignWorkbook))).toMatchObject({
    format: 'xlsx',
    rows: [
      { number: 2, cells: ['姓名', '', '生日 & 电话'] },
      { number: 5, cells: ['王 芳', '2020-01-01', '2020-01-01T12:00:00', '13800138000', 'true', '', '2.5'] },
    ],
  })
})

test('a zip bomb, one that lies about its size, and one with entities in it are refused by name', async () => {
  const bomb = { ...foreignWorkbook, 'xl/sharedStrings.xml': Buffer.alloc(70_000_000, ' ') }
  expect(await codeOf(await zipOf(bomb))).toBe('table-too-large')
  const lying = await zipOf({ ...foreignWorkbook, 'xl/sharedStrings.xml': Buffer.alloc(1_000_000, ' ') })
  const size = Buffer.alloc(4)
  size.writeUInt32LE(1_000_000)
  for (let at = lying.indexOf(size); at !== -1; at = lying.indexOf(size, at)) lying.writeUInt32LE(100, at)
  expect(await codeOf(lying)).toBe('table-malformed')
  const laughing = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>'
  expect(await codeOf(await zipOf({ ...foreignWorkbook, 'xl/sharedStrings.xml': laughing }))).toBe('table-malformed')
  const many = Object.fromEntries(Array.from({ length: 2100 }, (_, index) => [`x/${index}`, '']))
  expect(await codeOf(await zipOf({ ...many, ...foreignWorkbook }))).toBe('table-too-large')
})

const cell = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\u0000'))
const row = fc.array(cell, { minLength: 2, maxLength: 4 }).map((cells) => ['x', ...cells, 'y'])

test('whatever is written as CSV means the same when it is read, and nothing in it begins a formula', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), async (rows) => {
      const text = rows.map(csvLine).join('')
      const back = await cellsOf(`\ufeff${text}`)
      expect(back.flat().filter((one) => /^[=+\-@\t\r]/.test(one))).toEqual([])
      expect(back.map((cells) => cells.map(meantBy))).toEqual(rows.map((cells) => cells.map((one) => meantBy(one))))
    }),
    { numRuns: 60 },
  )
})

test('whatever is written as a workbook is read as it was', async () => {
  const rows = [
    ['=1+1', '+86138', ' spaced ', '<b>&amp;', 'a\r\nb', '😀', ''],
    ['2', '', '', '', '', '', 'last'],
  ]
  expect(await cellsOf(await workbook(rows))).toEqual([
    ['=1+1', '+86138', ' spaced ', '<b>&amp;', 'a\r\nb', '😀', ''],
    rows[1],
  ])
})
