import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VisitorMessage } from '../../../src/api/stream/frames.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { type Frame, startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

const secret = 'business-secret-of-32-characters!'
const older = 'the-secret-before-that-one-was-made'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop({
    origins: ['https://shop.example'],
    look: { title: '小店' },
    identitySecrets: [secret, older],
  })
})
afterAll(() => talk?.close())

interface Session {
  token: string
  visitorId: string
  subject: string | null
}

const begin = (body: object = {}, headers: Record<string, string> = {}) =>
  talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: shop.channelId, ...body }, headers })
const session = async (body: object = {}): Promise<Session> => {
  const answer = await begin(body)
  expect(answer.statusCode).toBe(201)
  return answer.json()
}
const jwt = (claims: Record<string, unknown> = {}, key = secret, alg = 'HS256') => {
  const seconds = Math.floor(talk.parts.clock() / 1000)
  return new SignJWT({ sub: 'member-7', aud: shop.channelId, exp: seconds + 600, iat: seconds, ...claims })
    .setProtectedHeader({ alg })
    .sign(Buffer.from(key))
}
const say = (token: string, text: string, clientId = newId('msg')) =>
  talk.ask('POST', '/v1/visitor/messages', { token, body: { clientId, parts: [{ type: 'text', text }] } })
const history = async (token: string): Promise<VisitorMessage[]> =>
  (await talk.ask('GET', '/v1/visitor/messages?limit=100', { token })).json().data
const textsOf = (messages: VisitorMessage[]) =>
  messages.map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))
const conversationOf = async (token: string) => (await eventually(async () => (await history(token))[0])).conversationId

test('a visitor begins, says something, and hears it back with their own id; an agent answers and both see it', async () => {
  const { token } = await session({ claims: { name: '小明' } })
  const visitor = await talk.open('/v1/visitor/stream', token)
  await visitor.ready
  visitor.send({ type: 'message', ref: 'r1', clientId: 'c1', parts: [{ type: 'text', text: '在吗 🙂' }] })
  expect(await visitor.frame('ack')).toEqual({ v: 1, type: 'ack', ref: 'r1' })
  const own = await visitor.frame('message.created')
  expect(own.data.message).toEqual({
    id: expect.stringMatching(/^msg_/),
    conversationId: expect.stringMatching(/^cnv_/),
    number: 1,
    direction: 'in',
    author: { kind: 'contact', name: '小明', number: null },
    parts: [{ type: 'text', text: '在吗 🙂' }],
    clientId: 'c1',
    sentAt: expect.any(String),
    status: 'received',
  })
  expect(Object.keys(own).toSorted()).toEqual(['at', 'data', 'epoch', 'id', 'seq', 'subject', 'type', 'v'])

  const { conversationId } = own.data.message
  const agent = await talk.person(shop.tenant.id, { role: 'agent', name: '王芳', number: '8001' })
  const watching = await talk.open('/v1/stream', agent.token)
  await watching.ready
  await talk.assign(shop, conversationId, agent.member.id)
  expect((await visitor.frame('conversation.assigned')).data).toEqual({ agent: { name: '王芳', number: '8001' } })
  await watching.frame('conversation.assigned')
  for (const note of [true, undefined]) {
    await talk.ask('POST', `/v1/conversations/${conversationId}/messages`, {
      token: agent.token,
      body: { parts: [{ type: 'text', text: note ? '老客户' : '在的' }], clientId: 'mine', ...(note && { note }) },
      headers: { 'idempotency-key': newId('job') },
    })
  }
  const answer = await visitor.frame('message.created', (frame) => frame.data.message.direction === 'out')
  expect(answer.data.message).toMatchObject({
    number: 3,
    author: { kind: 'member', name: '王芳', number: '8001' },
    parts: [{ type: 'text', text: '在的' }],
    clientId: null,
  })

  visitor.send({ type: 'read', number: 3, ref: 'r2' })
  await visitor.frame('ack', (frame) => frame.ref === 'r2')
  expect((await watching.frame('conversation.read')).data.conversation).toMatchObject({ customerRead: 3 })
  watching.send({ type: 'read', conversationId, number: 3, ref: 'a1' })
  await watching.frame('ack', (frame) => frame.ref === 'a1')
  await talk.ask('POST', `/v1/conversations/${conversationId}/close`, { token: agent.token })
  expect((await visitor.frame('conversation.closed')).data).toEqual({})

  expect(textsOf(await history(token))).toEqual(['在吗 🙂', '在的'])
  const everything = JSON.stringify(visitor.frames)
  for (const secretWord of ['老客户', 'usr_', agent.member.email, 'grp_', 'ctc_'])
    expect(everything).not.toContain(secretWord)
})

test('what was taken back while a visitor was away is not told when they come back', async () => {
  const { token } = await session()
  expect((await say(token, '多少钱')).statusCode).toBeLessThan(300)
  const conversationId = await conversationOf(token)
  const visitor = await talk.open('/v1/visitor/stream', token)
  const { epoch, seq } = await visitor.ready
  visitor.end()
  const as = { token: shop.admin.token }
  const path = `/v1/conversations/${conversationId}/messages`
  const body = { parts: [{ type: 'text', text: '内部价 88' }] }
  const headers = { 'idempotency-key': newId('job') }
  const { id } = (await talk.ask('POST', path, { ...as, body, headers })).json()
  expect((await talk.ask('POST', `${path}/${id}/recall`, as)).json().recall.state).toBe('done')
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const again = await talk.open('/v1/visitor/stream', token, { since: `${epoch}:${seq}` })
  expect((await again.ready).recovered).toBe(true)
  const gone = [{ type: 'unsupported', native: 'recall', fallback: '[消息已撤回]' }]
  const told = again.frames.filter(({ data }) => data?.message?.id === id)
  expect(told.map(({ data }) => [data.message.recalled, data.message.parts])).toEqual([
    [true, gone],
    [true, gone],
  ])
  expect((await history(token)).find((message) => message.id === id)).toMatchObject({ recalled: true, parts: gone })
})

test('what is said again with the same client id is said once', async () => {
  const { token } = await session()
  expect((await say(token, 'once', 'same')).statusCode).toBe(202)
  expect((await say(token, 'once', 'same')).json()).toEqual({ clientId: 'same' })
  await say(token, 'twice', 'other')
  await eventually(async () => (await history(token)).length === 2)
  expect(textsOf(await history(token))).toEqual(['once', 'twice'])
})

test('what a visitor says on one socket keeps its order', async () => {
  const { token } = await session()
  const visitor = await talk.open('/v1/visitor/stream', token)
  await visitor.ready
  const words = Array.from({ length: 40 }, (_, i) => `${i}`)
  for (const word of words)
    visitor.send({ type: 'message', clientId: `c${word}`, ref: word, parts: [{ type: 'text', text: word }] })
  await eventually(async () => (await history(token)).length === words.length)
  expect(textsOf(await history(token))).toEqual(words)
  expect(visitor.frames.filter((frame) => frame.type === 'ack').map((frame) => frame.ref)).toEqual(words)
})

test('each visitor hears and reads only what is theirs', async () => {
  const [ann, bob] = [await session(), await session()]
  const listening = await talk.open('/v1/visitor/stream', bob.token)
  await listening.ready
  await say(ann.token, 'from ann')
  await eventually(async () => (await history(ann.token)).length === 1)
  await say(bob.token, 'from bob')
  await listening.frame('message.created')
  expect(textsOf(listening.events.map((frame) => frame.data.message))).toEqual(['from bob'])
  expect(textsOf(await history(bob.token))).toEqual(['from bob'])
})

test('typing goes both ways and only to those who see the conversation', async () => {
  const { token } = await session()
  await say(token, 'hello')
  const id = await conversationOf(token)
  const agent = await talk.open('/v1/stream', shop.agent.token)
  await agent.ready
  const outsider = await talk.person(shop.tenant.id, { role: 'agent' })
  // That they came to be stands in the feed before their own stream begins.
  await agent.frame('member.created', (frame) => frame.data.member.id === outsider.member.id)
  const [stranger, visitor] = [
    await talk.open('/v1/stream', outsider.token),
    await talk.open('/v1/visitor/stream', token),
  ]
  await Promise.all([stranger.ready, visitor.ready])
  visitor.send({ type: 'typing' })
  expect(await agent.frame('typing')).toMatchObject({ conversationId: id, by: { kind: 'contact' } })
  expect((await talk.ask('POST', `/v1/conversations/${id}/typing`, { token: shop.admin.token })).statusCode).toBe(204)
  expect(await visitor.frame('typing')).toEqual({ v: 1, type: 'typing', conversationId: id, by: { kind: 'member' } })
  agent.send({ type: 'ping' })
  stranger.send({ type: 'ping' })
  await stranger.frame('pong')
  expect(stranger.frames.map((frame) => frame.type)).toEqual(['stream.ready', 'pong'])
})

test('agents hear that a visitor is there and that they have gone', async () => {
  const { token } = await session()
  await say(token, 'hello')
  const id = await conversationOf(token)
  const { contactId } = (await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.agent.token })).json()
  const agent = await talk.open('/v1/stream', shop.agent.token)
  await agent.ready
  const isOfVisitor = (frame: Frame) => frame.type === 'visitor.online' && frame.contactId === contactId
  const [one, two] = [await talk.open('/v1/visitor/stream', token), await talk.open('/v1/visitor/stream', token)]
  expect(await agent.frame('visitor.online', isOfVisitor)).toEqual({
    v: 1,
    type: 'visitor.online',
    contactId,
    online: true,
  })
  one.end()
  await eventually(() => one.closed)
  two.end()
  await agent.frame('visitor.online', (frame) => isOfVisitor(frame) && !frame.online)
  expect(agent.frames.filter((frame) => isOfVisitor(frame) && !frame.online)).toHaveLength(1)
})

test('an agent who comes later hears of the visitors who are there already', async () => {
  const { token } = await session()
  await say(token, 'hello')
  const id = await conversationOf(token)
  const conversation = await talk.ask('GET', `/v1/conversations/${id}`, { token: shop.agent.token })
  const { contactId } = conversation.json() as { contactId: string }
  const isThere = (frame: Record<string, unknown>) => frame.online === true && frame.contactId === contactId
  const first = await talk.open('/v1/stream', shop.agent.token)
  await first.ready
  await talk.open('/v1/visitor/stream', token)
  await first.frame('visitor.online', isThere)
  const later = await talk.open('/v1/stream', shop.agent.token)
  expect(await later.frame('visitor.online', isThere)).toMatchObject({ contactId })
})

test('whom the business vouches for is the same person in every browser', async () => {
  const phone = await session({ identity: await jwt({ sub: 'vip-1', name: '李雷' }) })
  const laptop = await session({ identity: await jwt({ sub: 'vip-1' }, older) })
  expect([phone.subject, laptop.subject]).toEqual(['vip-1', 'vip-1'])
  expect(phone.visitorId).not.toBe(laptop.visitorId)
  await say(phone.token, 'from my phone')
  await conversationOf(laptop.token)
  await say(laptop.token, 'from my laptop')
  await eventually(async () => (await history(phone.token)).length === 2)
  expect(textsOf(await history(phone.token))).toEqual(['from my phone', 'from my laptop'])
})

test('what an anonymous visitor said is theirs when they become somebody, and nobody else’s afterwards', async () => {
  const before = await session()
  await say(before.token, 'who am I')
  await conversationOf(before.token)
  const known = await session({ token: before.token, identity: await jwt({ sub: 'new-1' }) })
  expect(known).toMatchObject({ visitorId: before.visitorId, subject: 'new-1' })
  expect(known.token).not.toBe(before.token)
  expect(textsOf(await history(known.token))).toEqual(['who am I'])
  expect((await say(before.token, 'as before')).statusCode).toBe(401)

  const other = await session({ token: known.token, identity: await jwt({ sub: 'new-2' }) })
  expect(other.visitorId).not.toBe(known.visitorId)
  expect(await history(other.token)).toEqual([])
})

test('a token that is still good is kept, one that is not counts as none', async () => {
  const first = await session()
  expect(await session({ token: first.token })).toMatchObject({ token: first.token, visitorId: first.visitorId })
  const forged = await session({ token: `tbv_${'x'.repeat(43)}` })
  expect(forged.visitorId).not.toBe(first.visitorId)
  const elsewhere = await talk.shop()
  const moved = await talk.ask('POST', '/v1/visitor/sessions', {
    body: { channelId: elsewhere.channelId, token: first.token },
  })
  expect(moved.json().visitorId).not.toBe(first.visitorId)
})

test.each<[string, () => Promise<string>]>([
  ['signed with another secret', () => jwt({}, 'x'.repeat(32))],
  ['for another channel', () => jwt({ aud: newId('chn') })],
  ['expired', () => jwt({ exp: Math.floor(talk.parts.clock() / 1000) - 60 })],
  ['valid for longer than an hour', () => jwt({ exp: Math.floor(talk.parts.clock() / 1000) + 3700 })],
  ['without an end', () => jwt({ exp: undefined })],
  ['without a person', () => jwt({ sub: undefined })],
  ['of an empty person', () => jwt({ sub: '' })],
  ['of another algorithm', () => jwt({}, secret.repeat(2), 'HS512')],
  ['not signed at all', async () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}')}.`],
  ['no token at all', async () => 'hello'],
])('an identity is refused that is %s', async (_, identity) => {
  const answer = await begin({ identity: await identity() })
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'identity-invalid'])
  expect(answer.body).not.toMatch(/jose|JWS|signature/i)
})

test('where the business has no secret, nobody is vouched for', async () => {
  const plain = await talk.shop()
  const answer = await talk.ask('POST', '/v1/visitor/sessions', {
    body: { channelId: plain.channelId, identity: await jwt({ aud: plain.channelId }, '').catch(() => 'a.b.c') },
  })
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'identity-invalid'])
})

test('a site that is not on the channel’s list is refused everywhere', async () => {
  const foreign = { origin: 'https://evil.example' }
  const { token } = await session()
  for (const answer of [
    await begin({}, foreign),
    await talk.ask('GET', '/v1/visitor/messages', { token, headers: foreign }),
    await talk.ask('POST', '/v1/visitor/messages', {
      token,
      headers: foreign,
      body: { clientId: 'x', parts: [{ type: 'text', text: 'x' }] },
    }),
  ]) {
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'origin-foreign'])
  }
  await expect(talk.open('/v1/visitor/stream', token, { origin: 'https://evil.example' })).rejects.toThrow('403')
  const own = await talk.open('/v1/visitor/stream', token, { origin: 'https://shop.example' })
  await own.ready
  expect((await begin({}, { origin: 'https://shop.example' })).headers['access-control-allow-origin']).toBe('*')
  const preflight = await talk.ask('OPTIONS', '/v1/visitor/messages', { headers: { origin: 'https://shop.example' } })
  expect([preflight.statusCode, preflight.headers['access-control-allow-headers']]).toEqual([
    204,
    'authorization, content-type',
  ])
  expect(await history(token)).toEqual([])
})

test('a visitor reaches nothing but their own routes, and nobody else reaches those', async () => {
  const { token } = await session()
  for (const path of ['/v1/conversations', '/v1/contacts', '/v1/events', '/v1/channels']) {
    expect((await talk.ask('GET', path, { token })).json().code).toBe('permission-missing')
  }
  await expect(talk.open('/v1/stream', token)).rejects.toThrow('403')
  for (const wrong of [shop.admin.token, await talk.key(shop.tenant.id, ['*'])]) {
    expect((await talk.ask('GET', '/v1/visitor/messages', { token: wrong })).statusCode).toBe(403)
    await expect(talk.open('/v1/visitor/stream', wrong)).rejects.toThrow('403')
  }
  await expect(talk.open('/v1/visitor/stream', 'tbv_nonsense-nonsense-nonsense')).rejects.toThrow('401')
})

test.each([
  ['an unknown channel', { channelId: newId('chn') }, 404],
  ['a channel that is no id', { channelId: 'web' }, 400],
  ['an unknown member', { admin: true }, 400],
  ['claims that are no texts', { claims: { vip: true } }, 400],
  ['too many claims', { claims: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`c${i}`, 'x'])) }, 400],
])('a session with %s is refused', async (_, body, status) => {
  expect((await begin(body)).statusCode).toBe(status)
})

test.each([
  ['markup', [{ type: 'text', text: 'x', html: '<b>' }]],
  ['a file of another’s making', [{ type: 'image', blob: { locator: 'file:///etc/passwd' } }]],
  ['a card', [{ type: 'card', fallback: 'x' }]],
  ['nothing', []],
  ['too many parts', Array.from({ length: 11 }, () => ({ type: 'text', text: 'x' }))],
  ['a text without end', [{ type: 'text', text: 'x'.repeat(10_001) }]],
])('a visitor cannot say %s', async (_, parts) => {
  const { token } = await session()
  const answer = await talk.ask('POST', '/v1/visitor/messages', { token, body: { clientId: 'x', parts } })
  expect(answer.statusCode).toBe(400)
})
