/**
 * What the tests of the embedded PostgreSQL share: data directories that need no initdb, servers that are stopped after
 * their test, and processes to kill. Import it in a test file and call `prepareSeed` once.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../../src/core/platform/embedded-postgres.ts'
import { readLock } from '../../src/core/platform/embedded-postgres-process.ts'
import { Fault } from '../../src/core/platform/errors.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { eventually } from './eventually.ts'

export const isRoot = process.getuid?.() === 0
export const nobody = 65534
export const program = join(import.meta.dirname, 'embedded-postgres-child.ts')
// The Node that the hub runs on; another may have started vitest.
export const node = join(import.meta.dirname, '../../node_modules/.bin/node')

let home: string
/** A data directory after one clean run, holding the table `kept` with one row: copied, it saves most tests an initdb. */
let seed: string
const cleanups: (() => Promise<unknown>)[] = []

/** Registers the hooks of a test file. */
export function prepareSeed(): void {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tributary-embedded-'))
    await chmod(home, 0o755)
    seed = join(home, 'seed')
    const server = await startEmbeddedPostgres({ dataDirectory: seed, log: silentLog })
    await ask(server.url, 'create table kept (n int primary key)')
    await ask(server.url, 'insert into kept values (0)')
    await server.stop()
  })
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  afterAll(() => rm(home, { recursive: true, force: true }))
}

/** Has something done after the test, the latest first. */
export function afterwards(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup)
}

export function as(uid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
}

export async function start(options: Omit<EmbeddedPostgresOptions, 'log'> & Partial<EmbeddedPostgresOptions>) {
  const server = await startEmbeddedPostgres({ log: silentLog, ...options })
  afterwards(() => server.stop())
  return server
}

export async function faultOf(options: Omit<EmbeddedPostgresOptions, 'log'>): Promise<Fault> {
  const outcome: unknown = await start(options).catch((error) => error)
  expect(outcome).toBeInstanceOf(Fault)
  return outcome as Fault
}

export interface Child {
  readonly process: ChildProcess
  readonly dataDirectory: string
  readonly url: string
  readonly uid: number
}

/** Another process that runs the server, in a process group of its own. What it leaves running is ended after the test. */
export async function startChild(dataDirectory: string, uid?: number): Promise<Child> {
  const command = [...(uid === undefined ? [] : ['setpriv', ...as(uid)]), node, program, dataDirectory]
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  afterwards(async () => {
    await kill(child)
    await startEmbeddedPostgres({ dataDirectory, log: silentLog }).then((server) => server.stop())
  })
  const { url = '', uid: ownUid = -1 } = await lineOf(child)
  return { process: child, dataDirectory, url, uid: ownUid }
}

export async function lineOf(
  child: ChildProcess,
): Promise<{ url?: string; uid?: number; code?: string; message?: string }> {
  if (child.stdout === null) throw new Error('the child has no output')
  for await (const line of createInterface(child.stdout)) return JSON.parse(line)
  throw new Error('the child said nothing')
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

export async function serverOf(dataDirectory: string): Promise<number> {
  return eventually(async () => (await readLock(join(dataDirectory, 'cluster')))?.pid)
}

export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(home, 'data-'))
  await chmod(directory, 0o755)
  return directory
}

export async function seeded(): Promise<string> {
  const directory = await emptyDirectory()
  await copySeed(directory)
  return directory
}

export async function copySeed(directory: string): Promise<void> {
  expect(spawnSync('cp', ['-a', `${seed}/.`, directory]).status).toBe(0)
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export async function ask<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = await connect(url)
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A port that somebody else listens on until the test is over. */
export async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(async () => server.close())
  return portOf(server)
}

export async function free(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}
