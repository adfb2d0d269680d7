import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Signal, Signals } from '../../../src/core/conversations/signals.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Client, startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

test('an agent hears of a waiting conversation of their group, and of what is said in it', async () => {
  const client = await talk.open('/v1/stream', shop.agent.token)
  const ready = await client.ready
  expect(ready).toEqual({
    v: 1,
    type: 'stream.ready',
    epoch: expect.any(String),
    seq: expect.any(Number),
    recovered: false,
  })
  const conversation = await talk.hear(shop, 'ann', '在吗')
  const opened = await client.frame('conversation.opened')
  expect(opened).toMatchObject({
    v: 1,
    id: expect.stringMatching(/^evt_/),
    epoch: ready.epoch,
    subject: conversation.id,
    data: { conversation: { id: conversation.id, heldBy: 'queue', contactName: 'ann' } },
  })
  const said = await client.frame('message.created')
  expect(said.data.message).toMatchObject({
    conversationId: conversation.id,
    number: 1,
    parts: [{ type: 'text', text: '在吗' }],
  })
  const order = client.events.map((frame) => frame.seq)
  expect(order).toEqual(order.toSorted((a, b) => (a ?? 0) - (b ?? 0)))
})

test('a resumed stream brings exactly what was missed, then says that it did', async () => {
  const client = await talk.open('/v1/stream', shop.admin.token)
  const { epoch, seq } = await client.ready
  client.end()
  const conversation = await talk.hear(shop, 'bob', 'eins')
  await talk.hear(shop, 'bob', 'zwei')
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const again = await talk.open('/v1/stream', shop.admin.token, { since: `${epoch}:${seq}` })
  const ready = await again.ready
  expect(ready.recovered).toBe(true)
  const before = again.frames.slice(0, again.frames.indexOf(ready))
  expect(before.map((frame) => frame.seq)).toEqual(Array.from({ length: before.length }, (_, i) => (seq ?? 0) + i + 1))
  expect(before.filter((frame) => frame.subject === conversation.id).map((frame) => frame.type)).toEqual([
    'conversation.opened',
    'conversation.queued',
    'message.created',
    'message.created',
  ])
})

test('queues and agents are told as they change, to those who ask and may', async () => {
  const { token } = shop.supervisor
  const client = await talk.open('/v1/stream', token)
  await client.ready
  const monitors = () => client.frames.filter(({ type }) => type === 'monitor')
  client.send({ type: 'monitor', on: true, ref: 'm' })
  const [first] = await eventually(() => (monitors().length > 0 ? monitors() : undefined))
  expect(first).toMatchObject({ v: 1, whole: true, gone: [] })
  expect(first?.queues).toContainEqual(expect.objectContaining({ groupId: shop.groupId, members: 1 }))
  expect(first?.agents.map(({ memberId }: { memberId: string }) => memberId)).toEqual([shop.agent.member.id])
  const made = await talk.ask('POST', '/v1/groups', { token: shop.admin.token, body: { name: '夜班' } })
  const groupId = made.json().id
  const [, second] = await eventually(() => (monitors().length > 1 ? monitors() : undefined))
  expect(second).toMatchObject({ whole: false, queues: [{ groupId, waiting: 0 }], agents: [], gone: [] })
  await talk.ask('DELETE', `/v1/groups/${groupId}`, { token: shop.admin.token, headers: { 'if-match': '*' } })
  const [, , third] = await eventually(() => (monitors().length > 2 ? monitors() : undefined))
  expect(third).toMatchObject({ whole: false, queues: [], agents: [], gone: [groupId] })

  const agent = await talk.open('/v1/stream', shop.agent.token)
  await agent.ready
  agent.send({ type: 'monitor', on: true, ref: 'm' })
  expect(await agent.frame('refused')).toMatchObject({ ref: 'm', code: 'permission-missing' })
})

test('two shops side by side: stream and feed of each tell of its own alone', async () => {
  const other = await talk.shop()
  const ours = await talk.open('/v1/stream', shop.admin.token)
  const theirs = await talk.open('/v1/stream', other.admin.token)
  const begun = await ours.ready
  await theirs.ready
  // The same person's address, and the same acts, at the same time.
  const [mine, yours] = await Promise.all([talk.hear(shop, 'both', 'to us'), talk.hear(other, 'both', 'to them')])
  for (const [place, { contactId }] of [
    [shop, mine],
    [other, yours],
  ] as const) {
    const { token } = place.admin
    await talk.ask('PUT', `/v1/contacts/${contactId}/block`, { token, body: { reason: 'x' } })
    await talk.ask('POST', '/v1/blocked-identities', { token, body: { kind: 'custom', address: 'both' } })
  }
  for (const [client, own, foreign] of [
    [ours, mine, yours],
    [theirs, yours, mine],
  ] as const) {
    await client.frame('identity.blocked')
    const told = JSON.stringify(client.frames)
    expect(told).toContain(own.contactId)
    expect(told).not.toContain(foreign.contactId)
    expect(told).not.toContain(foreign.id)
  }
  for (const [place, own, foreign] of [
    [shop, mine, yours],
    [other, yours, mine],
  ] as const) {
    const feed = (await talk.ask('GET', '/v1/events?limit=100', { token: place.admin.token })).body
    expect(feed).not.toContain(foreign.contactId)
    if (place === other) expect(feed).toContain(own.contactId)
  }
  // A place in one's history means nothing in another's.
  const stray = await talk.open('/v1/stream', other.admin.token, { since: `${begun.epoch}:${begun.seq}` })
  await stray.ready
  expect(JSON.stringify(stray.frames)).not.toContain(mine.contactId)
})

test.each(['zzzz:1', '0000:0'])('a place of another history is not recovered: %s', async (since) => {
  const client = await talk.open('/v1/stream', shop.admin.token, { since })
  expect((await client.ready).recovered).toBe(false)
})

test('a place that has not been yet is not recovered', async () => {
  const first = await talk.open('/v1/stream', shop.admin.token)
  const { epoch, seq } = await first.ready
  const client = await talk.open('/v1/stream', shop.admin.token, { since: `${epoch}:${(seq ?? 0) + 50}` })
  expect(await client.ready).toMatchObject({ recovered: false, seq })
})

test('what is true for a moment is heard in other processes too', async () => {
  const other = new Signals(talk.db, silentLog)
  await other.start()
  const heard: [Signal, boolean][] = []
  other.on((signal, local) => heard.push([signal, local]))
  const { id } = await talk.hear(shop, 'typist', 'x')
  await talk.ask('POST', `/v1/conversations/${id}/typing`, { token: shop.admin.token })
  const [signal, local] = await eventually(() => heard[0])
  expect(signal).toMatchObject({ type: 'typing', conversationId: id, by: { kind: 'member', id: shop.admin.member.id } })
  expect(local).toBe(false)
  await other.stop()
})

test('a credential has so many streams at once and no more', async () => {
  const token = await talk.key(shop.tenant.id, ['stream:read'])
  const clients: Client[] = []
  for (let i = 0; i < 30; i++) clients.push(await talk.open('/v1/stream', token))
  const refused = await talk.open('/v1/stream', token)
  expect(await eventually(() => refused.closed)).toMatchObject({ code: 4008 })
  const events = await talk.ask('GET', '/v1/stream', { token, headers: { accept: 'text/event-stream' } })
  expect([events.statusCode, events.json().code]).toEqual([429, 'streams-too-many'])
  clients[0]?.end()
  await eventually(
    () => [...talk.streams.hub.subscriptions].filter(({ reader }) => reader.principal.kind === 'key').length < 30,
  )
  expect(await (await talk.open('/v1/stream', token)).ready).toMatchObject({ recovered: false })
})

test('GET /v1/events tells the same events by pages, of the types asked for', async () => {
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  const token = shop.admin.token
  const page = async (query: string) => (await talk.ask('GET', `/v1/events?${query}`, { token })).json()
  const all = await page('limit=1000')
  expect(all.endOfStream).toBe(true)
  const seqs = all.data.map((frame: { seq: number }) => frame.seq)
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1))
  const seen: unknown[] = []
  let after = ''
  for (;;) {
    const { data, next, endOfStream } = await page(`limit=7${after}`)
    seen.push(...data)
    after = `&after=${next}`
    if (endOfStream) break
  }
  expect(seen).toEqual(all.data)
  expect(await page(`limit=7${after}`)).toMatchObject({ data: [], endOfStream: true })
  const said = await page('limit=1000&types=message.created,contact.created')
  expect(new Set(said.data.map((frame: { type: string }) => frame.type))).toEqual(
    new Set(['message.created', 'contact.created']),
  )
  expect((await page('types=message.invented')).code).toBe('event-type-unknown')
  expect((await page('after=zzz:1')).code).toBe('position-gone')
  expect((await page('after=now')).code).toBe('request-invalid')
})
