/**
 * PostgreSQL, and the two walls between tenants: every transaction runs in a role that owns nothing, for one tenant
 * (application role) or a list of tenants (worker role). Rows come back in camelCase; bigint comes as a number, which is
 * exact up to 2^53, far beyond any position this hub can reach.
 */
import type { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { Fault } from './errors.ts'
import { isId } from './ids.ts'
import type { Logger } from './log.ts'
import { preparedName } from './prepared.ts'
import { rows } from './result-rows.ts'

const { Pool, Client, types } = pg

types.setTypeParser(types.builtins.INT8, (value) => Number(value))

/** Who acts: a member, an API key, a visitor, a connector or a part of the hub itself. */
export interface Actor {
  readonly id: string
  readonly tenantId: string
}

export interface Tx {
  readonly actorId: string
  /** All rows. Parameters are numbered $1, $2… in the order given. */
  query<T>(sql: string, ...parameters: unknown[]): Promise<T[]>
  /** The one row; a bug if there is none or more. */
  one<T>(sql: string, ...parameters: unknown[]): Promise<T>
  maybe<T>(sql: string, ...parameters: unknown[]): Promise<T | undefined>
  /** How many rows a statement touched. */
  run(sql: string, ...parameters: unknown[]): Promise<number>
  /** Runs once the transaction has committed, never if it did not. */
  afterCommit(effect: () => void): void
}

export interface TenantTx extends Tx {
  readonly tenantId: string
}

export interface DatabaseOptions {
  readonly url: string
  readonly poolSize: number
  readonly statementTimeoutMs: number
  readonly log: Logger
}

/** SQLSTATEs after which the same transaction, run again, may well succeed: serialisation failure, deadlock. */
const repeatable = new Set(['40001', '40P01'])

export class Database {
  readonly #app: pg.Pool
  readonly #worker: pg.Pool
  readonly #options: DatabaseOptions

  constructor(options: DatabaseOptions) {
    this.#options = options
    this.#app = this.#pool('tributary_app', options.poolSize)
    this.#worker = this.#pool('tributary_worker', options.poolSize)
  }

  /**
   * Runs `work` in one transaction as the application role of the actor's tenant. Deadlocks and serialisation failures
   * are repeated up to five times, so `work` must have no effect outside `tx` (use `tx.afterCommit`).
   */
  transaction<T>(actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
    if (!isId('ten', actor.tenantId)) throw new TypeError('A transaction needs the id of a tenant.')
    const begin = `begin; select set_config('app.tenant', '${actor.tenantId}', true)`
    const pool = { pool: this.#app, isPrepared: false }
    return this.#run(pool, begin, actor.id, (tx) => work(Object.assign(tx, { tenantId: actor.tenantId })))
  }

  /** The same as the worker role, for a list of tenants; an empty list sees only what is nobody's, and the doors. */
  work<T>(actorId: string, tenantIds: readonly string[], work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!tenantIds.every((id) => isId('ten', id))) throw new TypeError('A transaction needs ids of tenants.')
    const begin = `begin; select set_config('app.tenants', '${tenantIds.join(',')}', true)`
    return this.#run({ pool: this.#worker, isPrepared: true }, begin, actorId, work)
  }

  /** One statement of the worker role on tables that are no tenant's, without a transaction of its own. */
  async ground<T>(sql: string, ...parameters: unknown[]): Promise<T[]> {
    const query = { name: preparedName(sql), text: sql, values: parameters, rowMode: 'array' } as const
    return rows<T>(await this.#worker.query(query))
  }

  /**
   * Hears NOTIFY on a channel until the returned function is called. Rejects when the first connection cannot be made; one
   * that is lost later is made anew, again and again, and what was said meanwhile is not heard.
   */
  async listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>> {
    const { url, log } = this.#options
    const closing = new AbortController()
    const ear = (payload: string) => {
      if (!closing.signal.aborted) heard(payload)
    }
    let connection = await listenOn(url, channel, ear)
    const keep = async () => {
      await connection.lost
      while (!closing.signal.aborted) {
        try {
          connection = await listenOn(url, channel, ear)
          if (closing.signal.aborted) return await connection.close()
          await connection.lost
        } catch (err) {
          log.warn({ err, channel }, 'the connection that hears hints cannot be made; trying again')
        }
        await pause(1000, undefined, { ref: false, signal: closing.signal }).catch(() => {})
      }
    }
    void keep()
    return async () => {
      closing.abort()
      await connection.close()
    }
  }

  /** Says it to whoever listens. It may be lost, so its commit does not wait for the disk. */
  async notify(channel: string, payload: string): Promise<void> {
    await this.ground(`select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`, channel, payload)
  }

  /** Whether a statement can be run now. */
  async health(): Promise<boolean> {
    try {
      await this.#worker.query('select 1')
      return true
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#app.end().catch(() => {}), this.#worker.end().catch(() => {})])
  }

  #pool(role: string, max: number): pg.Pool {
    const pool = new Pool({
      connectionString: this.#options.url,
      max,
      application_name: role,
      keepAlive: true,
      // Statements that do not wait for each other's answers travel together; the server still runs them one after the other.
      pipeline: true,
      connectionTimeoutMillis: 10_000,
      options: [
        `-c role=${role}`,
        // A process frozen inside a transaction must not hold its locks for long: take-over waits for them.
        '-c idle_in_transaction_session_timeout=5000',
        `-c statement_timeout=${this.#options.statementTimeoutMs}`,
        '-c lock_timeout=10000',
        '-c jit=off',
      ].join(' '),
    })
    // A connection can be lost between two statements of a transaction; the next statement then rejects. Without a
    // listener of its own the event would end the process.
    pool.on('connect', (client) => client.on('error', () => {}))
    pool.on('error', (err) => this.#options.log.warn({ err }, 'an idle database connection was lost'))
    return pool
  }

  /** They follow a commit, so what goes wrong in one must not pass for a failure of the transaction. */
  #runAll(effects: readonly (() => void)[]): void {
    for (const effect of effects) {
      try {
        effect()
      } catch (err) {
        this.#options.log.error({ err }, 'what follows a commit failed')
      }
    }
  }

  async #run<T>(
    { pool, isPrepared }: RolePool,
    begin: string,
    actorId: string,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const client = await connect(pool)
      const course: Course = { effects: [], isOver: false, cause: undefined }
      let broken: Error | undefined
      try {
        // Not waited for: the first statement travels with it. Should it fail, so does every statement behind it.
        const begun = send(client, () => client.query(begin))
        begun.catch((cause: unknown) => {
          course.cause = cause
        })
        const result = await work(transactionOn(client, actorId, course, isPrepared))
        await begun
        course.isOver = true
        const { command } = await client.query('commit')
        // What PostgreSQL answers when a statement had failed, and `work` went on as if it had not.
        if (command !== 'COMMIT')
          throw new TypeError('A statement of the transaction failed, and the failure was hidden.')
        this.#runAll(course.effects)
        return result
      } catch (error) {
        course.isOver = true
        await client.query('rollback').catch((reason: Error) => {
          broken = reason
        })
        const isStale = isStalePlan(error)
        if (isStale) broken ??= new Error('Its plans are stale.')
        if (attempt >= 5 || !(isStale || repeatable.has(sqlState(error)))) throw error
        await pause(5 * attempt * (1 + Math.random()))
      } finally {
        client.release(broken)
      }
    }
  }
}

interface RolePool {
  readonly pool: pg.Pool
  /**
   * Whether statements that come often are prepared: those of the pipeline, which are few and fixed. A list that a caller filters as
   * he likes is better planned for his values.
   */
  readonly isPrepared: boolean
}

interface Listening {
  /** Resolves when the connection is no more. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

async function listenOn(url: string, channel: string, heard: (payload: string) => void): Promise<Listening> {
  const client = new Client({
    connectionString: url,
    application_name: 'tributary listen',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // It only ever waits: without probes a connection that a firewall has dropped would be waited on for hours.
    keepAliveInitialDelayMillis: 10_000,
  })
  const lost = new Promise<void>((resolve) => client.once('end', () => resolve()))
  client.on('notification', (message) => heard(message.payload ?? ''))
  client.on('error', () => {})
  const close = () => client.end().catch(() => {})
  try {
    await client.connect()
    await client.query(`listen ${channel}`)
    return { lost, close }
  } catch (error) {
    void close()
    throw error
  }
}

/** One session as the role that the URL names, the owner of the schema: for migrations and administration alone. */
export async function ownerSession<T>(
  url: string,
  work: (run: <R>(sql: string) => Promise<R[]>) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'tributary owner' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(async <R>(sql: string) => {
      const result = await client.query({ text: sql, rowMode: 'array' })
      return Array.isArray(result) ? [] : rows<R>(result)
    })
  } finally {
    await client.end()
  }
}

/** The SQLSTATE of a PostgreSQL error, else the empty string. */
export function sqlState(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}

/**
 * Whether a migration changed what a prepared statement answers with: that session's plan is of no use any more, another's may be.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/cache/plancache.c (RevalidateCachedQuery)
 */
function isStalePlan(error: unknown): boolean {
  return sqlState(error) === '0A000' && (error as { routine?: unknown }).routine === 'RevalidateCachedQuery'
}

/** The name of the constraint that a statement broke, else the empty string. */
export function brokenConstraint(error: unknown): string {
  const name = error instanceof Error ? (error as { constraint?: unknown }).constraint : undefined
  return typeof name === 'string' ? name : ''
}

/**
 * Whether an error is the ground giving way (connection, resources, shutdown, time-outs, a refused lease) and not the
 * fault of what was being done: then wait and do the same again.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof Fault) return error.kind === 'unavailable'
  if (!(error instanceof Error)) return false
  if (isStalePlan(error)) return true
  const state = sqlState(error)
  if (state !== '') return /^(08|53|57|58|40|55P03|25P03|XX000)/.test(state)
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/.test(code)) return true
  return /connection (terminated|ended)|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i.test(
    error.message,
  )
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (cause) {
    throw new Fault('unavailable', 'database-unavailable', 'The database cannot be reached.', { cause })
  }
}

/** So many bytes are not held back for what may be asked beside them: the server has enough to do with them. */
const mostHeldBytes = 65_536

/** What is asked in one turn of the event loop goes out in one write: a system call for each statement costs more than most of them. */
function send<T>(client: pg.PoolClient, ask: () => Promise<T>): Promise<T> {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection
  if (stream.writableCorked === 0) {
    stream.cork()
    process.nextTick(() => stream.uncork())
  }
  const answer = ask()
  if (stream.writableLength > mostHeldBytes) stream.uncork()
  return answer
}

/** How a transaction goes. */
interface Course {
  readonly effects: (() => void)[]
  /** It has failed or is being committed. */
  isOver: boolean
  /** Why the server takes no more of its statements. */
  cause: unknown
}

/**
 * What the server says of a statement that comes after one that failed: that the transaction is, or, where it was to be prepared there and
 * comes again, that it is not. https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const isBehindAFailure = (error: unknown) => ['25P02', '26000'].includes(sqlState(error))

/**
 * Statements that travel together are answered in their order, but whoever waits for several may hear of a later one first: so each that
 * comes after a failure rejects with that failure. Once the transaction is over none is sent, whoever still goes on: the connection is
 * another's then.
 */
function transactionOn(client: pg.PoolClient, actorId: string, course: Course, isPrepared: boolean): Tx {
  const ask = async (text: string, values: unknown[]) => {
    if (course.isOver) throw course.cause ?? new TypeError('The transaction is over.')
    try {
      const query = { name: isPrepared ? preparedName(text) : undefined, text, values, rowMode: 'array' } as const
      return await send(client, () => client.query(query))
    } catch (error) {
      if (course.cause !== undefined && isBehindAFailure(error)) throw course.cause
      course.cause = error
      throw error
    }
  }
  const query = async <T>(sql: string, ...parameters: unknown[]) => rows<T>(await ask(sql, parameters))
  return {
    actorId,
    query,
    async one<T>(sql: string, ...parameters: unknown[]): Promise<T> {
      const found = await query<T>(sql, ...parameters)
      const [row] = found
      if (row === undefined || found.length > 1) throw new TypeError(`One row was expected, ${found.length} came.`)
      return row
    },
    async maybe<T>(sql: string, ...parameters: unknown[]): Promise<T | undefined> {
      return (await query<T>(sql, ...parameters))[0]
    },
    async run(sql: string, ...parameters: unknown[]): Promise<number> {
      return (await ask(sql, parameters)).rowCount ?? 0
    },
    afterCommit(effect) {
      course.effects.push(effect)
    },
  }
}
