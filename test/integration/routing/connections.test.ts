/** Presence follows the connection, over every process in which a member has streams. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentsConnected } from '../../../src/api/stream/agents-connected.ts'
import type { Member } from '../../../src/core/events/shapes.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import type { MemberPrincipal } from '../../../src/core/tenancy/principals.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround, TestClock } from '../../support/routing-ground.ts'

let ground: RoutingGround
let shard: Shard
const clock = new TestClock()
const processes: AgentsConnected[] = []

beforeAll(async () => {
  ground = await openRoutingGround()
  shard = new Shard({ ...ground, owner: 'one', log: silentLog, clock: clock.now })
  await shard.start()
})
afterAll(async () => {
  for (const one of processes) await one.stop()
  await shard?.stop()
  await ground?.close()
})

/** A process that has streams; it looks after dead ones only when told to. */
function another(name: string): AgentsConnected {
  const onCommand = () => ground.wake.hint('outbox')
  const one = new AgentsConnected({ ...ground, log: silentLog, process: name, graceMs: 30_000, restMs: 0, onCommand })
  processes.push(one)
  return one
}

const principalOf = (shop: RoutedShop, member: Member): MemberPrincipal => ({
  kind: 'member',
  id: member.id,
  tenantId: shop.tenantId,
  credential: 'ses_test',
  role: 'agent',
  permissions: new Set(),
  groupIds: [],
})

const links = (shop: RoutedShop) =>
  ground.db.work('test', [shop.tenantId], (tx) =>
    tx.query<{ process: string }>(
      'select process from agent_links where tenant_id = $1 order by process',
      shop.tenantId,
    ),
  )

const presence = async (shop: RoutedShop) => (await shop.agentStates())[0]?.presence

function pass(ms: number): void {
  clock.ms += ms
  shard.wake()
}

test('the last stream’s end takes offers back, and after the grace the member is offline', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  const [here, there] = [another('here'), another('there')]
  const leaveHere = here.enter(principalOf(shop, ann))
  await eventually(async () => (await links(shop)).length === 1 || undefined)
  const leaveThere = there.enter(principalOf(shop, ann))
  await eventually(async () => (await links(shop)).length === 2 || undefined)
  await shop.queue(1)
  await shop.offer()
  leaveHere()
  await eventually(async () => (await links(shop)).length === 1 || undefined)
  await shop.settled(shard)
  expect(await shop.offers()).toHaveLength(1)

  leaveThere()
  await eventually(async () => (await shop.offers()).length === 0 || undefined)
  expect(await presence(shop)).toBe('online')
  pass(30_000)
  await eventually(async () => (await presence(shop)) === 'offline' || undefined)
})

test('who is back within the grace has missed nothing', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  const here = another('here again')
  const leave = here.enter(principalOf(shop, ann))
  await eventually(async () => (await links(shop)).length === 1 || undefined)
  await shop.queue(1)
  const before = await shop.offer()
  leave()
  await eventually(async () => (await shop.offers()).length === 0 || undefined)
  here.enter(principalOf(shop, ann))
  expect((await shop.offer(before)).memberId).toBe(ann.id)
  pass(30_000)
  await shop.settled(shard)
  expect(await presence(shop)).toBe('online')
})

test('whose process has died is missed by another', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  another('dying').enter(principalOf(shop, ann))
  await eventually(async () => (await links(shop)).length === 1 || undefined)
  await shop.write((tx) =>
    tx.run(`update agent_links set seen_at = seen_at - interval '2 minutes' where tenant_id = $1`, shop.tenantId),
  )
  await another('living').beat()
  await shop.settled(shard)
  pass(30_000)
  await eventually(async () => (await presence(shop)) === 'offline' || undefined)
  expect(await shop.presence(ann, 'online')).toMatchObject({ result: 'done' })
  const [id = ''] = await shop.queue(1)
  expect(await shop.holder(id)).toBe(ann.id)
})
