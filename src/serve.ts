/**
 * The way in: every route of the API, what the routes are given, and the server that listens.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry as Metrics } from 'prom-client'
import { agentStatuses } from './api/routes/agent-statuses.ts'
import { apiKeys } from './api/routes/api-keys.ts'
import { audit } from './api/routes/audit.ts'
import { blockedIdentities } from './api/routes/blocked-identities.ts'
import { calendars } from './api/routes/calendars.ts'
import { callPlans } from './api/routes/call-plans.ts'
import { callRecordings } from './api/routes/call-recordings.ts'
import { callTalks } from './api/routes/call-talks.ts'
import { calls } from './api/routes/calls.ts'
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
import { phones } from './api/routes/phones.ts'
import { places } from './api/routes/places.ts'
import { presence } from './api/routes/presence.ts'
import { routing } from './api/routes/routing.ts'
import { satisfaction } from './api/routes/satisfaction.ts'
import { satisfactionPage } from './api/routes/satisfaction-page.ts'
import { search } from './api/routes/search.ts'
import { sessions } from './api/routes/sessions.ts'
import { setAside } from './api/routes/set-aside.ts'
import { simulations } from './api/routes/simulations.ts'
import { speechRoutes } from './api/routes/speech.ts'
import { stream } from './api/routes/stream.ts'
import { texts } from './api/routes/texts.ts'
import { ticketParts } from './api/routes/ticket-parts.ts'
import { ticketSettings } from './api/routes/ticket-settings.ts'
import { tickets } from './api/routes/tickets.ts'
import { verificationFiles } from './api/routes/verification-files.ts'
import { visitor } from './api/routes/visitor.ts'
import { visitorCallback } from './api/routes/visitor-callback.ts'
import { visitorFiles } from './api/routes/visitor-files.ts'
import { visitorReception } from './api/routes/visitor-reception.ts'
import { web } from './api/routes/web.ts'
import { webhookDeliveries } from './api/routes/webhook-deliveries.ts'
import { webhooks } from './api/routes/webhooks.ts'
import { wrapUps } from './api/routes/wrap-ups.ts'
import { buildServer, type RoutePlugin, type Server } from './api/server.ts'
import { Streams } from './api/stream/streams.ts'
import { type Registry, visitorKind } from './connectors/registry.ts'
import type { Telephony } from './connectors/runtime/call-desk.ts'
import type { Doors } from './connectors/runtime/doors.ts'
import type { Egress } from './connectors/runtime/egress.ts'
import { hooks } from './connectors/runtime/hooks.ts'
import { prober } from './connectors/runtime/probe.ts'
import { receiveInbound } from './connectors/runtime/receive.ts'
import type { Speech } from './connectors/runtime/speech.ts'
import type { FileGround } from './core/conversations/file-intake.ts'
import type { Bus } from './core/events/bus.ts'
import type { BlobStore } from './core/platform/blobs.ts'
import { systemClock } from './core/platform/clock.ts'
import type { Config } from './core/platform/config.ts'
import { Fault } from './core/platform/errors.ts'
import type { Logger } from './core/platform/log.ts'
import type { Pictures } from './core/platform/pictures.ts'
import type { Wake } from './core/platform/wake.ts'
import type { Ground } from './ground.ts'

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
  readonly speech: Speech
  /** Between the API, where platforms dial in, and the connectors, where they are taken. */
  readonly doors: Doors
  readonly metrics: Metrics
  readonly blobs: BlobStore
  readonly pictures: Pictures
}

/** What files need, wherever they come in. */
export function filesOf({ config, blobs, pictures }: Shared): FileGround {
  return { blobs, pictures, spool: join(tmpdir(), `tributary-files-${process.pid}`), limits: config.files }
}

export interface Running {
  stop(): Promise<void>
}

/**
 * The server of the API with all its routes, not listening yet. Asks nothing of the database or the log by itself, so that it can
 * also be built to be described (docs/openapi.json).
 */
export async function buildApi(shared: Shared, publicUrl: string, streams: Streams): Promise<Server> {
  const { config, root, ground, bus, wake, registry, egress, speech, doors, log, metrics: figures } = shared
  const parts = {
    db: ground.db,
    wake,
    log,
    clock: systemClock,
    vault: ground.vault,
    settings: { ...config.server, publicUrl },
    healthChecks: { log: async () => (await bus.health()).ok },
    metrics: figures,
    files: filesOf(shared),
    publicUrl,
    registry,
    egress,
    speech,
    doors,
    bus,
    streams,
    signals: streams.signals,
    probe: prober({
      db: ground.db,
      bus,
      vault: ground.vault,
      wake,
      egress,
      files: filesOf(shared),
      publicUrl,
      registry,
      log,
      telephony: telephonyOf(shared),
    }),
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
    agentStatuses(parts),
    commands(parts),
    offers(parts),
    wrapUps(parts),
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
    blockedIdentities(parts),
    conversations(parts),
    conversationParts(parts),
    conversationEnds(parts),
    search(parts),
    calls(parts),
    callPlans(parts),
    callRecordings(parts),
    callTalks(parts),
    phones(parts),
    speechRoutes(parts),
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
    visitorCallback(parts),
    hooks(parts),
    web(parts, join(root, 'web/dist')),
  ]
  return buildServer(parts, routes)
}

/** What calls need of this process. */
export function telephonyOf({ config, ground, wake, blobs }: Shared): Telephony {
  const { host, address, firstRtpPort, lastRtpPort, rtpengine, drachtio, drachtioSecret, drachtioSipPort } =
    config.telephony
  const colon = drachtio.lastIndexOf(':')
  return {
    wake,
    blobs,
    host,
    address: address || host,
    rtpPorts: [firstRtpPort, lastRtpPort],
    rtpengine,
    ...(drachtio !== '' && {
      drachtio: {
        host: drachtio.slice(0, colon),
        port: Number(drachtio.slice(colon + 1)),
        secret: drachtioSecret,
        sipPort: drachtioSipPort,
      },
    }),
    spool: join(ground.dataDirectory, 'calls'),
  }
}

/** Where people and platforms reach the hub. */
export function publicUrlOf({ server: { publicUrl, host, port } }: Config): string {
  return publicUrl || `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`
}

/** The role `api`: the server, listening. Rejects with a Fault that names the setting to change. */
export async function openApi(shared: Shared, places: Record<string, string>): Promise<Running> {
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
