/** The PostgreSQL of a benchmark: an embedded one with default durability, thrown away at the end. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../src/core/platform/embedded-postgres.ts'
import { silentLog } from '../src/core/platform/log.ts'
import { migrate } from '../src/core/platform/migrate.ts'

export interface BenchServer {
  readonly pid: number
  /** Makes a migrated database; the URL connects as the superuser. */
  createDatabase(name: string): Promise<string>
  /** Writes everything out, so that what was measured before weighs on nothing that is measured next. */
  settle(): Promise<void>
  stop(): Promise<void>
}

export async function startServer(): Promise<BenchServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  const server = await startEmbeddedPostgres({
    dataDirectory,
    log: silentLog,
    settings: { max_connections: '200', max_wal_size: '4GB' },
  })
  const stop = async () => {
    await server.stop()
    await rm(dataDirectory, { recursive: true, force: true })
  }
  // The server would outlive a run that is cut short.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)))
  }
  const lock = await readFile(join(dataDirectory, 'cluster', 'postmaster.pid'), 'utf8')
  return {
    pid: Number(lock.split('\n', 1)[0]),
    async createDatabase(name) {
      await statement(server.url, `create database ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      await migrate(url.href, join(import.meta.dirname, '../migrations'), silentLog)
      return url.href
    },
    settle: () => statement(server.url, 'checkpoint'),
    stop,
  }
}

/** Runs statements on a connection of their own. */
export async function statement(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
