import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact, Message } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  talk.ask(method, path, { token: shop.admin.token, body, headers })
const make = async (body: object = {}): Promise<Contact> =>
  (await asAdmin('POST', '/v1/contacts', { name: '王芳', ...body })).json()
const merge = (into: string, from: string, headers = {}) =>
  asAdmin('POST', `/v1/contacts/${into}/merges`, { contactId: from }, headers)
const undo = (contact: string, id: string) => asAdmin('POST', `/v1/contacts/${contact}/merges/${id}/undo`)
const answer = (conversationId: string, text: string) =>
  asAdmin(
    'POST',
    `/v1/conversations/${conversationId}/messages`,
    { parts: [{ type: 'text', text }] },
    { 'idempotency-key': newId('job') },
  )
const threadOf = async (id: string): Promise<string[]> =>
  (await asAdmin('GET', `/v1/contacts/${id}/thread`))
    .json()
    .data.map(({ parts: [part] }: Message) => (part?.type === 'text' ? part.text : ''))
const codeOf = async (request: ReturnType<typeof asAdmin>) => {
  const got = await request
  return [got.statusCode, got.json().code]
}

test('a merge makes one record of two: blank facts are filled, the rest is read together, the journal and the feed tell', async () => {
  const one = await make({ name: '王芳', city: '上海', attributes: { level: 'gold' }, tags: ['vip'] })
  const two = await make({
    name: '小芳',
    city: '北京',
    company: '一家店',
    attributes: { level: 'silver', since: '2020' },
    identities: [{ kind: 'phone', address: '13800138123' }],
    tags: ['回头客'],
  })
  await asAdmin('POST', `/v1/contacts/${two.id}/notes`, { text: '喜欢绿茶' })
  const merged = await merge(one.id, two.id)
  expect(merged.statusCode).toBe(201)
  expect(merged.json().contact).toMatchObject({
    id: one.id,
    name: '王芳',
    city: '上海',
    company: '一家店',
    attributes: { level: 'gold', since: '2020' },
    tags: expect.arrayContaining(['vip', '回头客']),
    mergedIds: [two.id],
    identities: [{ address: '+8613800138123' }],
  })
  expect((await asAdmin('GET', `/v1/contacts/${two.id}`)).json()).toEqual(merged.json().contact)
  expect((await asAdmin('GET', `/v1/contacts/${one.id}/notes`)).json().data).toHaveLength(1)
  const journal = (await asAdmin('GET', `/v1/contacts/${two.id}/merges`)).json().data
  expect(journal).toEqual([merged.json().merge])
  expect(journal[0]).toMatchObject({
    survivorId: one.id,
    mergedId: two.id,
    mergedBy: shop.admin.member.id,
    undoneAt: null,
  })
  const told = await eventually(async () =>
    (await asAdmin('GET', '/v1/events?types=contact.merged'))
      .json()
      .data.find((event: { subject: string }) => event.subject === one.id),
  )
  expect(told.data).toEqual({ ...merged.json(), merged: two })

  const undone = await undo(one.id, journal[0].id)
  const { version: _, updatedAt: __, ...before } = two
  expect(undone.json()).toMatchObject({
    contact: { company: null, attributes: { level: 'gold' }, mergedIds: [] },
    restored: before,
  })
  expect((await asAdmin('GET', `/v1/contacts/${one.id}/notes`)).json().data).toEqual([])
})

test('what was changed after the merge stays when it is undone', async () => {
  const one = await make({})
  const two = await make({ city: '北京', company: '一家店' })
  const { merge: journal } = (await merge(one.id, two.id)).json()
  await asAdmin('PATCH', `/v1/contacts/${one.id}`, { city: '天津', tags: ['new'] })
  const { contact, restored } = (await undo(two.id, journal.id)).json()
  expect(contact).toMatchObject({ city: '天津', company: null, tags: ['new'] })
  expect(restored).toMatchObject({ city: '北京', company: '一家店', tags: [] })
})

test('a merge with itself, in a circle, of nobody, of what was seen otherwise is refused by name, and changes nothing', async () => {
  const [one, two, three] = [await make(), await make(), await make()]
  expect(await codeOf(merge(one.id, one.id))).toEqual([409, 'merge-same'])
  await merge(one.id, two.id)
  await merge(two.id, three.id)
  for (const [into, from] of [
    [one.id, three.id],
    [three.id, one.id],
    [two.id, three.id],
  ] as const) {
    expect(await codeOf(merge(into, from))).toEqual([409, 'merge-same'])
  }
  expect((await asAdmin('GET', `/v1/contacts/${three.id}`)).json().mergedIds).toEqual([two.id, three.id].sort())
  expect(await codeOf(merge(one.id, newId('ctc')))).toEqual([404, 'contact-unknown'])
  expect(await codeOf(merge(one.id, (await make()).id, { 'if-match': '"v1"' }))).toEqual([412, 'version-stale'])
})

test('merges of merges are undone from the last on; an earlier one names what covers it', async () => {
  const [one, two, three] = [await make(), await make(), await make()]
  const first = (await merge(one.id, two.id)).json().merge
  const second = (await merge(three.id, one.id)).json().merge
  const covered = await undo(two.id, first.id)
  expect([covered.statusCode, covered.json().code]).toEqual([409, 'merge-covered'])
  expect(covered.json().detail).toContain(second.id)
  expect((await undo(three.id, second.id)).json()).toMatchObject({
    contact: { mergedIds: [] },
    restored: { id: one.id, mergedIds: [two.id] },
  })
  expect((await undo(one.id, first.id)).statusCode).toBe(200)
  expect(await codeOf(undo(one.id, first.id))).toEqual([409, 'merge-undone'])
  expect(await codeOf(undo(two.id, second.id))).toEqual([404, 'merge-unknown'])
})

test('two merges of the same at once come out as one, and merges against each other close no circle', async () => {
  const [one, two] = [await make(), await make()]
  const outcomes = await Promise.all([merge(one.id, two.id), merge(two.id, one.id), merge(one.id, two.id)])
  expect(outcomes.map((outcome) => outcome.statusCode).sort()).toEqual([201, 409, 409])
  const [a, b] = [await asAdmin('GET', `/v1/contacts/${one.id}`), await asAdmin('GET', `/v1/contacts/${two.id}`)]
  expect(a.json()).toEqual(b.json())
})

test('what somebody says after a merge goes on where an agent has answered them, and is theirs when it is undone', async () => {
  const one = await talk.hear(shop, 'first', 'a1')
  const two = await talk.hear(shop, 'second', 'b1')
  const { merge: journal } = (await merge(one.contactId, two.contactId)).json()
  expect((await talk.hear(shop, 'second', 'b2')).id).toBe(two.id)
  await talk.ask('POST', `/v1/conversations/${two.id}/close`, { token: shop.admin.token })
  expect((await talk.hear(shop, 'second', 'b3')).id).toBe(one.id)
  await answer(one.id, 'to b')
  await talk.ask('POST', `/v1/conversations/${one.id}/close`, { token: shop.admin.token })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set closed_at = now() - interval '1 day' where tenant_id = $1 and status = 'closed'`,
      tx.tenantId,
    ),
  )
  const meanwhile = await talk.hear(shop, 'second', 'b4')
  expect(meanwhile.contactId).toBe(one.contactId)
  expect(await threadOf(two.contactId)).toEqual(['b4', 'to b', 'b3', 'b2', 'b1', 'a1'])
  const listed = (await asAdmin('GET', `/v1/conversations?contactId=${two.contactId}`)).json().data
  expect(listed.map(({ id }: { id: string }) => id).sort()).toEqual([one.id, two.id, meanwhile.id].sort())

  const undone = (await undo(one.contactId, journal.id)).json()
  expect(undone.conversationIds).toEqual([meanwhile.id])
  expect(await threadOf(one.contactId)).toEqual(['a1'])
  expect(await threadOf(two.contactId)).toEqual(['b4', 'to b', 'b3', 'b2', 'b1'])
  expect((await talk.hear(shop, 'second', 'b5')).id).toBe(meanwhile.id)
  expect((await talk.hear(shop, 'first', 'a2')).contactId).toBe(one.contactId)
})

test('who is blocked stays blocked as part of somebody else, and is blocked still when that is undone', async () => {
  const { contactId } = await talk.hear(shop, 'spammer', 'x')
  await asAdmin('PUT', `/v1/contacts/${contactId}/block`, { reason: '广告' })
  const one = await make()
  const merged = (await merge(one.id, contactId)).json()
  expect(merged.contact.blocked).toMatchObject({ reason: '广告', until: null })
  const undone = (await undo(one.id, merged.merge.id)).json()
  expect([undone.contact.blocked, undone.restored.blocked?.reason]).toEqual([null, '广告'])
})

test('a visitor’s own stream goes on after a merge and after it is undone', async () => {
  const token = (await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: shop.channelId } })).json().token
  const client = await talk.open('/v1/visitor/stream', token)
  await client.ready
  const say = (text: string) =>
    talk.ask('POST', '/v1/visitor/messages', {
      token,
      body: { clientId: newId('job'), parts: [{ type: 'text', text }] },
    })
  await say('hello')
  const heard = (text: string) =>
    client.frame('message.created', (frame) => JSON.stringify(frame).includes(`"${text}"`))
  await heard('hello')
  const [conversation] = (await asAdmin('GET', '/v1/conversations?limit=1')).json().data
  const one = await make()
  const { merge: journal } = (await merge(one.id, conversation.contactId)).json()
  await answer(conversation.id, 'after the merge')
  await heard('after the merge')
  await undo(one.id, journal.id)
  await answer(conversation.id, 'after its end')
  await heard('after its end')
})

test('an agent may not merge, a supervisor may', async () => {
  const [one, two] = [await make(), await make()]
  const by = (token: string) =>
    talk.ask('POST', `/v1/contacts/${one.id}/merges`, { token, body: { contactId: two.id } })
  expect((await by(shop.agent.token)).statusCode).toBe(403)
  expect((await by(shop.supervisor.token)).statusCode).toBe(201)
})
