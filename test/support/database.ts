/** A database of its own for each caller, with all migrations, on the run's one server. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  /** Connects as the superuser, who owns everything in it. */
  readonly url: string
  /** Removes it, sessions and all. May be repeated. */
  drop(): Promise<void>
}

/** Makes a migrated, empty database with a unique name. Drop it when done: a run holds at most a few hundred sessions. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgresUrl')
  if (server === '')
    throw new Error('A run of unit tests alone has no PostgreSQL; tests that need one stand elsewhere.')
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(server, `create database ${name} template ${inject('postgresTemplate')}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(server, `drop database if exists ${name} with (force)`) }
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
