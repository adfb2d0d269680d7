import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeys } from '../../../src/api/routes/api-keys.ts'
import { me } from '../../../src/api/routes/me.ts'
import { members } from '../../../src/api/routes/members.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([apiKeys, me, members])
  shop = await api.business()
})
afterAll(() => api.close())

const make = (scopes: string[], token = shop.admin.token) =>
  api.ask('POST', '/v1/api-keys', { token, body: { name: 'CRM', scopes } })

test('a key is shown once and may do what its scopes say', async () => {
  const answer = await make(['member:read'])
  expect(answer.statusCode).toBe(201)
  const { key, secret } = answer.json()
  expect(secret).toMatch(/^tbk_[\w-]{8}_[\w-]{43}_[0-9A-Za-z]{6}$/)
  expect(secret.startsWith(key.prefix)).toBe(true)
  expect(await api.ask('GET', '/v1/me', { token: secret }).then((who) => who.json())).toMatchObject({
    principal: { kind: 'key', id: key.id },
    member: null,
    permissions: ['member:read'],
  })
  expect((await api.ask('GET', '/v1/members', { token: secret })).statusCode).toBe(200)
  expect((await make(['member:read'], secret)).json()).toMatchObject({ code: 'permission-missing' })
  const [row] = await api.db.ground<{ row: string }>('select k::text as row from api_keys k where id = $1', key.id)
  expect(row?.row).not.toContain(secret.slice(13, 56))
})

test('a key’s last use is kept to the minute', async () => {
  const { key, secret } = (await make(['member:read'])).json()
  const used = async () =>
    (await api.ask('GET', '/v1/api-keys?limit=100', { token: shop.admin.token }))
      .json()
      .data.find((one: { id: string }) => one.id === key.id).usedAt
  expect(await used()).toBeNull()
  await api.ask('GET', '/v1/me', { token: secret })
  const first = await used()
  expect(first).not.toBeNull()
  await api.ask('GET', '/v1/me', { token: secret })
  expect(await used()).toBe(first)
  api.pass(61_000)
  await api.ask('GET', '/v1/me', { token: secret })
  expect(await used()).not.toBe(first)
})

test('a revoked key is refused from the next request on', async () => {
  const { key, secret } = (await make(['*'])).json()
  expect((await api.ask('GET', '/v1/me', { token: secret })).statusCode).toBe(200)
  expect((await api.ask('DELETE', `/v1/api-keys/${key.id}`, { token: shop.admin.token })).statusCode).toBe(204)
  expect((await api.ask('GET', '/v1/me', { token: secret })).json()).toMatchObject({ code: 'credential-invalid' })
  const again = await api.ask('DELETE', `/v1/api-keys/${key.id}`, { token: shop.admin.token })
  expect(again.json()).toMatchObject({ code: 'key-unknown' })
})

test('a key with the right lookup and another secret is refused', async () => {
  const one = (await make(['*'])).json().secret
  const two = (await make(['*'])).json().secret
  const mixed = one.slice(0, 13) + two.slice(13)
  for (const token of [mixed, one.slice(0, -1), `${one}x`, one.toLowerCase()]) {
    expect((await api.ask('GET', '/v1/me', { token })).json()).toMatchObject({ code: 'credential-invalid' })
  }
})

test('a key is never worth more than whoever makes it', async () => {
  const minting = (await make(['key:write', 'event:read'])).json().secret
  expect((await make(['event:read'], minting)).statusCode).toBe(201)
  for (const scopes of [['*'], ['admin'], ['event:read', 'member:write']]) {
    const refused = await make(scopes, minting)
    expect(refused.statusCode).toBe(403)
    expect(refused.json()).toMatchObject({ code: 'permission-exceeded' })
  }
})

test('a scope that does not exist is named', async () => {
  expect((await make(['event:read', 'event:reed'])).json()).toMatchObject({
    code: 'scope-unknown',
    errors: [{ pointer: '/scopes/1' }],
  })
})

test('keys of another tenant can neither be seen nor revoked', async () => {
  const other = await api.business()
  const { key } = (await make(['event:read'])).json()
  const { token } = other.admin
  expect((await api.ask('GET', '/v1/api-keys', { token })).json()).toEqual({ data: [], nextCursor: null })
  expect((await api.ask('DELETE', `/v1/api-keys/${key.id}`, { token })).statusCode).toBe(404)
})
