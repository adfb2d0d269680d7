import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RecallLimit, recallMessage } from '../../../src/core/conversations/recall.ts'
import { applyReceipt } from '../../../src/core/conversations/receipts.ts'
import type { Conversation } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import type { Person } from '../../support/api.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop
let other: TalkingShop
let colleague: Person

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  other = await talk.shop()
  colleague = await talk.person(shop.tenant.id, { role: 'agent' })
})
afterAll(() => talk?.close())

const say = (conversationId: string, token: string, body: object = {}, key = newId('job')) =>
  talk.ask('POST', `/v1/conversations/${conversationId}/messages`, {
    token,
    body: { parts: [{ type: 'text', text: '您好' }], ...body },
    headers: { 'idempotency-key': key },
  })
const look = async (id: string, token = shop.admin.token) =>
  (await talk.ask('GET', `/v1/conversations/${id}`, { token })).json() as Conversation

let people = 0
const assigned = async () => {
  const conversation = await talk.hear(shop, `customer-${++people}`, '在吗')
  await talk.assign(shop, conversation.id, shop.agent.member.id)
  return conversation
}

test('an agent answers what is assigned to them', async () => {
  const { id } = await assigned()
  const before = await look(id)
  expect(before).toMatchObject({ heldBy: 'agent', assigneeId: shop.agent.member.id, waitingSince: expect.any(String) })
  const answer = await say(id, shop.agent.token, { clientId: 'c-1' })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toMatchObject({
    conversationId: id,
    number: 2,
    direction: 'out',
    author: { kind: 'member', id: shop.agent.member.id, name: shop.agent.member.name },
    channelId: shop.channelId,
    parts: [{ type: 'text', text: '您好' }],
    clientId: 'c-1',
    status: 'queued',
    failure: null,
  })
  expect(await look(id)).toMatchObject({
    lastNumber: 2,
    preview: '您好',
    waitingSince: null,
    firstAnswerAt: expect.any(String),
    agentRead: 2,
    version: before.version + 1,
  })
})

test('the same request again is answered again and said once; the same key with other words is refused', async () => {
  const { id } = await assigned()
  const key = newId('job')
  const answers = await Promise.all([1, 2, 3].map(() => say(id, shop.agent.token, {}, key)))
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1)
  expect((await look(id)).lastNumber).toBe(2)
  const differs = await say(id, shop.agent.token, { parts: [{ type: 'text', text: '别的' }] }, key)
  expect([differs.statusCode, differs.json().code]).toEqual([422, 'idempotency-key-reused'])
  const missing = await talk.ask('POST', `/v1/conversations/${id}/messages`, {
    token: shop.agent.token,
    body: { parts: [{ type: 'text', text: 'x' }] },
  })
  expect([missing.statusCode, missing.json().code]).toEqual([400, 'idempotency-key-missing'])
})

test('numbers stay dense however many speak at once', async () => {
  const { id } = await assigned()
  const answers = await Promise.all(Array.from({ length: 12 }, () => say(id, shop.admin.token)))
  expect(answers.map((answer) => answer.json().number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 12 }, (_, i) => i + 2),
  )
})

test('a note is kept for colleagues: nothing is sent, the customer goes on waiting', async () => {
  const { id } = await assigned()
  const note = await say(id, shop.agent.token, { note: true })
  expect(note.json()).toMatchObject({ direction: 'note', status: 'noted', channelId: null })
  expect(await look(id)).toMatchObject({ preview: '在吗', waitingSince: expect.any(String), firstAnswerAt: null })
  const queued = await talk.read(shop.tenant.id, (tx) =>
    tx.query('select 1 from deliveries where tenant_id = $1 and message_id = $2', tx.tenantId, note.json().id),
  )
  expect(queued).toEqual([])
})

test('an agent may not answer what waits, and does not learn of what is a colleague’s', async () => {
  const waiting = await talk.hear(shop, 'waiting', '在吗')
  const refused = await say(waiting.id, shop.agent.token)
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'reply-not-yours'])
  const { id } = await assigned()
  const hidden = await say(id, colleague.token)
  expect([hidden.statusCode, hidden.json().code]).toEqual([404, 'conversation-unknown'])
  const noted = await say(id, colleague.token, { note: true })
  expect(noted.statusCode).toBe(404)
})

test('another tenant’s conversation does not exist', async () => {
  const { id } = await assigned()
  for (const token of [other.admin.token, await talk.key(other.tenant.id, ['*'])]) {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/messages'],
      ['POST', '/close'],
      ['POST', '/typing'],
    ] as const) {
      const answer = await talk.ask(method, `/v1/conversations/${id}${path}`, { token })
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'conversation-unknown'])
    }
    expect((await say(id, token)).statusCode).toBe(404)
  }
  expect((await look(id)).lastNumber).toBe(1)
})

test('a program answers in its own name', async () => {
  const { id } = await assigned()
  const key = await talk.key(shop.tenant.id, ['conversation:read', 'conversation:read-all', 'conversation:reply'])
  expect((await say(id, key)).json().author).toMatchObject({ kind: 'bot', name: 'test' })
  const reader = await talk.key(shop.tenant.id, ['conversation:read', 'conversation:read-all'])
  const refused = await say(id, reader)
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'permission-missing'])
})

test('nothing is said in a closed conversation, to a blocked contact, or on a channel where they never wrote', async () => {
  const { id, contactId } = await assigned()
  const second = await talk.ask('POST', '/v1/channels', {
    token: shop.admin.token,
    body: { kind: 'webchat', name: '另一个' },
  })
  const unreachable = await say(id, shop.agent.token, { channelId: second.json().id })
  expect([unreachable.statusCode, unreachable.json().code]).toEqual([409, 'channel-unreachable'])

  await talk.ask('PUT', `/v1/contacts/${contactId}/block`, { token: shop.admin.token, body: { reason: '骚扰' } })
  expect((await say(id, shop.agent.token)).json().code).toBe('contact-blocked')
  await talk.ask('DELETE', `/v1/contacts/${contactId}/block`, { token: shop.admin.token })

  expect((await say(id, shop.agent.token, { replyTo: newId('msg') })).json()).toMatchObject({
    code: 'reply-to-unknown',
    errors: [{ pointer: '/replyTo' }],
  })
  await talk.ask('POST', `/v1/conversations/${id}/close`, { token: shop.agent.token })
  const closed = await say(id, shop.agent.token)
  expect([closed.statusCode, closed.json().code]).toEqual([409, 'conversation-closed'])
  expect((await say(id, shop.agent.token, { note: true })).statusCode).toBe(201)
})

test('a channel that was taken away is answered on no more, and what waited for it fails', async () => {
  const here = await talk.shop()
  const { id } = await talk.hear(here, 'ann', '在吗')
  const queued = await say(id, here.admin.token)
  const removed = await talk.ask('DELETE', `/v1/channels/${here.channelId}`, { token: here.admin.token })
  expect(removed.statusCode).toBe(204)
  const messages = await talk.ask('GET', `/v1/conversations/${id}/messages`, { token: here.admin.token })
  expect(messages.json().data[1]).toMatchObject({
    id: queued.json().id,
    status: 'failed',
    failure: { code: 'channel-removed' },
  })
  expect((await say(id, here.admin.token)).json().code).toBe('channel-removed')
})

test('what failed is sent again when a person says so, once', async () => {
  const { id } = await assigned()
  const message = (await say(id, shop.agent.token)).json()
  const resend = () =>
    talk.ask('POST', `/v1/conversations/${id}/messages/${message.id}/resend`, { token: shop.agent.token })
  expect((await resend()).json().code).toBe('message-not-failed')
  await talk.read(shop.tenant.id, async (tx) => {
    await tx.run(
      `update deliveries set state = 'unknown' where tenant_id = $1 and message_id = $2`,
      tx.tenantId,
      message.id,
    )
    await tx.run(`update messages set status = 'unknown' where tenant_id = $1 and id = $2`, tx.tenantId, message.id)
  })
  const again = await resend()
  expect(again.json()).toMatchObject({ id: message.id, number: message.number, status: 'queued', failure: null })
  expect((await resend()).statusCode).toBe(409)
  expect((await look(id)).lastNumber).toBe(2)
})

test('what waits to be sent is taken back once, by who said it, and goes nowhere', async () => {
  const { id } = await assigned()
  const messageId = (await say(id, shop.agent.token)).json().id as string
  const ask = (act: 'recall' | 'resend', token: string, message = messageId) =>
    talk.ask('POST', `/v1/conversations/${id}/messages/${message}/${act}`, { token })
  const recall = (token: string, message?: string) => ask('recall', token, message)
  expect((await recall(colleague.token)).statusCode).toBe(404)
  expect((await recall(other.admin.token)).statusCode).toBe(404)
  expect((await recall(shop.agent.token, newId('msg'))).json().code).toBe('message-unknown')
  const bySomebodyElse = (await say(id, shop.admin.token)).json().id as string
  expect((await recall(shop.agent.token, bySomebodyElse)).json().code).toBe('message-not-yours')
  const note = (await say(id, shop.agent.token, { note: true })).json().id as string
  expect((await recall(shop.agent.token, note)).json().code).toBe('recall-unsupported')
  const asked = (await recall(shop.agent.token)).json()
  expect(asked).toMatchObject({
    id: messageId,
    status: 'failed',
    failure: { code: 'recalled' },
    recall: { state: 'done', by: shop.agent.member.id },
  })
  expect((await recall(shop.agent.token)).json()).toEqual(asked)
  expect((await ask('resend', shop.agent.token)).json().code).toBe('message-not-failed')
  const counts = await talk.read(shop.tenant.id, (tx) =>
    tx.one<{ queued: number; recalls: number }>(
      `select (select count(*)::int from deliveries where message_id = $1 and state = 'queued') as queued,
              (select count(*)::int from recalls where message_id = $1) as recalls`,
      messageId,
    ),
  )
  expect(counts).toEqual({ queued: 0, recalls: 0 })
})

test('what the platform has is asked for, does not go out again, and is gone when the platform says so', async () => {
  const { id } = await assigned()
  const messageId = (await say(id, shop.agent.token)).json().id as string
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update deliveries set state = 'accepted', external_id = 'theirs-1', settled_at = now() - interval '1 day'
        where tenant_id = $1 and message_id = $2`,
      tx.tenantId,
      messageId,
    ),
  )
  const act = (what: 'recall' | 'resend') =>
    talk.ask('POST', `/v1/conversations/${id}/messages/${messageId}/${what}`, { token: shop.agent.token })
  expect((await act('recall')).json().recall).toMatchObject({ state: 'asked', by: shop.agent.member.id })
  expect((await act('resend')).json().code).toBe('message-not-failed')
  const receipt = { tenantId: shop.tenant.id, channelId: shop.channelId, externalId: 'theirs-1' }
  await talk.db.work('test', [shop.tenant.id], (tx) => applyReceipt(tx, { ...receipt, state: 'failed' }))
  const piece = await talk.read(shop.tenant.id, (tx) =>
    tx.one(
      `select state, recalled_at is not null as gone from deliveries where tenant_id = $1 and message_id = $2`,
      tx.tenantId,
      messageId,
    ),
  )
  expect(piece).toEqual({ state: 'accepted', gone: true })
})

test('what a platform has had for longer than it allows, or never gives back, is not asked for', async () => {
  const { id } = await assigned()
  const messageId = (await say(id, shop.agent.token)).json().id as string
  const said = (limit: RecallLimit | undefined) =>
    talk.db.transaction({ id: shop.agent.member.id, tenantId: shop.tenant.id }, (tx) =>
      recallMessage(tx, speaker, id, messageId, () => limit),
    )
  const speaker = {
    kind: 'key' as const,
    id: newId('key'),
    tenantId: shop.tenant.id,
    credential: 'test',
    permissions: new Set(['conversation:read-all', 'conversation:reply']),
  }
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update deliveries set state = 'accepted', external_id = 'theirs-2', settled_at = now() - interval '3 minutes'
        where tenant_id = $1 and message_id = $2`,
      tx.tenantId,
      messageId,
    ),
  )
  await expect(said(undefined)).rejects.toMatchObject({ code: 'recall-unsupported' })
  await expect(said({ withinMs: 120_000 })).rejects.toMatchObject({ code: 'recall-too-late' })
  expect((await said({ withinMs: 240_000 })).recall?.state).toBe('asked')
})

test('what nobody knows the arrival of is not taken back, and says so', async () => {
  const { id } = await assigned()
  const messageId = (await say(id, shop.agent.token)).json().id as string
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(`update deliveries set state = 'unknown' where tenant_id = $1 and message_id = $2`, tx.tenantId, messageId),
  )
  const refused = await talk.ask('POST', `/v1/conversations/${id}/messages/${messageId}/recall`, {
    token: shop.agent.token,
  })
  expect([refused.statusCode, refused.json().code]).toEqual([409, 'message-not-sent'])
})

test.each([
  ['no parts', { parts: [] }],
  ['an unknown part', { parts: [{ type: 'laser', text: 'x' }] }],
  ['a part with an unknown member', { parts: [{ type: 'text', text: 'x', bold: true }] }],
  ['an unknown member', { shout: true }],
  ['a note that is not true', { note: false }],
  ['a channel that is no id', { channelId: 'web' }],
  ['a text that is too long', { parts: [{ type: 'text', text: 'x'.repeat(20_001) }] }],
  ['a client id of nothing', { clientId: '' }],
])('%s is refused, and nothing is said', async (_, body) => {
  const { id } = await assigned()
  const answer = await say(id, shop.agent.token, body)
  expect(answer.statusCode).toBe(400)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect((await look(id)).lastNumber).toBe(1)
})

test('text that no database can hold is made fit and said', async () => {
  const { id } = await assigned()
  const said = await say(id, shop.agent.token, { parts: [{ type: 'text', text: 'a\u0000b\ud800c' }] })
  expect(said.json().parts).toEqual([{ type: 'text', text: 'a\uFFFDb\uFFFDc' }])
})
