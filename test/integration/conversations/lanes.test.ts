import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  claimExpired,
  claimHeads,
  type Delivery,
  failOverdue,
  moveLane,
  splitDelivery,
} from '../../../src/core/conversations/lanes.ts'
import { applyReceipt } from '../../../src/core/conversations/receipts.ts'
import { type Outcome, settleDelivery } from '../../../src/core/conversations/settlement.ts'
import type { Tx } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
})
beforeEach(async () => {
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const failure = { code: 'far-end', detail: 'It said no.' }
const work = <T>(what: (tx: Tx) => Promise<T>) => talk.db.work('test', [shop.tenant.id], what)
const lanes = () => [{ tenantId: shop.tenant.id, channelId: shop.channelId }]
const claim = (owner = 'one', limit = 100) => work((tx) => claimHeads(tx, lanes(), { owner, holdMs: 60_000, limit }))
const settle = (delivery: Delivery, outcome: Outcome, owner = 'one') =>
  work((tx) => settleDelivery(tx, delivery, owner, outcome))
const accept = (delivery: Delivery, owner = 'one') =>
  settle(delivery, { kind: 'accepted', externalId: `ext-${delivery.id}` }, owner)
const textOf = (delivery: Delivery) =>
  delivery.parts.map((part) => (part.type === 'text' ? part.text : part.type)).join()

const answer = async (
  conversationId: string,
  text: string,
): Promise<{ id: string; number: number; status: string }> => {
  const reply = await talk.ask('POST', `/v1/conversations/${conversationId}/messages`, {
    token: shop.admin.token,
    body: { parts: [{ type: 'text', text }] },
    headers: { 'idempotency-key': newId('job') },
  })
  expect(reply.statusCode).toBe(201)
  return reply.json()
}
const statusOf = async (messageId: string): Promise<string> =>
  (
    await talk.read(shop.tenant.id, (tx) =>
      tx.one<{ status: string }>(
        'select status from messages where tenant_id = $1 and id = $2',
        tx.tenantId,
        messageId,
      ),
    )
  ).status

test('only the head of a lane is claimed, and the next one only after it has settled', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  for (const text of ['1', '2', '3']) await answer(id, text)
  const [first, ...others] = await claim()
  expect(others).toEqual([])
  expect(first).toMatchObject({ piece: 0, attempts: 1, peer: 'ann', conversationId: id, replyTo: null })
  expect(textOf(first as Delivery)).toBe('1')
  expect(await claim('two')).toEqual([])
  expect(await accept(first as Delivery)).toBe(true)
  expect((await claim('two')).map(textOf)).toEqual(['2'])
})

test('lanes do not wait for each other; those that have waited longest come first', async () => {
  for (const person of ['a', 'b', 'c', 'd']) {
    const { id } = await talk.hear(shop, person, 'hello')
    await answer(id, `to ${person}`)
    await answer(id, `again to ${person}`)
  }
  expect((await claim('one', 3)).map(textOf)).toEqual(['to a', 'to b', 'to c'])
  expect((await claim('two', 3)).map(textOf)).toEqual(['to d'])
})

test('two that claim at once never get the same message', async () => {
  const people = Array.from({ length: 12 }, (_, i) => `person-${i}`)
  for (const person of people) await answer((await talk.hear(shop, person, 'hello')).id, person)
  const claims = await Promise.all(['one', 'two', 'three', 'four'].map((owner) => claim(owner, 12)))
  expect(claims.flat().map(textOf).toSorted()).toEqual(people.toSorted())
})

test('what may be tried again holds its lane until then, and fails when its time is over', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  await answer(id, '2')
  const [head] = await claim()
  await settle(head as Delivery, { kind: 'retry', afterMs: 60_000, failure })
  expect(await claim()).toEqual([])
  expect(await statusOf(first.id)).toBe('queued')
  await work((tx) => tx.run('update deliveries set due_at = now() where tenant_id = $1', shop.tenant.id))
  const [again] = await claim()
  expect(again).toMatchObject({ id: head?.id, attempts: 2 })
  await settle(again as Delivery, { kind: 'retry', afterMs: 25 * 3_600_000, failure })
  expect(await statusOf(first.id)).toBe('failed')
  expect((await claim()).map(textOf)).toEqual(['2'])
})

test.each(['failed', 'unknown'] as const)('an outcome of %s settles the lane and is told', async (kind) => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  await answer(id, '2')
  const [head] = await claim()
  await settle(head as Delivery, { kind, failure })
  expect((await claim()).map(textOf)).toEqual(['2'])
  const messages = await talk.ask('GET', `/v1/conversations/${id}/messages`, { token: shop.admin.token })
  expect(messages.json().data[1]).toMatchObject({ id: first.id, status: kind, failure })
})

test('an outcome that comes after the claim was lost changes nothing', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  await answer(id, '1')
  const [head] = await work((tx) => claimHeads(tx, lanes(), { owner: 'one', holdMs: -1, limit: 5 }))
  const [taken] = await work((tx) => claimExpired(tx, lanes(), { owner: 'two', holdMs: 60_000, limit: 5 }))
  expect(taken).toMatchObject({ id: head?.id, attempts: 2 })
  expect(await accept(head as Delivery, 'one')).toBe(false)
  expect(await accept(taken as Delivery, 'two')).toBe(true)
  expect(await accept(taken as Delivery, 'two')).toBe(false)
  expect(await work((tx) => claimExpired(tx, lanes(), { owner: 'one', holdMs: 1, limit: 5 }))).toEqual([])
})

test('a message in several pieces keeps its place, and is as far as its slowest piece', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '123')
  await answer(id, '4')
  await answer(id, '5')
  const [head] = (await claim()) as [Delivery]
  const pieces = ['1', '2', '3'].map((text) => [{ type: 'text' as const, text }])
  expect(await work((tx) => splitDelivery(tx, head, 'two', pieces))).toBe(false)
  expect(await work((tx) => splitDelivery(tx, head, 'one', pieces))).toBe(true)
  expect(await work((tx) => splitDelivery(tx, head, 'one', pieces))).toBe(false)
  await accept(head)
  expect(await statusOf(first.id)).toBe('queued')
  const order: string[] = []
  for (let delivery = (await claim())[0]; delivery !== undefined; delivery = (await claim())[0]) {
    order.push(textOf(delivery))
    await accept(delivery)
  }
  expect(order).toEqual(['2', '3', '4', '5'])
  expect(await statusOf(first.id)).toBe('accepted')
})

test('a receipt that comes before its message’s external id is merged when that is known', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  const [head] = (await claim()) as [Delivery]
  const receipt = { tenantId: shop.tenant.id, channelId: shop.channelId, externalId: `ext-${head.id}` }
  await work((tx) => applyReceipt(tx, { ...receipt, state: 'read' }))
  await work((tx) => applyReceipt(tx, { ...receipt, state: 'delivered' }))
  expect(await statusOf(first.id)).toBe('queued')
  await accept(head)
  expect(await statusOf(first.id)).toBe('read')
  const left = await work((tx) => tx.query('select 1 from early_receipts where tenant_id = $1', shop.tenant.id))
  expect(left).toEqual([])
})

test('a receipt and the settling of its message at the same moment never miss each other', async () => {
  const people = Array.from({ length: 15 }, (_, i) => `racer-${i}`)
  const messages = []
  for (const person of people) messages.push(await answer((await talk.hear(shop, person, 'hello')).id, person))
  const claimed = await claim()
  await Promise.all(
    claimed.flatMap((delivery) => [
      accept(delivery),
      work((tx) =>
        applyReceipt(tx, {
          tenantId: shop.tenant.id,
          channelId: shop.channelId,
          externalId: `ext-${delivery.id}`,
          state: 'delivered',
        }),
      ),
    ]),
  )
  expect(await Promise.all(messages.map((message) => statusOf(message.id)))).toEqual(people.map(() => 'delivered'))
})

test('whatever receipts come, in whatever order and however often, the status only goes forward and is told once each', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('delivered' as const, 'read' as const), { minLength: 1, maxLength: 6 }),
      fc.nat({ max: 6 }),
      async (receipts, acceptedAt) => {
        const message = await answer(id, 'x')
        const [head] = (await claim()) as [Delivery]
        const all = receipts.map(
          (state) => () =>
            work((tx) =>
              applyReceipt(tx, {
                tenantId: shop.tenant.id,
                channelId: shop.channelId,
                externalId: `ext-${head.id}`,
                state,
              }),
            ),
        )
        all.splice(Math.min(acceptedAt, all.length), 0, async () => void (await accept(head)))
        for (const step of all) await step()
        expect(await statusOf(message.id)).toBe(receipts.includes('read') ? 'read' : 'delivered')
      },
    ),
    // One that is told all three, so that not all can be told one each, by chance.
    { numRuns: 12, examples: [[['delivered', 'read'], 0]] },
  )
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const path = '/v1/events?types=message.status&limit=1000'
  const told = (await talk.ask('GET', path, { token: shop.admin.token })).json().data as {
    data: { messageId: string; status: string }
  }[]
  const ranks = ['queued', 'accepted', 'delivered', 'read']
  for (const statuses of Map.groupBy(told, ({ data }) => data.messageId).values()) {
    const order = statuses.map(({ data }) => ranks.indexOf(data.status))
    expect(order).toEqual([...new Set(order)].toSorted())
  }
  expect(told.length).toBeGreaterThan(12)
})

test('a failure that the platform reports later fails the message with its reason', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  const [head] = (await claim()) as [Delivery]
  await accept(head)
  await work((tx) =>
    applyReceipt(tx, {
      tenantId: shop.tenant.id,
      channelId: shop.channelId,
      externalId: `ext-${head.id}`,
      state: 'failed',
      reason: 'blocked\u0000',
    }),
  )
  const messages = await talk.ask('GET', `/v1/conversations/${id}/messages`, { token: shop.admin.token })
  expect(messages.json().data[1]).toMatchObject({
    id: first.id,
    status: 'failed',
    failure: { code: 'platform-failed', detail: 'blocked\uFFFD' },
  })
})

test('what waited too long fails; what somebody is sending does not', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  const second = await answer(id, '2')
  await claim()
  await work((tx) =>
    tx.run(`update deliveries set give_up_at = now() - interval '1 second' where tenant_id = $1`, shop.tenant.id),
  )
  expect(await work((tx) => failOverdue(tx, lanes(), 10))).toBe(1)
  expect([await statusOf(first.id), await statusOf(second.id)]).toEqual(['queued', 'failed'])
})

test('a chat that moves takes with it what waits', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  await answer(id, '1')
  await work((tx) => moveLane(tx, { tenantId: shop.tenant.id, channelId: shop.channelId, from: 'ann', to: 'ann-new' }))
  await answer(id, '2')
  const [head] = (await claim()) as [Delivery]
  expect(head).toMatchObject({ peer: 'ann-new' })
  await accept(head)
  expect(await claim()).toMatchObject([{ peer: 'ann-new' }])
})

test('an answer names the platform’s id of what it answers', async () => {
  const { id } = await talk.hear(shop, 'ann', 'hello')
  const first = await answer(id, '1')
  const [head] = (await claim()) as [Delivery]
  await accept(head)
  const reply = await talk.ask('POST', `/v1/conversations/${id}/messages`, {
    token: shop.admin.token,
    body: { parts: [{ type: 'text', text: 'as I said' }], replyTo: first.id },
    headers: { 'idempotency-key': newId('job') },
  })
  expect(reply.statusCode).toBe(201)
  expect(await claim()).toMatchObject([{ replyTo: `ext-${head.id}` }])
})
