import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../src/core/platform/log.ts'
import { createMember, updateMember } from '../../../src/core/tenancy/members.ts'
import { createGroup, putGroupMember, removeGroup } from '../../../src/core/tenancy/skill-groups.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround } from '../../support/routing-ground.ts'

let ground: RoutingGround
let shard: Shard

beforeAll(async () => {
  ground = await openRoutingGround()
  shard = new Shard({ ...ground, owner: 'one', log: silentLog })
  await shard.start()
})
afterAll(async () => {
  await shard?.stop()
  await ground?.close()
})

/** What must hold of any tenant at rest. */
async function expectSound(shop: RoutedShop): Promise<void> {
  await shop.settled(shard)
  const digests = await shard.digests(shop.tenantId)
  expect(digests?.memory).toBe(digests?.database)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
}

test('a conversation that waits is given to the online agent of its group', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  await shop.agent('bob')
  const [id = ''] = await shop.queue(1)
  expect(await shop.holder(id)).toBe(ann.id)
  expect(await shop.assignments()).toMatchObject([{ conversationId: id, agentId: ann.id, endedAt: null }])
  await expectSound(shop)
  expect(await shop.events('conversation.assigned')).toMatchObject([
    { subject: id, data: { conversation: { assigneeId: ann.id, heldBy: 'agent' }, previousAssigneeId: null } },
  ])
})

test('conversations that wait are given to whoever comes online, within the capacity', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.agent('ann', 3)
  await shop.queue(5)
  await shop.settled(shard)
  expect((await shop.conversations()).every((conversation) => conversation.heldBy === 'queue')).toBe(true)
  expect(await shop.presence(ann, 'online')).toEqual({ result: 'done' })
  const held = (await shop.conversations()).filter((conversation) => conversation.assigneeId === ann.id)
  expect(held.length).toBe(3)
  expect(await shop.agentStates()).toMatchObject([{ presence: 'online', used: 3, hardMax: 6 }])
  await shop.closeAll(held.slice(0, 2).map(({ id }) => id))
  await eventually(async () => (await shop.conversations()).every(({ heldBy }) => heldBy !== 'queue'))
  await expectSound(shop)
})

test('a conversation without a group waits in the first group of its tenant, and its members see it', async () => {
  const shop = await RoutedShop.open(ground)
  const [id = ''] = await shop.queue(1, { groupId: null })
  await eventually(async () => (await shop.conversation(id)).groupId === shop.shop.groupId)
  const ann = await shop.onlineAgent('ann')
  expect(await shop.holder(id)).toBe(ann.id)
  await expectSound(shop)
})

test('saying again that a conversation waits changes nothing', async () => {
  const shop = await RoutedShop.open(ground)
  const ids = await shop.queue(3)
  await shop.announceAgain(ids)
  await shop.onlineAgent('ann')
  await Promise.all(ids.map((id) => shop.holder(id)))
  await shop.announceAgain(ids)
  await shop.settled(shard)
  expect((await shop.items()).length).toBe(3)
  expect((await shop.assignments()).length).toBe(3)
  await expectSound(shop)
})

test('a conversation that was closed before anybody was free is nobody’s', async () => {
  const shop = await RoutedShop.open(ground)
  const [id = ''] = await shop.queue(1)
  await shop.settled(shard)
  await shop.closeAll([id])
  const ann = await shop.onlineAgent('ann')
  await shop.settled(shard)
  expect(await shop.conversation(id)).toMatchObject({ status: 'closed', assigneeId: null })
  expect(await shop.items()).toMatchObject([{ state: 'abandoned' }])
  expect(await shop.agentStates()).toMatchObject([{ agentId: ann.id, used: 0 }])
  await expectSound(shop)
})

test('a reopened conversation waits as a new item', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.closeAll([id])
  await shop.reopen(id)
  await shop.holder(id)
  await shop.settled(shard)
  expect((await shop.items()).map(({ state }) => state)).toEqual(['done', 'active'])
  expect((await shop.assignments()).map(({ agentId, endedAt }) => [agentId, endedAt !== null])).toEqual([
    [ann.id, true],
    [ann.id, false],
  ])
  await expectSound(shop)
})

test('capacity is never exceeded while 200 conversations wait for three agents who close what they have', async () => {
  const shop = await RoutedShop.open(ground, { strategy: 'least-loaded' })
  const agents = [await shop.onlineAgent('ann', 2), await shop.onlineAgent('bob', 3), await shop.onlineAgent('cai', 5)]
  const capacity = new Map(agents.map((agent) => [agent.id, agent.capacity]))
  const ids = new Set(await shop.queue(200))
  const overloads: unknown[] = []
  await eventually(async () => {
    const conversations = await shop.conversations()
    const held = conversations.filter(({ heldBy }) => heldBy === 'agent')
    for (const [agentId, theirs] of Map.groupBy(held, ({ assigneeId }) => assigneeId ?? '')) {
      if (theirs.length > (capacity.get(agentId) ?? 0)) overloads.push({ agentId, held: theirs.length })
    }
    await Promise.all(held.map(({ id }) => shop.closeAll([id])))
    return conversations.every(({ status }) => status === 'closed')
  }, 50_000)
  await shop.settled(shard)
  expect(overloads).toEqual([])
  const assignments = await shop.assignments()
  expect(assignments.length).toBe(200)
  expect(new Set(assignments.map(({ conversationId }) => conversationId))).toEqual(ids)
  expect((await shop.agentStates()).map(({ used }) => used)).toEqual([0, 0, 0])
  await expectSound(shop)
})

test('an agent who leaves keeps what is held, and one whose account is disabled gives it back', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.presence(ann, 'offline')
  expect((await shop.conversation(id)).assigneeId).toBe(ann.id)
  await shop.write(async (tx) => {
    await updateMember(tx, ann.id, { disabled: true }, undefined)
  })
  await eventually(async () => (await shop.conversation(id)).heldBy === 'queue')
  const bob = await shop.onlineAgent('bob')
  expect(await shop.holder(id)).toBe(bob.id)
  await expectSound(shop)
})

test('a limit that is lowered below the load holds from then on, and takes nothing away', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 4)
  const ids = await shop.queue(6)
  await eventually(async () => (await shop.agentStates())[0]?.used === 4)
  await shop.write(async (tx) => {
    await updateMember(tx, ann.id, { capacity: 1 }, undefined)
  })
  await shop.settled(shard)
  const held = (await shop.conversations()).filter(({ heldBy }) => heldBy === 'agent').map(({ id }) => id)
  expect(held.length).toBe(4)
  await shop.closeAll(held.slice(0, 3))
  await shop.settled(shard)
  expect(await shop.agentStates()).toMatchObject([{ used: 1, hardMax: 2 }])
  await shop.closeAll(held.slice(3))
  await eventually(async () => (await shop.conversations()).filter(({ status }) => status === 'open').length === 2)
  expect(ids.length).toBe(6)
  await expectSound(shop)
})

test('conversations that came before there was any group are routed once there is one', async () => {
  const shop = await RoutedShop.open(ground)
  await shop.write(async (tx) => {
    await tx.run('update channels set group_id = null where tenant_id = $1', shop.tenantId)
    await removeGroup(tx, shop.shop.groupId, undefined)
  })
  const [id = ''] = await shop.queue(1, { groupId: null })
  await shop.settled(shard)
  expect(await shop.items()).toEqual([])
  const member = await shop.write(async (tx) => {
    const ann = await createMember(tx, { name: 'ann', email: 'ann@example.com', role: 'agent' })
    const group = await createGroup(tx, { name: '售后' })
    await putGroupMember(tx, group.id, ann.id, { tier: 1, level: 1 })
    return ann
  })
  await shop.presence(member, 'online')
  expect(await shop.holder(id)).toBe(member.id)
  await expectSound(shop)
})
