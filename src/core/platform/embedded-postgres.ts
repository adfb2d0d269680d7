/**
 * A real PostgreSQL beside the program, for a laptop, a trial and the tests. This file looks after the server: starts it,
 * takes over one that a killed process left running, starts it again when it dies, and stops it last.
 *
 * The server outlives us when we are killed; that is wanted, the next start finds it. Where it listens (loopback) and what
 * the superuser's password is stays the same for as long as we run, so connection pools reconnect by themselves.
 */
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { findPostgresBinaries, type PostgresBinaries } from './embedded-postgres-binary.ts'
import {
  freePort,
  initialise,
  keep,
  majorOf,
  note,
  type Place,
  preparePlace,
  refuseUnusable,
  SUPERUSER,
} from './embedded-postgres-cluster.ts'
import {
  dropStaleLock,
  endOf,
  endServer,
  isRunning,
  type Lock,
  processName,
  readLock,
  spawnServer,
} from './embedded-postgres-process.ts'
import { Fault } from './errors.ts'
import type { Logger } from './log.ts'

const LOCK_RETRY_MS = 150
const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 500
/** How long a lock may be held by something that does not answer as a server of ours. */
const LOCKED_MS = 30_000
const SLOW_MS = 10_000
const LONGEST_BACK_OFF_MS = 5_000

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  // Sessions keep plans until their tables are looked at again, and those of a hub's first minute were made for empty ones.
  autovacuum_naptime: '10s',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Errors of statements reach the program that made them; in the server's log they would only fill the disk.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  cluster_name: 'tributary',
}

export interface EmbeddedPostgres {
  /** Connects as the superuser, over loopback, with a password. */
  readonly url: string
  readonly port: number
  readonly dataDirectory: string
  /**
   * Ends sessions, writes a checkpoint and stops the server, whatever it takes. Leaves it running if another living process
   * looks after it. Never rejects; may be repeated.
   */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Made if it is not there. Holds the data and everything around it. */
  readonly dataDirectory: string
  /** Default, or 0: a free one, the same as last time if nobody took it. */
  readonly port?: number
  readonly log: Logger
  /** Server settings over ours, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called each time the server ends without having been told to. It is being started again then. */
  readonly onExit?: (reason: string) => void
}

/**
 * Gives a running PostgreSQL on the data directory, made at the first call; resolves when it accepts connections. Two
 * processes on one directory share the server: the first looks after it, the second takes that over when the first ends.
 * Faults, each naming the setting to change: `data-directory-unusable`, `data-directory-full`, `database-port-taken`,
 * `database-locked`, `database-user-unknown`, `database-start-failed`, `postgres-missing`, `postgres-version-mismatch`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await preparePlace(options.dataDirectory)
  const major = await majorOf(place)
  const binaries = await findPostgresBinaries({
    cacheDirectory: join(place.directory, 'binaries'),
    account: place.account,
    major,
  })
  if (major === undefined) {
    options.log.info({ directory: place.directory, version: binaries.version }, 'making the database')
    await initialise(place, binaries, options.settings?.fsync === 'off' ? 'throw-away' : 'durable')
  }
  const password = await note(place, 'password')
  if (password === undefined) {
    throw new Fault(
      'invalid',
      'data-directory-unusable',
      `${place.directory} holds data but not its file "password". Put it back, or set data.directory to another place.`,
    )
  }
  const supervisor = new Supervisor(place, binaries, password, options)
  await supervisor.start()
  return supervisor
}

type Answer = 'ready' | 'busy' | 'foreign' | 'silent'

class Supervisor implements EmbeddedPostgres {
  readonly dataDirectory: string
  readonly #place: Place
  readonly #binaries: PostgresBinaries
  readonly #password: string
  readonly #options: EmbeddedPostgresOptions
  /** Tells us from another supervisor of the same directory, even within one process. */
  readonly #mark = randomBytes(6).toString('hex')
  readonly #ending = new AbortController()
  #port = 0
  #silentUntil = 0
  #server: { readonly pid: number; readonly ended: Promise<string> } | undefined
  #restarting: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(place: Place, binaries: PostgresBinaries, password: string, options: EmbeddedPostgresOptions) {
    this.dataDirectory = place.directory
    this.#place = place
    this.#binaries = binaries
    this.#password = password
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `postgres://${SUPERUSER}:${this.#password}@127.0.0.1:${this.#port}/postgres`
  }

  async start(): Promise<void> {
    try {
      await this.#bringUp()
    } catch (error) {
      await this.stop()
      await refuseUnusable(this.#place, 'toGoOn')
      throw error
    }
    void this.#watch()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#ending.abort()
    await this.#restarting
    try {
      if (this.#server === undefined || (await this.#isLookedAfterByOther())) return
      await endServer(this.#server.pid, this.#server.ended)
      await rm(join(this.#place.directory, 'supervisor'), { force: true })
    } catch (error) {
      this.#options.log.error({ err: error, directory: this.dataDirectory }, 'PostgreSQL could not be stopped')
    }
  }

  /** Lives until stop(): waits for the server's end and brings it up again, on the same port. */
  async #watch(): Promise<void> {
    while (this.#server !== undefined) {
      const reason = await this.#server.ended
      if (this.#ending.signal.aborted) return
      this.#server = undefined
      this.#options.log.warn({ reason, port: this.#port }, 'PostgreSQL ended by itself and is started again')
      this.#restarting = this.#restart()
      this.#options.onExit?.(reason)
      await this.#restarting
    }
  }

  /** Tries until the server is back or stop() is called. Never rejects. */
  async #restart(): Promise<void> {
    const { log } = this.#options
    for (let wait = LOCK_RETRY_MS; !this.#ending.signal.aborted; wait = Math.min(wait * 2, LONGEST_BACK_OFF_MS)) {
      try {
        await this.#bringUp()
        log.info({ port: this.#port }, 'PostgreSQL is back')
        return
      } catch (error) {
        if (this.#ending.signal.aborted) return
        log.error({ err: error }, 'PostgreSQL does not start again yet')
        await this.#pause(wait).catch(() => undefined)
      }
    }
  }

  /** Takes over the server that runs on the directory, or starts one. Rejects when that fails or stop() was called. */
  async #bringUp(): Promise<void> {
    this.#silentUntil = performance.now() + SLOW_MS
    const lockedUntil = performance.now() + LOCKED_MS
    for (;;) {
      this.#sayIfSlow()
      const lock = await readLock(this.#place.cluster)
      if (lock !== undefined && (await isRunning(lock.pid))) {
        const answer = await this.#ask(lock.port)
        if (answer === 'ready' && (await this.#adopt(lock))) return
        if (answer === 'ready' || answer === 'busy') {
          await this.#pause(LOCK_RETRY_MS)
          continue
        }
        if (lock.port > 0 && (await dropStaleLock(this.#place.cluster, lock))) {
          this.#options.log.warn({ pid: lock.pid }, 'removed the lock of a server that is no more')
        }
      }
      const port = await this.#choosePort()
      const failure = await this.#launch(port)
      if (failure === undefined) return
      // The lock of a killed server stays refused until its last session is gone, half a second or so.
      if (lock === undefined || performance.now() > lockedUntil) throw await this.#explain(port, lock, failure)
      await this.#pause(LOCK_RETRY_MS)
    }
  }

  /** Makes a running server ours. One on another port than asked for is ended, unless somebody looks after it. */
  async #adopt(lock: Lock): Promise<boolean> {
    const isGuest = await this.#isLookedAfterByOther()
    const wanted = this.#port || this.#options.port || lock.port
    if (lock.port !== wanted && !isGuest) {
      await endServer(lock.pid, endOf(lock.pid))
      return false
    }
    this.#options.log.info({ pid: lock.pid, port: lock.port }, 'found PostgreSQL running on the data directory')
    await this.#settle(lock.pid, lock.port, endOf(lock.pid), isGuest)
    return true
  }

  /** Starts the server and waits until it accepts connections, however long its recovery takes; else tells why it ended. */
  async #launch(port: number): Promise<string | undefined> {
    const settings = { ...SETTINGS, ...this.#options.settings, port: String(port) }
    const { pid, ended } = await spawnServer(this.#place, this.#binaries.directory, settings)
    let failure: string | undefined
    void ended.then((reason) => {
      failure = reason
    })
    for (let wait = FIRST_POLL_MS; failure === undefined; wait = Math.min(wait * 1.2, LONGEST_POLL_MS)) {
      if ((await this.#ask(port)) === 'ready' && (await readLock(this.#place.cluster))?.pid === pid) {
        await this.#settle(pid, port, ended, false)
        return undefined
      }
      this.#sayIfSlow()
      await Promise.race([ended, pause(wait)])
      if (this.#ending.signal.aborted && pid > 0) await endServer(pid, ended)
    }
    return failure
  }

  async #settle(pid: number, port: number, ended: Promise<string>, isGuest: boolean): Promise<void> {
    this.#port = port
    this.#server = { pid, ended }
    await keep(
      this.#place,
      'port',
      `${port}
`,
    )
    if (!isGuest)
      await keep(
        this.#place,
        'supervisor',
        `${this.#mark} ${await processName(process.pid)}
`,
      )
  }

  async #isLookedAfterByOther(): Promise<boolean> {
    const [mark, ...name] = ((await note(this.#place, 'supervisor')) ?? '').split(' ')
    const pid = Number(name[0])
    if (mark === this.#mark || !(pid > 0) || !(await isRunning(pid))) return false
    return (await processName(pid)) === name.join(' ')
  }

  /** The port it has, else the one set, else last time's if it is free, else any. Faults: `database-port-taken`. */
  async #choosePort(): Promise<number> {
    const fixed = this.#port || this.#options.port || 0
    if (fixed > 0) {
      if ((await freePort(fixed)) === undefined) throw portTaken(fixed)
      return fixed
    }
    const last = Number((await note(this.#place, 'port')) ?? 0)
    const port = (last > 0 ? await freePort(last) : undefined) ?? (await freePort(0))
    if (port === undefined) throw portTaken(0)
    return port
  }

  /** What a server of ours says at this port: `busy` while it starts, stops or has no session left. */
  async #ask(port: number): Promise<Answer> {
    if (port === 0) return 'silent'
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: SUPERUSER,
      password: this.#password,
      database: 'postgres',
      ssl: false,
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ data_directory: string }>('show data_directory')
      return rows[0]?.data_directory === this.#place.cluster ? 'ready' : 'foreign'
    } catch (error) {
      const { code } = error as { code?: string }
      // https://www.postgresql.org/docs/18/errcodes-appendix.html: cannot_connect_now, too_many_connections
      if (code === '57P03' || code === '53300') return 'busy'
      return error instanceof pg.DatabaseError ? 'foreign' : 'silent'
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  /** Turns an early end into what somebody can do about it. */
  async #explain(port: number, lock: Lock | undefined, reason: string): Promise<Error> {
    try {
      await refuseUnusable(this.#place, 'toGoOn')
    } catch (error) {
      return error as Error
    }
    if ((await freePort(port)) === undefined) return portTaken(port)
    const path = join(this.dataDirectory, 'server.log')
    if (lock !== undefined && (await isRunning(lock.pid))) {
      return new Fault(
        'unavailable',
        'database-locked',
        `Process ${lock.pid} holds the data in ${this.dataDirectory} and does not answer. End it, or set data.directory to another place.`,
      )
    }
    const last = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-3).join(' | ')
    return new Fault(
      'unavailable',
      'database-start-failed',
      `PostgreSQL in ${this.dataDirectory} did not start (${reason}): ${last}. All it said is in ${path}; data.directory moves the data, ` +
        'DATABASE_URL names a server of your own.',
    )
  }

  /** A recovery may rightly take minutes; nobody should have to wonder. */
  #sayIfSlow(): void {
    if (performance.now() < this.#silentUntil) return
    this.#silentUntil = performance.now() + SLOW_MS
    this.#options.log.info(
      { directory: this.dataDirectory },
      'PostgreSQL is not ready yet: it recovers, stops or is full',
    )
  }

  async #pause(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.#ending.signal })
  }
}

function portTaken(port: number): Fault {
  return new Fault(
    'unavailable',
    'database-port-taken',
    `Port ${port} of 127.0.0.1 is taken by another program or not allowed. Set database.embedded.port to a free port, or to 0 for any.`,
  )
}
