/**
 * The subject of the scenario `ingest`: one process that publishes what connectors would hear on the log and stores it from
 * there, with the hub's own parts, wired as app.ts wires them.
 */
import { randomUUID } from 'node:crypto'
import { receiveInbound } from '../src/connectors/runtime/receive.ts'
import { ChannelOwners, ingest } from '../src/core/conversations/ingest.ts'
import type { Inbound } from '../src/core/conversations/model.ts'
import type { Bus } from '../src/core/events/bus.ts'
import { Consumer } from '../src/core/events/consumer.ts'
import { KafkaBus } from '../src/core/events/kafka-bus.ts'
import { PostgresBus } from '../src/core/events/postgres-bus.ts'
import { Relay } from '../src/core/events/relay.ts'
import { Database } from '../src/core/platform/database.ts'
import { newId } from '../src/core/platform/ids.ts'
import { openLog } from '../src/core/platform/log.ts'
import { Wake } from '../src/core/platform/wake.ts'
import { conversationCount, textLength } from './pgbench.ts'
import type { BenchOptions } from './scenario.ts'
import { statement } from './server.ts'

export interface IngestRun {
  readonly perSecond: number
  readonly messages: number
  /** Transactions of the group `ingest`. */
  readonly commits: number
}

export interface HubIngest {
  /** Stores as much as it can for that long; resolves once all of it is stored. */
  store(seconds: number): Promise<IngestRun>
  /** The same with the relay beside it; resolves once all events are in the feed and on the log as well. */
  storeAndRelay(seconds: number): Promise<IngestRun>
  stop(): Promise<void>
}

/** How many messages may be on their way: as many as a busy hub has callers waiting for an acknowledgement. */
const maxUnderWay = 4000
/** How many events a connector hands over at once, as a poll of a platform brings them. */
const perCall = 10

const log = openLog({ level: 'warn', destination: process.stderr })

/** Starts it on a migrated, empty database and opens one conversation for each peer. */
export async function startHubIngest(url: string, options: BenchOptions): Promise<HubIngest> {
  const tenantId = newId('ten')
  const channelId = newId('chn')
  await statement(
    url,
    `insert into tenants (id, slug, name, time_zone, locale) values ('${tenantId}', 'bench', 'Bench', 'UTC', 'en');
     insert into channels (tenant_id, id, kind, name) values ('${tenantId}', '${channelId}', 'custom', 'Bench')`,
  )
  const db = new Database({ url, poolSize: 12, statementTimeoutMs: 20_000, log })
  const wake = new Wake(db)
  await wake.start()
  const bus = await openBus(db, options)
  const owner = `bench-${randomUUID()}`
  const owners = new ChannelOwners(db)
  let stored = 0
  let commits = 0
  const consumer = new Consumer({
    db,
    bus,
    owner,
    log,
    group: 'ingest',
    topic: 'inbound',
    maxRecords: 500,
    together: true,
    tenants: (records) => owners.tenants(records),
    apply: async (tx, records) => {
      await ingest(tx, wake, records)
      tx.afterCommit(() => {
        stored += records.length
        commits += 1
      })
    },
  })
  await consumer.start()

  let sent = 0
  const send = async (peers: readonly number[]): Promise<void> => {
    sent += peers.length
    const at = new Date().toISOString()
    await receiveInbound(
      bus,
      { tenantId, channelId },
      peers.map((peer) => message(channelId, peer, at)),
    )
  }
  const drain = () => until(() => stored >= sent)

  for (let peer = 0; peer < conversationCount; peer += 50) await send(Array.from({ length: 50 }, (_, i) => peer + i))
  await drain()
  // As it is after an hour: the server knows its tables.
  await statement(url, 'truncate outbox; analyze')

  const run = async (seconds: number, isOver: () => Promise<void>): Promise<IngestRun> => {
    const from = { sent, commits }
    const begun = performance.now()
    const end = begun + seconds * 1000
    while (performance.now() < end) {
      if (sent - stored < maxUnderWay) void send(Array.from({ length: perCall }, anyPeer)).catch(fail)
      else await pause()
      if ((sent / perCall) % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await isOver()
    const took = (performance.now() - begun) / 1000
    return { perSecond: (sent - from.sent) / took, messages: sent - from.sent, commits: commits - from.commits }
  }

  return {
    async store(seconds) {
      const result = await run(seconds, drain)
      // Nobody has carried these on: the relay of the next measurement shall not have to.
      await statement(url, 'truncate outbox')
      return result
    },
    async storeAndRelay(seconds) {
      const relay = new Relay({ db, bus, wake, owner, log })
      await relay.start()
      try {
        return await run(seconds, async () => {
          await drain()
          await until(async () => (await db.ground<object>('select from outbox limit 1')).length === 0)
        })
      } finally {
        await relay.stop()
      }
    },
    async stop() {
      await consumer.stop()
      await bus.stop()
      await wake.stop()
      await db.close()
    },
  }
}

async function openBus(db: Database, { log: kind, kafkaBrokers }: BenchOptions): Promise<Bus> {
  const bus: Bus =
    kind === 'kafka'
      ? new KafkaBus({
          brokers: kafkaBrokers,
          clientId: 'bench',
          topicPrefix: `bench-${randomUUID().slice(0, 8)}.`,
          log,
        })
      : new PostgresBus({ db, log })
  await bus.start()
  const partitions = kind === 'kafka' ? 12 : 4
  await bus.ensureTopics(['inbound', 'work', 'domain'].map((name) => ({ name, partitions, retentionHours: 24 })))
  return bus
}

function message(channelId: string, peer: number, at: string): Inbound {
  const key = randomUUID()
  return {
    kind: 'message',
    key,
    peer: `p${peer}`,
    at,
    externalId: key,
    from: { kind: 'custom', scope: channelId, address: `p${peer}`, name: `c${peer}` },
    parts: [{ type: 'text', text: 'x'.repeat(textLength) }],
  }
}

function anyPeer(): number {
  return Math.floor(Math.random() * conversationCount)
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause()
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}

function fail(error: unknown): never {
  console.error('publishing failed', error)
  process.exit(1)
}
