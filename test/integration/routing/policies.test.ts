/** What an administrator configures of routing, over the tables into the engine. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { reachOf } from '../../../src/core/tenancy/group-routing.ts'
import { updateMember } from '../../../src/core/tenancy/members.ts'
import { createGroup, getGroup, putGroupMember, updateGroup } from '../../../src/core/tenancy/skill-groups.ts'
import { Shard } from '../../../src/routing/shard.ts'
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

function pass(ms: number): void {
  clock.ms += ms
  shard.wake()
}

/** Who speaks English how well. */
async function speaks(shop: RoutedShop, name: string, level: number) {
  const member = await shop.agent(name)
  await shop.write((tx) => updateMember(tx, member.id, { skills: [{ skill: 'lang.en', level }] }, undefined))
  await shop.presence(member, 'online')
  return member
}

test('a plan asks the best first and widens to others when its time has come', async () => {
  const shop = await RoutedShop.open(ground, {
    routing: {
      plan: [
        { skills: [{ skill: 'lang.en', level: 5 }] },
        { afterSeconds: 60, mode: 'widen', skills: [{ skill: 'lang.en', level: 3 }] },
      ],
    },
  })
  const fair = await speaks(shop, 'fair', 3)
  const [id = ''] = await shop.queue(1)
  await shop.settled(shard)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  pass(59_000)
  await shop.settled(shard)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  pass(1_000)
  expect(await shop.holder(id)).toBe(fair.id)
})

test('where a program decides, nobody is asked for as long as it has, and then the group’s own choice', async () => {
  const shop = await RoutedShop.open(ground, {
    routing: {
      plan: [{ skills: [{ skill: 'by-program', level: 1 }] }, { afterSeconds: 5, mode: 'replace', skills: [] }],
    },
  })
  const ann = await shop.onlineAgent('ann')
  const bob = await shop.onlineAgent('bob')
  const [first = '', second = ''] = await shop.queue(2)
  await shop.settled(shard)
  expect((await shop.conversation(first)).heldBy).toBe('queue')
  const outcome = await shop.ask({ kind: 'assign', conversationId: first, memberId: bob.id })
  expect(outcome).toEqual({ result: 'done', assigneeId: bob.id })
  pass(5_000)
  expect(await shop.holder(second)).toBe(ann.id)
})

test('a skill that somebody learns finds them work that waits, at once', async () => {
  const shop = await RoutedShop.open(ground, { routing: { plan: [{ skills: [{ skill: '退款', level: 2 }] }] } })
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.settled(shard)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  await shop.write((tx) => updateMember(tx, ann.id, { skills: [{ skill: '退款', level: 2 }] }, undefined))
  expect(await shop.holder(id)).toBe(ann.id)
})

test('a limit for chats holds although there is capacity, until it is lifted', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 5)
  await shop.write((tx) => updateMember(tx, ann.id, { limits: { chat: 1 } }, undefined))
  await shop.settled(shard)
  const ids = await shop.queue(2)
  await shop.settled(shard)
  const held = (await shop.conversations()).filter(({ assigneeId }) => assigneeId === ann.id)
  expect(held).toHaveLength(1)
  await shop.write((tx) => updateMember(tx, ann.id, { limits: {} }, undefined))
  await Promise.all(ids.map((id) => shop.holder(id)))
})

const waitSeconds = { full: 120, busy: 30, offline: 0 }
const lastAgent = { withinDays: 30, waitSeconds }

/** A group that asks the last agent first; Ann has served the customer, Bob is there as well and has been idle for longer. */
async function returning() {
  const shop = await RoutedShop.open(ground, { routing: { lastAgent } })
  const ann = await shop.onlineAgent('ann', 1)
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const bob = await shop.onlineAgent('bob')
  pass(1000)
  await shop.closeAll([id])
  await shop.settled(shard)
  return { shop, ann, bob, id }
}

test('a returning customer meets the last agent, though another has been idle for longer', async () => {
  const { shop, ann, id } = await returning()
  await shop.reopen(id)
  expect(await shop.holder(id)).toBe(ann.id)
})

test('the last agent is found under whichever of a customer’s merged records they were served', async () => {
  const { shop, ann, id } = await returning()
  const served = await shop.write(async (tx) => {
    const { contactId } = await tx.one<{ contactId: string }>(
      'select contact_id from conversations where tenant_id = $1 and id = $2',
      tx.tenantId,
      id,
    )
    return contactId
  })
  const [twin, survivor] = [newId('ctc'), newId('ctc')]
  const merge = (from: string, into: string) =>
    shop.write((tx) =>
      tx.run('update contacts set merged_into = $3 where tenant_id = $1 and id = $2', tx.tenantId, from, into),
    )
  await shop.write((tx) =>
    tx.run('insert into contacts (tenant_id, id) select $1, unnest($2::text[])', tx.tenantId, [twin, survivor]),
  )
  await merge(twin, served)
  const [again = ''] = await shop.queue(1, { contactId: twin })
  expect(await shop.holder(again)).toBe(ann.id)
  await shop.closeAll([again])
  await merge(twin, survivor)
  await merge(served, survivor)
  const [later = ''] = await shop.queue(1, { contactId: survivor })
  expect(await shop.holder(later)).toBe(ann.id)
})

test('a last agent who is full is waited for as long as the group says, then anybody serves', async () => {
  const { shop, ann, bob, id } = await returning()
  await shop.presence(bob, 'busy')
  const [other = ''] = await shop.queue(1)
  expect(await shop.holder(other)).toBe(ann.id)
  await shop.presence(bob, 'online')
  await shop.reopen(id)
  await shop.settled(shard)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  pass(120_000)
  expect(await shop.holder(id)).toBe(bob.id)
})

test('a last agent who is not there is not waited for', async () => {
  const { shop, ann, bob, id } = await returning()
  await shop.presence(ann, 'offline')
  await shop.reopen(id)
  expect(await shop.holder(id)).toBe(bob.id)
})

test('a plan that goes back in time, or asks who is not there, is refused by the names of its steps', async () => {
  const shop = await RoutedShop.open(ground)
  const stranger = 'grp_0000000000000000000000000z'
  const asked = shop.write((tx) =>
    updateGroup(
      tx,
      shop.shop.groupId,
      { routing: { plan: [{ afterSeconds: 60 }, { afterSeconds: 30 }, { afterSeconds: 90, groupId: stranger }] } },
      undefined,
    ),
  )
  await expect(asked).rejects.toMatchObject({
    code: 'plan-invalid',
    errors: [{ pointer: '/routing/plan/1/afterSeconds' }, { pointer: '/routing/plan/2/groupId' }],
  })
  const { routing } = await ground.db.transaction(shop.shop.actor, (tx) => getGroup(tx, shop.shop.groupId))
  expect(routing.plan).toEqual([])
})

test('a plan tells whom each of its steps can reach', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await speaks(shop, 'ann', 3)
  const bob = await shop.agent('bob')
  const second = await shop.write((tx) => createGroup(tx, { name: 'second' }))
  await shop.write((tx) => putGroupMember(tx, second.id, bob.id, { tier: 1, level: 1 }))
  const plan = [
    { skills: [{ skill: 'lang.en', level: 5 }] },
    { skills: [{ skill: 'lang.en', level: 3 }] },
    { groupId: second.id },
  ]
  const reach = await ground.db.transaction(shop.shop.actor, (tx) => reachOf(tx, shop.shop.groupId, { plan }))
  expect(reach.map(({ memberIds }) => memberIds)).toEqual([[], [ann.id], [bob.id]])
})

test('what is said of some of a group’s routing leaves the rest as it was', async () => {
  const shop = await RoutedShop.open(ground, { routing: { maxMissed: 0 } })
  const changed = await shop.write((tx) =>
    updateGroup(tx, shop.shop.groupId, { routing: { reofferSeconds: 5 } }, undefined),
  )
  expect(changed.routing).toMatchObject({ maxMissed: 0, reofferSeconds: 5, offersAtOnce: 1 })
})
