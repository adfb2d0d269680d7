/**
 * The ground of the process, in the order in which it is laid: the database (embedded, or the one that is named), its
 * newest shape, the master key, the hints, the log. Everything that runs stands on this.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Bus } from './core/events/bus.ts'
import { maintainFeed } from './core/events/feed.ts'
import { KafkaBus } from './core/events/kafka-bus.ts'
import { PostgresBus } from './core/events/postgres-bus.ts'
import type { BlobStore } from './core/platform/blobs.ts'
import { openDiskBlobs } from './core/platform/blobs-disk.ts'
import { openS3Blobs } from './core/platform/blobs-s3.ts'
import type { Config } from './core/platform/config.ts'
import { Database, isOutage } from './core/platform/database.ts'
import { startEmbeddedPostgres } from './core/platform/embedded-postgres.ts'
import { Fault } from './core/platform/errors.ts'
import type { Logger } from './core/platform/log.ts'
import { migrate } from './core/platform/migrate.ts'
import { Vault } from './core/platform/secrets.ts'
import { Wake } from './core/platform/wake.ts'

export interface Ground {
  /** The owner's URL of the database: for migrations and administration. */
  readonly databaseUrl: string
  readonly embedded: boolean
  readonly dataDirectory: string
  readonly db: Database
  readonly vault: Vault
  close(): Promise<void>
}

/** The database server as it is named or brought along, and where the hub keeps what is its own. */
export interface GroundPlace {
  /** The owner's URL. */
  readonly databaseUrl: string
  readonly embedded: boolean
  readonly dataDirectory: string
  /** Stops the embedded server unless another process uses it. */
  close(): Promise<void>
}

export async function openPlace(config: Config, root: string, log: Logger): Promise<GroundPlace> {
  const embedded = config.database.url === ''
  if (!embedded) {
    const dataDirectory = resolve(root, config.data.directory)
    return { databaseUrl: config.database.url, embedded, dataDirectory, close: async () => {} }
  }
  const dataDirectory = reachable(root, config.data.directory, log)
  const server = await startEmbeddedPostgres({
    dataDirectory: join(dataDirectory, 'postgres'),
    log,
    // Fresh statistics soon after an import: without them the planner misjudges look-ups by lists of keys.
    settings: { autovacuum_naptime: '10s' },
    ...(config.database.embedded.port !== 0 && { port: config.database.embedded.port }),
  })
  return { databaseUrl: server.url, embedded, dataDirectory, close: () => server.stop() }
}

/** Opens database and keys, waiting for a database that is away until `signal` aborts. Faults name the setting to change. */
export async function openGround(config: Config, root: string, log: Logger, signal: AbortSignal): Promise<Ground> {
  const place = await openPlace(config, root, log)
  const { databaseUrl, embedded, dataDirectory } = place
  try {
    await patiently(log, 'the database', signal, async () => {
      await migrate(databaseUrl, join(root, 'migrations'), log)
      await maintainFeed(databaseUrl, Date.now())
    })
    const vault = new Vault(masterKey(config, dataDirectory))
    const { poolSize, statementTimeoutMs } = config.database
    const db = new Database({ url: databaseUrl, poolSize, statementTimeoutMs, log })
    return {
      databaseUrl,
      embedded,
      dataDirectory,
      db,
      vault,
      async close() {
        await db.close()
        await place.close()
      },
    }
  } catch (error) {
    await place.close()
    throw error
  }
}

/**
 * Started by root, PostgreSQL runs as nobody, who cannot pass a closed home such as /root. A hub that was not told where
 * to keep its data then keeps it where services do.
 */
function reachable(root: string, setting: string, log: Logger): string {
  const directory = resolve(root, setting)
  const isClosed = (path: string): boolean =>
    path !== '/' && ((existsSync(path) && (statSync(path).mode & 0o001) === 0) || isClosed(dirname(path)))
  if (process.getuid?.() !== 0 || setting !== 'data' || !isClosed(root)) return directory
  const instead = '/var/lib/tributary'
  log.warn({ directory, instead }, 'data.directory is closed to the account that PostgreSQL runs as under root')
  return instead
}

type KafkaLogin = NonNullable<ConstructorParameters<typeof KafkaBus>[0]['sasl']>

export const topics = ['inbound', 'work', 'domain', 'outbound']

/** Opens the log and makes its topics, waiting for brokers that are away. Faults with `log-elsewhere` unless it is to be moved. */
export async function openLogOfEvents(
  config: Config,
  db: Database,
  owner: string,
  log: Logger,
  signal: AbortSignal,
  purpose: 'serve' | 'move' = 'serve',
): Promise<Bus> {
  const { brokers, topicPrefix, tls, mechanism, username, password } = config.kafka
  const bus: Bus =
    brokers.length === 0
      ? new PostgresBus({ db, log })
      : new KafkaBus({
          brokers,
          clientId: owner,
          topicPrefix,
          log,
          ...(tls && { ssl: true }),
          ...(mechanism !== '' && { sasl: { mechanism, username, password } as KafkaLogin }),
        })
  if (purpose === 'serve') await refuseForsakenLog(db, bus.kind)
  const partitions = config.log.partitions || (bus.kind === 'kafka' ? 12 : 1)
  await patiently(log, 'the log', signal, async () => {
    await bus.start()
    await bus.ensureTopics(topics.map((name) => ({ name, partitions, retentionHours: config.log.retentionHours })))
  })
  return bus
}

/**
 * A log that holds what nobody has handled yet must not be left behind for another one. Faults with `log-elsewhere`; `npm run admin --
 * move-log` is the way.
 */
async function refuseForsakenLog(db: Database, kind: Bus['kind']): Promise<void> {
  if (kind === 'postgres') return
  const used = await db.ground('select 1 from bus_partitions where next_offset > 0 limit 1').catch(() => [])
  if (used.length === 0) return
  const how = 'Stop every process of the hub and run "npm run admin -- move-log" once.'
  throw new Fault('conflict', 'log-elsewhere', `The log of this hub lies in its database, not in Kafka. ${how}`)
}

/** Where the bytes of files lie. Faults with `config-invalid` when S3 is wanted and not described. */
export function openBlobs({ blobs }: Config, dataDirectory: string): BlobStore {
  if (blobs.kind === 'disk') return openDiskBlobs(join(dataDirectory, 'blobs'))
  const missing = (['endpoint', 'bucket', 'accessKeyId', 'secretAccessKey'] as const).find((name) => blobs[name] === '')
  if (missing !== undefined)
    throw new Fault('invalid', 'config-invalid', `blobs.kind is s3: blobs.${missing} is needed.`)
  return openS3Blobs(blobs)
}

export async function openWake(db: Database): Promise<Wake> {
  const wake = new Wake(db)
  await wake.start()
  return wake
}

/**
 * The key of the settings, else the one in the data directory, made at the first start. Faults with `master-key-missing` where none
 * is to be made.
 */
export function masterKey(config: Config, dataDirectory: string, mayMake = true): Buffer {
  if (config.secrets.masterKey !== '') return Buffer.from(config.secrets.masterKey, 'base64')
  const file = join(dataDirectory, 'master.key')
  if (!existsSync(file)) {
    if (!mayMake) {
      const detail = `Put the hub's own master key into ${file}, or set secrets.masterKey: without it no secret can be read.`
      throw new Fault('invalid', 'master-key-missing', detail)
    }
    mkdirSync(dataDirectory, { recursive: true, mode: 0o755 })
    try {
      writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    } catch (cause) {
      // Another process of this hub may have made it at this moment.
      if (!existsSync(file)) {
        throw new Fault('invalid', 'data-directory-unusable', `data.directory (${dataDirectory}) cannot be written.`, {
          cause,
        })
      }
    }
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')
  if (key.length !== 32)
    throw new Fault('invalid', 'master-key-invalid', `${file} does not hold a master key of 32 bytes.`)
  return key
}

/** Does `work` again, each two seconds, while it fails because something is away. */
async function patiently(log: Logger, what: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work()
    } catch (err) {
      if (!isOutage(err) || signal.aborted) throw err
      log.warn({ err, what }, 'waiting for what the hub stands on')
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 2000)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
}
