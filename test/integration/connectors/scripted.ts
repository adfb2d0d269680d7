/** A kind that does as its test wants, and a hub's sending side round it. */
import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type {
  Capabilities,
  Check,
  Connector,
  ConnectorKind,
  Hub,
  Receipt,
  SentMessage,
} from '../../../src/connectors/contract.ts'
import { registryOf } from '../../../src/connectors/registry.ts'
import { Dispatcher } from '../../../src/connectors/runtime/dispatcher.ts'
import { openEgress } from '../../../src/connectors/runtime/egress.ts'
import { probeChannel } from '../../../src/connectors/runtime/probe.ts'
import { Recaller } from '../../../src/connectors/runtime/recaller.ts'
import { redactorOf } from '../../../src/connectors/runtime/redact.ts'
import { Supervisor, type SupervisorOptions } from '../../../src/connectors/runtime/supervisor.ts'
import { type ChannelPatch, createChannel, updateChannel } from '../../../src/core/conversations/channels.ts'
import type { Outbound, Part } from '../../../src/core/conversations/model.ts'
import { recallMessage } from '../../../src/core/conversations/recall.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Vault } from '../../../src/core/platform/secrets.ts'
import { eventually } from '../../support/eventually.ts'
import { openTestFiles } from '../../support/files.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

/** One life of an account. */
export interface Life {
  readonly settings: { readonly name?: string }
  readonly hub: Hub
  closed: boolean
}

export class Script {
  readonly lives: Life[] = []
  readonly sent: Outbound[] = []
  opening: (life: Life) => Promise<void> = async () => {}
  closing: () => Promise<void> = async () => {}
  sending: (message: Outbound) => Promise<Receipt> = async ({ id }) => ({ externalId: `x-${id}` })
  asking: (message: Outbound) => Promise<Receipt | 'absent' | 'unknown'> = async () => 'unknown'
  /** What was asked to be taken back. */
  readonly gone: SentMessage[] = []
  takingBack: (message: SentMessage) => Promise<void> = async () => {}
  readonly kind: ConnectorKind

  constructor(name: string, facts: Partial<Capabilities> & { exclusive?: boolean } = {}) {
    const { exclusive = false, ...capabilities } = facts
    this.kind = {
      kind: name,
      title: name,
      config: Type.Object({ name: Type.Optional(Type.String()) }, { additionalProperties: false }),
      capabilities: {
        parts: { text: {} },
        carries: 'part',
        text: {},
        initiate: 'always',
        idempotency: 'none',
        receipts: { delivered: false, read: false },
        typing: { in: false, out: false },
        ...capabilities,
      },
      exclusive,
      open: async (settings: Life['settings'], hub: Hub): Promise<Connector> => {
        const life: Life = { settings, hub, closed: false }
        this.lives.push(life)
        await this.opening(life)
        hub.report({ state: 'online' })
        return {
          send: (message) => {
            this.sent.push(message)
            return this.sending(message)
          },
          reconcile: (message) => this.asking(message),
          recall: (message) => {
            this.gone.push(message)
            return this.takingBack(message)
          },
          close: () => {
            life.closed = true
            return this.closing()
          },
        }
      },
    } as unknown as ConnectorKind
  }

  get openNow(): Life[] {
    return this.lives.filter(({ closed, hub }) => !closed && !hub.signal.aborted)
  }

  textsTo(peer: string): string[] {
    return this.sent
      .filter((message) => message.peer === peer)
      .map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))
  }
}

export interface Node {
  readonly supervisor: Supervisor
  readonly dispatcher: Dispatcher
  stop(): Promise<void>
}

export class SendingBench {
  readonly ground: Ground
  readonly shop: Shop
  readonly #vault = new Vault(randomBytes(32))
  readonly #egress = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 1000 })
  readonly #files = openTestFiles()
  readonly #nodes: Node[] = []

  static async open(): Promise<SendingBench> {
    const ground = await openGround()
    return new SendingBench(ground, await makeShop(ground.db))
  }

  private constructor(ground: Ground, shop: Shop) {
    this.ground = ground
    this.shop = shop
  }

  /** A process that runs connectors of that kind, sending once `dispatcher.start()` is called. */
  async node(script: Script, facts: Partial<SupervisorOptions> = {}): Promise<Node> {
    const { db, bus, wake } = await this.ground.another()
    const backoff = { firstMs: 20, maxMs: 100 }
    const registry = registryOf([script.kind])
    const parts = {
      db,
      bus,
      wake,
      vault: this.#vault,
      egress: this.#egress,
      files: this.#files,
      publicUrl: 'https://hub.example',
      registry,
      log: silentLog,
      owner: newId('evt'),
    }
    const supervisor = new Supervisor({ ...parts, pollMs: 200, backoff, closeTimeoutMs: 300, ...facts })
    const dispatcher = new Dispatcher({ ...parts, supervisor, pollMs: 100, backoff })
    const recaller = new Recaller({ ...parts, supervisor, pollMs: 100, backoff })
    recaller.start()
    const node = {
      supervisor,
      dispatcher,
      async stop() {
        await recaller.stop()
        await dispatcher.stop()
        await supervisor.stop()
      },
    }
    this.#nodes.push(node)
    await supervisor.start()
    return node
  }

  async channel(script: Script, settings: Life['settings'] = {}): Promise<string> {
    const { form } = this.#formOf(script)
    const { id } = await this.ground.db.transaction(this.shop.actor, (tx) =>
      createChannel(tx, this.#vault, form, { name: script.kind.kind, settings }),
    )
    this.ground.wake.hint('channels')
    return id
  }

  async change(script: Script, channelId: string, patch: ChannelPatch): Promise<void> {
    const { form } = this.#formOf(script)
    await this.ground.db.transaction(this.shop.actor, (tx) => updateChannel(tx, this.#vault, form, channelId, patch))
    this.ground.wake.hint('channels')
  }

  /** The test of a connection to that kind, with its own checks; it may take so long. */
  probe(script: Script, probe: NonNullable<ConnectorKind['probe']>, forMs?: number): Promise<Check[]> {
    const { db, bus, wake } = this.ground
    const parts = { db, bus, wake, vault: this.#vault, egress: this.#egress, files: this.#files, log: silentLog }
    const { tenantId, channelId } = this.shop
    const [kind, redactor] = [{ ...script.kind, probe }, redactorOf(['hush-hush'])]
    const served = { tenantId, channelId, kind, settings: {}, sealedKey: null, fingerprint: '', redactor }
    return probeChannel({ ...parts, publicUrl: 'https://hub.example' }, served, forMs)
  }

  async stateOf(channelId: string): Promise<{ state: string; detail?: string }> {
    const [row] = await this.rows<{ state: { state: string; detail?: string } }>(
      'select state from channels where id = $1',
      channelId,
    )
    return row?.state ?? { state: 'none' }
  }

  /** Queues texts to a peer, each a message; answers their ids. `facts` are columns of the deliveries. */
  async queue(
    channelId: string,
    peer: string,
    texts: readonly string[],
    facts: Record<string, string> = {},
  ): Promise<string[]> {
    const ids = texts.map(() => newId('msg'))
    const { tenantId } = this.shop
    await this.ground.db.work('test', [tenantId], async (tx) => {
      const [contactId, conversationId] = [newId('ctc'), newId('cnv')]
      await tx.run('insert into contacts (tenant_id, id) values ($1, $2)', tenantId, contactId)
      await tx.run(
        `insert into conversations (tenant_id, id, contact_id, slot, channel_id, peer) values ($1, $2, $3, $3, $4, $5)`,
        tenantId,
        conversationId,
        contactId,
        channelId,
        peer,
      )
      for (const [index, text] of texts.entries()) {
        const parts: Part[] = [{ type: 'text', text }]
        await tx.run(
          `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, channel_id, peer,
                                 parts, status, sent_at)
           values ($1, $2, $3, $4, $5, 'out', 'system', $6, $7, $8, 'queued', now())`,
          tenantId,
          ids[index],
          conversationId,
          contactId,
          index + 1,
          channelId,
          peer,
          JSON.stringify(parts),
        )
        const names = Object.keys(facts)
        await tx.run(
          `insert into deliveries (tenant_id, message_id, channel_id, peer, parts ${names.map((name) => `, ${name}`).join('')})
           values ($1, $2, $3, $4, $5 ${names.map((name) => `, ${facts[name]}`).join('')})`,
          tenantId,
          ids[index],
          channelId,
          peer,
          JSON.stringify(parts),
        )
      }
    })
    this.ground.wake.hint('deliveries')
    return ids
  }

  /** A program asks for it to be taken back; how that stands. */
  async recall(script: Script, messageId = ''): Promise<string | undefined> {
    const { tenantId } = this.shop
    const permissions = new Set(['conversation:read-all', 'conversation:reply'])
    const by = { kind: 'key' as const, id: newId('key'), tenantId, credential: 'test', permissions }
    const [row] = await this.rows<{ id: string }>('select conversation_id as id from messages where id = $1', messageId)
    const message = await this.ground.db.transaction(this.shop.actor, (tx) =>
      recallMessage(tx, by, row?.id ?? '', messageId, () => script.kind.capabilities.recall),
    )
    this.ground.wake.hint('recalls')
    return message.recall?.state
  }

  /** Waits until it is taken back, or is not. */
  recalled(messageId: string | undefined): Promise<{ state: string; failure?: { code: string; detail: string } }> {
    return eventually(async () => {
      const [row] = await this.rows<{ recall: { state: string; failure?: { code: string; detail: string } } }>(
        'select recall from messages where id = $1',
        messageId,
      )
      return row?.recall.state !== 'asked' && row?.recall
    })
  }

  /** Waits until the message's first delivery is in one of those states. */
  settled(
    messageId: string | undefined,
    ...states: string[]
  ): Promise<{ state: string; attempts: number; failure: { code: string; detail: string } | null; peer: string }> {
    return eventually(async () => {
      const [row] = await this.rows<{
        state: string
        attempts: number
        failure: { code: string; detail: string } | null
        peer: string
      }>('select state, attempts, failure, peer from deliveries where message_id = $1 order by piece', messageId)
      return row !== undefined && states.includes(row.state) && row
    })
  }

  rows<T>(sql: string, ...parameters: unknown[]): Promise<T[]> {
    return this.ground.db.work('test', [this.shop.tenantId], (tx) => tx.query<T>(sql, ...parameters))
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
    await this.#egress.close()
    this.#files.close()
    await this.ground.close()
  }

  #formOf(script: Script) {
    return { form: registryOf([script.kind]).formOf(script.kind.kind) }
  }
}
