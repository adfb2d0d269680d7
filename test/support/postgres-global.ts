/**
 * One PostgreSQL for a whole test run: an embedded one in a temporary directory, without fsync, or the server that
 * TRIBUTARY_TEST_DATABASE_URL names. A template database with all migrations is made once; `database.ts` copies it.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/core/platform/embedded-postgres.ts'
import { endOf, endServer, isRunning, readLock, worksIn } from '../../src/core/platform/embedded-postgres-process.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { migrate } from '../../src/core/platform/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's URL of the run's server, database `postgres`. Empty in a run of unit tests alone. */
    postgresUrl: string
    /** The database with all migrations; copy it, never connect to it. */
    postgresTemplate: string
  }
}

const prefix = 'tributary-test-postgres-'

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (isUnitOnly()) {
    project.provide('postgresUrl', '')
    project.provide('postgresTemplate', '')
    return
  }
  const server = await openServer()
  try {
    const template = `tributary_template_${process.pid}`
    await onServer(server.url, `drop database if exists ${template}`)
    await onServer(server.url, `create database ${template}`)
    await migrate(databaseUrl(server.url, template), join(import.meta.dirname, '../../migrations'), silentLog)
    project.provide('postgresUrl', server.url)
    project.provide('postgresTemplate', template)
    return async () => {
      await onServer(server.url, `drop database if exists ${template} with (force)`).catch(() => undefined)
      await server.close()
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

async function openServer(): Promise<{ url: string; close(): Promise<void> }> {
  const given = process.env.TRIBUTARY_TEST_DATABASE_URL
  if (given) return { url: given, close: async () => undefined }
  await sweep()
  const dataDirectory = join(tmpdir(), `${prefix}${process.pid}`)
  await mkdir(dataDirectory)
  const server = await startEmbeddedPostgres({
    dataDirectory,
    log: silentLog,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '400', shared_buffers: '64MB' },
  })
  return {
    url: server.url,
    async close() {
      await server.stop()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** Ends what killed runs left behind. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN)
    if (!(pid > 0) || (pid !== process.pid && (await isRunning(pid)))) continue
    const directory = join(tmpdir(), name)
    const cluster = join(directory, 'cluster')
    const lock = await readLock(cluster)
    if (lock !== undefined && (await worksIn(cluster, lock.pid))) await endServer(lock.pid, endOf(lock.pid))
    await rm(directory, { recursive: true, force: true })
  }
}

/** Whether only pure tests were asked for on the command line: they should not wait for a server. */
function isUnitOnly(): boolean {
  const asked = process.argv.slice(2).filter((argument) => argument !== 'run' && !argument.startsWith('-'))
  return asked.length > 0 && asked.every((path) => path.includes('test/unit'))
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function databaseUrl(url: string, name: string): string {
  const parsed = new URL(url)
  parsed.pathname = `/${name}`
  return parsed.href
}
