/** Conversations in tests: the API with everything about talking, ingest and relay on the embedded log, sockets. */
import { type RawData, WebSocket } from 'ws'
import { blockedIdentities } from '../../src/api/routes/blocked-identities.ts'
import { channels } from '../../src/api/routes/channels.ts'
import { contactMerges } from '../../src/api/routes/contact-merges.ts'
import { contactOrder } from '../../src/api/routes/contact-order.ts'
import { contactParts } from '../../src/api/routes/contact-parts.ts'
import { contactPrivacy } from '../../src/api/routes/contact-privacy.ts'
import { contacts } from '../../src/api/routes/contacts.ts'
import { conversationEnds } from '../../src/api/routes/conversation-ends.ts'
import { conversationParts } from '../../src/api/routes/conversation-parts.ts'
import { conversations } from '../../src/api/routes/conversations.ts'
import { events } from '../../src/api/routes/events.ts'
import { groups } from '../../src/api/routes/groups.ts'
import { handover } from '../../src/api/routes/handover.ts'
import { search } from '../../src/api/routes/search.ts'
import { stream } from '../../src/api/routes/stream.ts'
import { ticketParts } from '../../src/api/routes/ticket-parts.ts'
import { ticketSettings } from '../../src/api/routes/ticket-settings.ts'
import { tickets } from '../../src/api/routes/tickets.ts'
import { visitor } from '../../src/api/routes/visitor.ts'
import type { RoutePlugin, ServerParts } from '../../src/api/server.ts'
import { Streams } from '../../src/api/stream/streams.ts'
import { openRegistry } from '../../src/connectors/registry.ts'
import { receiveInbound } from '../../src/connectors/runtime/receive.ts'
import { ChannelOwners, ingest } from '../../src/core/conversations/ingest.ts'
import type { Inbound } from '../../src/core/conversations/model.ts'
import { Consumer } from '../../src/core/events/consumer.ts'
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { Relay } from '../../src/core/events/relay.ts'
import type { Conversation } from '../../src/core/events/shapes.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { type Business, startTestApi, type TestApi, type TestApiOptions } from './api.ts'
import { eventually } from './eventually.ts'
import { moveConversation } from './moves.ts'

export interface Talk extends TestApi {
  readonly streams: Streams
  /** Where the server listens. */
  readonly origin: string
  readonly bus: PostgresBus
  /** A shop with a web chat whose conversations wait in the group of its agent. */
  shop(settings?: Record<string, unknown>): Promise<TalkingShop>
  /** Something that a customer says on the shop's channel, taken in; answers with the conversation. */
  hear(shop: TalkingShop, person: string, text: string, more?: { automatic?: boolean }): Promise<Conversation>
  /** Gives a conversation to somebody, as routing does. */
  assign(shop: TalkingShop, conversationId: string, memberId: string): Promise<void>
  open(path: string, token: string, options?: { since?: string; origin?: string }): Promise<Client>
}

export interface TalkingShop extends Business {
  readonly channelId: string
  readonly groupId: string
}

export interface TalkOptions extends TestApiOptions {
  readonly patienceMs?: number
}

/** `more`: further routes that a test needs. */
export async function startTalk(
  options: TalkOptions = {},
  more: readonly ((parts: ServerParts) => RoutePlugin)[] = [],
): Promise<Talk> {
  const registry = await openRegistry()
  let streams: Streams | undefined
  let bus: PostgresBus | undefined
  const extended = (parts: ServerParts) => {
    bus ??= new PostgresBus({ db: parts.db, log: silentLog })
    const log = bus
    const { sessionIdleHours } = parts.settings
    const { patienceMs } = options
    streams ??= new Streams({ ...parts, sessionIdleHours, ...(patienceMs !== undefined && { patienceMs }) })
    return {
      ...parts,
      registry,
      streams,
      signals: streams.signals,
      receive: (channel: { tenantId: string; id: string }, said: readonly Inbound[]) =>
        receiveInbound(log, { tenantId: channel.tenantId, channelId: channel.id }, said),
    }
  }
  const api = await startTestApi(
    [
      (parts) => channels(extended(parts)),
      (parts) => contacts(extended(parts)),
      (parts) => contactParts(extended(parts)),
      (parts) => contactMerges(extended(parts)),
      (parts) => contactPrivacy(extended(parts)),
      (parts) => contactOrder(extended(parts)),
      blockedIdentities,
      (parts) => conversations(extended(parts)),
      (parts) => conversationParts(extended(parts)),
      conversationEnds,
      handover,
      search,
      (parts) => events(extended(parts)),
      (parts) => groups(extended(parts)),
      (parts) => stream(extended(parts)),
      tickets,
      ticketParts,
      ticketSettings,
      (parts) => visitor(extended(parts)),
      ...more,
    ],
    options,
  )
  if (streams === undefined || bus === undefined) throw new Error('no route asked for its parts')
  const [running, log] = [streams, bus]
  const { db, wake } = api.parts
  await log.start()
  await wake.start()
  await log.ensureTopics(
    ['inbound', 'work', 'domain', 'outbound'].map((name) => ({ name, partitions: 2, retentionHours: 24 })),
  )
  const owners = new ChannelOwners(db)
  const consumer = new Consumer({
    db,
    bus: log,
    owner: 'test',
    log: silentLog,
    group: 'ingest',
    topic: 'inbound',
    maxRecords: 500,
    tenants: (records) => owners.tenants(records),
    apply: (tx, records) => ingest(tx, wake, records),
  })
  const relay = new Relay({ db, bus: log, wake, owner: 'test', log: silentLog })
  await consumer.start()
  await relay.start()
  await running.start()
  const origin = await api.app.listen({ port: 0, host: '127.0.0.1' })
  let said = 0
  const clients = new Set<Client>()

  return {
    ...api,
    streams: running,
    bus: log,
    origin,
    async shop(settings = {}) {
      const business = await api.business()
      const token = business.admin.token
      const group = (await api.ask('POST', '/v1/groups', { token, body: { name: '售前' } })).json()
      const path = `/v1/groups/${group.id}/members/${business.agent.member.id}`
      await api.ask('PUT', path, { token, body: {} })
      const body = { kind: 'webchat', name: '网站', groupId: group.id, settings }
      const channel = (await api.ask('POST', '/v1/channels', { token, body })).json()
      // What set it up stands in the feed already: whoever opens a stream now hears of what comes, and of nothing before.
      await eventually(async () => (await api.emitted(business.tenant.id)).length === 0)
      return { ...business, groupId: group.id, channelId: channel.id }
    },
    async hear(shop, person, text, more = {}) {
      const key = `said-${++said}`
      await receiveInbound(log, { tenantId: shop.tenant.id, channelId: shop.channelId }, [
        {
          kind: 'message',
          key,
          peer: person,
          at: new Date().toISOString(),
          clientId: key,
          from: { kind: 'visitor', scope: shop.channelId, address: person, name: person },
          parts: [{ type: 'text', text }],
          ...more,
        },
      ])
      return eventually(async () => {
        const [row] = await api.read(shop.tenant.id, (tx) =>
          tx.query<{ conversationId: string }>(
            'select conversation_id from messages where tenant_id = $1 and client_id = $2',
            shop.tenant.id,
            key,
          ),
        )
        if (row === undefined) return undefined
        const found = await api.ask('GET', `/v1/conversations/${row.conversationId}`, { token: shop.admin.token })
        return found.json() as Conversation
      })
    },
    async assign(shop, conversationId, memberId) {
      await api.read(shop.tenant.id, (tx) => moveConversation(tx, conversationId, memberId))
      wake.hint('outbox')
    },
    async open(path, token, { since, origin: from } = {}) {
      const client = new Client(
        `${origin.replace('http', 'ws')}${path}${since === undefined ? '' : `?since=${since}`}`,
        token,
        from,
      )
      clients.add(client)
      await client.opened
      return client
    },
    async close() {
      for (const client of clients) client.end()
      await running.stop()
      await consumer.stop()
      await relay.stop()
      await log.stop()
      await wake.stop()
      await api.close()
    },
  }
}

export interface Frame {
  readonly type: string
  readonly seq?: number
  readonly epoch?: string
  readonly id?: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into frames of every type
  readonly [member: string]: any
}

/** A program at the other end of a socket. */
export class Client {
  readonly frames: Frame[] = []
  readonly socket: WebSocket
  /** Resolves when it is open; rejects with the status of a refused handshake. */
  readonly opened: Promise<void>
  closed: { code: number; reason: string } | undefined

  constructor(url: string, token: string, origin?: string) {
    this.socket = new WebSocket(url, ['tributary.v1', `bearer.${token}`], {
      ...(origin !== undefined && { origin }),
      perMessageDeflate: false,
    })
    this.socket.on('message', (data: RawData) => this.frames.push(JSON.parse(String(data))))
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
    })
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', resolve)
      this.socket.on('error', reject)
      this.socket.on('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => reject(Object.assign(new Error(`${response.statusCode}`), { body })))
      })
    })
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The first frame of that type for which `holds`, once it is there. */
  frame(type: string, holds: (frame: Frame) => boolean = () => true): Promise<Frame> {
    return eventually(() => this.frames.find((frame) => frame.type === type && holds(frame)))
  }

  get ready(): Promise<Frame> {
    return this.frame('stream.ready')
  }

  /** Events, without what has no place in the feed. */
  get events(): Frame[] {
    return this.frames.filter((frame) => frame.seq !== undefined && frame.type !== 'stream.ready')
  }

  end(): void {
    this.socket.terminate()
  }
}
