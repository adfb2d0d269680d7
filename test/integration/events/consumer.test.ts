import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Consumer } from '../../../src/core/events/consumer.ts'
import { encodeEvent, envelope } from '../../../src/core/events/envelope.ts'
import type { EventRecord } from '../../../src/core/events/event-record.ts'
import { discardSetAside, listSetAside, replaySetAside } from '../../../src/core/events/set-aside.ts'
import { type Database, ownerSession, type Tx } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

let ground: Ground
let shop: Shop
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground?.close())

let topics = 0
async function newTopic(): Promise<string> {
  const topic = `t${topics++}`
  await ground.bus.ensureTopics([{ name: topic, partitions: 4, retentionHours: 1 }])
  return topic
}

function event(text: string, position?: number) {
  return encodeEvent(
    envelope({
      id: newId('evt'),
      source: '/test',
      type: 'test',
      subject: text,
      time: new Date().toISOString(),
      tenantid: shop.tenantId,
      actorid: 'test',
      ...(position !== undefined && { position }),
      data: { text },
    }),
  )
}

/** Effects are rows of channel_memory: what was applied, how often, in which order for each key. */
async function note(tx: Tx, records: readonly EventRecord[]): Promise<void> {
  for (const { key, event } of records) {
    await tx.run(
      `insert into channel_memory (tenant_id, channel_id, name, value) values ($1, $2, $3, jsonb_build_array($4::text))
       on conflict (tenant_id, channel_id, name) do update set value = channel_memory.value || excluded.value`,
      shop.tenantId,
      shop.channelId,
      key,
      event.subject,
    )
  }
}

async function noted(key: string): Promise<string[]> {
  const row = await ground.db.transaction(shop.actor, (tx) =>
    tx.maybe<{ value: string[] }>(
      'select value from channel_memory where tenant_id = $1 and name = $2',
      shop.tenantId,
      key,
    ),
  )
  return row?.value ?? []
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

describe.each([
  ['a transaction for each partition', false],
  ['partitions together', true],
])('%s', (_, together) => {
  beforeAll(async () => {
    shop = await makeShop(ground.db)
  })

  function newConsumer(
    topic: string,
    owner: string,
    apply = note,
    db: Database = ground.db,
    bus = ground.bus,
  ): Consumer {
    return new Consumer({ db, bus, owner, log: silentLog, group: 'test', topic, maxRecords: 50, together, apply })
  }

  test('members joining and leaving under load leave every effect once, in the order of its key', async () => {
    const topic = await newTopic()
    const keys = upTo(12).map((key) => `join-${key}`)
    const other = await ground.another()
    const a = newConsumer(topic, 'a')
    const b = newConsumer(topic, 'b', note, other.db, other.bus)
    await a.start()
    let publishing = true
    let sent = 0
    const producer = (async () => {
      while (publishing) {
        await ground.bus.publish(
          topic,
          keys.map((key) => ({ key, value: event(`${sent}`) })),
        )
        sent++
      }
    })()
    await eventually(async () => (await noted('join-0')).length > 3)
    await b.start()
    await eventually(() => a.partitions().length === 2 && b.partitions().length === 2)
    await a.stop()
    await eventually(() => b.partitions().length === 4)
    publishing = false
    await producer
    for (const key of keys) {
      expect(await eventually(async () => ((await noted(key)).length >= sent ? noted(key) : undefined))).toEqual(
        upTo(sent),
      )
    }
    await b.stop()
  })

  test('a repeated publication, recognised by its position, has no second effect', async () => {
    const topic = await newTopic()
    const consumer = newConsumer(topic, 'repeat')
    const records = upTo(10).map((text) => ({ key: 'repeat', value: event(text, 100 + Number(text)) }))
    await ground.bus.publish(topic, records)
    await ground.bus.publish(topic, records.slice(4))
    await ground.bus.publish(topic, [{ key: 'repeat', value: event('10', 110) }])
    await consumer.start()
    await eventually(async () => (await noted('repeat')).includes('10'))
    expect(await noted('repeat')).toEqual(upTo(11))
    await consumer.stop()
  })

  test('one bad record of a batch is set aside with those of its key behind it, and replays in order once it can be applied', async () => {
    const topic = await newTopic()
    let mended = false
    const consumer = newConsumer(topic, 'bad', async (tx, records) => {
      if (!mended && records.some((record) => record.event.subject === 'bad')) throw new TypeError('cannot be applied')
      await note(tx, records)
    })
    await ground.bus.publish(
      topic,
      ['0', 'bad', '2', '3'].flatMap((text) => [
        { key: 'poisoned', value: event(text) },
        { key: 'healthy', value: event(text === 'bad' ? '1' : text) },
      ]),
    )
    await consumer.start()
    await eventually(async () => (await noted('healthy')).length === 4)
    expect(await noted('healthy')).toEqual(upTo(4))
    const waiting = await eventually(async () => {
      const found = (await listSetAside(ground.db, shop.tenantId, 10)).filter((one) => one.topic === topic)
      return found.length === 3 ? found : undefined
    })
    expect(waiting.map((one) => one.state)).toEqual(['held', 'held', 'failed'])
    expect(await noted('poisoned')).toEqual(['0'])
    mended = true
    const failed = waiting.at(-1)
    expect(await replaySetAside(ground.db, failed?.id ?? 0, newId('ten'))).toBe(false)
    expect(await replaySetAside(ground.db, failed?.id ?? 0, shop.tenantId)).toBe(true)
    await eventually(async () => (await noted('poisoned')).length === 4)
    expect(await noted('poisoned')).toEqual(['0', 'bad', '2', '3'])
    await ground.bus.publish(topic, [{ key: 'poisoned', value: event('4') }])
    await eventually(async () => (await noted('poisoned')).length === 5)
    expect(await discardSetAside(ground.db, failed?.id ?? 0, shop.tenantId)).toBe(false)
    await consumer.stop()
  })

  test('a record that is no event of ours is set aside, and what follows goes on', async () => {
    const topic = await newTopic()
    const consumer = newConsumer(topic, 'foreign')
    await ground.bus.publish(topic, [
      { key: 'foreign', value: Buffer.from('not json \u0000') },
      { key: 'other', value: event('0') },
    ])
    await consumer.start()
    await eventually(async () => (await noted('other')).length === 1)
    // The two keys may lie on different partitions, which do not wait for each other.
    const rows = await eventually(async () => {
      const found = await ground.db.ground<{ error: string }>('select error from set_aside where topic = $1', topic)
      return found.length > 0 ? found : undefined
    })
    expect(rows).toHaveLength(1)
    expect(rows[0]?.error).toContain('event-malformed')
    await consumer.stop()
  })

  test('while the database refuses, nothing is set aside and nothing is lost', async () => {
    const topic = await newTopic()
    let outage = true
    let outages = 0
    const consumer = newConsumer(topic, 'outage', async (tx, records) => {
      if (outage) {
        const { pid } = await tx.one<{ pid: number }>('select pg_backend_pid() as pid')
        await ownerSession(ground.url, (run) => run(`select pg_terminate_backend(${pid})`))
        outages++
      }
      await note(tx, records)
    })
    await ground.bus.publish(
      topic,
      upTo(5).map((text) => ({ key: 'outage', value: event(text) })),
    )
    await consumer.start()
    await eventually(() => outages > 2)
    outage = false
    await eventually(async () => (await noted('outage')).length === 5)
    expect(await noted('outage')).toEqual(upTo(5))
    expect(await ground.db.ground('select 1 from set_aside where topic = $1', topic)).toEqual([])
    await consumer.stop()
  })

  test('an act runs only where the partition is owned, and never beside a batch of it', async () => {
    const topic = await newTopic()
    let inBatch = 0
    let overlaps = 0
    const consumer = newConsumer(topic, 'act', async (tx, records) => {
      inBatch++
      await tx.run('select pg_sleep(0.01)')
      await note(tx, records)
      inBatch--
    })
    expect(await consumer.act(0, [], async () => 'ran')).toBeUndefined()
    await consumer.start()
    for (const text of upTo(20))
      await ground.bus.publish(
        topic,
        upTo(8).map((key) => ({ key: `act-${key}`, value: event(text) })),
      )
    const acts = await Promise.all(
      upTo(20).map((index) =>
        consumer.act(Number(index) % 4, [], async (tx) => {
          await tx.run('select pg_sleep(0.005)')
          overlaps += inBatch > 3 ? 1 : 0
          return 'ran'
        }),
      ),
    )
    expect(acts).toEqual(upTo(20).map(() => 'ran'))
    expect(overlaps).toBe(0)
    await consumer.stop()
  })
})
