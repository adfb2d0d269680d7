/** Chats and calls compete for one agent: a thousand random histories, over the tables into the engine and back. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tellCall } from '../../../src/core/calls/calls.ts'
import { newCall, step } from '../../../src/core/calls/machine.ts'
import { lockConversation } from '../../../src/core/conversations/conversations.ts'
import { closeByRule } from '../../../src/core/conversations/lifecycle.ts'
import { type ConversationRow, conversationColumns, toConversation } from '../../../src/core/conversations/rows.ts'
import { emitAll } from '../../../src/core/events/outbox.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { issueCommand } from '../../../src/routing/commands.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { openRoutingGround, RoutedShop, type RoutingGround, TestClock } from '../../support/routing-ground.ts'

const shops = 20
const perShop = 50
/** Two things at once, of which one may be a call. */
const capacity = 2

const kinds = ['chat', 'call', 'both', 'accept', 'decline', 'end-call', 'end-chat', 'away', 'online'] as const
type Kind = (typeof kinds)[number]
const history = fc.array(fc.constantFrom(...kinds, 'both' as const, 'accept' as const), { minLength: 7, maxLength: 7 })

let ground: RoutingGround
let shard: Shard
const clock = new TestClock()

beforeAll(async () => {
  ground = await openRoutingGround()
  shard = new Shard({ ...ground, owner: 'one', log: silentLog, clock: clock.now })
  await shard.start()
})
afterAll(async () => {
  await shard?.stop()
  await ground?.close()
})

/** One agent with a group of their own. */
interface Desk {
  readonly groupId: string
  readonly memberId: string
  readonly history: readonly Kind[]
}

/** Something that is in an agent's hands, or offered to them. */
interface InHand {
  readonly agentId: string
  readonly conversationId: string
  readonly callId: string | null
  readonly offerId: string | null
}

class Centre {
  readonly shop: RoutedShop
  readonly desks: readonly Desk[]

  constructor(shop: RoutedShop, desks: readonly Desk[]) {
    this.shop = shop
    this.desks = desks
  }

  /** Half of the groups ask their agent, half do not. */
  static async open(histories: readonly (readonly Kind[])[]): Promise<Centre> {
    const shop = await RoutedShop.open(ground)
    const desks = histories.map((one) => ({ groupId: newId('grp'), memberId: newId('usr'), history: one }))
    const [groups, members] = [desks.map(({ groupId }) => groupId), desks.map(({ memberId }) => memberId)]
    await shop.write(async (tx) => {
      await tx.run(
        `insert into skill_groups (tenant_id, id, name, accept_mode, offer_seconds)
         select $1, g, g, case n % 2 when 0 then 'auto' else 'manual' end, 20 from unnest($2::text[]) with ordinality as u (g, n)`,
        shop.tenantId,
        groups,
      )
      await tx.run(
        `insert into members (tenant_id, id, name, email, role, capacity, limits)
         select $1, m, m, m || '@example.com', 'agent', $3, '{"call": 1}' from unnest($2::text[]) as u (m)`,
        shop.tenantId,
        members,
        capacity,
      )
      await tx.run(
        `insert into skill_group_members (tenant_id, group_id, member_id)
         select $1, g, m from unnest($2::text[], $3::text[]) as u (g, m)`,
        shop.tenantId,
        groups,
        members,
      )
      for (const memberId of members) await issueCommand(tx, { kind: 'presence', memberId, state: 'online' })
    })
    return new Centre(shop, desks)
  }

  /** Everybody's next step, together. */
  async round(number: number): Promise<void> {
    const { shop } = this
    const agents = await this.agents()
    const arriving: { groupId: string; isCall: boolean }[] = []
    await shop.write(async (tx) => {
      for (const { groupId, memberId, history } of this.desks) {
        const kind = history[number]
        const mine = agents.get(memberId)?.inHand ?? []
        const call = mine.find(({ callId, offerId }) => callId !== null && offerId === null)
        const chat = mine.find(({ callId, offerId }) => callId === null && offerId === null)
        if (kind === 'chat' || kind === 'both') arriving.push({ groupId, isCall: false })
        if (kind === 'call' || kind === 'both') arriving.push({ groupId, isCall: true })
        if (kind === 'away' || kind === 'online') await issueCommand(tx, { kind: 'presence', memberId, state: kind })
        if (kind === 'end-call' && call?.callId) await tellCall(tx, call.callId, { type: 'caller-left', at: clock.ms })
        if (kind === 'end-chat' && chat !== undefined) {
          const conversation = await lockConversation(tx, shop.tenantId, chat.conversationId)
          if (conversation?.status === 'open') await closeByRule(tx, conversation, 'idle')
        }
        for (const { offerId } of mine) {
          if (offerId === null || (kind !== 'accept' && kind !== 'decline')) continue
          await issueCommand(tx, { kind, offerId, memberId })
        }
      }
      await this.#arrive(tx, arriving)
    })
  }

  async #arrive(tx: Parameters<typeof tellCall>[0], arriving: readonly { groupId: string; isCall: boolean }[]) {
    const { tenantId, channelId } = this.shop.shop
    const ids = arriving.map((one) => ({ ...one, id: newId('cnv'), contactId: newId('ctc'), callId: newId('cal') }))
    const contacts = ids.map(({ contactId }) => contactId)
    await tx.run(
      'insert into contacts (tenant_id, id) select $1, i from unnest($2::text[]) as u (i)',
      tenantId,
      contacts,
    )
    const rows = await tx.query<ConversationRow>(
      `insert into conversations as c (tenant_id, id, contact_id, slot, channel_id, peer, group_id)
       select $1, i, p, p, $4, p, g from unnest($2::text[], $3::text[], $5::text[]) as u (i, p, g) returning ${conversationColumns}`,
      tenantId,
      ids.map(({ id }) => id),
      contacts,
      channelId,
      ids.map(({ groupId }) => groupId),
    )
    const calls = ids.filter(({ isCall }) => isCall)
    const queued = step(step(newCall(clock.ms), { type: 'screened', at: clock.ms }).record, {
      type: 'queued',
      at: clock.ms,
    })
    await tx.run(
      `insert into calls (tenant_id, id, channel_id, conversation_id, direction, number, dialled, state, record, started_at)
       select $1, k, $4, c, 'in', '', '9000', 'queued', $5, $6 from unnest($2::text[], $3::text[]) as u (k, c)`,
      tenantId,
      calls.map(({ callId }) => callId),
      calls.map(({ id }) => id),
      channelId,
      JSON.stringify(queued.record),
      new Date(clock.ms).toISOString(),
    )
    await emitAll(
      tx,
      rows.map((row) => ({
        type: 'conversation.queued' as const,
        tenantId,
        subject: row.id,
        data: { conversation: toConversation(row, '') },
      })),
    )
  }

  /**
   * What each agent has in hand or is asked to take, and how much of them is in use by routing's books; calls count as long as their
   * conversation is open. One statement, for timers fire meanwhile.
   */
  async agents(): Promise<Map<string, { used: number; inHand: readonly InHand[] }>> {
    const rows = await ground.db.work('test', [this.shop.tenantId], (tx) =>
      tx.query<InHand & { used: number }>(
        `select s.agent_id, s.used, x.conversation_id, x.offer_id,
                (select k.id from calls k where k.tenant_id = $1 and k.conversation_id = x.conversation_id) as call_id
           from agent_states s
           left join (select agent_id, conversation_id, null as offer_id from assignments where tenant_id = $1 and ended_at is null
                      union all
                      select agent_id, conversation_id, id from offers where tenant_id = $1 and state = 'open') as x on x.agent_id = s.agent_id
          where s.tenant_id = $1`,
        this.shop.tenantId,
      ),
    )
    const books = Map.groupBy(rows, ({ agentId }) => agentId)
    return new Map(
      [...books].map(([agentId, own]) => [
        agentId,
        { used: own[0]?.used ?? 0, inHand: own.filter(({ conversationId }) => conversationId !== null) },
      ]),
    )
  }
}

test('an agent never has more than their capacity, nor two calls, whatever comes together, is accepted, declined, left or runs out', async () => {
  const histories = fc.sample(history, shops * perShop)
  const centres = await Promise.all(
    Array.from({ length: shops }, (_, n) => Centre.open(histories.slice(n * perShop, (n + 1) * perShop))),
  )
  const settled = async () => {
    for (const { shop } of centres) await shop.settled(shard)
  }
  await settled()
  const seen = { chats: 0, calls: 0, together: 0 }
  for (let number = 0; number < 7; number++) {
    await Promise.all(centres.map((centre) => centre.round(number)))
    await settled()
    // Two rounds, and what nobody has answered has run out.
    clock.ms += 12_000
    shard.wake()
    await settled()
    for (const centre of centres) {
      const agents = await centre.agents()
      for (const { memberId, history } of centre.desks) {
        const { used, inHand: mine = [] } = agents.get(memberId) ?? {}
        const calls = mine.filter(({ callId }) => callId !== null).length
        const told = `${history.slice(0, number + 1).join(', ')}: ${JSON.stringify(mine)}`
        expect(mine.length, told).toBeLessThanOrEqual(capacity)
        expect(calls, told).toBeLessThanOrEqual(1)
        expect(used, told).toBe(mine.length)
        seen.calls += calls
        seen.chats += mine.length - calls
        if (calls > 0 && mine.length > calls) seen.together += 1
      }
    }
  }
  // Not a world in which nothing happens: hundreds of each, also side by side.
  expect(Math.min(seen.calls, seen.chats, seen.together)).toBeGreaterThan(300)
})
