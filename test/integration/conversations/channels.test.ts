import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  findServedChannel,
  listServedChannels,
  openChannelSettings,
  reportChannelState,
} from '../../../src/core/conversations/served-channels.ts'
import type { Channel } from '../../../src/core/events/shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

const secret = 'a-secret-of-the-business-32-chars'
const second = 'another-secret-of-the-business-32'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  talk.ask(method, path, { token: shop.admin.token, body, headers })
const make = async (settings: object = {}): Promise<Channel> => {
  const answer = await asAdmin('POST', '/v1/channels', { kind: 'webchat', name: '网站', settings })
  expect(answer.statusCode).toBe(201)
  return answer.json()
}
/** What the connector would get. */
const opened = async (id: string) => {
  const channel = await findServedChannel(talk.db, id)
  return channel && openChannelSettings(talk.parts.vault, channel)
}

test('a channel is set up, and its secrets are never seen again', async () => {
  const settings = { origins: ['https://shop.example'], identitySecrets: [secret] }
  const channel = await make(settings)
  expect(channel).toMatchObject({
    kind: 'webchat',
    name: '网站',
    settings: { origins: ['https://shop.example'], identitySecrets: '****' },
    groupId: null,
    enabled: true,
    state: { state: 'offline' },
    version: 1,
  })
  const everywhere = JSON.stringify([
    (await asAdmin('GET', `/v1/channels/${channel.id}`)).json(),
    (await asAdmin('GET', '/v1/channels?limit=100')).json(),
    await talk.emitted(shop.tenant.id),
    await talk.db.ground('select data from events where tenant_id = $1', shop.tenant.id),
    await talk.db.ground('select settings, secrets from channels where id = $1', channel.id),
  ])
  expect(everywhere).not.toContain(secret)
  expect(await opened(channel.id)).toEqual(settings)
})

test('a secret sent back as it is shown stays; null takes it away; another replaces it', async () => {
  const { id } = await make({ identitySecrets: [secret] })
  const patch = async (settings: object) => {
    const answer = await asAdmin('PATCH', `/v1/channels/${id}`, { settings })
    expect(answer.statusCode).toBe(200)
    return answer.json().settings
  }
  const shown = await patch({ identitySecrets: '****', look: { title: '小店' } })
  expect(shown).toEqual({ identitySecrets: '****', look: { title: '小店' } })
  expect(await opened(id)).toEqual({ identitySecrets: [secret], look: { title: '小店' } })
  await patch({ identitySecrets: [secret, second] })
  expect(await opened(id)).toMatchObject({ identitySecrets: [secret, second] })
  expect(await patch({ identitySecrets: null })).toEqual({ look: { title: '小店' } })
  expect(await opened(id)).toEqual({ look: { title: '小店' } })
})

test('a sealed secret does not open in another place', async () => {
  const [one, two] = [await make({ identitySecrets: [secret] }), await make({ identitySecrets: [second] })]
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update channels set secrets = (select secrets from channels where tenant_id = $1 and id = $2)
        where tenant_id = $1 and id = $3`,
      tx.tenantId,
      one.id,
      two.id,
    ),
  )
  await expect(opened(two.id)).rejects.toMatchObject({ code: 'secret-unreadable' })
})

test.each([
  ['an unknown setting', { colour: 'red' }, '/settings/colour'],
  ['a site that is no origin', { origins: ['https://shop.example/path'] }, '/settings/origins/0'],
  ['a secret that is too short', { identitySecrets: ['short'] }, '/settings/identitySecrets/0'],
  ['the mask where there is no secret', { identitySecrets: '****' }, '/settings/identitySecrets'],
])('%s is refused by name, without its value', async (_, settings, pointer) => {
  const answer = await asAdmin('POST', '/v1/channels', { kind: 'webchat', name: 'x', settings })
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'channel-settings-invalid'])
  expect(answer.json().errors).toContainEqual({ pointer, detail: expect.any(String) })
  expect(answer.body).not.toContain('short')
})

test.each([
  ['an unknown kind', { kind: 'pigeon', name: 'x' }, 400, 'channel-kind-unknown'],
  ['a group that is not there', { kind: 'webchat', name: 'x', groupId: newId('grp') }, 400, 'group-unknown'],
  ['a blank name', { kind: 'webchat', name: '  ' }, 400, 'request-invalid'],
  ['an unknown member', { kind: 'webchat', name: 'x', owner: 'me' }, 400, 'request-invalid'],
])('a channel with %s is refused', async (_, body, status, code) => {
  const answer = await asAdmin('POST', '/v1/channels', body)
  expect([answer.statusCode, answer.json().code]).toEqual([status, code])
})

test('two who change the same channel do not overwrite each other', async () => {
  const { id } = await make()
  const headers = { 'if-match': '"v1"' }
  const first = await asAdmin('PATCH', `/v1/channels/${id}`, { name: '一' }, headers)
  expect([first.statusCode, first.headers.etag]).toEqual([200, '"v2"'])
  const late = await asAdmin('PATCH', `/v1/channels/${id}`, { name: '二' }, headers)
  expect([late.statusCode, late.json().code]).toEqual([412, 'version-stale'])
  expect((await asAdmin('DELETE', `/v1/channels/${id}`, undefined, headers)).statusCode).toBe(412)
  expect((await asAdmin('GET', `/v1/channels/${id}`)).json().name).toBe('一')
})

test('a channel that was taken away is unknown, to the API, to the runtime and to visitors', async () => {
  const { id } = await make({ identitySecrets: [secret] })
  expect((await asAdmin('DELETE', `/v1/channels/${id}`)).statusCode).toBe(204)
  for (const method of ['GET', 'DELETE'] as const) {
    const answer = await asAdmin(method, `/v1/channels/${id}`)
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'channel-unknown'])
  }
  expect(await findServedChannel(talk.db, id)).toBeUndefined()
  expect((await listServedChannels(talk.db)).map((channel) => channel.id)).not.toContain(id)
  expect((await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: id } })).statusCode).toBe(404)
  const kept = await talk.db.ground<{ secrets: object }>('select secrets from channels where id = $1', id)
  expect(kept).toEqual([{ secrets: {} }])
})

test('a channel that is switched off is not served', async () => {
  const { id } = await make()
  await asAdmin('PATCH', `/v1/channels/${id}`, { enabled: false })
  expect(await findServedChannel(talk.db, id)).toBeUndefined()
  await asAdmin('PATCH', `/v1/channels/${id}`, { enabled: true })
  expect(await findServedChannel(talk.db, id)).toMatchObject({ id, tenantId: shop.tenant.id, kind: 'webchat' })
})

test('what a channel reports of itself is told when it changes', async () => {
  const { id } = await make()
  const of = { tenantId: shop.tenant.id, channelId: id }
  const report = (state: Channel['state']) =>
    talk.db.work('test', [shop.tenant.id], (tx) => reportChannelState(tx, of, state))
  expect(await report({ state: 'online' })).toBe(true)
  expect(await report({ state: 'online' })).toBe(false)
  expect(await report({ state: 'needs-login', scan: 'weixin://x' })).toBe(true)
  expect((await asAdmin('GET', `/v1/channels/${id}`)).json().state).toEqual({
    state: 'needs-login',
    scan: 'weixin://x',
  })
})

test('kinds are listed with the form of their settings; the hook’s address is told where there is one', async () => {
  const { data } = (await asAdmin('GET', '/v1/channel-kinds')).json()
  expect(data.map((kind: { kind: string }) => kind.kind)).toEqual(expect.arrayContaining(['webchat', 'custom']))
  expect(data.find((kind: { kind: string }) => kind.kind === 'webchat').schema.properties).toHaveProperty('origins')
  expect((await make()).hookUrl).toBeNull()
})

test('agents read channels and change none; other tenants see none of them', async () => {
  const { id } = await make()
  const other = await talk.shop()
  expect((await talk.ask('GET', `/v1/channels/${id}`, { token: shop.agent.token })).statusCode).toBe(200)
  for (const [method, body] of [
    ['PATCH', { name: 'x' }],
    ['DELETE', undefined],
  ] as const) {
    const mine = await talk.ask(method, `/v1/channels/${id}`, { token: shop.agent.token, body })
    expect(mine.json().code).toBe('permission-missing')
    const theirs = await talk.ask(method, `/v1/channels/${id}`, { token: other.admin.token, body })
    expect(theirs.json().code).toBe('channel-unknown')
  }
})
