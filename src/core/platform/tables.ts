/** A file with rows in it, of whichever of the kinds that people have: CSV in several encodings, XLSX. */
import { open } from 'node:fs/promises'
import { encodingOf, readCsv, type TableRow, type TextEncoding } from './csv.ts'
import { Fault } from './errors.ts'
import { readXlsx } from './xlsx.ts'

export type { TableRow }

export interface Table {
  readonly format: 'csv' | 'xlsx'
  readonly encoding: TextEncoding | null
  /** From the beginning each time; numbers are those that a spreadsheet shows. */
  rows(): AsyncGenerator<TableRow>
}

/** Looks what kind it is by its bytes. Faults: `table-format` for what is none of them, `table-encoding` for text in no encoding we know. */
export async function openTable(path: string): Promise<Table> {
  const head = await headOf(path)
  if (head.startsWith('504b0304') || head.startsWith('504b0506')) {
    return { format: 'xlsx', encoding: null, rows: () => readXlsx(path) }
  }
  if (head.startsWith('d0cf11e0') || head.startsWith('25504446')) {
    throw new Fault('invalid', 'table-format', 'A file of this kind is not read: save it as XLSX or CSV.', {
      errors: [{ pointer: '/file', detail: 'is no XLSX or CSV' }],
    })
  }
  const encoding = await encodingOf(path)
  if (encoding === undefined) {
    throw new Fault(
      'invalid',
      'table-encoding',
      'The file is text neither in UTF-8 nor in GB18030: save it in one of them.',
      {
        errors: [{ pointer: '/file', detail: 'is in no encoding that is known' }],
      },
    )
  }
  return { format: 'csv', encoding, rows: () => readCsv(path, encoding) }
}

async function headOf(path: string): Promise<string> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.subarray(0, bytesRead).toString('hex')
  } finally {
    await handle.close()
  }
}
