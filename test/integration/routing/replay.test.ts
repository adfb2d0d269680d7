/** The journal: a replay comes to the very decisions that were made, and a simulation shows what another configuration would have come to. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../src/core/platform/log.ts'
import { hash } from '../../../src/routing/engine.ts'
import { replay } from '../../../src/routing/replay.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { changedConfiguration, type GroupTrial } from '../../../src/routing/simulation-changes.ts'
import { listJournalDays, readStretch, runSimulation } from '../../../src/routing/simulations.ts'
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

const minute = 60_000

function pass(ms: number): void {
  clock.ms += ms
  shard.wake()
}

/** Half an hour of a shop with one agent who takes one customer at a time, each for two minutes, a customer a minute. */
async function halfAnHour(shop: RoutedShop, serving: string): Promise<void> {
  for (let n = 0; n < 30; n++) {
    await shop.queue(1)
    await shop.settled(shard)
    pass(minute)
    const held = (await shop.conversations()).find((one) => one.heldBy === 'agent' && one.assigneeId === serving)
    if (held !== undefined && n % 2 === 1) await shop.closeAll([held.id])
    await shop.settled(shard)
  }
}

test('replayed, the journal of a day comes to the same decisions and the same state, whoever answered how', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual', offerSeconds: 30 })
  const from = new Date(clock.ms)
  const ann = await shop.onlineAgent('ann', 2)
  const ben = await shop.onlineAgent('ben', 1)
  const ids = await shop.queue(6)
  const first = await shop.offer()
  await shop.ask({ kind: 'decline', offerId: first.id, memberId: first.memberId })
  for (const offer of await shop.offers())
    await shop.ask({ kind: 'accept', offerId: offer.id, memberId: offer.memberId })
  pass(31_000)
  await shop.settled(shard)
  await shop.presence(ben, 'busy')
  await shop.presence(ann, 'offline')
  await shop.closeAll(ids.slice(0, 3))
  await shop.presence(ben, 'online')
  pass(45_000)
  await shop.settled(shard)
  // A timer may fire between the two readings: both are made again until it has.
  const stretch = await eventually(async () => {
    const read = await shop.write((tx) => readStretch(tx, from, new Date(clock.ms)))
    const { state, differsAt } = replay(read)
    expect(differsAt).toBeUndefined()
    return hash(state) === (await shard.digests(shop.tenantId))?.memory ? read : undefined
  })
  const tampered = {
    ...stretch,
    rows: stretch.rows.filter(({ events }) => !events.some(({ type }) => type === 'item.decline')),
  }
  expect(replay(tampered).differsAt).toBeDefined()
})

test('a new day begins with the state of the day before, also after a restart', async () => {
  const shop = await RoutedShop.open(ground)
  await shop.onlineAgent('ann', 1)
  await shop.queue(3)
  await shop.settled(shard)
  pass(86_400_000)
  const from = new Date(clock.ms)
  await shard.stop()
  shard = new Shard({ ...ground, owner: 'two', log: silentLog, clock: clock.now })
  await shard.start()
  await eventually(() => shard.partitions().length === 4)
  await shop.queue(1)
  await shop.settled(shard)
  expect(await shop.write(listJournalDays)).toHaveLength(2)
  const stretch = await shop.write((tx) => readStretch(tx, from, new Date(clock.ms)))
  expect(stretch.records.items).toHaveLength(3)
  const { state, differsAt } = replay(stretch)
  expect(differsAt).toBeUndefined()
  expect(hash(state)).toBe((await shard.digests(shop.tenantId))?.memory)
})

test('with room for two at a time the same customers would have waited less', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 1)
  const from = new Date(clock.ms)
  await halfAnHour(shop, ann.id)
  const to = new Date(clock.ms)
  const found = await shop.write(async (tx) => ({
    ...(await readStretch(tx, from, to)),
    changes: await changedConfiguration(tx, [], [{ id: ann.id, capacity: 2 }]),
  }))
  const { differsAt, actual, baseline, changed } = await runSimulation({
    ...found,
    from: from.getTime(),
    to: to.getTime(),
    targetMs: minute,
  })
  expect(differsAt).toBeUndefined()
  const [was, same, other] = [actual, baseline, changed].map(({ groups }) => groups[0])
  expect(was?.came).toBe(30)
  expect(same).toMatchObject({ came: 30, served: was?.served })
  expect(Math.abs((same?.meanWaitMs ?? 0) - (was?.meanWaitMs ?? 0))).toBeLessThan(minute)
  expect(other?.meanWaitMs).toBeLessThan((was?.meanWaitMs ?? 0) / 2)
  expect(other?.serviceLevel ?? 0).toBeGreaterThan(was?.serviceLevel ?? 1)
})

test('a time of which the journal holds nothing, and whoever is not there, are refused by name', async () => {
  const shop = await RoutedShop.open(ground)
  const before = new Date(clock.ms - 86_400_000 * 365)
  await expect(shop.write((tx) => readStretch(tx, before, new Date(before.getTime() + 1000)))).rejects.toMatchObject({
    code: 'journal-missing',
  })
  const nobody = 'usr_00000000000000000000000000'
  await expect(shop.write((tx) => changedConfiguration(tx, [], [{ id: nobody }]))).rejects.toMatchObject({
    code: 'simulation-change-invalid',
  })
  const { groupId } = shop.shop
  const back = { id: groupId, routing: { plan: [{ afterSeconds: 60 }, { afterSeconds: 5 }] } }
  const round = { id: groupId, routing: { overflow: { full: { groupId } } } }
  const asked = (group: GroupTrial) => shop.write((tx) => changedConfiguration(tx, [{ id: groupId }, group], []))
  await expect(asked(back)).rejects.toMatchObject({ errors: [{ pointer: '/groups/1/routing/plan/1/afterSeconds' }] })
  await expect(asked(round)).rejects.toMatchObject({
    errors: [{ pointer: '/groups/1/routing/overflow/full/groupId' }],
  })
})
