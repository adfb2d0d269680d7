/**
 * The only place where parts meet: builds what the chosen roles need, in order, and takes it down the other way round.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client'
import { Sender } from './api/webhooks/sender.ts'
import { longestHoldMs } from './connectors/contract.ts'
import { openRegistry, visitorKind } from './connectors/registry.ts'
import { CallKeeper } from './connectors/runtime/call-keeper.ts'
import { Dispatcher } from './connectors/runtime/dispatcher.ts'
import { Doors } from './connectors/runtime/doors.ts'
import { openEgress } from './connectors/runtime/egress.ts'
import { Fetcher } from './connectors/runtime/fetcher.ts'
import { Recaller } from './connectors/runtime/recaller.ts'
import { Supervisor } from './connectors/runtime/supervisor.ts'
import { transcriptionHandler } from './connectors/runtime/transcription.ts'
import { Typist } from './connectors/runtime/typist.ts'
import { importHandler } from './core/contacts/import-job.ts'
import { ChannelOwners, ingest } from './core/conversations/ingest.ts'
import { closeResolved } from './core/conversations/lifecycle.ts'
import { windowReminder } from './core/conversations/reply-window.ts'
import { SearchIndexer } from './core/conversations/search-index.ts'
import { Signals } from './core/conversations/signals.ts'
import { erasureHandler } from './core/desk/erasure.ts'
import { openReception, receptionJobs } from './core/desk/reception.ts'
import { satisfactionPath } from './core/desk/satisfaction-links.ts'
import { Consumer } from './core/events/consumer.ts'
import { Relay } from './core/events/relay.ts'
import type { Config, RoleName } from './core/platform/config.ts'
import { newSecret } from './core/platform/ids.ts'
import { JobRunner } from './core/platform/job-runner.ts'
import type { JobHandler } from './core/platform/jobs.ts'
import type { Logger } from './core/platform/log.ts'
import { Pictures } from './core/platform/pictures.ts'
import { watchDatabase, watchIngest, watchRouting } from './figures.ts'
import { openBlobs, openGround, openLogOfEvents, openWake } from './ground.ts'
import { Housekeeping } from './housekeeping.ts'
import { issueCommand } from './routing/commands.ts'
import { givingUpJob } from './routing/giving-up.ts'
import { Shard } from './routing/shard.ts'
import { filesOf, openApi, publicUrlOf, type Running, type Shared, telephonyOf } from './serve.ts'
import { type FirstLogins, setUpDemo } from './setup.ts'

export interface RunningHub {
  /** Where a person finds what, by name. */
  readonly places: Readonly<Record<string, string>>
  /** Present at the first start with the demo: to be shown once. */
  readonly firstLogins: FirstLogins | undefined
  /** Stops accepting, finishes what is under way, gives up leases, stops the embedded database last. */
  close(): Promise<void>
}

/** Opens the hub. Rejects with a Fault that names the setting to change; then nothing of it is left running. */
export async function openHub(config: Config, root: string, log: Logger, signal: AbortSignal): Promise<RunningHub> {
  const running: Running[] = []
  const close = async () => {
    for (const part of running.reverse()) {
      await part.stop().catch((err: unknown) => log.error({ err }, 'a part did not stop well'))
    }
    running.length = 0
  }
  try {
    const owner = `${hostname()}-${process.pid}-${newSecret().slice(0, 8)}`
    const ground = await openGround(config, root, log, signal)
    running.push({ stop: () => ground.close() })
    const wake = await openWake(ground.db)
    running.push(wake)
    const bus = await openLogOfEvents(config, ground.db, owner, log, signal)
    running.push(bus)
    const loopback = ground.embedded ? ['127.0.0.0/8', '::1/128'] : []
    if (ground.embedded) log.info({}, 'on the embedded database channels and webhooks may call loopback addresses')
    const egress = openEgress({
      allow: [...config.egress.allow, ...loopback],
      maxResponseBytes: 1_048_576,
      maxFileBytes: config.files.maxBytes,
      timeoutMs: 15_000,
      holdMs: longestHoldMs,
    })
    running.push({ stop: () => egress.close() })
    const speechEgress = openEgress({
      allow: [...config.egress.allow, ...loopback],
      maxResponseBytes: 1_048_576,
      maxFileBytes: config.files.maxBytes,
      timeoutMs: config.speech.timeoutSeconds * 1000,
    })
    running.push({ stop: () => speechEgress.close() })
    const registry = await openRegistry(config.connectors.extra, root)
    const blobs = openBlobs(config, ground.dataDirectory)
    running.push({ stop: () => blobs.close() })
    const pictures = new Pictures()
    running.push({ stop: async () => pictures.close() })
    const metrics = new Metrics()
    collectDefaultMetrics({ register: metrics })
    watchDatabase(metrics, ground.db)
    const doors = new Doors()
    const shared: Shared = {
      config,
      root,
      log,
      owner,
      ground,
      wake,
      bus,
      registry,
      egress,
      speech: { egress: speechEgress, hub: { ...config.speech, language: '' } },
      doors,
      metrics,
      blobs,
      pictures,
    }

    const firstLogins = config.demo.enabled
      ? await setUpDemo(ground.db, ground.vault, registry, join(root, 'config/demo.yaml'))
      : undefined
    const places: Record<string, string> = {}
    for (const [role, open] of Object.entries(openers) as [RoleName, (typeof openers)[RoleName]][]) {
      if (config.roles.includes(role)) running.push(await open(shared, places))
    }
    places.data = ground.embedded ? ground.dataDirectory : 'in the database named by DATABASE_URL'
    log.info({ roles: config.roles, log: bus.kind, embedded: ground.embedded }, 'the hub is open')
    return { places, firstLogins, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Who does which durable jobs (core/platform/jobs.ts). */
function jobHandlers({ ground: { db, vault }, blobs, speech, log }: Shared): JobHandler[] {
  return [
    closeResolved,
    importHandler(),
    erasureHandler(),
    givingUpJob,
    ...receptionJobs(async (tx, { id, groupId }) => {
      if (groupId !== null) await issueCommand(tx, { kind: 'transfer', conversationId: id, groupId })
    }),
    windowReminder,
    transcriptionHandler({ db, vault, blobs, speech, log }),
  ]
}

/** How each role opens, in the order in which they begin: the door last, when all behind it is ready. */
const openers: Readonly<Record<RoleName, (shared: Shared, places: Record<string, string>) => Promise<Running>>> = {
  async jobs(shared) {
    const { ground, bus, wake, owner, log, blobs, config } = shared
    const housekeeping = new Housekeeping({ ground, bus, blobs, owner, log, auditDays: config.audit.keepDays })
    await housekeeping.start()
    const indexer = new SearchIndexer({ db: ground.db, wake, log })
    indexer.start()
    const runner = new JobRunner({ db: ground.db, wake, owner, log, handlers: jobHandlers(shared) })
    runner.start()
    const reception = openReception({
      db: ground.db,
      bus,
      wake,
      owner,
      log,
      link: (tenantId, id) => `${publicUrlOf(config)}${satisfactionPath(ground.vault, { tenantId, id })}`,
      kindsThatAsk: [visitorKind],
    })
    await reception.start()
    return {
      async stop() {
        await reception.stop()
        await runner.stop()
        await indexer.stop()
        await housekeeping.stop()
      },
    }
  },

  async relay({ ground, bus, wake, owner, log }) {
    const relay = new Relay({ db: ground.db, bus, wake, owner, log })
    await relay.start()
    return relay
  },

  async ingest({ ground, bus, wake, owner, log, metrics: figures }) {
    const owners = new ChannelOwners(ground.db)
    const consumer = new Consumer({
      db: ground.db,
      bus,
      owner,
      log,
      group: 'ingest',
      topic: 'inbound',
      maxRecords: 500,
      together: true,
      tenants: (records) => owners.tenants(records),
      apply: (tx, records) => ingest(tx, wake, records),
    })
    await consumer.start()
    watchIngest(figures, consumer)
    return consumer
  },

  async routing({ ground, bus, wake, owner, log, metrics: figures }) {
    const shard = new Shard({ db: ground.db, bus, wake, owner, log })
    await shard.start()
    watchRouting(figures, shard)
    return shard
  },

  async webhooks({ ground, wake, egress, owner, log }) {
    const sender = new Sender({ db: ground.db, wake, vault: ground.vault, egress, owner, log })
    await sender.start()
    return sender
  },

  async connectors(shared) {
    const { ground, bus, wake, registry, egress, doors, owner, log, config } = shared
    const files = filesOf(shared)
    const publicUrl = publicUrlOf(config)
    const telephony = telephonyOf(shared)
    const parts = {
      db: ground.db,
      bus,
      vault: ground.vault,
      egress,
      files,
      publicUrl,
      registry,
      doors,
      wake,
      owner,
      log,
      telephony,
    }
    const supervisor = new Supervisor(parts)
    const dispatcher = new Dispatcher({ ...parts, supervisor })
    const fetcher = new Fetcher({ ...parts, supervisor })
    const recaller = new Recaller({ ...parts, supervisor })
    const signals = new Signals(ground.db, log)
    const typist = new Typist({ db: ground.db, signals, supervisor, log, owner })
    await supervisor.start()
    await dispatcher.start()
    fetcher.start()
    recaller.start()
    await signals.start()
    typist.start()
    const keeper = new CallKeeper({ db: ground.db, wake, supervisor, log })
    keeper.start()
    return {
      async stop() {
        await keeper.stop()
        await signals.stop()
        await typist.stop()
        await fetcher.stop()
        await recaller.stop()
        await dispatcher.stop()
        await supervisor.stop()
      },
    }
  },

  api: openApi,
}
