/** A small hub round the connectors' runtime: store, embedded log, ingest, hooks on a real socket; no API, no routing. */
import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { Check } from '../../src/connectors/contract.ts'
import { type Registry, registryOf } from '../../src/connectors/registry.ts'
import { Dispatcher } from '../../src/connectors/runtime/dispatcher.ts'
import { Doors } from '../../src/connectors/runtime/doors.ts'
import { type Egress, openEgress } from '../../src/connectors/runtime/egress.ts'
import { Fetcher } from '../../src/connectors/runtime/fetcher.ts'
import { keepFile } from '../../src/connectors/runtime/files.ts'
import { hooks } from '../../src/connectors/runtime/hooks.ts'
import { prober } from '../../src/connectors/runtime/probe.ts'
import { Recaller } from '../../src/connectors/runtime/recaller.ts'
import { receiveInbound } from '../../src/connectors/runtime/receive.ts'
import { Supervisor } from '../../src/connectors/runtime/supervisor.ts'
import { Typist } from '../../src/connectors/runtime/typist.ts'
import { createChannel, updateChannel } from '../../src/core/conversations/channels.ts'
import { ChannelOwners, ingest } from '../../src/core/conversations/ingest.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { recallMessage } from '../../src/core/conversations/recall.ts'
import { reply } from '../../src/core/conversations/reply.ts'
import { Signals } from '../../src/core/conversations/signals.ts'
import type { LogRecord } from '../../src/core/events/bus.ts'
import { Consumer } from '../../src/core/events/consumer.ts'
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { Fault } from '../../src/core/platform/errors.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { openLog } from '../../src/core/platform/log.ts'
import { Vault } from '../../src/core/platform/secrets.ts'
import type { ConnectorUnderTest, FarEnd, Taken } from '../fakes/far-end.ts'
import { eventually } from '../support/eventually.ts'
import { openTestFiles } from '../support/files.ts'
import { type Ground, makeShop, openGround, type Shop } from '../support/hub-ground.ts'
import { digestOf } from './connector-samples.ts'

export interface Heard {
  readonly id: string
  readonly conversationId: string
  readonly externalId: string | null
  readonly parts: Part[]
}

export interface KeptFile {
  readonly state: string
  readonly sha256: string
  readonly mediaType: string
  readonly failure: { code: string } | null
}

export interface DeliveryRow {
  readonly state: string
  readonly attempts: number
  readonly externalId: string | null
  readonly failure: { code: string; detail: string } | null
  /** Whether it is not due for most of an hour. */
  readonly later: boolean
}

/** One channel of the kind under test, open, with its far end. */
export interface TestChannel {
  readonly id: string
  readonly far: FarEnd
  readonly hookUrl: string
}

const quick = { firstMs: 20, maxMs: 100 }

export class ConnectorBench {
  readonly ground: Ground
  readonly shop: Shop
  readonly vault = new Vault(randomBytes(32))
  readonly registry: Registry
  readonly egress: Egress
  readonly supervisor: Supervisor
  /** Every line that was logged, at the finest level. */
  readonly lines: string[] = []
  readonly log = openLog({ level: 'debug', destination: { write: (line) => void this.lines.push(line) } })
  readonly #parts: Parameters<typeof prober>[0]
  readonly #server = Fastify({ logger: false, forceCloseConnections: true })
  readonly #dispatcher: Dispatcher
  readonly #fetcher: Fetcher
  readonly #recaller: Recaller
  readonly #signals: Signals
  readonly #typist: Typist
  readonly files = openTestFiles()
  readonly #author = newId('key')
  /** What is in the files that were uploaded, by their ids. */
  readonly digests = new Map<string, string>()
  readonly #consumer: Consumer
  readonly #bus: ForgetfulBus
  readonly #fars: FarEnd[] = []
  #address = ''

  static async open(under: readonly ConnectorUnderTest[]): Promise<ConnectorBench> {
    const ground = await openGround()
    const bench = new ConnectorBench(ground, await makeShop(ground.db), under)
    await bench.#start()
    return bench
  }

  private constructor(ground: Ground, shop: Shop, under: readonly ConnectorUnderTest[]) {
    this.ground = ground
    this.shop = shop
    const { db, wake } = ground
    this.registry = registryOf(under.map(({ kind }) => kind))
    this.egress = openEgress({ allow: ['127.0.0.0/8', '::1/128'], maxResponseBytes: 100_000, timeoutMs: 15_000 })
    this.#bus = new ForgetfulBus({ db, log: this.log })
    const { vault, registry, egress, files, log } = this
    const publicUrl = 'https://hub.example'
    const doors = new Doors()
    const owner = newId('evt')
    const parts = { db, bus: this.#bus, vault, registry, egress, doors, files, publicUrl, wake, log, owner }
    this.#parts = parts
    this.supervisor = new Supervisor({ ...parts, pollMs: 200, backoff: quick, closeTimeoutMs: 1000 })
    this.#dispatcher = new Dispatcher({ ...parts, supervisor: this.supervisor, pollMs: 100, backoff: quick })
    this.#fetcher = new Fetcher({ ...parts, supervisor: this.supervisor, pollMs: 200, backoff: quick })
    this.#recaller = new Recaller({ ...parts, supervisor: this.supervisor, pollMs: 200, backoff: quick })
    this.#signals = new Signals(db, log)
    this.#typist = new Typist({ db, signals: this.#signals, supervisor: this.supervisor, log, owner: 'test' })
    const owners = new ChannelOwners(db)
    this.#consumer = new Consumer({
      db,
      bus: ground.bus,
      owner: parts.owner,
      log,
      group: 'ingest',
      topic: 'inbound',
      maxRecords: 500,
      tenants: (records) => owners.tenants(records),
      apply: (tx, records) => ingest(tx, wake, records),
    })
    void this.#server.register(websocket, { options: { maxPayload: 1_048_576 } })
    void this.#server.register(hooks(parts))
  }

  async #start(): Promise<void> {
    await this.#bus.start()
    this.#address = await this.#server.listen({ port: 0, host: '127.0.0.1' })
    await this.#consumer.start()
    await this.supervisor.start()
    this.#dispatcher.start()
    this.#fetcher.start()
    this.#recaller.start()
    this.#typist.start()
  }

  /** Sets a channel of that kind up, with a far end of its own, and waits until it is open. */
  async channel(under: ConnectorUnderTest): Promise<TestChannel> {
    const far = await under.open()
    this.#fars.push(far)
    const { kind } = under.kind
    const { id } = await this.ground.db.transaction(this.shop.actor, (tx) =>
      createChannel(tx, this.vault, this.registry.formOf(kind), { name: kind, settings: far.settings }),
    )
    const hookUrl = `${this.#address}/hooks/${kind}/${id}`
    far.serve({
      channelId: id,
      hookUrl,
      receive: (events) => receiveInbound(this.#bus, { tenantId: this.shop.tenantId, channelId: id }, events),
      accepted: () => this.#accepted(id),
      received: (peer) => this.#received(`${id}/${peer}`),
    })
    this.ground.wake.hint('channels')
    await this.opened(id)
    return { id, far, hookUrl }
  }

  /** Waits until the channel is open here. */
  opened(id: string): Promise<unknown> {
    return eventually(() => this.supervisor.find(id))
  }

  async closed(id: string): Promise<void> {
    await eventually(() => this.supervisor.find(id) === undefined)
  }

  switchChannel(id: string, kind: string, enabled: boolean): Promise<void> {
    return this.changeChannel(id, kind, { enabled })
  }

  async changeChannel(id: string, kind: string, patch: Parameters<typeof updateChannel>[4]): Promise<void> {
    await this.ground.db.transaction(this.shop.actor, (tx) =>
      updateChannel(tx, this.vault, this.registry.formOf(kind), id, patch),
    )
    this.ground.wake.hint('channels')
  }

  /** The log takes the next records for good, and says that it has not. */
  forgetNextAcknowledgement(): void {
    this.#bus.forgetNext = true
  }

  /** What came in on the channel, in its order, once there are at least so many. */
  heard(channelId: string, atLeast = 0): Promise<Heard[]> {
    return eventually(async () => {
      const rows = await this.ground.db.transaction(this.shop.actor, (tx) =>
        tx.query<Heard>(
          `select id, conversation_id, external_id, parts from messages
            where tenant_id = $1 and channel_id = $2 and direction = 'in' order by conversation_id, number`,
          this.shop.tenantId,
          channelId,
        ),
      )
      return rows.length >= atLeast ? rows : undefined
    })
  }

  /** The first of them that says these words, once it has come in. */
  heardWith(channelId: string, words: string): Promise<Heard> {
    return eventually(async () =>
      (await this.heard(channelId)).find(({ parts: [part] }) => part?.type === 'text' && part.text.includes(words)),
    )
  }

  /** Everything that was appended is applied: what would have come in has. */
  async drained(): Promise<void> {
    await eventually(async () => {
      const ranges = await this.ground.bus.ranges('inbound')
      const done = await this.ground.db.ground<{ partition: number; next: number }>(
        `select partition, next from positions where consumer = 'ingest' and topic = 'inbound'`,
      )
      return ranges.every(
        (range) =>
          range.next === 0 || done.some(({ partition, next }) => partition === range.partition && next === range.next),
      )
    })
  }

  /** An agent's program answers; the message's id. */
  async reply(conversationId: string, parts: Part[]): Promise<string> {
    const message = await this.ground.db.transaction(this.shop.actor, (tx) =>
      reply(tx, this.#speaker, conversationId, { parts }),
    )
    this.ground.wake.hint('deliveries')
    return message.id
  }

  /** Takes it back, and waits until that is done or has failed. */
  async recall(conversationId: string, messageId: string): Promise<string> {
    const ask = () =>
      this.ground.db.transaction(this.shop.actor, (tx) =>
        recallMessage(
          tx,
          this.#speaker,
          conversationId,
          messageId,
          (kind) => this.registry.find(kind)?.capabilities.recall,
        ),
      )
    await ask()
    this.ground.wake.hint('recalls')
    return eventually(async () => {
      const [row] = await this.ground.db.transaction(this.shop.actor, (tx) =>
        tx.query<{ state: string }>(
          `select recall ->> 'state' as state from messages where tenant_id = $1 and id = $2`,
          this.shop.tenantId,
          messageId,
        ),
      )
      return row?.state !== 'asked' && row?.state
    })
  }

  /** Every permission to answer on the channel runs out. */
  async closeWindows(channelId: string): Promise<void> {
    await this.ground.db.work('test', [this.shop.tenantId], (tx) =>
      tx.run(`update reply_tickets set expires_at = now() - interval '1 second' where channel_id = $1`, channelId),
    )
  }

  /** An agent is writing. */
  writes(conversationId: string): void {
    const audience = { contactId: '', heldBy: 'agent' as const, groupId: null, assigneeId: null, participantIds: [] }
    const { tenantId } = this.shop
    const by = { kind: 'member', id: newId('usr') } as const
    this.#signals.publish({ type: 'typing', tenantId, conversationId, by, audience })
  }

  get #speaker() {
    return {
      kind: 'key' as const,
      id: this.#author,
      tenantId: this.shop.tenantId,
      credential: 'test',
      permissions: new Set(['conversation:read-all', 'conversation:reply']),
    }
  }

  /** The blob of a file that the agent's program has uploaded, to be sent. */
  async upload(name: string, body: Buffer): Promise<{ fileId: string }> {
    const { tenantId, channelId } = this.shop
    const { fileId } = await keepFile(this.#parts, { tenantId, channelId }, { name, body })
    await this.ground.db.work('test', [tenantId], (tx) =>
      tx.run(
        `update files set uploader_kind = 'key', uploader_id = $1, channel_id = null where id = $2`,
        this.#author,
        fileId,
      ),
    )
    this.digests.set(fileId ?? '', digestOf(body))
    return { fileId: fileId ?? '' }
  }

  /** What became of a file that came in, once it is known. */
  came(fileId: string | undefined): Promise<KeptFile> {
    return eventually(async () => {
      const rows = await this.ground.db.work('test', [this.shop.tenantId], (tx) =>
        tx.query<KeptFile>(`select state, sha256, media_type, failure from files where id = $1`, fileId),
      )
      return rows.find(({ state }) => state === 'ready' || state === 'failed')
    })
  }

  /** "Test connection". */
  probe(channelId: string): Promise<Check[]> {
    return prober(this.#parts)(channelId)
  }

  deliveries(messageId: string): Promise<DeliveryRow[]> {
    return this.ground.db.transaction(this.shop.actor, (tx) =>
      tx.query<DeliveryRow>(
        `select state, attempts, external_id, failure, due_at > now() + interval '50 minutes' as later
           from deliveries where tenant_id = $1 and message_id = $2 order by piece`,
        this.shop.tenantId,
        messageId,
      ),
    )
  }

  /** The first delivery of the message once it is in one of those states. */
  delivery(messageId: string, ...states: string[]): Promise<DeliveryRow> {
    return eventually(async () => (await this.deliveries(messageId)).find(({ state }) => states.includes(state)))
  }

  /** Everything that was kept or told about channels and deliveries, as one text. */
  async told(): Promise<string> {
    const rows = await this.ground.db.work('test', [this.shop.tenantId], async (tx) => [
      await tx.query('select state, settings from channels'),
      await tx.query('select failure from deliveries'),
      await tx.query('select failure, parts from messages'),
      await tx.query('select failure, name from files'),
      await tx.query('select data from outbox'),
      await tx.query('select value from channel_memory'),
    ])
    return JSON.stringify(rows)
  }

  async close(): Promise<void> {
    await this.#fetcher.stop()
    await this.#recaller.stop()
    await this.#typist.stop()
    await this.#dispatcher.stop()
    await this.supervisor.stop()
    await this.#consumer.stop()
    await this.#server.close()
    await Promise.all(this.#fars.map((far) => far.close()))
    await this.egress.close()
    await this.#bus.stop()
    this.files.close()
    await this.ground.close()
  }

  async #received(key: string): Promise<number> {
    const rows = await this.ground.db.ground<{ count: number }>(
      `select count(*)::int as count from bus_records where topic = 'inbound' and key = $1`,
      key,
    )
    return rows[0]?.count ?? 0
  }

  async #accepted(channelId: string): Promise<Taken[]> {
    const rows = await this.ground.db.transaction(this.shop.actor, (tx) =>
      tx.query<Taken>(
        `select external_id as id, peer, parts from deliveries
          where tenant_id = $1 and channel_id = $2 and state = 'accepted' order by id`,
        this.shop.tenantId,
        channelId,
      ),
    )
    return rows
  }
}

/** A log that can die between its commit and its answer. */
class ForgetfulBus extends PostgresBus {
  forgetNext = false

  override async publish(topic: string, records: readonly LogRecord[]): Promise<void> {
    await super.publish(topic, records)
    if (!this.forgetNext) return
    this.forgetNext = false
    throw new Fault('unavailable', 'log-unavailable', 'The log did not answer.')
  }
}
