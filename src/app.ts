/**
 * The only place where parts meet: builds what the chosen roles need, in order, and takes it down the other way round.
 */
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client'
import { apiKeys } from './api/routes/api-keys.ts'
import { audit } from './api/routes/audit.ts'
import { calendars } from './api/routes/calendars.ts'
import { cannedReplies } from './api/routes/canned-replies.ts'
import { channels } from './api/routes/channels.ts'
import { commands } from './api/routes/commands.ts'
import { contactMerges } from './api/routes/contact-merges.ts'
import { contactOrder } from './api/routes/contact-order.ts'
import { contactParts } from './api/routes/contact-parts.ts'
import { contactPrivacy } from './api/routes/contact-privacy.ts'
import { contactTransfer } from './api/routes/contact-transfer.ts'
import { contacts } from './api/routes/contacts.ts'
import { conversationEnds } from './api/routes/conversation-ends.ts'
import { conversationParts } from './api/routes/conversation-parts.ts'
import { conversations } from './api/routes/conversations.ts'
import { entryRules } from './api/routes/entry-rules.ts'
import { events } from './api/routes/events.ts'
import { files } from './api/routes/files.ts'
import { groups } from './api/routes/groups.ts'
import { handover } from './api/routes/handover.ts'
import { health } from './api/routes/health.ts'
import { looks } from './api/routes/looks.ts'
import { me } from './api/routes/me.ts'
import { members } from './api/routes/members.ts'
import { metrics } from './api/routes/metrics.ts'
import { offers } from './api/routes/offers.ts'
import { places } from './api/routes/places.ts'
import { presence } from './api/routes/presence.ts'
import { routing } from './api/routes/routing.ts'
import { satisfaction } from './api/routes/satisfaction.ts'
import { satisfactionPage } from './api/routes/satisfaction-page.ts'
import { search } from './api/routes/search.ts'
import { sessions } from './api/routes/sessions.ts'
import { setAside } from './api/routes/set-aside.ts'
import { simulations } from './api/routes/simulations.ts'
import { stream } from './api/routes/stream.ts'
import { texts } from './api/routes/texts.ts'
import { ticketParts } from './api/routes/ticket-parts.ts'
import { ticketSettings } from './api/routes/ticket-settings.ts'
import { tickets } from './api/routes/tickets.ts'
import { verificationFiles } from './api/routes/verification-files.ts'
import { visitor } from './api/routes/visitor.ts'
import { visitorFiles } from './api/routes/visitor-files.ts'
import { visitorReception } from './api/routes/visitor-reception.ts'
import { web } from './api/routes/web.ts'
import { webhookDeliveries } from './api/routes/webhook-deliveries.ts'
import { webhooks } from './api/routes/webhooks.ts'
import { buildServer, type RoutePlugin, type Server } from './api/server.ts'
import { Streams } from './api/stream/streams.ts'
import { Sender } from './api/webhooks/sender.ts'
import { openRegistry, type Registry, visitorKind } from './connectors/registry.ts'
import { Dispatcher } from './connectors/runtime/dispatcher.ts'
import { type Egress, openEgress } from './connectors/runtime/egress.ts'
import { hooks } from './connectors/runtime/hooks.ts'
import { prober } from './connectors/runtime/probe.ts'
import { receiveInbound } from './connectors/runtime/receive.ts'
import { Supervisor } from './connectors/runtime/supervisor.ts'
import { importHandler } from './core/contacts/import-job.ts'
import { ChannelOwners, ingest } from './core/conversations/ingest.ts'
import { closeResolved } from './core/conversations/lifecycle.ts'
import { windowReminder } from './core/conversations/reply-window.ts'
import { SearchIndexer } from './core/conversations/search-index.ts'
import { erasureHandler } from './core/desk/erasure.ts'
import { openReception, receptionJobs } from './core/desk/reception.ts'
import { satisfactionPath } from './core/desk/satisfaction-links.ts'
import type { Bus } from './core/events/bus.ts'
import { Consumer } from './core/events/consumer.ts'
import { Relay } from './core/events/relay.ts'
import type { BlobStore } from './core/platform/blobs.ts'
import { systemClock } from './core/platform/clock.ts'
import type { Config, RoleName } from './core/platform/config.ts'
import { Fault } from './core/platform/errors.ts'
import { newSecret } from './core/platform/ids.ts'
import { JobRunner } from './core/platform/job-runner.ts'
import type { JobHandler } from './core/platform/jobs.ts'
import type { Logger } from './core/platform/log.ts'
import { Pictures } from './core/platform/pictures.ts'
import type { Wake } from './core/platform/wake.ts'
import { watchDatabase, watchIngest, watchRouting } from './figures.ts'
import { type Ground, openBlobs, openGround, openLogOfEvents, openWake } from './ground.ts'
import { Housekeeping } from './housekeeping.ts'
import { issueCommand } from './routing/commands.ts'
import { givingUpJob } from './routing/giving-up.ts'
import { Shard } from './routing/shard.ts'
import { type FirstLogins, setUpDemo } from './setup.ts'

export interface RunningHub {
  /** Where a person finds what, by name. */
  readonly places: Readonly<Record<string, string>>
  /** Present at the first start with the demo: to be shown once. */
  readonly firstLogins: FirstLogins | undefined
  /** Stops accepting, finishes what is under way, gives up leases, stops the embedded database last. */
  close(): Promise<void>
}

/** Everything the parts of this process share. */
export interface Shared {
  readonly config: Config
  readonly root: string
  readonly log: Logger
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly ground: Ground
  readonly wake: Wake
  readonly bus: Bus
  readonly registry: Registry
  readonly egress: Egress
  readonly metrics: Metrics
  readonly blobs: BlobStore
  readonly pictures: Pictures
}

interface Running {
  stop(): Promise<void>
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
      timeoutMs: 15_000,
    })
    running.push({ stop: () => egress.close() })
    const registry = await openRegistry(config.connectors.extra, root)
    const blobs = openBlobs(config, ground.dataDirectory)
    running.push({ stop: () => blobs.close() })
    const pictures = new Pictures()
    running.push({ stop: async () => pictures.close() })
    const metrics = new Metrics()
    collectDefaultMetrics({ register: metrics })
    watchDatabase(metrics, ground.db)
    const shared: Shared = { config, root, log, owner, ground, wake, bus, registry, egress, metrics, blobs, pictures }

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
function jobHandlers(_: Shared): JobHandler[] {
  return [
    closeResolved,
    importHandler(),
    erasureHandler(),
    givingUpJob,
    ...receptionJobs(async (tx, { id, groupId }) => {
      if (groupId !== null) await issueCommand(tx, { kind: 'transfer', conversationId: id, groupId })
    }),
    windowReminder,
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

  async connectors({ ground, bus, wake, registry, egress, owner, log }) {
    const parts = { db: ground.db, bus, vault: ground.vault, egress, registry, wake, owner, log }
    const supervisor = new Supervisor(parts)
    const dispatcher = new Dispatcher({ ...parts, supervisor })
    await supervisor.start()
    await dispatcher.start()
    return {
      async stop() {
        await dispatcher.stop()
        await supervisor.stop()
      },
    }
  },

  api: openApi,
}

/**
 * The server of the API with all its routes, not listening yet. Asks nothing of the database or the log by itself, so that it can
 * also be built to be described (docs/openapi.json).
 */
export async function buildApi(shared: Shared, publicUrl: string, streams: Streams): Promise<Server> {
  const { config, root, ground, bus, wake, registry, egress, log, metrics: figures } = shared
  const parts = {
    db: ground.db,
    wake,
    log,
    clock: systemClock,
    vault: ground.vault,
    settings: { ...config.server, publicUrl },
    healthChecks: { log: async () => (await bus.health()).ok },
    metrics: figures,
    files: {
      blobs: shared.blobs,
      pictures: shared.pictures,
      spool: join(tmpdir(), `tributary-files-${process.pid}`),
      limits: config.files,
    },
    registry,
    egress,
    bus,
    streams,
    signals: streams.signals,
    probe: prober({ db: ground.db, bus, vault: ground.vault, egress, registry, log }),
    receive: (channel: { tenantId: string; id: string }, said: Parameters<typeof receiveInbound>[2]) =>
      receiveInbound(bus, { tenantId: channel.tenantId, channelId: channel.id }, said),
  }
  const routes: RoutePlugin[] = [
    health(parts),
    metrics(parts),
    sessions(parts),
    me(parts),
    members(parts),
    apiKeys(parts),
    groups(parts),
    presence(parts),
    commands(parts),
    offers(parts),
    routing(parts),
    simulations(parts),
    places(parts),
    entryRules(parts),
    channels(parts),
    calendars(parts),
    texts(parts),
    satisfaction(parts),
    satisfactionPage(parts),
    contacts(parts),
    contactParts(parts),
    contactMerges(parts),
    contactPrivacy(parts),
    contactTransfer(parts),
    contactOrder(parts),
    conversations(parts),
    conversationParts(parts),
    conversationEnds(parts),
    search(parts),
    handover(parts),
    tickets(parts),
    ticketParts(parts),
    ticketSettings(parts),
    events(parts),
    stream(parts),
    cannedReplies(parts),
    webhooks(parts),
    webhookDeliveries(parts),
    setAside(parts),
    audit(parts),
    verificationFiles(parts),
    visitor(parts),
    files(parts),
    looks(parts),
    visitorFiles(parts),
    visitorReception(parts),
    hooks(parts),
    web(parts, join(root, 'web/dist')),
  ]
  return buildServer(parts, routes)
}

/** Where people and platforms reach the hub. */
function publicUrlOf({ server: { publicUrl, host, port } }: Config): string {
  return publicUrl || `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`
}

async function openApi(shared: Shared, places: Record<string, string>): Promise<Running> {
  const { config, ground, wake, log } = shared
  const { host, port } = config.server
  const publicUrl = publicUrlOf(config)
  const { db } = ground
  const { sessionIdleHours, presenceGraceSeconds: graceSeconds } = config.server
  const process = shared.owner
  const streams = new Streams({ db, wake, log, clock: systemClock, sessionIdleHours, process, graceSeconds })
  await streams.start()
  const server = await buildApi(shared, publicUrl, streams)
  try {
    await server.listen({ host, port, backlog: 4096 })
  } catch (cause) {
    await streams.stop()
    const { code } = cause as { code?: unknown }
    if (code === 'EADDRINUSE')
      throw new Fault('unavailable', 'port-taken', `Port ${port} is taken: change server.port.`, { cause })
    if (code === 'EACCES')
      throw new Fault('invalid', 'port-forbidden', `Port ${port} needs rights: change server.port.`, { cause })
    if (code === 'EADDRNOTAVAIL') {
      throw new Fault('invalid', 'host-unknown', `${host} is no address of this machine: change server.host.`, {
        cause,
      })
    }
    throw cause
  }
  places.console = `${publicUrl}/console/`
  const [shown] = await ground.db.ground<{ id: string }>(
    `select id from channels where kind = $1 and enabled and removed_at is null order by created_at limit 1`,
    visitorKind,
  )
  places.demo = `${publicUrl}/demo/${shown === undefined ? '' : `?channel=${shown.id}`}`
  places['API docs'] = `${publicUrl}/docs`
  return {
    async stop() {
      await streams.stop()
      await server.close()
    },
  }
}
