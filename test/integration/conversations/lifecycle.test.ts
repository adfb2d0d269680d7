import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Conversation } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { moveConversation } from '../../support/moves.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const act = (id: string, what: string, token: string, body?: object) =>
  talk.ask('POST', `/v1/conversations/${id}/${what}`, { token, ...(body !== undefined && { body }) })

const eventsOf = async (id: string): Promise<{ type: string; data: Record<string, unknown> }[]> => {
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const all = (await talk.ask('GET', '/v1/events?limit=1000', { token: shop.admin.token })).json()
  return all.data.filter((event: { subject: string }) => event.subject === id)
}

const move = (conversationId: string, memberId: string | null) =>
  talk.read(shop.tenant.id, (tx) => moveConversation(tx, conversationId, memberId))

test('a conversation goes from the queue to an agent, to another, and back, and each hears from whom', async () => {
  const { id } = await talk.hear(shop, 'wanderer', '在吗')
  const [ann, bob] = [shop.agent.member.id, shop.supervisor.member.id]
  expect(await move(id, null)).toBe(false)
  expect(await move(id, ann)).toBe(true)
  expect(await move(id, ann)).toBe(false)
  expect(await move(id, bob)).toBe(true)
  expect(await move(id, null)).toBe(true)
  talk.parts.wake.hint('outbox')
  const events = (await eventsOf(id)).slice(-3)
  expect(events.map((event) => [event.type, event.data.previousAssigneeId])).toEqual([
    ['conversation.assigned', null],
    ['conversation.assigned', ann],
    ['conversation.queued', bob],
  ])
  expect(events[2]?.data.conversation).toMatchObject({ heldBy: 'queue', assigneeId: null })
})

test('what is closed is neither assigned nor queued; closing again changes nothing', async () => {
  const { id } = await talk.hear(shop, 'closer', '在吗')
  await move(id, shop.agent.member.id)
  const closed = await act(id, 'close', shop.agent.token)
  expect(closed.json()).toMatchObject({
    status: 'closed',
    heldBy: 'nobody',
    assigneeId: shop.agent.member.id,
    closedBy: shop.agent.member.id,
    waitingSince: null,
  })
  expect((await act(id, 'close', shop.admin.token)).json()).toEqual(closed.json())
  expect(await move(id, shop.supervisor.member.id)).toBe(false)
  expect(await move(id, null)).toBe(false)
  expect((await eventsOf(id)).filter((event) => event.type === 'conversation.closed')).toHaveLength(1)
  expect((await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.agent.token })).statusCode).toBe(200)
})

test('an agent closes only what is theirs', async () => {
  const { id } = await talk.hear(shop, 'not-mine', '在吗')
  const refused = await act(id, 'close', shop.agent.token)
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'reply-not-yours'])
  expect((await act(id, 'close', shop.supervisor.token)).statusCode).toBe(200)
})

test('reading counts for the assignee, up to what was said, and never backwards', async () => {
  const { id } = await talk.hear(shop, 'reader', '1')
  await talk.hear(shop, 'reader', '2')
  await move(id, shop.agent.member.id)
  const read = async (number: number, token = shop.agent.token) =>
    ((await act(id, 'read', token, { number })).json() as Conversation).agentRead
  expect(await read(1)).toBe(1)
  expect(await read(99)).toBe(2)
  expect(await read(1)).toBe(2)
  const third = await talk.hear(shop, 'reader', '3')
  expect(await read(3, shop.admin.token)).toBe(2)
  expect(third.id).toBe(id)
  expect((await eventsOf(id)).filter((event) => event.type === 'conversation.read')).toHaveLength(2)
})

test('lists show each what they may see, by filter, in pages without loss or repetition while more comes in', async () => {
  const here = await talk.shop()
  const mine = await talk.person(here.tenant.id, { role: 'agent' })
  const ids: string[] = []
  for (let i = 0; i < 7; i++) ids.push((await talk.hear(here, `customer-${i}`, `${i}`)).id)
  await talk.assign(here, ids[0] as string, mine.member.id)
  const list = async (query: string, token = here.admin.token) =>
    (await talk.ask('GET', `/v1/conversations?${query}`, { token })).json()
  const idsOf = (page: { data: Conversation[] }) => page.data.map((conversation) => conversation.id)

  expect(idsOf(await list('assigneeId=me', mine.token))).toEqual([ids[0]])
  expect(idsOf(await list('', mine.token))).toEqual([ids[0]])
  expect(idsOf(await list('heldBy=queue', here.agent.token)).toSorted()).toEqual(ids.slice(1).toSorted())
  expect(idsOf(await list(`groupId=${here.groupId}&status=open&channelId=${here.channelId}`))).toHaveLength(7)
  expect(idsOf(await list('status=closed'))).toEqual([])

  const seen: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 10; pages++) {
    const page = await list(`limit=2${cursor}`)
    seen.push(...idsOf(page))
    // New conversations come to the top while somebody turns pages.
    await talk.hear(here, `late-${pages}`, 'x')
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toEqual(expect.arrayContaining(ids))

  const page = await list('limit=2')
  const wrong = await talk.ask('GET', `/v1/conversations?limit=2&status=open&cursor=${page.nextCursor}`, {
    token: here.admin.token,
  })
  expect([wrong.statusCode, wrong.json().code]).toEqual([400, 'cursor-invalid'])
})

test('messages are read from either side of a number', async () => {
  const conversation = await talk.hear(shop, 'chatty', '1')
  for (let i = 2; i <= 6; i++) await talk.hear(shop, 'chatty', `${i}`)
  const numbers = async (query: string) =>
    (await talk.ask('GET', `/v1/conversations/${conversation.id}/messages?${query}`, { token: shop.admin.token }))
      .json()
      .data.map((message: { number: number }) => message.number)
  expect(await numbers('limit=2')).toEqual([5, 6])
  expect(await numbers('after=2&limit=2')).toEqual([3, 4])
  expect(await numbers('before=4&limit=2')).toEqual([2, 3])
  expect(await numbers('after=1&before=4')).toEqual([2, 3])
  expect(await numbers('after=6')).toEqual([])
})

test('a conversation that has not changed is not sent again', async () => {
  const { id } = await talk.hear(shop, 'etag', 'x')
  const first = await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.admin.token })
  const etag = String(first.headers.etag)
  const again = await talk.ask('GET', `/v1/conversations/${id}`, {
    token: shop.admin.token,
    headers: { 'if-none-match': etag },
  })
  expect([again.statusCode, again.body]).toEqual([304, ''])
  await talk.hear(shop, 'etag', 'y')
  const changed = await talk.ask('GET', `/v1/conversations/${id}`, {
    token: shop.admin.token,
    headers: { 'if-none-match': etag },
  })
  expect(changed.statusCode).toBe(200)
})

test('pulling and assigning are asked of routing, only where they make sense', async () => {
  const { id } = await talk.hear(shop, 'pulled', 'x')
  const pulled = await act(id, 'pull', shop.agent.token)
  expect(pulled.statusCode).toBe(202)
  expect(pulled.headers.location).toBe(`/v1/commands/${pulled.json().commandId}`)
  const given = await act(id, 'assign', shop.supervisor.token, { memberId: shop.agent.member.id })
  expect(given.statusCode).toBe(202)
  expect((await act(id, 'assign', shop.agent.token, { memberId: shop.agent.member.id })).json().code).toBe(
    'permission-missing',
  )
  expect((await act(id, 'assign', shop.admin.token, { memberId: newId('usr') })).json()).toMatchObject({
    code: 'member-unknown',
    errors: [{ pointer: '/memberId' }],
  })
  await move(id, shop.supervisor.member.id)
  expect((await act(id, 'pull', shop.admin.token)).json().code).toBe('conversation-taken')
  // It waited in their group, and is out of their sight now.
  expect((await act(id, 'pull', shop.agent.token)).json().code).toBe('conversation-taken')
  const stranger = await talk.person(shop.tenant.id, { role: 'agent' })
  expect((await act(id, 'pull', stranger.token)).json().code).toBe('conversation-unknown')
  expect((await act(id, 'pull', shop.supervisor.token)).statusCode).toBe(202)
  const key = await talk.key(shop.tenant.id, ['*'])
  expect((await act(id, 'pull', key)).json().code).toBe('member-required')
})
