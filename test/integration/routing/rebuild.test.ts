/** What is in memory and what is in the database are the same, whatever happened. */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listSetAside, replaySetAside } from '../../../src/core/events/set-aside.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { updateMember } from '../../../src/core/tenancy/members.ts'
import { createGroup, putGroupMember, removeGroupMember, updateGroup } from '../../../src/core/tenancy/skill-groups.ts'
import { awaitOutcome } from '../../../src/routing/commands.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround, TestClock } from '../../support/routing-ground.ts'

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

interface Step {
  readonly kind: number
  readonly a: number
  readonly b: number
}

const step: fc.Arbitrary<Step> = fc.record({ kind: fc.nat(99), a: fc.nat(1000), b: fc.nat(1000) })

function pick<T>(list: readonly T[], n: number): T | undefined {
  return list[n % Math.max(1, list.length)]
}

/** A small centre: two groups, of which the second asks before it gives, and three agents. */
async function openCentre() {
  const shop = await RoutedShop.open(ground, { wrapUpSeconds: 20 })
  const agents = await Promise.all(['ann', 'bob', 'cai'].map((name, i) => shop.agent(name, i + 1)))
  const second = await shop.write(async (tx) => {
    const group = await createGroup(tx, {
      name: '售后',
      acceptMode: 'manual',
      offerSeconds: 5,
      strategy: 'least-loaded',
    })
    for (const agent of agents.slice(0, 2)) await putGroupMember(tx, group.id, agent.id, { tier: 1, level: 1 })
    return group
  })
  for (const agent of agents) await shop.presence(agent, 'online')
  return { shop, agents, groupIds: [shop.shop.groupId, second.id] as const }
}

type Centre = Awaited<ReturnType<typeof openCentre>>

/** Lets something happen; what it is depends on the numbers and on what is there. Commands are not waited for. */
async function happen({ shop, agents, groupIds }: Centre, { kind, a, b }: Step): Promise<void> {
  const agent = pick(agents, a) ?? agents[0]
  const groupId = pick(groupIds, b) ?? groupIds[0]
  if (agent === undefined) return
  const conversation = async (status: 'open' | 'closed') =>
    pick(
      (await shop.conversations()).filter((one) => one.status === status),
      b,
    )?.id
  if (kind < 25) await shop.queue(1 + (a % 3), { groupId: b % 7 === 0 ? null : groupId, priority: b % 3 })
  else if (kind < 40) await shop.closeAll([(await conversation('open')) ?? []].flat())
  else if (kind < 45) await shop.reopen((await conversation('closed')) ?? '')
  else if (kind < 55) {
    const offer = pick(await shop.offers(), b)
    if (offer === undefined) return
    await shop.issue({ kind: a % 3 === 0 ? 'decline' : 'accept', offerId: offer.id, memberId: offer.memberId })
  } else if (kind < 63) {
    const conversationId = (await conversation('open')) ?? ''
    const target = a % 2 === 0 ? { groupId } : { memberId: agent.id }
    await shop.issue({ kind: 'transfer', conversationId, ...target })
  } else if (kind < 71) {
    const conversationId = (await conversation('open')) ?? ''
    await shop.issue({ kind: a % 2 === 0 ? 'pull' : 'assign', conversationId, memberId: agent.id })
  } else if (kind < 74) {
    const conversationId = (await conversation('closed')) ?? ''
    await shop.issue({ kind: 'wrap-up-done', conversationId, memberId: agent.id })
  } else if (kind < 83) {
    const state = pick(['online', 'online', 'busy', 'away', 'offline'] as const, b) ?? 'online'
    await shop.issue({ kind: 'presence', memberId: agent.id, state })
  } else if (kind < 86) {
    await shop.write((tx) => updateMember(tx, agent.id, { capacity: b % 4, disabled: b % 11 === 0 }, undefined))
  } else if (kind < 88) {
    await shop.write((tx) =>
      a % 2 === 0
        ? removeGroupMember(tx, groupId, agent.id)
        : putGroupMember(tx, groupId, agent.id, { tier: 1 + (b % 2), level: 1 }),
    )
  } else if (kind < 90) {
    await shop.write((tx) => updateGroup(tx, groupId, { acceptMode: a % 2 === 0 ? 'auto' : 'manual' }, undefined))
  } else {
    clock.ms += (a % 10) * 1000
    shard.wake()
  }
}

async function expectSame(shop: RoutedShop): Promise<void> {
  const digests = await shard.digests(shop.tenantId)
  expect(digests).toBeDefined()
  expect(digests?.memory).toBe(digests?.database)
}

test('after any history the state rebuilt from the database is the state in memory, and the tables agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      const centre = await openCentre()
      for (const one of steps) {
        await happen(centre, one)
        if (one.a % 10 === 0) await expectSame(centre.shop)
      }
      await centre.shop.settled(shard)
      await expectSame(centre.shop)
      expect(await shard.reconcile(centre.shop.tenantId)).toEqual([])
      const open = (await centre.shop.assignments()).filter(({ endedAt }) => endedAt === null)
      expect(new Set(open.map(({ itemId }) => itemId)).size).toBe(open.length)
      for (const { used, hardMax } of await centre.shop.agentStates()) expect(used).toBeLessThanOrEqual(hardMax)
    }),
    { numRuns: 8 },
  )
})

test('what is decided while connections are cut is decided once', async () => {
  const shop = await RoutedShop.open(ground)
  for (const name of ['ann', 'bob']) await shop.onlineAgent(name, 3)
  const client = new pg.Client({ connectionString: ground.url })
  await client.connect()
  const ids = await shop.queue(60)
  let cuts = 0
  await eventually(async () => {
    if (cuts < 15) {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'tributary_worker' and state <> 'idle' limit 1`,
      )
      cuts += rowCount ?? 0
    }
    const conversations = await shop.conversations().catch(() => [])
    const held = conversations.filter(({ heldBy }) => heldBy === 'agent')
    await shop.closeAll(held.map(({ id }) => id))
    return conversations.length === 60 && conversations.every(({ status }) => status === 'closed')
  }, 50_000)
  await client.end()
  await shop.settled(shard)
  expect((await shop.assignments()).map(({ conversationId }) => conversationId).sort()).toEqual(ids.sort())
  await expectSame(shop)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
})

test('what was written by hand is found and mended', async () => {
  const shop = await RoutedShop.open(ground)
  await shop.onlineAgent('ann', 3)
  const [held = '', ended = ''] = await shop.queue(2)
  await Promise.all([shop.holder(held), shop.holder(ended)])
  await shop.settled(shard)
  await shop.write(async (tx) => {
    await tx.run(`update assignments set ended_at = now() where conversation_id = $1`, held)
    await tx.run(`update conversations set status = 'closed', held_by = 'nobody' where id = $1`, ended)
    await tx.run(`update agent_states set used = 3 where tenant_id = $1`, shop.tenantId)
  })
  const found = await shard.reconcile(shop.tenantId)
  expect(found?.map(({ kind }) => kind).sort()).toEqual([
    'holder-without-assignment',
    'item-without-conversation',
    'load',
  ])
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
  expect(await shop.agentStates()).toMatchObject([{ used: 1 }])
  await expectSame(shop)
})

test('a conversation whose event was lost is taken in', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.write((tx) =>
    tx.run(`insert into conversations (tenant_id, id, contact_id, slot, channel_id, peer, group_id)
              select tenant_id, replace(id, 'cnv_0', 'cnv_1'), contact_id, 'another', channel_id, peer, group_id from conversations`),
  )
  const found = await shard.reconcile(shop.tenantId)
  expect(found).toMatchObject([{ kind: 'conversation-without-item', conversationId: id.replace('cnv_0', 'cnv_1') }])
  expect(await shop.holder(id.replace('cnv_0', 'cnv_1'))).toBe(ann.id)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
})

/** Lets `meanwhile` happen while no shard is there, and starts the next one. */
async function whileAway(meanwhile: () => Promise<void>): Promise<void> {
  await shard.stop()
  await meanwhile()
  shard = new Shard({ ...ground, owner: `next-${Math.random()}`, log: silentLog, clock: clock.now, maxRecords: 1 })
  await shard.start()
}

test('timers of work that another process left behind fire without a word', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  await shop.onlineAgent('ann')
  await shop.queue(1)
  const offer = await shop.offer()
  await shop.settled(shard)
  await whileAway(async () => {})
  clock.ms += 30_000
  await eventually(async () => {
    shard.wake()
    return (await shop.events('offer.ended')).length === 1
  })
  expect(await shop.events('offer.ended')).toMatchObject([{ data: { offer: { id: offer.id, state: 'expired' } } }])
})

test('an answer that was given in time counts, however late it is read', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  await shop.queue(1)
  const offer = await shop.offer()
  await shop.settled(shard)
  let commandId = ''
  await whileAway(async () => {
    for (let i = 0; i < 50; i++) await shop.issue({ kind: 'presence', memberId: ann.id, state: 'online' })
    commandId = await shop.issue({ kind: 'accept', offerId: offer.id, memberId: ann.id })
    await shop.relayed()
    clock.ms += 3_600_000
  })
  const outcome = await awaitOutcome(ground.db, ground.wake, shop.shop.actor, commandId, 20_000)
  expect(outcome).toEqual({ result: 'done', assigneeId: ann.id })
})

test('an end that is read after its conversation waits again does not end the new wait', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  await shop.settled(shard)
  let id = ''
  await whileAway(async () => {
    id = (await shop.queue(1))[0] ?? ''
    await shop.closeAll([id])
    await shop.reopen(id)
  })
  expect(await shop.holder(id)).toBe(ann.id)
  await shop.settled(shard)
  expect(await shop.assignments()).toMatchObject([{ conversationId: id, agentId: ann.id, endedAt: null }])
  expect((await shop.events('conversation.assigned')).length).toBe(1)
  await expectSame(shop)
})

test('what breaks a wall of the database is set aside, stops nobody else, and goes on once mended', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const other = await RoutedShop.open(ground)
  const bob = await other.onlineAgent('bob')
  await shop.settled(shard)
  let id = ''
  await whileAway(async () => {
    id = (await shop.queue(1))[0] ?? ''
    await shop.write(async (tx) => {
      const item = [shop.tenantId, `${id}.1`, id] as const
      await tx.run(
        `insert into work_items (tenant_id, id, conversation_id, group_id, state, record) values ($1, $2, $3, '', 'done', '{}')`,
        ...item,
      )
      await tx.run(
        `insert into assignments (tenant_id, item_id, conversation_id, agent_id, weight, started_at) values ($1, $2, $3, '', 1, now())`,
        ...item,
      )
    })
  })
  const [aside] = await eventually(async () => {
    const found = await listSetAside(ground.db, shop.tenantId, 10)
    return found.length > 0 && found
  })
  expect(aside).toMatchObject({ state: 'failed', key: shop.tenantId, error: expect.stringContaining('23505') })
  const [next = ''] = await other.queue(1)
  expect(await other.holder(next)).toBe(bob.id)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  await shop.write((tx) => tx.run(`update assignments set ended_at = now() where item_id = $1`, `${id}.1`))
  await replaySetAside(ground.db, aside?.id ?? 0, shop.tenantId)
  expect(await shop.holder(id)).toBe(ann.id)
  await expectSame(shop)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
})
