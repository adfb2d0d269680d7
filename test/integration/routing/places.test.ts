/** Places in line and estimated waits, over the tables. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Flows } from '../../../src/routing/flows.ts'
import { readPlaces } from '../../../src/routing/places.ts'
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

const minute = 60_000

interface Wait {
  readonly itemId: string
  readonly ahead: number
  readonly estimateMs: number | null
  readonly lowMs: number | null
  readonly highMs: number | null
  readonly takenAt: Date | null
}

const waitsOf = (shop: RoutedShop) =>
  shop.write((tx) =>
    tx.query<Wait>(
      'select item_id, ahead, estimate_ms, low_ms, high_ms, taken_at from waits where tenant_id = $1 order by queued_at, ahead',
      shop.tenantId,
    ),
  )
const placesOf = (shop: RoutedShop) => shop.write((tx) => readPlaces(tx, new Flows(), clock.ms))

test('those who wait are told their place in the order of the group, and nobody’s wait while nobody is on duty', async () => {
  const shop = await RoutedShop.open(ground)
  const [first = '', second = ''] = await shop.queue(2)
  await shop.settled(shard)
  const [urgent = ''] = await shop.queue(1, { priority: 5 })
  await shop.settled(shard)
  const places = (await placesOf(shop)).sort((a, b) => a.position - b.position)
  expect(places.map(({ conversationId }) => conversationId)).toEqual([urgent, ...[first, second].sort()])
  expect(places.every(({ estimate }) => estimate === undefined)).toBe(true)
  expect((await waitsOf(shop)).map(({ ahead, estimateMs }) => [ahead, estimateMs])).toEqual([
    [0, null],
    [0, null],
    [1, null],
  ])
})

test('the estimate comes of how the queue moved, and its error is kept with each wait', async () => {
  const shop = await RoutedShop.open(ground)
  await shop.onlineAgent('ann', 1)
  const line = await shop.queue(8)
  await shop.settled(shard)
  // One customer a minute is served.
  for (let served = 0; served < 6; served++) {
    clock.ms += minute
    const { id = '' } = (await shop.conversations()).find(({ heldBy }) => heldBy === 'agent') ?? {}
    await shop.closeAll([id])
    await shop.settled(shard)
  }
  const [late = ''] = await shop.queue(1)
  await shop.settled(shard)
  const places = (await placesOf(shop)).sort((a, b) => a.position - b.position)
  expect(places).toHaveLength(2)
  expect(places[1]).toMatchObject({ conversationId: late, position: 2 })
  const { ms = 0, lowMs = 0, highMs = 0 } = places[1]?.estimate ?? {}
  expect(ms / minute).toBeGreaterThan(1)
  expect(ms / minute).toBeLessThan(3)
  expect(lowMs).toBeLessThan(ms)
  expect(highMs).toBeGreaterThan(ms)
  const waits = await waitsOf(shop)
  expect(waits).toHaveLength(line.length)
  expect(waits.filter(({ takenAt }) => takenAt !== null)).toHaveLength(6)
  expect(waits.at(-1)).toMatchObject({ ahead: 1, takenAt: null })
  expect(waits.at(-1)?.estimateMs).toBeGreaterThan(0)
})

test('before a queue has moved enough the estimate comes of the services that are over', async () => {
  const shop = await RoutedShop.open(ground)
  await shop.onlineAgent('ann', 1)
  await shop.queue(4)
  await shop.settled(shard)
  for (let served = 0; served < 3; served++) {
    clock.ms += 2 * minute
    const { id = '' } = (await shop.conversations()).find(({ heldBy }) => heldBy === 'agent') ?? {}
    await shop.closeAll([id])
    await shop.settled(shard)
  }
  const [late = ''] = await shop.queue(1)
  await shop.settled(shard)
  expect(await placesOf(shop)).toMatchObject([{ conversationId: late, position: 1, estimate: { ms: 2 * minute } }])
  expect((await waitsOf(shop)).at(-1)?.estimateMs).toBe(2 * minute)
})
