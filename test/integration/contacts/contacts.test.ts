import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { receiveInbound } from '../../../src/connectors/runtime/receive.ts'
import type { Inbound } from '../../../src/core/conversations/model.ts'
import { readFeed } from '../../../src/core/events/feed.ts'
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
const make = async (body: object = {}): Promise<Contact> => {
  const answer = await asAdmin('POST', '/v1/contacts', { name: '王芳', ...body })
  expect(answer.statusCode).toBe(201)
  return answer.json()
}
const namesOf = async (query: string) =>
  (await asAdmin('GET', `/v1/contacts?${query}`)).json().data.map((contact: Contact) => contact.name)
const textsOf = (messages: Message[]) => messages.map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))

test('a contact is made, read and changed; attributes are merged', async () => {
  const identities = [{ kind: 'email', address: 'fang@shop.example' }]
  const contact = await make({ attributes: { level: 'gold', city: '上海' }, identities })
  expect(contact).toMatchObject({
    name: '王芳',
    attributes: { level: 'gold', city: '上海' },
    claims: {},
    identities: [{ kind: 'email', scope: '', address: 'fang@shop.example', verified: false }],
    blocked: null,
    version: 1,
  })
  const path = `/v1/contacts/${contact.id}`
  const changed = await asAdmin('PATCH', path, { attributes: { city: null, since: '2020' } }, { 'if-match': '"v1"' })
  expect(changed.json()).toMatchObject({ name: '王芳', attributes: { level: 'gold', since: '2020' }, version: 2 })
  expect((await asAdmin('PATCH', path, { name: 'x' }, { 'if-match': '"v1"' })).json().code).toBe('version-stale')
  expect((await asAdmin('GET', path)).json()).toEqual(changed.json())
})

test('an address is one contact’s', async () => {
  const identities = [{ kind: 'phone', address: '+8613800000000' }]
  await make({ identities })
  const answer = await asAdmin('POST', '/v1/contacts', { name: '别人', identities })
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'identity-taken'])
  expect(await namesOf('search=%2B86138')).toEqual(['王芳'])
})

test('contacts are found by the beginning of name or address, whatever stands in it', async () => {
  await make({ name: 'Zoë 100%_sure', identities: [{ kind: 'email', address: 'Zoe@Example.org' }] })
  expect(await namesOf('search=zo%C3%AB')).toEqual(['Zoë 100%_sure'])
  expect(await namesOf('search=zoe%40')).toEqual(['Zoë 100%_sure'])
  expect(await namesOf('search=%25')).toEqual([])
  expect(await namesOf('search=_o')).toEqual([])
  expect(await namesOf(`search=${encodeURIComponent("'; drop table contacts; --")}`)).toEqual([])
})

/** Something that is said on the shop's channel, whether or not it is taken in; resolves when ingest has seen it. */
async function say(person: string, text: string, more: Partial<Extract<Inbound, { kind: 'message' }>> = {}) {
  const key = newId('evt')
  await receiveInbound(talk.bus, { tenantId: shop.tenant.id, channelId: shop.channelId }, [
    {
      kind: 'message',
      key,
      peer: person,
      at: new Date().toISOString(),
      from: { kind: 'visitor', scope: shop.channelId, address: person, name: person },
      parts: [{ type: 'text', text }],
      ...more,
    },
  ])
  await eventually(async () => {
    const seen = await talk.read(shop.tenant.id, (tx) =>
      tx.query('select 1 from inbound_seen where tenant_id = $1 and key = $2', tx.tenantId, key),
    )
    return seen.length > 0
  })
}

test('of somebody on the blocklist nothing is taken in, until they are off it or its time is over', async () => {
  const { contactId, id } = await talk.hear(shop, 'rude', 'first')
  const path = `/v1/contacts/${contactId}/block`
  const blocked = await asAdmin('PUT', path, { reason: '骚扰', until: new Date(Date.now() + 3_600_000).toISOString() })
  expect(blocked.json().blocked).toMatchObject({ reason: '骚扰', until: expect.any(String) })
  expect(await namesOf('blocked=true')).toContain('rude')
  expect(await namesOf('blocked=false')).not.toContain('rude')
  await say('rude', 'unheard')
  expect((await asAdmin('DELETE', path)).json().blocked).toBeNull()
  await say('rude', 'heard')
  const { data } = (await asAdmin('GET', `/v1/conversations/${id}/messages?limit=100`)).json()
  expect(textsOf(data)).toEqual(['first', 'heard'])

  await asAdmin('PUT', path, { until: new Date(Date.now() + 3_600_000).toISOString() })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update contacts set blocked_until = now() - interval '1 second' where tenant_id = $1 and id = $2`,
      tx.tenantId,
      contactId,
    ),
  )
  expect((await asAdmin('GET', `/v1/contacts/${contactId}`)).json().blocked).toBeNull()
  expect((await asAdmin('PUT', path, { until: '2020-01-01T00:00:00.000Z' })).json().code).toBe('block-over')
})

describe('the blocklist by address', () => {
  const path = '/v1/blocked-identities'
  const visitor = (address: string) => ({ kind: 'visitor', scope: shop.channelId, address })
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
  const listed = async (query = '') => (await asAdmin('GET', `${path}${query}`)).json().data

  test('of an address on it nothing is taken in and nobody is made, before there is a contact and after', async () => {
    const made = await asAdmin('POST', path, { ...visitor('spammer'), reason: '广告' })
    expect([made.statusCode, made.headers.location]).toEqual([201, `${path}/${made.json().id}`])
    expect(made.json()).toMatchObject({
      ...visitor('spammer'),
      contactId: null,
      reason: '广告',
      until: null,
      blockedBy: shop.admin.member.id,
    })
    await say('spammer', 'unheard')
    expect(await namesOf('search=spammer')).toEqual([])
    expect((await asAdmin('DELETE', `${path}/${made.json().id}`)).statusCode).toBe(204)
    await say('spammer', 'heard')
    expect(await namesOf('search=spammer')).toEqual(['spammer'])

    const [{ id: contactId }] = (await asAdmin('GET', '/v1/contacts?search=spammer')).json().data
    const again = (await asAdmin('POST', path, visitor('spammer'))).json()
    expect(again).toMatchObject({ contactId, reason: null })
    expect(await listed(`?contactId=${contactId}`)).toEqual([again])
    await say('spammer', 'unheard again')
    const thread = (await asAdmin('GET', `/v1/contacts/${contactId}/thread`)).json()
    expect(textsOf(thread.data)).toEqual(['heard'])
    await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
    const told = await talk.read(shop.tenant.id, (tx) => readFeed(tx, shop.tenant.id, 0, 1000))
    expect(told.map(({ type }) => type).filter((type) => type.startsWith('identity.'))).toEqual([
      'identity.blocked',
      'identity.unblocked',
      'identity.blocked',
    ])
  })

  test('what a blocked member says in a group is left out, what others say there is not', async () => {
    await asAdmin('POST', path, visitor('loud'))
    const chat = { kind: 'group' as const, title: '团购群' }
    await say('group-1', 'quiet words', { from: { ...visitor('calm') }, chat })
    await say('group-1', 'loud words', { from: { ...visitor('loud') }, chat })
    await say('group-1', 'more quiet words', { from: { ...visitor('calm') }, chat })
    const [{ id }] = (await asAdmin('GET', `/v1/contacts?search=${encodeURIComponent('团购群')}`)).json().data
    const { data } = (await asAdmin('GET', `/v1/contacts/${id}/thread`)).json()
    expect(textsOf(data)).toEqual(['more quiet words', 'quiet words'])
  })

  test('a phone number is one, however it is written; again it changes reason and end', async () => {
    const first = (await asAdmin('POST', path, { kind: 'phone', address: '138 0013 8999', until: inAnHour() })).json()
    expect(first).toMatchObject({ address: '+8613800138999', until: expect.any(String) })
    const again = await asAdmin('POST', path, { kind: 'phone', address: '+86 138-0013-8999', reason: '骚扰' })
    expect([again.statusCode, again.json()]).toEqual([200, { ...first, reason: '骚扰', until: null }])
    expect(await listed('?address=13800138999')).toEqual([again.json()])
    expect(await listed('?kind=phone')).toEqual([again.json()])
    expect((await asAdmin('GET', `${path}/${first.id}`)).json()).toEqual(again.json())
  })

  test('one that has run out is none: what comes is taken in, and it may be blocked anew', async () => {
    const { id } = (await asAdmin('POST', path, { ...visitor('briefly'), until: inAnHour() })).json()
    const over = () =>
      talk.read(shop.tenant.id, (tx) =>
        tx.run(
          `update blocked_identities set until = now() - interval '1 second' where tenant_id = $1 and id = $2`,
          tx.tenantId,
          id,
        ),
      )
    await over()
    await say('briefly', 'heard')
    expect(await namesOf('search=briefly')).toEqual(['briefly'])
    expect(await listed('?address=briefly')).toEqual([])
    expect((await asAdmin('GET', `${path}/${id}`)).json().code).toBe('block-unknown')
    expect((await asAdmin('DELETE', `${path}/${id}`)).json().code).toBe('block-unknown')
    const renewed = await asAdmin('POST', path, visitor('briefly'))
    expect([renewed.statusCode, renewed.json().id === id]).toEqual([201, false])
  })

  test('what is no address, or over already, is refused by name; an agent may look and not touch', async () => {
    const refused = async (body: object) => {
      const { code, errors } = (await asAdmin('POST', path, body)).json()
      return [code, errors?.[0]?.pointer]
    }
    expect(await refused({ kind: 'phone', address: '没有' })).toEqual(['identity-malformed', '/address'])
    expect(await refused({ kind: 'x', address: 'y', until: '2020-01-01T00:00:00.000Z' })).toEqual([
      'block-over',
      '/until',
    ])
    const { token } = shop.agent
    expect((await talk.ask('GET', path, { token })).statusCode).toBe(200)
    expect((await talk.ask('POST', path, { token, body: visitor('x') })).statusCode).toBe(403)
  })

  test('the same address is another shop’s customer; its list says nothing of it', async () => {
    const other = await talk.shop()
    const { id } = (await asAdmin('POST', path, { kind: 'custom', address: 'shared' })).json()
    const { token } = other.admin
    expect((await talk.ask('GET', path, { token })).json().data).toEqual([])
    expect((await talk.ask('DELETE', `${path}/${id}`, { token })).json().code).toBe('block-unknown')
    expect((await asAdmin('GET', `${path}/${id}`)).statusCode).toBe(200)
  })
})

test('the thread holds all a contact said and was told, over conversations, newest first and in pages', async () => {
  const first = await talk.hear(shop, 'old friend', '1')
  await talk.hear(shop, 'old friend', '2')
  await asAdmin(
    'POST',
    `/v1/conversations/${first.id}/messages`,
    { parts: [{ type: 'text', text: '3' }] },
    { 'idempotency-key': newId('job') },
  )
  await talk.ask('POST', `/v1/conversations/${first.id}/close`, { token: shop.admin.token })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set closed_at = now() - interval '1 day' where tenant_id = $1 and id = $2`,
      tx.tenantId,
      first.id,
    ),
  )
  const second = await talk.hear(shop, 'old friend', '4')
  expect(second.id).not.toBe(first.id)
  const seen: string[] = []
  let cursor = ''
  for (;;) {
    const page = (await asAdmin('GET', `/v1/contacts/${first.contactId}/thread?limit=2${cursor}`)).json()
    seen.push(...textsOf(page.data))
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(seen).toEqual(['4', '3', '2', '1'])
})

test('an agent reads the thread of those whom they serve', async () => {
  const mine = await talk.hear(shop, 'served', 'x')
  const stranger = await talk.person(shop.tenant.id, { role: 'agent' })
  const read = (token: string) => talk.ask('GET', `/v1/contacts/${mine.contactId}/thread`, { token })
  expect((await read(shop.agent.token)).statusCode).toBe(200)
  const hidden = await read(stranger.token)
  expect([hidden.statusCode, hidden.json().code]).toEqual([403, 'thread-hidden'])
  await talk.assign(shop, mine.id, stranger.member.id)
  expect((await read(stranger.token)).statusCode).toBe(200)
  expect((await read(shop.agent.token)).statusCode).toBe(403)
})

test('a contact that was merged points on: reading, changing, blocking and the thread follow', async () => {
  const old = await talk.hear(shop, 'before the merge', 'old words')
  const into = await make({ name: '合并后' })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      'update contacts set merged_into = $3 where tenant_id = $1 and id = $2',
      tx.tenantId,
      old.contactId,
      into.id,
    ),
  )
  const path = `/v1/contacts/${old.contactId}`
  expect((await asAdmin('GET', path)).json().id).toBe(into.id)
  expect((await asAdmin('PATCH', path, { name: '新名' })).json()).toMatchObject({ id: into.id, name: '新名' })
  expect((await asAdmin('PUT', `${path}/block`, {})).json().id).toBe(into.id)
  expect((await asAdmin('DELETE', `${path}/block`)).json().blocked).toBeNull()
  expect(textsOf((await asAdmin('GET', `/v1/contacts/${into.id}/thread`)).json().data)).toEqual(['old words'])
  expect(textsOf((await asAdmin('GET', `${path}/thread`)).json().data)).toEqual(['old words'])
  expect(await namesOf('search=before')).toEqual(['新名'])
})

test('pages of contacts lose and repeat none while others appear', async () => {
  const here = await talk.shop()
  const token = here.admin.token
  const add = async (name: string) => (await talk.ask('POST', '/v1/contacts', { token, body: { name } })).json().id
  const ids: string[] = []
  for (let i = 0; i < 9; i++) ids.push(await add(`n${i}`))
  const seen: string[] = []
  let cursor = ''
  for (;;) {
    const page = (await talk.ask('GET', `/v1/contacts?limit=2${cursor}`, { token })).json()
    seen.push(...page.data.map((contact: Contact) => contact.id))
    await add('meanwhile')
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(seen).toEqual(ids.toReversed())
})

test.each([
  ['no name', {}],
  ['a blank name', { name: ' ' }],
  ['an unknown member', { name: 'x', vip: true }],
  ['attributes that are no texts', { name: 'x', attributes: { level: 3 } }],
  [
    'too many attributes',
    { name: 'x', attributes: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`a${i}`, ''])) },
  ],
  ['an identity without an address', { name: 'x', identities: [{ kind: 'email' }] }],
])('a contact with %s is refused', async (_, body) => {
  expect((await asAdmin('POST', '/v1/contacts', body)).statusCode).toBe(400)
})

test('attributes cannot be added without end, one change after another', async () => {
  const { id } = await make()
  const attributes = (from: number) => Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a${from + i}`, 'x']))
  expect((await asAdmin('PATCH', `/v1/contacts/${id}`, { attributes: attributes(0) })).statusCode).toBe(200)
  expect((await asAdmin('PATCH', `/v1/contacts/${id}`, { attributes: attributes(30) })).json().code).toBe(
    'attributes-too-many',
  )
})

test('another tenant’s contact does not exist', async () => {
  const { id } = await make()
  const other = await talk.shop()
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['PUT', '/block', {}],
    ['DELETE', '/block', undefined],
    ['GET', '/thread', undefined],
  ] as const) {
    const answer = await talk.ask(method, `/v1/contacts/${id}${path}`, { token: other.admin.token, body })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'contact-unknown'])
  }
})
