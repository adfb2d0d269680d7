/** Unanswered, resolved and closed told apart; what is written at the end, and what is asked for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeResolved } from '../../../src/core/conversations/lifecycle.ts'
import type { Conversation } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop
let other: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  other = await talk.shop()
})
afterAll(() => talk?.close())

const act = (id: string, what: string, body?: object, token = shop.agent.token) =>
  talk.ask('POST', `/v1/conversations/${id}/${what}`, { token, ...(body !== undefined && { body }) })
const put = (path: string, body: object, token = shop.admin.token) => talk.ask('PUT', path, { token, body })
const look = async (id: string) =>
  (await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.admin.token })).json() as Conversation
const ids = async (query: string, token = shop.agent.token): Promise<string[]> =>
  (await talk.ask('GET', `/v1/conversations?${query}`, { token })).json().data.map((one: Conversation) => one.id)
const answer = (id: string) =>
  talk.ask('POST', `/v1/conversations/${id}/messages`, {
    token: shop.agent.token,
    body: { parts: [{ type: 'text', text: '好的' }] },
    headers: { 'idempotency-key': newId('job') },
  })
const codeOf = (response: { json(): { code?: string } }) => response.json().code
const typesOf = async (id: string): Promise<string[]> => {
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const all = (await talk.ask('GET', '/v1/events?limit=1000', { token: shop.admin.token })).json().data
  return all
    .filter((event: { subject: string }) => event.subject === id)
    .map((event: { type: string }) => event.type)
    .filter((type: string) => type.startsWith('conversation.'))
}

let customers = 0
const held = async (): Promise<Conversation & { readonly person: string }> => {
  const person = `customer-${++customers}`
  const conversation = await talk.hear(shop, person, '在吗')
  await talk.assign(shop, conversation.id, shop.agent.member.id)
  return { ...conversation, person }
}

test('what waits for our answer is listed, the longest waiting first, until it is answered', async () => {
  const here = [await held(), await held(), await held()] as const
  expect(await ids('unanswered=true&sort=waiting')).toEqual(here.map(({ id }) => id))
  await answer(here[0].id)
  expect(await ids('sort=waiting')).toEqual([here[1].id, here[2].id])
  expect(await ids('unanswered=false&assigneeId=me')).toEqual([here[0].id])
  await talk.hear(shop, here[0].person, '还有')
  expect(await ids('sort=waiting')).toEqual([here[1].id, here[2].id, here[0].id])
  const first = await talk.ask('GET', '/v1/conversations?sort=waiting&limit=2', { token: shop.agent.token })
  const next = await ids(`sort=waiting&limit=2&cursor=${first.json().nextCursor}`)
  expect(next).toEqual([here[0].id])
  for (const { id } of here) await act(id, 'close')
  expect(await ids('sort=waiting')).toEqual([])
})

test('what is resolved is held by nobody, and the customer’s next word opens it again', async () => {
  const { id, person } = await held()
  const resolved = (await act(id, 'resolve', { summary: '已补发' })).json()
  expect(resolved).toMatchObject({
    status: 'resolved',
    heldBy: 'nobody',
    assigneeId: shop.agent.member.id,
    resolvedBy: shop.agent.member.id,
    resolvedAt: expect.any(String),
    closedAt: null,
    waitingSince: null,
    summary: '已补发',
  })
  expect((await act(id, 'resolve')).json()).toEqual(resolved)
  expect(await ids('status=resolved')).toEqual([id])
  expect((await answer(id)).statusCode).toBe(201)
  const again = await talk.hear(shop, person, '没收到')
  expect(again).toMatchObject({ id, status: 'open', heldBy: 'queue', resolvedAt: null, resolvedBy: null, reopened: 1 })
  expect(again.waitingSince).not.toBeNull()
  expect((await typesOf(id)).slice(-3)).toEqual([
    'conversation.resolved',
    'conversation.reopened',
    'conversation.queued',
  ])
})

test('what is resolved is closed after the time of its rule, unless it has gone on meanwhile', async () => {
  await put('/v1/closing-rules/all', { closeResolvedAfterSeconds: 60 })
  const [quiet, lively, bare] = [await held(), await held(), await held()]
  for (const { id } of [quiet, lively]) await act(id, 'resolve')
  const jobs = await talk.read(shop.tenant.id, (tx) =>
    tx.query<{ key: string; data: object; seconds: number }>(
      `select key, data, extract(epoch from run_at - now())::int as seconds from jobs where tenant_id = $1 and kind = $2`,
      tx.tenantId,
      closeResolved.kind,
    ),
  )
  const mine = jobs.filter(({ key }) => key === quiet.id || key === lively.id)
  expect(mine).toHaveLength(2)
  for (const { seconds } of mine) expect(seconds).toBeLessThanOrEqual(60)
  await talk.hear(shop, lively.person, '还在吗')
  await talk.assign(shop, lively.id, shop.agent.member.id)
  await act(lively.id, 'resolve')
  const now = new Date()
  for (const { key, data } of mine) {
    const job = { tenantId: shop.tenant.id, key, data, runAt: now, now, failures: 0 }
    await talk.read(shop.tenant.id, (tx) => closeResolved.run(tx, job, undefined))
  }
  expect((await look(quiet.id)).status).toBe('closed')
  expect((await look(lively.id)).status).toBe('resolved')
  await put('/v1/closing-rules/all', { closeResolvedAfterSeconds: null })
  await act(bare.id, 'resolve')
  const left = await talk.read(shop.tenant.id, (tx) =>
    tx.query('select 1 from jobs where tenant_id = $1 and key = $2', tx.tenantId, bare.id),
  )
  expect(left).toEqual([])
  await talk.ask('DELETE', '/v1/closing-rules/all', { token: shop.admin.token })
})

test('where it is asked for, members end a conversation with a summary and a category; programs need not', async () => {
  await put('/v1/conversation-categories/logistics', { name: '物流' })
  await put('/v1/conversation-categories/late', { name: '太慢', parentKey: 'logistics' })
  const rule = await put(`/v1/closing-rules/${shop.groupId}`, { summary: 'required', category: 'required' })
  expect(rule.json()).toEqual({
    groupId: shop.groupId,
    summary: 'required',
    category: 'required',
    closeResolvedAfterSeconds: 86_400,
  })
  const { id } = await held()
  const before = await look(id)
  for (const how of ['close', 'resolve']) {
    const bare = await act(id, how)
    expect([bare.statusCode, bare.json().code, bare.json().errors[0].pointer]).toEqual([
      400,
      'summary-missing',
      '/summary',
    ])
    expect(codeOf(await act(id, how, { summary: '慢' }))).toBe('category-missing')
    expect(codeOf(await act(id, how, { summary: '慢', category: 'nothing' }))).toBe('category-unknown')
  }
  expect(await look(id)).toEqual(before)
  const edit = { token: shop.agent.token, body: { category: 'late', priority: 3 } }
  expect((await talk.ask('PATCH', `/v1/conversations/${id}`, edit)).json()).toMatchObject({
    category: 'late',
    priority: 3,
    summary: null,
  })
  expect((await act(id, 'close', { summary: '慢' })).json()).toMatchObject({ summary: '慢', category: 'late' })
  const later = { token: shop.agent.token, body: { summary: '物流太慢，已致歉' } }
  expect((await talk.ask('PATCH', `/v1/conversations/${id}`, later)).json().summary).toBe('物流太慢，已致歉')
  expect(await ids('category=late&status=closed')).toEqual([id])
  const second = await held()
  const key = await talk.key(shop.tenant.id, ['*'])
  expect((await act(second.id, 'close', undefined, key)).json().status).toBe('closed')
  await talk.ask('DELETE', `/v1/closing-rules/${shop.groupId}`, { token: shop.admin.token })
  expect((await act((await held()).id, 'close')).statusCode).toBe(200)
})

test('categories are a tree of at most four levels, and no circle', async () => {
  const make = (key: string, body: object) => put(`/v1/conversation-categories/${key}`, body, other.admin.token)
  expect(codeOf(await make('a', {}))).toBe('category-incomplete')
  for (const [key, parentKey] of Object.entries({ a: null, b: 'a', c: 'b', d: 'c', z: null })) {
    expect((await make(key, { name: key, parentKey })).statusCode).toBe(200)
  }
  expect(codeOf(await make('e', { name: 'e', parentKey: 'd' }))).toBe('category-deep')
  expect(codeOf(await make('a', { parentKey: 'c' }))).toBe('category-circular')
  expect(codeOf(await make('a', { parentKey: 'a' }))).toBe('category-circular')
  expect(codeOf(await make('a', { parentKey: 'z' }))).toBe('category-deep')
  expect(codeOf(await make('b', { parentKey: 'nothing' }))).toBe('category-unknown')
  await make('z', { position: -1, retired: true })
  const listed = await talk.ask('GET', '/v1/conversation-categories', { token: other.agent.token })
  expect(listed.json().data.map(({ key }: { key: string }) => key)).toEqual(['z', 'a', 'b', 'c', 'd'])
  const theirs = await talk.hear(other, 'somebody', 'x')
  const retired = await act(theirs.id, 'close', { category: 'z' }, other.admin.token)
  expect(codeOf(retired)).toBe('category-unknown')
  const mine = await talk.ask('GET', '/v1/conversation-categories', { token: shop.agent.token })
  expect(mine.json().data.map(({ key }: { key: string }) => key)).not.toContain('a')
})

test('what ended is opened again by who held it, unless the contact has something open', async () => {
  const { id, person } = await held()
  expect(codeOf(await act(id, 'reopen', {}))).toBe('conversation-open')
  await act(id, 'close', { summary: '好了' })
  const stranger = await talk.person(shop.tenant.id, { role: 'agent' })
  expect(codeOf(await act(id, 'reopen', {}, stranger.token))).toBe('conversation-unknown')
  expect((await act(id, 'reopen', { mine: true })).statusCode).toBe(202)
  expect(await look(id)).toMatchObject({
    status: 'open',
    heldBy: 'queue',
    closedAt: null,
    reopened: 1,
    summary: '好了',
  })
  expect((await typesOf(id)).at(-1)).toBe('conversation.reopened')
  await talk.assign(shop, id, shop.agent.member.id)
  await act(id, 'close')
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set closed_at = now() - interval '3 hours' where tenant_id = $1 and id = $2`,
      tx.tenantId,
      id,
    ),
  )
  const next = await talk.hear(shop, person, '又来了')
  expect(next.id).not.toBe(id)
  expect(codeOf(await act(id, 'reopen', {}))).toBe('conversation-superseded')
})

test('a customer sees nothing of tags, summaries, categories, snoozing or who takes part, on no road', async () => {
  const channelId = shop.channelId
  const { token } = (await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId } })).json()
  const visitor = await talk.open('/v1/visitor/stream', token)
  await visitor.ready
  visitor.send({ type: 'message', ref: 'r', clientId: 'hidden-1', parts: [{ type: 'text', text: '在吗' }] })
  const id = (await visitor.frame('message.created')).data.message.conversationId as string
  await talk.assign(shop, id, shop.agent.member.id)
  await put('/v1/conversation-categories/secret-category', { name: '机密分类' })
  const helper = await talk.person(shop.tenant.id, { role: 'agent', name: '机密同事' })
  const speak = (body: object) =>
    talk.ask('POST', `/v1/conversations/${id}/messages`, {
      token: shop.agent.token,
      body,
      headers: { 'idempotency-key': newId('job') },
    })
  await speak({ parts: [{ type: 'text', text: '机密备注' }], note: true, mentions: [helper.member.id] })
  await talk.ask('PATCH', `/v1/conversations/${id}`, {
    token: shop.agent.token,
    body: { tags: ['机密标签'], category: 'secret-category', summary: '机密小结一' },
  })
  await act(id, 'resolve', { summary: '机密小结二' })
  visitor.send({ type: 'message', ref: 's', clientId: 'hidden-2', parts: [{ type: 'text', text: '还有' }] })
  await visitor.frame('message.created', ({ data }) => data.message.clientId === 'hidden-2')
  await talk.assign(shop, id, shop.agent.member.id)
  await speak({ parts: [{ type: 'text', text: '再见' }] })
  await act(id, 'close', { summary: '机密小结三' })
  await visitor.frame('conversation.closed')
  const history = await talk.ask('GET', '/v1/visitor/messages?limit=100', { token })
  const told = JSON.stringify(visitor.frames) + history.body
  expect(told).toContain('再见')
  for (const word of ['机密', 'secret-category', 'usr_', 'summary', 'tags', 'participant', 'resolved', 'mention']) {
    expect(told).not.toContain(word)
  }
  const everywhere = await talk.open('/v1/visitor/stream', token, {
    since: `${(await visitor.ready).epoch}:${(await visitor.ready).seq}`,
  })
  await everywhere.ready
  expect(JSON.stringify(everywhere.frames)).not.toContain('机密')
})
