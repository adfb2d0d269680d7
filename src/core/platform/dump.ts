/**
 * All rows of the hub's tables as text, table by table, by COPY: of one moment, and readable by any PostgreSQL from 15 on. What an
 * embedded server lacks (pg_dump is not among its programs) is here, and nothing more: the shape comes from the migrations.
 * https://www.postgresql.org/docs/current/sql-copy.html
 */
import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { Fault } from './errors.ts'

export interface DumpedTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: number
  /** Of the rows, whatever their order: what is read again after loading must have the same. */
  readonly digest: string
}

export interface Dumped {
  readonly tables: readonly DumpedTable[]
  readonly sequences: readonly { readonly name: string; readonly last: number; readonly isCalled: boolean }[]
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[]
}

type Sink = (table: string) => NodeJS.WritableStream
type Source = (table: string) => NodeJS.ReadableStream

/** The same text for the same values, whatever the server is set to. */
const plainText = `set datestyle to iso, ymd; set timezone to 'UTC'; set extra_float_digits to 1; set bytea_output to hex;
  set intervalstyle to iso_8601; set statement_timeout to 0; set idle_in_transaction_session_timeout to 0`

/** Made by the migrations themselves. */
const notDumped = ['migrations']

/**
 * Writes every table into what `sink` gives for it, all as they were at one moment, while others go on writing. `also` reads in
 * the same snapshot.
 */
export function dumpDatabase<T>(
  url: string,
  sink: Sink,
  also: (query: <R>(sql: string) => Promise<R[]>) => Promise<T>,
): Promise<Dumped & { also: T }> {
  return session(url, async (client) => {
    await client.query('begin isolation level repeatable read read only')
    const query = async <R>(sql: string) => (await client.query(sql)).rows as R[]
    const migrations = await query<{ name: string; checksum: string }>(
      'select name, checksum from migrations order by name',
    )
    // Walls stand before the owner too, unless it is the superuser: the worker role sees through them, given every tenant.
    const [{ all }] = (await query<{ all: boolean }>(
      'select rolsuper or rolbypassrls as all from pg_roles where rolname = current_user',
    )) as [{ all: boolean }]
    const asWorker = async <R>(work: () => Promise<R>): Promise<R> => {
      if (all) return work()
      await client.query('set local role tributary_worker')
      const ids = (await query<{ id: string }>('select id from tenants')).map(({ id }) => id)
      await client.query(`select set_config('app.tenants', $1, true)`, [ids.join(',')])
      const result = await work()
      await client.query('reset role')
      return result
    }
    const tables: DumpedTable[] = []
    for (const { name, columns, isWalled } of await tablesOf(query)) {
      const copy = () => copyOut(client, name, columns, sink(name))
      tables.push({ name, columns, ...(await (isWalled ? asWorker(copy) : copy())) })
    }
    const besides = await asWorker(() => also(query))
    const sequences = []
    for (const name of await sequenceNames(query)) {
      const [row] = await query<{ last_value: string | number; is_called: boolean }>(
        `select last_value, is_called from ${name}`,
      )
      sequences.push({ name, last: Number(row?.last_value ?? 1), isCalled: row?.is_called ?? false })
    }
    await client.query('commit')
    return { tables, sequences, migrations, also: besides }
  })
}

/**
 * Fills tables of the same shape, which must be empty, in one transaction: all of it is there afterwards, checked by count and digest,
 * or nothing. `after` runs within it, last. Faults with `backup-differs` when what is stored is not what was dumped.
 */
export function loadDatabase(url: string, dumped: Dumped, source: Source, after: readonly string[]): Promise<void> {
  return session(url, async (client) => {
    const query = async <R>(sql: string) => (await client.query(sql)).rows as R[]
    await client.query('begin')
    const shape = await tablesOf(query)
    const isKnown = new Map(shape.map(({ name, columns }) => [name, new Set(columns)]))
    const strange = dumped.tables.find(
      ({ name, columns }) =>
        isKnown.get(name) === undefined || columns.some((column) => !isKnown.get(name)?.has(column)),
    )
    if (strange !== undefined) throw differs(`The table ${strange.name} has another shape here.`)

    // Without their keys to each other the tables can be filled in any order; that they fit is checked when the keys come back.
    const keys = await query<{ place: string; name: string; definition: string }>(
      `select conrelid::regclass::text as place, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
         from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace and conparentid = 0 order by 1, 2`,
    )
    for (const { place, name } of keys) await client.query(`alter table ${place} drop constraint ${name}`)
    const walled = shape.filter(({ isWalled }) => isWalled).map(({ name }) => name)
    for (const name of walled) await client.query(`alter table ${name} no force row level security`)
    for (const { name } of shape) await client.query(`alter table ${name} disable trigger user`)

    for (const { name } of dumped.tables) await client.query(`delete from ${name}`)
    for (const table of dumped.tables) {
      const into = client.query(copyFrom(`copy ${table.name} (${table.columns.join(', ')}) from stdin`))
      await pipeline(source(table.name), into)
      const { rows, digest } = await copyOut(client, table.name, table.columns)
      if (rows !== table.rows || digest !== table.digest) {
        throw differs(`${table.name}: ${rows} rows are stored, ${table.rows} were kept, or they are not the same.`)
      }
    }
    for (const { name, last, isCalled } of dumped.sequences) {
      await client.query('select setval($1, $2, $3)', [name, last, isCalled])
    }

    for (const statement of after) await client.query(statement)
    for (const { place, name, definition } of keys) {
      await client.query(`alter table ${place} add constraint ${name} ${definition}`)
    }
    for (const { name } of shape) await client.query(`alter table ${name} enable trigger user`)
    for (const name of walled) await client.query(`alter table ${name} force row level security`)
    await client.query('commit')
    await client.query('analyze')
  })
}

async function session<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'tributary dump' })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(plainText)
    return await work(client)
  } finally {
    await client.end()
  }
}

interface Shape {
  readonly name: string
  readonly columns: readonly string[]
  readonly isWalled: boolean
}

/** Tables with the columns that are stored, of partitioned ones the whole. */
async function tablesOf(query: <R>(sql: string) => Promise<R[]>): Promise<Shape[]> {
  const rows = await query<{ name: string; columns: string[]; walled: boolean }>(
    `select c.oid::regclass::text as name, c.relrowsecurity as walled,
            array_agg(quote_ident(a.attname) order by a.attnum) as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> all ('{${notDumped.join(',')}}')
      group by c.oid order by 1`,
  )
  return rows.map(({ name, columns, walled }) => ({ name, columns, isWalled: walled }))
}

async function sequenceNames(query: <R>(sql: string) => Promise<R[]>): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relkind = 'S' and relnamespace = 'public'::regnamespace order by 1`,
  )
  return rows.map(({ name }) => name)
}

/** Reads a table by COPY, into `sink` if there is one; answers with what went by. */
async function copyOut(
  client: pg.Client,
  table: string,
  columns: readonly string[],
  sink?: NodeJS.WritableStream,
): Promise<{ rows: number; digest: string }> {
  const out = client.query(copyTo(`copy (select ${columns.join(', ')} from ${table}) to stdout`))
  const counter = new RowCounter()
  if (sink === undefined) {
    out.pipe(counter)
    counter.resume()
    await new Promise<void>((resolve, reject) => {
      out.on('error', reject)
      counter.on('error', reject).on('end', resolve)
    })
  } else await pipeline(out, counter, sink)
  return counter.result()
}

/** Counts lines and adds up a hash of each: rows may come in any order. A line break within a value is written as \n. */
class RowCounter extends Transform {
  #rows = 0
  #sum = 0n
  #rest: Buffer = Buffer.alloc(0)

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let from = 0
    for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, from)) {
      this.#rows += 1
      this.#sum += createHash('sha256').update(text.subarray(from, at)).digest().readBigUInt64BE()
      from = at + 1
    }
    this.#rest = text.subarray(from)
    done(null, chunk)
  }

  result(): { rows: number; digest: string } {
    return { rows: this.#rows, digest: BigInt.asUintN(64, this.#sum).toString(16).padStart(16, '0') }
  }
}

function differs(why: string): Fault {
  return new Fault('conflict', 'backup-differs', `What was restored is not what was kept: ${why} Nothing was changed.`)
}
