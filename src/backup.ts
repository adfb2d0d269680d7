/**
 * A whole hub in one folder: every row of one moment, every file that those rows name, and a list that says what must be there. Made while
 * the hub runs. Without the master key, which is kept apart.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline as connect, PassThrough, type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { type BlobStore, requireKey } from './core/platform/blobs.ts'
import type { Config } from './core/platform/config.ts'
import { type Dumped, dumpDatabase } from './core/platform/dump.ts'
import { Fault } from './core/platform/errors.ts'
import type { Logger } from './core/platform/log.ts'
import { Vault } from './core/platform/secrets.ts'
import { masterKey, openBlobs, openPlace } from './ground.ts'

/** What a backup says of itself; written last, so a folder without it is none. */
export interface Manifest extends Dumped {
  readonly format: 1
  readonly madeAt: string
  /** Where the log lay: in these tables, or in Kafka. */
  readonly log: 'postgres' | 'kafka'
  /** Tells one master key from another, and nothing of it. */
  readonly keyCheck: string
  /** The feed's tables of single days. */
  readonly days: readonly string[]
  readonly blobs: readonly KeptBlob[]
  /** Files that were on their way in or out at the moment: their rows are here, their bytes were not there. */
  readonly absent: number
  /** SHA-256 of each file of the folder but this one and the blobs. */
  readonly files: Readonly<Record<string, string>>
}

export interface KeptBlob {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

const manifestName = 'manifest.json'

export const tableFile = (table: string): string => `tables/${table}.gz`
export const blobFile = (key: string): string => `blobs/${key}`

/** Columns of whatever table that hold the key of a blob. */
const blobColumns = ['blob_key', 'thumbnail_key']

/**
 * Makes a backup in `to`, which must not be there yet and appears when it is whole. Faults with `backup-exists`, and those of
 * opening the database.
 */
export async function backUp(config: Config, root: string, to: string, log: Logger): Promise<Manifest> {
  const folder = resolve(to)
  if (existsSync(folder))
    throw new Fault('conflict', 'backup-exists', `${folder} is there already: name another folder.`)
  const draft = `${folder}.unfinished`
  await rm(draft, { recursive: true, force: true })
  await mkdir(join(draft, 'tables'), { recursive: true, mode: 0o700 })
  const place = await openPlace(config, root, log)
  try {
    const vault = new Vault(masterKey(config, place.dataDirectory, false))
    const written: { name: string; hash: () => string; done: Promise<void> }[] = []
    const sink = (table: string) => {
      const entry = new PassThrough()
      const { stream, hash } = hashing()
      const name = tableFile(table)
      const out = createWriteStream(join(draft, name), { mode: 0o600, flush: true })
      written.push({ name, hash, done: pipeline(entry, createGzip({ level: 4 }), stream, out) })
      return entry
    }
    const { also, ...dumped } = await dumpDatabase(place.databaseUrl, sink, async (query) => ({
      days: (
        await query<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass order by 1`,
        )
      ).flatMap(({ name }) => (/^events_\d{8}$/.test(name) ? [name] : [])),
      keys: await blobKeys(query),
    }))
    await Promise.all(written.map(({ done }) => done))
    const store = openBlobs(config, place.dataDirectory)
    const { blobs, absent } = await keepBlobs(store, also.keys, draft).finally(() => store.close())
    const manifest: Manifest = {
      format: 1,
      madeAt: new Date().toISOString(),
      log: config.kafka.brokers.length === 0 ? 'postgres' : 'kafka',
      keyCheck: keyCheckOf(vault),
      ...dumped,
      days: also.days,
      blobs,
      absent,
      files: Object.fromEntries(written.map(({ name, hash }) => [name, hash()])),
    }
    await writeSynced(join(draft, manifestName), `${JSON.stringify(manifest, null, 1)}\n`)
    await rename(draft, folder)
    return manifest
  } finally {
    await place.close()
  }
}

/** What a folder holds, once every file in it has been read and found to be what was written. Faults with `backup-broken`. */
export async function readBackup(from: string): Promise<Manifest> {
  const text = await readFile(join(from, manifestName), 'utf8').catch((cause: unknown) => {
    throw new Fault(
      'invalid',
      'backup-broken',
      `${resolve(from)} holds no whole backup: there is no ${manifestName}.`,
      {
        cause,
      },
    )
  })
  const manifest = JSON.parse(text) as Manifest
  if (manifest.format !== 1) throw broken('it was made by another version of the program')
  for (const [name, expected] of Object.entries(manifest.files)) await requireSame(join(from, name), expected)
  for (const { key, sha256 } of manifest.blobs) {
    requireKey(key)
    await requireSame(join(from, blobFile(key)), sha256)
  }
  return manifest
}

/** The rows of a table, as they were written. */
export function tableRows(from: string, table: string): Readable {
  // Whoever reads the end hears of what goes wrong at the beginning.
  return connect(createReadStream(join(from, tableFile(table))), createGunzip(), () => {})
}

export function keyCheckOf(vault: Vault): string {
  return vault.derive('backup').toString('hex').slice(0, 16)
}

async function blobKeys(query: <R>(sql: string) => Promise<R[]>): Promise<string[]> {
  const places = await query<{ place: string; name: string }>(
    `select a.attrelid::regclass::text as place, quote_ident(a.attname) as name
       from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and a.attname = any ('{${blobColumns.join(',')}}') order by 1, 2`,
  )
  const keys = new Set<string>()
  for (const { place, name } of places) {
    const rows = await query<{ key: string }>(`select ${name} as key from ${place} where ${name} is not null`)
    for (const { key } of rows) keys.add(key)
  }
  return [...keys].sort()
}

async function keepBlobs(store: BlobStore, keys: readonly string[], folder: string) {
  const blobs: KeptBlob[] = []
  let absent = 0
  for (const key of keys) {
    const body = await store.get(key)
    if (body === undefined) {
      absent += 1
      continue
    }
    const file = join(folder, blobFile(key))
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const { stream, hash, bytes } = hashing()
    await pipeline(body, stream, createWriteStream(file, { mode: 0o600, flush: true }))
    blobs.push({ key, bytes: bytes(), sha256: hash() })
  }
  return { blobs, absent }
}

/** Lets bytes through; afterwards it says what they were. */
function hashing(): { stream: Transform; hash: () => string; bytes: () => number } {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      hash.update(chunk)
      done(null, chunk)
    },
  })
  return { stream, hash: () => hash.digest('hex'), bytes: () => bytes }
}

async function requireSame(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk)
  } catch (cause) {
    throw broken(`${file} cannot be read`, cause)
  }
  if (hash.digest('hex') !== expected) throw broken(`${file} is not what was written`)
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function broken(why: string, cause?: unknown): Fault {
  return new Fault('invalid', 'backup-broken', `This backup cannot be restored: ${why}.`, { cause })
}
