/** What becomes of conversations that their skill group cannot serve, over the tables into the engine and back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { createGroup, putGroupMember, updateGroup } from '../../../src/core/tenancy/skill-groups.ts'
import { givingUpJob } from '../../../src/routing/giving-up.ts'
import { readPasses } from '../../../src/routing/journal.ts'
import { readQueues } from '../../../src/routing/monitor.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround, TestClock } from '../../support/routing-ground.ts'

let ground: RoutingGround
let shard: Shard
let runner: JobRunner
const clock = new TestClock()

beforeAll(async () => {
  ground = await openRoutingGround()
  shard = new Shard({ ...ground, owner: 'one', log: silentLog, clock: clock.now })
  await shard.start()
  runner = new JobRunner({ ...ground, owner: 'one', log: silentLog, handlers: [givingUpJob] })
  runner.start()
})
afterAll(async () => {
  await runner?.stop()
  await shard?.stop()
  await ground?.close()
})

function pass(ms: number): void {
  clock.ms += ms
  shard.wake()
}

const stateOf = async (shop: RoutedShop, id: string) =>
  (await shop.items()).find(({ conversationId }) => conversationId === id)?.state

test('one more than a full group takes is kept in the pool, until somebody takes it', async () => {
  const shop = await RoutedShop.open(ground, { maxWaiting: 1 })
  const [first = ''] = await shop.queue(1)
  const [second = ''] = await shop.queue(1)
  await shop.settled(shard)
  expect([await stateOf(shop, first), await stateOf(shop, second)]).toEqual(['waiting', 'pooled'])
  const [figures] = await ground.db.transaction(shop.shop.actor, readQueues)
  expect(figures).toMatchObject({ waiting: 2, pooled: 1 })
  const ann = await shop.onlineAgent('ann')
  expect(await shop.holder(first)).toBe(ann.id)
  expect((await shop.conversation(second)).heldBy).toBe('queue')
  expect(await shop.ask({ kind: 'pull', conversationId: second, memberId: ann.id })).toMatchObject({ result: 'done' })
  expect(await shop.holder(second)).toBe(ann.id)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
})

test('what waits too long goes to another group, and where nobody is there it is closed', async () => {
  const shop = await RoutedShop.open(ground)
  const other = await shop.write((tx) =>
    createGroup(tx, { name: 'second line', routing: { overflow: { nobody: { close: true } } } }),
  )
  const late = { afterSeconds: 60, handler: { groupId: other.id } }
  await shop.write((tx) => updateGroup(tx, shop.shop.groupId, { routing: { overflow: { late } } }, undefined))
  const bob = await shop.agent('bob', 1)
  await shop.write((tx) => putGroupMember(tx, other.id, bob.id, {}))
  await shop.presence(bob, 'busy')
  const [served = ''] = await shop.queue(1)
  await shop.settled(shard)
  pass(60_000)
  await eventually(async () => (await shop.conversation(served)).groupId === other.id || undefined)
  await shop.presence(bob, 'online')
  expect(await shop.holder(served)).toBe(bob.id)

  await shop.presence(bob, 'offline')
  const [closed = ''] = await shop.queue(1)
  await shop.settled(shard)
  pass(60_000)
  await eventually(async () => (await shop.conversation(closed)).status === 'closed' || undefined)
  await shop.settled(shard)
  expect(await shop.write((tx) => readPasses(tx, closed))).toEqual([
    { at: clock.ms, groupId: shop.shop.groupId, cause: 'late', to: 'group', toGroupId: other.id },
    { at: clock.ms, groupId: other.id, cause: 'nobody', to: 'end' },
  ])
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
})

test('a group that would get back what it passes on is refused', async () => {
  const shop = await RoutedShop.open(ground)
  const back = { overflow: { full: { groupId: shop.shop.groupId } } }
  const other = await shop.write((tx) => createGroup(tx, { name: 'other', routing: back }))
  const overflow = { nobody: { groupId: other.id } }
  await expect(
    shop.write((tx) => updateGroup(tx, shop.shop.groupId, { routing: { overflow } }, undefined)),
  ).rejects.toMatchObject({
    code: 'overflow-invalid',
    errors: [{ pointer: '/routing/overflow/nobody/groupId' }],
  })
})

test('work that is shared by weight goes to each as often as they weigh', async () => {
  const shop = await RoutedShop.open(ground, { strategy: 'weighted' })
  const [ann, bob] = [await shop.agent('ann', 20), await shop.agent('bob', 20)]
  await shop.write((tx) => putGroupMember(tx, shop.shop.groupId, ann.id, { weight: 3 }))
  await shop.presence(ann, 'online')
  await shop.presence(bob, 'online')
  const ids = await shop.queue(8)
  await Promise.all(ids.map((id) => shop.holder(id)))
  const holders = (await shop.conversations()).map(({ assigneeId }) => assigneeId)
  expect(holders.filter((id) => id === ann.id)).toHaveLength(6)
  const digests = await shard.digests(shop.tenantId)
  expect(digests?.database).toBe(digests?.memory)
})
