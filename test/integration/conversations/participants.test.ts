/** Several agents in one conversation, notes that mention colleagues, tags: and that customers see none of it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Conversation, Message } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import type { Person } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop
let other: TalkingShop
/** An agent of no group: sees nothing by themselves. */
let helper: Person

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  other = await talk.shop()
  helper = await talk.person(shop.tenant.id, { role: 'agent' })
})
afterAll(() => talk?.close())

const post = (conversationId: string, token: string, text: string, body: object = {}) =>
  talk.ask('POST', `/v1/conversations/${conversationId}/messages`, {
    token,
    body: { parts: [{ type: 'text', text }], ...body },
    headers: { 'idempotency-key': newId('job') },
  })
const take = (method: 'PUT' | 'DELETE', id: string, memberId: string, token: string) =>
  talk.ask(method, `/v1/conversations/${id}/participants/${memberId}`, { token })
const sees = async (id: string, token: string) =>
  (await talk.ask('GET', `/v1/conversations/${id}`, { token })).statusCode === 200
const tag = (id: string, tags: string[], token = shop.agent.token, headers: Record<string, string> = {}) =>
  talk.ask('PATCH', `/v1/conversations/${id}`, { token, body: { tags }, headers })
const list = async (path: string, token: string) => (await talk.ask('GET', path, { token })).json().data
const codeOf = (answer: { json(): { code?: string } }) => answer.json().code

let customers = 0
const held = async (): Promise<Conversation> => {
  const conversation = await talk.hear(shop, `customer-${++customers}`, '在吗')
  await talk.assign(shop, conversation.id, shop.agent.member.id)
  return conversation
}

test('who is brought in sees, hears and writes; who has left does so no more', async () => {
  const { id } = await held()
  expect(await sees(id, helper.token)).toBe(false)
  expect(codeOf(await take('PUT', id, helper.member.id, helper.token))).toBe('conversation-unknown')
  const listening = await talk.open('/v1/stream', helper.token)
  await listening.ready
  const joined = await take('PUT', id, helper.member.id, shop.agent.token)
  expect(joined.json()).toMatchObject({ assigneeId: shop.agent.member.id, participantIds: [helper.member.id] })
  expect((await listening.frame('conversation.joined')).data).toMatchObject({ memberId: helper.member.id })
  expect((await take('PUT', id, helper.member.id, shop.agent.token)).json().version).toBe(joined.json().version)
  expect(await sees(id, helper.token)).toBe(true)
  expect((await post(id, helper.token, '我来帮忙')).statusCode).toBe(201)
  await listening.frame('message.created', ({ data }) => data.message.author.id === helper.member.id)
  expect((await list('/v1/conversations?participantId=me', helper.token)).map((one: Conversation) => one.id)).toEqual([
    id,
  ])
  const close = await talk.ask('POST', `/v1/conversations/${id}/close`, { token: helper.token })
  expect(codeOf(close)).toBe('reply-not-yours')

  expect((await take('DELETE', id, helper.member.id, helper.token)).json().participantIds).toEqual([])
  await listening.frame('conversation.left')
  expect(await sees(id, helper.token)).toBe(false)
  await post(id, shop.agent.token, '没有你了')
  await talk.hear(shop, `customer-${customers}`, '好')
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const own = await talk.hear(shop, 'somebody-else', 'x')
  await talk.assign(shop, own.id, helper.member.id)
  await listening.frame('conversation.assigned')
  expect(listening.events.filter((frame) => frame.subject === id).at(-1)?.type).toBe('conversation.left')
})

test('who takes part and becomes the holder takes part no longer', async () => {
  const { id } = await held()
  await take('PUT', id, helper.member.id, shop.supervisor.token)
  await talk.assign(shop, id, helper.member.id)
  const after = (await talk.ask('GET', `/v1/conversations/${id}`, { token: helper.token })).json()
  expect(after).toMatchObject({ assigneeId: helper.member.id, participantIds: [] })
})

test('nobody is brought into what is closed, nor who does not work here, nor more than there is room for', async () => {
  const { id } = await held()
  const disabled = await talk.person(shop.tenant.id, { role: 'agent' })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run('update members set disabled_at = now() where tenant_id = $1 and id = $2', tx.tenantId, disabled.member.id),
  )
  expect(codeOf(await take('PUT', id, disabled.member.id, shop.agent.token))).toBe('member-disabled')
  expect(codeOf(await take('PUT', id, other.agent.member.id, shop.agent.token))).toBe('member-unknown')
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set participant_ids = array(select 'usr_' || n from generate_series(1, 20) n) where tenant_id = $1 and id = $2`,
      tx.tenantId,
      id,
    ),
  )
  expect(codeOf(await take('PUT', id, helper.member.id, shop.agent.token))).toBe('participants-too-many')
  const closed = await held()
  await talk.ask('POST', `/v1/conversations/${closed.id}/close`, { token: shop.agent.token })
  expect(codeOf(await take('PUT', closed.id, helper.member.id, shop.agent.token))).toBe('conversation-closed')
})

test('a note calls out to a colleague, who hears of it, finds it and takes part from then on', async () => {
  const { id } = await held()
  const listening = await talk.open('/v1/stream', helper.token)
  const supervising = await talk.open('/v1/stream', shop.supervisor.token)
  await Promise.all([listening.ready, supervising.ready])
  const mentions = [helper.member.id, shop.supervisor.member.id]
  const note = (await post(id, shop.agent.token, '@小王 这单怎么退？', { note: true, mentions })).json() as Message
  expect(note).toMatchObject({ direction: 'note', mentions })
  expect((await listening.frame('member.mentioned')).data).toMatchObject({ memberId: helper.member.id, message: note })
  await supervising.frame('member.mentioned', ({ data }) => data.memberId === shop.supervisor.member.id)
  expect(supervising.frames.filter((frame) => frame.type === 'member.mentioned')).toHaveLength(1)
  expect(listening.events.map((frame) => frame.type)).toEqual(
    expect.arrayContaining(['conversation.joined', 'message.created', 'member.mentioned']),
  )
  expect(await list('/v1/mentions', helper.token)).toEqual([note])
  expect(await list('/v1/mentions', shop.agent.token)).toEqual([])
  const { participantIds } = (await talk.ask('GET', `/v1/conversations/${id}`, { token: helper.token })).json()
  expect(participantIds).toEqual([helper.member.id])
  await take('DELETE', id, helper.member.id, helper.token)
  expect(await list('/v1/mentions', helper.token)).toEqual([])
})

test('who is mentioned works here, and only notes mention anybody', async () => {
  const { id } = await held()
  const before = (await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.admin.token })).json()
  const stranger = await post(id, shop.agent.token, '@', { note: true, mentions: [other.agent.member.id] })
  expect([stranger.statusCode, stranger.json().code, stranger.json().errors[0].pointer]).toEqual([
    400,
    'member-unknown',
    '/mentions/0',
  ])
  expect(codeOf(await post(id, shop.agent.token, '@', { mentions: [helper.member.id] }))).toBe('mention-outside-note')
  expect((await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.admin.token })).json()).toEqual(before)
})

test('tags are words that a conversation is found by; a change is told, and one that changes nothing is not', async () => {
  const { id } = await held()
  const listening = await talk.open('/v1/stream', shop.agent.token)
  await listening.ready
  const tagged = await tag(id, ['  加急 ', '退货', '退货', 'ＶＩＰ'])
  expect(tagged.json().tags).toEqual(['ＶＩＰ', '加急', '退货'].toSorted())
  expect((await listening.frame('conversation.updated')).data.conversation.tags).toEqual(tagged.json().tags)
  expect((await tag(id, ['退货', '加急', 'ＶＩＰ'])).json().version).toBe(tagged.json().version)
  expect((await list('/v1/conversations?tag=退货', shop.agent.token)).map((one: Conversation) => one.id)).toEqual([id])
  expect(await list('/v1/conversations?tag=退', shop.agent.token)).toEqual([])
  expect(await list('/v1/conversation-tags', shop.agent.token)).toContainEqual({ tag: '退货', count: 1 })
  expect(codeOf(await tag(id, ['x'], shop.agent.token, { 'if-match': '"v1"' }))).toBe('version-stale')
  expect(codeOf(await tag(id, [' ']))).toBe('tag-blank')
  expect((await tag(id, [])).json().tags).toEqual([])
  expect(await list('/v1/conversations?tag=退货', shop.agent.token)).toEqual([])
})

test('another tenant sees none of it', async () => {
  const { id } = await held()
  await tag(id, ['暗号'])
  await post(id, shop.agent.token, '@', { note: true, mentions: [helper.member.id] })
  const strange = other.admin.token
  for (const answer of [
    await tag(id, ['x'], strange),
    await take('PUT', id, other.agent.member.id, strange),
    await take('DELETE', id, helper.member.id, strange),
  ]) {
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'conversation-unknown'])
  }
  for (const path of ['/v1/conversation-tags', '/v1/mentions', '/v1/conversations?tag=暗号']) {
    expect(await list(path, strange)).toEqual([])
  }
})
