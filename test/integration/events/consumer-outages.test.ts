/** What a consumer promises when leases, connections or records go at a bad moment: every effect once, nothing forgotten. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Consumer, type ConsumerOptions } from '../../../src/core/events/consumer.ts'
import { encodeEvent, envelope } from '../../../src/core/events/envelope.ts'
import type { EventRecord } from '../../../src/core/events/event-record.ts'
import { replaySetAside } from '../../../src/core/events/set-aside.ts'
import { Database, type Tx } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'
import { wayToPostgres } from '../../support/way-to-postgres.ts'

let ground: Ground
let shop: Shop
let topics = 0
beforeAll(async () => {
  ground = await openGround()
  shop = await makeShop(ground.db)
})
afterAll(() => ground?.close())

/** Opened at the latest when the test is over, so that whatever waits for it can end. */
function newGate() {
  const gate = Promise.withResolvers<void>()
  gates.push(gate)
  return gate
}
const gates: { resolve(): void }[] = []
const openGates = () => {
  for (const gate of gates.splice(0)) gate.resolve()
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

/** A topic of one partition, what was applied of it, and a consumer of it. */
async function bench(options: Partial<ConsumerOptions> = {}) {
  const topic = `outage${topics++}`
  await ground.bus.ensureTopics([{ name: topic, partitions: 1, retentionHours: 1 }])
  const note = async (tx: Tx, records: readonly EventRecord[]) => {
    for (const { event } of records) {
      await tx.run(
        `insert into channel_memory (tenant_id, channel_id, name, value) values ($1, $2, $3, jsonb_build_array($4::text))
         on conflict (tenant_id, channel_id, name) do update set value = channel_memory.value || excluded.value`,
        shop.tenantId,
        shop.channelId,
        topic,
        event.subject,
      )
    }
  }
  const { apply = note, ...rest } = options
  const made = (owner: string, more: Partial<ConsumerOptions> = {}) => {
    const consumer = new Consumer({
      db: ground.db,
      bus: ground.bus,
      owner,
      log: silentLog,
      group: 'outages',
      topic,
      maxRecords: 10,
      apply,
      ...rest,
      ...more,
    })
    onTestFinished(() => {
      openGates()
      return consumer.stop()
    })
    return consumer
  }
  return {
    topic,
    note,
    made,
    async publish(texts: readonly string[], key = 'k') {
      const value = (text: string) =>
        encodeEvent(
          envelope({
            id: newId('evt'),
            source: '/test',
            type: 'test',
            subject: text,
            time: new Date().toISOString(),
            tenantid: shop.tenantId,
            actorid: 'test',
            data: {},
          }),
        )
      await ground.bus.publish(
        topic,
        texts.map((text) => ({ key, value: value(text) })),
      )
    },
    async applied(): Promise<string[]> {
      const row = await ground.db.transaction(shop.actor, (tx) =>
        tx.maybe<{ value: string[] }>('select value from channel_memory where name = $1', topic),
      )
      return row?.value ?? []
    },
    async position(): Promise<number | undefined> {
      const [row] = await ground.db.ground<{ next: number }>('select next from positions where topic = $1', topic)
      return row?.next
    },
    steal: () =>
      ground.db.ground(
        `update leases set owner = 'thief', epoch = epoch + 1, until = now() where what = $1`,
        `consumer/outages/${topic}/0`,
      ),
  }
}

test('a commit whose answer is lost has its effect once', async () => {
  const way = await wayToPostgres(ground.url)
  const db = new Database({ url: way.url, poolSize: 4, statementTimeoutMs: 10_000, log: silentLog })
  let lost: Promise<void> | undefined
  const { made, publish, applied, note } = await bench()
  const consumer = made('lost', {
    db,
    async apply(tx, records) {
      await note(tx, records)
      // Of this transaction: its next statement but the position's is the commit.
      if (records.some(({ event }) => event.subject === '3')) lost ??= way.loseAnswerTo('commit')
    },
  })
  await consumer.start()
  await publish(upTo(4))
  await eventually(async () => (await applied()).length === 4)
  await lost
  await publish(['4', '5'])
  await eventually(async () => (await applied()).includes('5'))
  expect(await applied()).toEqual(upTo(6))
  await consumer.stop()
  await db.close()
  await way.end()
})

test('a partition that was lost amid work and won back is worked on', async () => {
  const gate = newGate()
  let waiting = false
  const { made, publish, applied, steal } = await bench({
    async tenants() {
      waiting = true
      await gate.promise
      return [shop.tenantId]
    },
  })
  const consumer = made('regains')
  await consumer.start()
  await publish(['0'])
  await eventually(() => waiting)
  await steal()
  // The loss has been noticed.
  await eventually(() => consumer.partitions().length === 0)
  gate.resolve()
  await publish(['1', '2'])
  await eventually(async () => (await applied()).length === 3)
  expect(await applied()).toEqual(upTo(3))
  expect(consumer.partitions()).toEqual([0])
})

test('a lease that goes from hand to hand under load leaves every effect once and in order', async () => {
  const { made, publish, applied, steal } = await bench()
  const consumers = ['a', 'b'].map((owner) => made(owner))
  await Promise.all(consumers.map((consumer) => consumer.start()))
  let sent = 0
  for (let theft = 0; theft < 5; theft++) {
    const until = sent + 20
    for (; sent < until; sent++) await publish([`${sent}`])
    await steal()
    await eventually(async () => (await applied()).length > sent - 15)
  }
  await eventually(async () => (await applied()).length === sent)
  expect(await applied()).toEqual(upTo(sent))
})

test('where the log no longer holds what comes next, the position moves to what it holds, for good', async () => {
  const { topic, made, publish, applied, position } = await bench()
  await publish(upTo(10))
  await ground.db.ground('update bus_partitions set earliest_offset = 6 where topic = $1', topic)
  await ground.db.ground('delete from bus_records where topic = $1 and "offset" < 6', topic)
  const consumer = made('forgotten')
  await consumer.start()
  await eventually(async () => (await applied()).length === 4)
  expect(await applied()).toEqual(['6', '7', '8', '9'])
  expect(await position()).toBe(10)
})

test('where the log is younger than the position, as after a restore, what comes is handled', async () => {
  const { topic, made, publish, applied, position } = await bench()
  await ground.db.ground(
    `insert into positions (consumer, topic, partition, next) values ('outages', $1, 0, 1000)`,
    topic,
  )
  await publish(['old'])
  const consumer = made('restored')
  await consumer.start()
  await eventually(async () => (await position()) === 1)
  await publish(['new'])
  await eventually(async () => (await applied()).length === 1)
  expect(await applied()).toEqual(['new'])
  expect(await position()).toBe(2)
})

test('what ran ahead of a transaction is thrown away before each repetition of it', async () => {
  const told: string[] = []
  let attempts = 0
  const { made, publish, applied, note } = await bench({
    onRollback: async () => {
      told.push('thrown away')
    },
  })
  const consumer = made('repeats', {
    async apply(tx, records) {
      told.push('applied')
      if (++attempts < 3) await tx.run(`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`)
      await note(tx, records)
    },
  })
  await consumer.start()
  await publish(['0'])
  await eventually(async () => (await applied()).length === 1)
  expect(told).toEqual(['applied', 'thrown away', 'applied', 'thrown away', 'applied'])
})

test('many records that wait behind one that failed follow it without a pause for each', async () => {
  let mended = false
  const { topic, made, publish, applied, note } = await bench()
  const consumer = made('queue', {
    async apply(tx, records) {
      if (!mended && records.some(({ event }) => event.subject === '0')) throw new TypeError('cannot be applied')
      await note(tx, records)
    },
  })
  await consumer.start()
  await publish(upTo(40))
  const failed = await eventually(async () => {
    const rows = await ground.db.ground<{ id: number }>('select id from set_aside where topic = $1 order by id', topic)
    return rows.length === 40 ? rows[0] : undefined
  })
  mended = true
  await replaySetAside(ground.db, failed.id, shop.tenantId)
  await eventually(async () => (await applied()).length === 40, 10_000)
  expect(await applied()).toEqual(upTo(40))
})

test('a consumer that stops waits for what it was trying again, and tries nothing after that', async () => {
  const gate = newGate()
  let attempts = 0
  let ended = 0
  const { topic, made, publish } = await bench()
  const consumer = made('stops', {
    async apply() {
      if (++attempts > 1) await gate.promise
      ended++
      throw new TypeError('cannot be applied')
    },
  })
  await consumer.start()
  await publish(['0'])
  const [row] = await eventually(async () => {
    const rows = await ground.db.ground<{ id: number }>('select id from set_aside where topic = $1', topic)
    return rows.length === 1 ? rows : undefined
  })
  await replaySetAside(ground.db, row?.id ?? 0, shop.tenantId)
  await eventually(() => attempts === 2)
  let stopped = false
  const stop = consumer.stop().then(() => {
    stopped = true
  })
  // The other consumer of the topic gets nothing yet: the lease is kept while work on it goes on.
  const heir = made('heir', { apply: async () => {} })
  await heir.start()
  expect(stopped).toBe(false)
  expect(heir.partitions()).toEqual([])
  gate.resolve()
  await stop
  expect([attempts, ended]).toEqual([2, 2])
  await eventually(() => heir.partitions().length === 1)
})
