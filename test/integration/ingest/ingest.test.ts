import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChannelOwners, ingest } from '../../../src/core/conversations/ingest.ts'
import { Consumer } from '../../../src/core/events/consumer.ts'
import { readFeed } from '../../../src/core/events/feed.ts'
import { Relay } from '../../../src/core/events/relay.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, inboundRecord, makeShop, openGround, type Shop, textFrom } from '../../support/hub-ground.ts'

let ground: Ground
let shop: Shop
let consumer: Consumer
let relay: Relay

beforeAll(async () => {
  ground = await openGround()
  shop = await makeShop(ground.db)
  const owners = new ChannelOwners(ground.db)
  consumer = new Consumer({
    db: ground.db,
    bus: ground.bus,
    owner: 'test',
    log: silentLog,
    group: 'ingest',
    topic: 'inbound',
    maxRecords: 500,
    tenants: (records) => owners.tenants(records),
    apply: (tx, records) => ingest(tx, ground.wake, records),
  })
  relay = new Relay({ db: ground.db, bus: ground.bus, wake: ground.wake, owner: 'test', log: silentLog })
  await consumer.start()
  await relay.start()
})
afterAll(async () => {
  await consumer?.stop()
  await relay?.stop()
  await ground?.close()
})

const messagesOf = (from: Shop, person: string) =>
  ground.db.transaction(from.actor, (tx) =>
    tx.query<{ number: number; conversationId: string; text: string }>(
      `select m.number, m.conversation_id, m.parts->0->>'text' as text from messages m
         join identities i on i.tenant_id = m.tenant_id and i.contact_id = m.contact_id
        where m.tenant_id = $1 and i.address = $2 order by m.created_at, m.number`,
      from.tenantId,
      person,
    ),
  )

const publish = (from: Shop, ...events: Parameters<typeof inboundRecord>[1][]) =>
  ground.bus.publish(
    'inbound',
    events.map((event) => inboundRecord(from, event)),
  )

test('messages of one person become one conversation, numbered in the order of the log', async () => {
  await publish(shop, ...Array.from({ length: 300 }, (_, i) => textFrom('ann', `ann-${i}`, `${i}`)))
  await eventually(async () => (await messagesOf(shop, 'ann')).length === 300)
  const messages = await messagesOf(shop, 'ann')
  expect(messages.map((message) => message.text)).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
  expect(messages.map((message) => message.number)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
  expect(new Set(messages.map((message) => message.conversationId)).size).toBe(1)
})

test('the same event handed over again, in one batch or later, changes nothing', async () => {
  const event = textFrom('bob', 'bob-1', 'once')
  await publish(shop, event, event)
  await eventually(async () => (await messagesOf(shop, 'bob')).length > 0)
  await publish(shop, event, textFrom('bob', 'bob-2', 'twice'))
  await eventually(async () => (await messagesOf(shop, 'bob')).length > 1)
  expect((await messagesOf(shop, 'bob')).map((message) => message.text)).toEqual(['once', 'twice'])
})

test('the feed tells contact, conversation and messages in order, with a dense seq', async () => {
  const other = await makeShop(ground.db)
  await publish(other, textFrom('eve', 'eve-1', 'hello'), textFrom('eve', 'eve-2', 'again'))
  const events = await eventually(async () => {
    const found = await ground.db.transaction(other.actor, (tx) => readFeed(tx, other.tenantId, 0, 100))
    return found.length >= 5 ? found : undefined
  })
  expect(events.map((event) => event.type)).toEqual([
    'contact.created',
    'conversation.opened',
    'conversation.queued',
    'message.created',
    'message.created',
  ])
  expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5])
})

test('a conversation that ended lately goes on, one that ended long ago does not', async () => {
  await publish(shop, textFrom('kim', 'kim-1', 'first'))
  await eventually(async () => (await messagesOf(shop, 'kim')).length === 1)
  const close = (ago: string) =>
    ground.db.transaction(shop.actor, (tx) =>
      tx.run(
        `update conversations set status = 'closed', held_by = 'nobody', closed_at = now() - $3::interval
          where tenant_id = $1 and status = 'open' and contact_id = (select contact_id from identities where tenant_id = $1 and address = $2)`,
        shop.tenantId,
        'kim',
        ago,
      ),
    )
  await close('1 minute')
  await publish(shop, textFrom('kim', 'kim-2', 'soon after'))
  await eventually(async () => (await messagesOf(shop, 'kim')).length === 2)
  await close('3 hours')
  await publish(shop, textFrom('kim', 'kim-3', 'much later'))
  await eventually(async () => (await messagesOf(shop, 'kim')).length === 3)
  const [first, second, third] = await messagesOf(shop, 'kim')
  expect(second?.conversationId).toBe(first?.conversationId)
  expect(third?.conversationId).not.toBe(first?.conversationId)
})

test('hostile text is stored as text: NUL and lone surrogates are replaced', async () => {
  await publish(shop, textFrom('nul', 'nul-1', 'a\u0000b\ud800c😀'))
  await eventually(async () => (await messagesOf(shop, 'nul')).length === 1)
  expect((await messagesOf(shop, 'nul'))[0]?.text).toBe('a\ufffdb\ufffdc😀')
})

test('a record that cannot be applied is set aside alone; its key waits for it, others go on', async () => {
  const broken = { ...textFrom('zoe', 'zoe-1', 'x'), parts: [{ type: 'nonsense' }] } as never
  await publish(
    shop,
    textFrom('yan', 'yan-1', 'before'),
    broken,
    textFrom('zoe', 'zoe-2', 'behind'),
    textFrom('yan', 'yan-2', 'after'),
  )
  await eventually(async () => (await messagesOf(shop, 'yan')).length === 2)
  const waiting = await eventually(async () => {
    const rows = await ground.db.ground<{ state: string; error: string | null }>(
      `select state, error from set_aside where key like '%/zoe' order by id`,
    )
    return rows.length === 2 ? rows : undefined
  })
  expect(waiting.map((row) => row.state)).toEqual(['failed', 'held'])
  expect(waiting[0]?.error).toContain('inbound-invalid')
  expect(await messagesOf(shop, 'zoe')).toEqual([])
  await ground.db.ground(`update set_aside set state = 'discarded' where state = 'failed'`)
  await eventually(async () => (await messagesOf(shop, 'zoe')).length === 1)
})

test('words of somebody on the blocklist are not taken in', async () => {
  await publish(shop, textFrom('max', 'max-1', 'before'))
  await eventually(async () => (await messagesOf(shop, 'max')).length === 1)
  await ground.db.transaction(shop.actor, (tx) =>
    tx.run(
      `update contacts set blocked_at = now() where tenant_id = $1 and id = (select contact_id from identities where tenant_id = $1 and address = 'max')`,
      shop.tenantId,
    ),
  )
  await publish(shop, textFrom('max', 'max-2', 'blocked'), textFrom('may', 'may-1', 'free'))
  await eventually(async () => (await messagesOf(shop, 'may')).length === 1)
  await eventually(async () => consumer.partitions().length === 4 && (await consumer.lag()) === 0)
  expect((await messagesOf(shop, 'max')).map((message) => message.text)).toEqual(['before'])
})
