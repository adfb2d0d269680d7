import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StoredRecord } from '../../../src/core/events/bus.ts'
import { decodeEvent } from '../../../src/core/events/envelope.ts'
import { feedState, readFeed } from '../../../src/core/events/feed.ts'
import { emit } from '../../../src/core/events/outbox.ts'
import { Relay } from '../../../src/core/events/relay.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground?.close())

const gap = (shop: Shop, text: string) => ({ channelId: shop.channelId, from: text, to: '', reason: '' })

const newRelay = (owner = newId('job')) =>
  new Relay({ db: ground.db, bus: ground.bus, wake: ground.wake, owner, log: silentLog })

const feedOf = (shop: Shop) => ground.db.transaction(shop.actor, (tx) => readFeed(tx, shop.tenantId, 0, 10_000))

/** Everything on `domain`, in the order of each partition. */
async function domain(): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  const ranges = await ground.bus.ranges('domain')
  const wanted = ranges.reduce((sum, range) => sum + range.next - range.earliest, 0)
  const reader = await ground.bus.read({
    topic: 'domain',
    group: 'test',
    maxRecords: 500,
    async onBatch(batch) {
      records.push(...batch.records)
    },
    onOutOfRange() {},
  })
  for (const range of ranges) await reader.adopt(range.partition, range.earliest)
  await eventually(() => records.length >= wanted)
  await reader.stop()
  return records
}

test('seq is dense in each tenant and keeps the order of each subject, whatever transactions overlap', async () => {
  const relay = newRelay()
  await relay.start()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.boolean()), { minLength: 20, maxLength: 60 }),
      async (steps) => {
        const shop = await makeShop(ground.db)
        const subjects = [newId('cnv'), newId('cnv'), newId('cnv')]
        const counts = [0, 0, 0]
        let committed = 0
        // Writers of one subject follow each other, as its row lock makes them; writers of different ones overlap.
        const turns = subjects.map(() => Promise.resolve())
        for (const [subject, commits] of steps) {
          turns[subject] = (turns[subject] as Promise<void>).then(() =>
            ground.db
              .transaction(shop.actor, async (tx) => {
                const text = `${subject}:${counts[subject]}`
                await emit(tx, 'channel.gap', subjects[subject] ?? '', gap(shop, text))
                if (!commits) throw new Error('rolled back')
              })
              .then(() => {
                counts[subject] = (counts[subject] ?? 0) + 1
                committed++
              })
              .catch((error: Error) => {
                if (error.message !== 'rolled back') throw error
              }),
          )
        }
        await Promise.all(turns)
        const events = await eventually(async () => {
          const found = await feedOf(shop)
          return found.length === committed ? found : undefined
        })
        expect(events.map((event) => event.seq)).toEqual(Array.from({ length: committed }, (_, i) => i + 1))
        for (const [index, subject] of subjects.entries()) {
          const texts = events
            .filter((event) => event.subject === subject)
            .map((event) => (event.data as { from: string }).from)
          expect(texts).toEqual(Array.from({ length: counts[index] ?? 0 }, (_, i) => `${index}:${i}`))
        }
      },
    ),
    { numRuns: 8 },
  )
  await relay.stop()
})

test('what the feed has and the log lacks is published by the next owner, with the same positions', async () => {
  const shop = await makeShop(ground.db)
  const relay = newRelay()
  await relay.start()
  const subject = newId('cnv')
  for (let i = 0; i < 5; i++) {
    await ground.db.transaction(shop.actor, (tx) => emit(tx, 'channel.gap', subject, gap(shop, `${i}`)))
  }
  await eventually(async () => (await feedOf(shop)).length === 5)
  await relay.stop()
  const positionsOf = async () =>
    (await domain())
      .map((record) => decodeEvent(record.value))
      .filter((event) => event.subject === subject)
      .map((event) => event.position ?? 0)
  const before = await positionsOf()
  expect(before).toHaveLength(5)
  // As a crash between publishing and noting it leaves things.
  await ground.db.ground('update feed set published = $1', (before[2] ?? 0) - 1)
  const heir = newRelay()
  await heir.start()
  const after = await eventually(async () => {
    const found = await positionsOf()
    return found.length === 8 ? found : undefined
  })
  await heir.stop()
  expect(after).toEqual([...before, ...before.slice(2)])
})

test('an import of one tenant does not hold up another', async () => {
  const big = await makeShop(ground.db)
  const small = await makeShop(ground.db)
  await ground.db.transaction(big.actor, async (tx) => {
    for (let i = 0; i < 3000; i++) await emit(tx, 'channel.gap', newId('cnv'), gap(big, `${i}`))
  })
  await ground.db.transaction(small.actor, (tx) => emit(tx, 'channel.gap', newId('cnv'), gap(small, 'urgent')))
  const relay = newRelay()
  await relay.start()
  await eventually(async () => (await feedOf(small)).length === 1)
  expect((await feedOf(big)).length).toBeLessThan(3000)
  await eventually(async () => (await feedOf(big)).length === 3000)
  await relay.stop()
  const state = await ground.db.transaction(big.actor, (tx) => feedState(tx, big.tenantId))
  expect(state).toMatchObject({ seq: 3000, forgotten: 0 })
})

test('internal events reach the log but have no seq', async () => {
  const shop = await makeShop(ground.db)
  const relay = newRelay()
  await relay.start()
  const id = newId('cmd')
  await ground.db.transaction(shop.actor, async (tx) => {
    await emit(tx, 'command.issued', id, { commandId: id, kind: 'presence', data: {} })
    await emit(tx, 'channel.gap', newId('cnv'), gap(shop, 'public'))
  })
  const events = await eventually(async () => {
    const found = await feedOf(shop)
    return found.length === 1 ? found : undefined
  })
  expect(events[0]).toMatchObject({ seq: 1, type: 'channel.gap' })
  await relay.stop()
  const work = await ground.bus.ranges('work')
  expect(work.reduce((sum, range) => sum + range.next, 0)).toBeGreaterThan(0)
})
