/** A shop whose conversations are routed: the ground of a hub, a relay, agents, and what customers and agents do. */
import { closeConversation } from '../../src/core/conversations/lifecycle.ts'
import { type ConversationRow, conversationColumns, toConversation } from '../../src/core/conversations/rows.ts'
import { updateTicket } from '../../src/core/desk/ticket-edit.ts'
import { createTicket } from '../../src/core/desk/tickets.ts'
import { type Emission, emitAll } from '../../src/core/events/outbox.ts'
import { Relay } from '../../src/core/events/relay.ts'
import type { Member, Offer } from '../../src/core/events/shapes.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { createMember } from '../../src/core/tenancy/members.ts'
import type { KeyPrincipal } from '../../src/core/tenancy/principals.ts'
import { type GroupSettings, putGroupMember, updateGroup } from '../../src/core/tenancy/skill-groups.ts'
import { awaitOutcome, type Command, hintCommand, issueCommand, type Outcome } from '../../src/routing/commands.ts'
import { listOpenOffers } from '../../src/routing/open-offers.ts'
import { Shard } from '../../src/routing/shard.ts'
import { eventually } from './eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from './hub-ground.ts'

export interface Conversation {
  readonly id: string
  readonly status: 'open' | 'closed'
  readonly heldBy: string
  readonly assigneeId: string | null
  readonly groupId: string | null
  readonly version: number
}

export interface RoutingGround extends Ground {
  /** Another process's shard; not started. */
  anotherShard(owner: string): Promise<Shard>
}

/** A ground with a relay under way. */
export async function openRoutingGround(): Promise<RoutingGround> {
  const ground = await openGround()
  const relay = new Relay({ ...ground, owner: 'relay', log: silentLog })
  await relay.start()
  return {
    ...ground,
    async anotherShard(owner) {
      return new Shard({ ...(await ground.another()), owner, log: silentLog })
    },
    async close() {
      await relay.stop()
      await ground.close()
    },
  }
}

/** A clock that stands still until it is turned. */
export class TestClock {
  ms = Date.UTC(2026, 0, 5, 2)
  readonly now = (): number => this.ms
}

/** What is known of a customer. */
export interface KnownCustomer {
  readonly province?: string
  readonly claims?: Readonly<Record<string, string>>
  readonly tag?: string
}

/** One tenant's customers and agents. */
export class RoutedShop {
  readonly ground: Ground
  readonly shop: Shop
  readonly #by: KeyPrincipal

  private constructor(ground: Ground, shop: Shop) {
    this.ground = ground
    this.shop = shop
    this.#by = {
      kind: 'key',
      id: 'key_test',
      tenantId: shop.tenantId,
      credential: 'key_test',
      permissions: new Set(['conversation:read-all', 'ticket:read-all']),
    }
  }

  static async open(ground: Ground, group: Partial<GroupSettings> = {}): Promise<RoutedShop> {
    const shop = new RoutedShop(ground, await makeShop(ground.db))
    await shop.write((tx) => updateGroup(tx, shop.shop.groupId, group, undefined))
    return shop
  }

  get tenantId(): string {
    return this.shop.tenantId
  }

  /** A transaction of the tenant, whose events the relay is told of. */
  async write<T>(work: Parameters<typeof this.ground.db.transaction<T>>[1]): Promise<T> {
    const result = await this.ground.db.transaction(this.shop.actor, work)
    this.ground.wake.hint('outbox')
    return result
  }

  /** A member of the shop's group; not online yet. */
  async agent(name: string, capacity = 5, membership = { tier: 1, level: 1 }): Promise<Member> {
    return this.write(async (tx) => {
      const member = await createMember(tx, { name, email: `${name}@example.com`, role: 'agent', capacity })
      await putGroupMember(tx, this.shop.groupId, member.id, membership)
      return member
    })
  }

  async onlineAgent(name: string, capacity = 5): Promise<Member> {
    const member = await this.agent(name, capacity)
    await this.presence(member, 'online')
    return member
  }

  presence(member: Member, state: 'online' | 'busy' | 'away' | 'offline'): Promise<Outcome> {
    return this.ask({ kind: 'presence', memberId: member.id, state })
  }

  async issue(command: Command): Promise<string> {
    const id = await this.write((tx) => issueCommand(tx, command))
    hintCommand(this.ground.wake, this.tenantId)
    return id
  }

  /** Issues a command and waits for its outcome. */
  async ask(command: Command): Promise<Outcome> {
    const id = await this.issue(command)
    const outcome = await awaitOutcome(this.ground.db, this.ground.wake, this.shop.actor, id, 20_000)
    if (outcome === undefined) throw new Error(`no outcome of ${command.kind}`)
    return outcome
  }

  /** New customers write, or one who is there already: that many conversations wait. */
  async queue(
    count: number,
    options: { groupId?: string | null; priority?: number; known?: KnownCustomer; contactId?: string } = {},
  ): Promise<string[]> {
    const { tenantId, channelId } = this.shop
    const { province = null, claims = {}, tag } = options.known ?? {}
    const groupId = options.groupId === undefined ? this.shop.groupId : options.groupId
    const people = Array.from({ length: count }, () => ({
      id: options.contactId ?? newId('ctc'),
      conversationId: newId('cnv'),
    }))
    await this.write(async (tx) => {
      await tx.run(
        `insert into contacts (tenant_id, id, province, claims) select $1, i, $3, $4 from unnest($2::text[]) as u (i)
         on conflict do nothing`,
        tenantId,
        people.map(({ id }) => id),
        province,
        JSON.stringify(claims),
      )
      if (tag !== undefined) {
        await tx.run(
          'insert into contact_tags (tenant_id, contact_id, tag) select $1, i, $3 from unnest($2::text[]) as u (i)',
          tenantId,
          people.map(({ id }) => id),
          tag,
        )
      }
      const rows = await tx.query<ConversationRow>(
        `insert into conversations as c (tenant_id, id, contact_id, slot, channel_id, peer, group_id, priority)
         select $1, i, p, p, $4, p, $5, $6 from unnest($2::text[], $3::text[]) as u (i, p) returning ${conversationColumns}`,
        tenantId,
        people.map(({ conversationId }) => conversationId),
        people.map(({ id }) => id),
        channelId,
        groupId,
        options.priority ?? 0,
      )
      await emitAll(
        tx,
        rows.map(
          (row): Emission => ({
            type: 'conversation.queued',
            tenantId,
            subject: row.id,
            data: { conversation: toConversation(row, '') },
          }),
        ),
      )
    })
    return people.map(({ conversationId }) => conversationId)
  }

  /** Says again that these conversations wait, as a repeated or late event does. */
  async announceAgain(ids: readonly string[]): Promise<void> {
    await this.write(async (tx) => {
      const rows = await tx.query<ConversationRow>(
        `select ${conversationColumns} from conversations c where c.tenant_id = $1 and c.id = any($2)`,
        this.tenantId,
        ids,
      )
      await emitAll(
        tx,
        rows.map((row) => ({
          type: 'conversation.queued',
          tenantId: this.tenantId,
          subject: row.id,
          data: { conversation: toConversation(row, '') },
        })),
      )
    })
  }

  /** The customer of a closed conversation writes again: it waits once more. */
  async reopen(id: string): Promise<void> {
    await this.write(async (tx) => {
      const rows = await tx.query<ConversationRow>(
        `update conversations c set status = 'open', held_by = 'queue', assignee_id = null, version = version + 1
          where tenant_id = $1 and id = $2 and status = 'closed' returning ${conversationColumns}`,
        this.tenantId,
        id,
      )
      await emitAll(
        tx,
        rows.map((row) => ({
          type: 'conversation.queued',
          tenantId: this.tenantId,
          subject: row.id,
          data: { conversation: toConversation(row, '') },
        })),
      )
    })
  }

  async closeAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.write((tx) => closeConversation(tx, this.#by, id))
  }

  conversations(): Promise<Conversation[]> {
    return this.#read(
      'select id, status, held_by, assignee_id, group_id, version from conversations where tenant_id = $1 order by id',
    )
  }

  async conversation(id: string): Promise<Conversation> {
    const found = (await this.conversations()).find((one) => one.id === id)
    if (found === undefined) throw new Error(`no conversation ${id}`)
    return found
  }

  /** Resolves with who holds it, once somebody does. */
  async holder(id: string, unlike?: string): Promise<string> {
    return eventually(async () => {
      const { heldBy, assigneeId } = await this.conversation(id)
      return heldBy === 'agent' && assigneeId !== null && assigneeId !== unlike ? assigneeId : undefined
    })
  }

  offers(): Promise<Offer[]> {
    return this.ground.db.transaction(this.shop.actor, (tx) => listOpenOffers(tx, undefined))
  }

  /** The first open offer, once there is one. */
  async offer(unlike?: Offer): Promise<Offer> {
    return eventually(async () => {
      const [offer] = await this.offers()
      return offer !== undefined && offer.id !== unlike?.id ? offer : undefined
    })
  }

  agentStates(): Promise<{ agentId: string; presence: string; used: number; hardMax: number }[]> {
    return this.#read('select agent_id, presence, used, hard_max from agent_states where tenant_id = $1')
  }

  /** `conversationId` is the ticket's where it is one. */
  assignments(): Promise<{ itemId: string; conversationId: string; agentId: string; endedAt: Date | null }[]> {
    return this.#read(
      `select item_id, coalesce(conversation_id, ticket_id) as conversation_id, agent_id, ended_at
         from assignments where tenant_id = $1 order by id`,
    )
  }

  /** Tickets come to the shop's group: that many. */
  async file(count: number): Promise<void> {
    const subject = '退货'
    for (let n = 0; n < count; n++)
      await this.write((tx) => createTicket(tx, this.#by, { subject, groupId: this.shop.groupId }))
  }

  tickets(): Promise<{ id: string; assigneeId: string | null; statusCategory: string }[]> {
    return this.#read('select id, assignee_id, status_category from tickets where tenant_id = $1 order by id')
  }

  async solveAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.write((tx) => updateTicket(tx, this.#by, id, { status: 'solved' }, undefined))
  }

  items(): Promise<{ id: string; conversationId: string; state: string; agentId: string | null }[]> {
    return this.#read('select id, conversation_id, state, agent_id from work_items where tenant_id = $1 order by id')
  }

  events(...types: string[]): Promise<{ type: string; subject: string; data: Record<string, unknown> }[]> {
    return this.ground.db.work('test', [this.tenantId], (tx) =>
      tx.query(
        'select type, subject, data from events where tenant_id = $1 and type = any($2) order by position',
        this.tenantId,
        types,
      ),
    )
  }

  /** Resolves when all that happened here is on the log. */
  async relayed(): Promise<void> {
    await eventually(async () => {
      const [row] = await this.#read<{ waiting: boolean }>(
        `select exists (select from outbox where tenant_id = $1)
             or (select max(position) from events where tenant_id = $1) > (select published from feed) as waiting`,
      )
      if (row?.waiting) this.ground.wake.hint('outbox')
      return row?.waiting === false
    })
  }

  /** Resolves when nothing of this tenant is on its way to routing any more. */
  async settled(...shards: Shard[]): Promise<void> {
    await eventually(async () => {
      await this.relayed()
      const lags = await Promise.all(shards.map((shard) => shard.lag()))
      return lags.every((lag) => lag === 0) && (await this.#isQuiet())
    })
  }

  /** Whether handling what was read last has left nothing to relay. */
  async #isQuiet(): Promise<boolean> {
    const [row] = await this.#read<{ quiet: boolean }>(
      'select not exists (select from outbox where tenant_id = $1) as quiet',
    )
    return row?.quiet === true
  }

  #read<T>(sql: string): Promise<T[]> {
    return this.ground.db.work('test', [this.tenantId], (tx) => tx.query<T>(sql, this.tenantId))
  }
}
