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

test('of somebody on the blocklist nothing is taken in, until they are off it or its time is over', async () => {
  const { contactId, id } = await talk.hear(shop, 'rude', 'first')
  const path = `/v1/contacts/${contactId}/block`
  const blocked = await asAdmin('PUT', path, { reason: '骚扰', until: new Date(Date.now() + 3_600_000).toISOString() })
  expect(blocked.json().blocked).toMatchObject({ reason: '骚扰', until: expect.any(String) })
  expect(await namesOf('blocked=true')).toContain('rude')
  expect(await namesOf('blocked=false')).not.toContain('rude')
  const { receiveInbound } = await import('../../../src/connectors/runtime/receive.ts')
  const say = async (person: string, text: string) => {
    const key = newId('evt')
    await receiveInbound(talk.bus, { tenantId: shop.tenant.id, channelId: shop.channelId }, [
      {
        kind: 'message',
        key,
        peer: person,
        at: new Date().toISOString(),
        from: { kind: 'visitor', scope: shop.channelId, address: person, name: person },
        parts: [{ type: 'text', text }],
      },
    ])
    await eventually(async () => {
      const seen = await talk.read(shop.tenant.id, (tx) =>
        tx.query('select 1 from inbound_seen where tenant_id = $1 and key = $2', tx.tenantId, key),
      )
      return seen.length > 0
    })
  }
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
