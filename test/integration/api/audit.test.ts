/** The audit log: one entry for each act, with it or not at all, and nothing in it that is secret. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/api/audit/entries.ts'
import { sqlState } from '../../../src/core/platform/database.ts'
import type { Business, TestApi } from '../../support/api.ts'
import { startWholeApi } from '../../support/whole-api.ts'

let api: TestApi
let shop: Business
let others: Business
beforeAll(async () => {
  api = await startWholeApi()
  shop = await api.business()
  others = await api.business()
})
afterAll(() => api?.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  api.ask(method, path, { token: shop.admin.token, body, headers })

const entries = async (query: string): Promise<AuditEntry[]> => {
  const answer = await asAdmin('GET', `/v1/audit?limit=100&${query}`)
  expect(answer.statusCode).toBe(200)
  return answer.json().data
}

test('an entry says who did what to which record, from where, and what was there before and after', async () => {
  const headers = { 'user-agent': 'Konsole/1', 'x-request-id': 'trace-9' }
  const { id } = (await asAdmin('POST', '/v1/groups', { name: '售前' })).json()
  expect((await asAdmin('PATCH', `/v1/groups/${id}`, { name: '售后', offerSeconds: 20 }, headers)).statusCode).toBe(200)
  const [changed, made] = await entries(`subject=${id}`)
  expect(changed).toMatchObject({
    action: 'group.update',
    subject: id,
    actorId: shop.admin.member.id,
    credential: expect.stringMatching(/^ses_/),
    address: '127.0.0.1',
    userAgent: 'Konsole/1',
    requestId: 'trace-9',
    changes: expect.arrayContaining([
      { field: 'name', before: '售前', after: '售后' },
      { field: 'offerSeconds', before: 30, after: 20 },
    ]),
  })
  expect(made?.changes).toContainEqual({ field: 'name', before: null, after: '售前' })
  await asAdmin('PUT', `/v1/groups/${id}/members/${shop.agent.member.id}`, { level: 3 })
  const [joined] = await entries(`action=group-member.update`)
  expect(joined?.changes).toContainEqual({ field: 'level', before: null, after: 3 })
})

test('what failed, what changed nothing and what was only repeated leaves no entry', async () => {
  const key = { 'idempotency-key': 'once' }
  const { id } = (await asAdmin('POST', '/v1/groups', { name: '一次' }, key)).json()
  expect((await asAdmin('POST', '/v1/groups', { name: '一次' }, key)).headers['idempotency-replayed']).toBe('true')
  expect((await asAdmin('POST', '/v1/groups', { name: '一次' })).statusCode).toBe(409)
  expect((await asAdmin('PATCH', `/v1/groups/${id}`, { name: '一次' })).statusCode).toBe(200)
  expect((await asAdmin('PATCH', `/v1/groups/${id}`, { name: '二次' }, { 'if-match': '"v9"' })).statusCode).toBe(412)
  expect((await entries(`subject=${id}`)).map(({ action }) => action)).toEqual(['group.create'])
})

test('no secret gets into it', async () => {
  const hushed = `whsec_${Buffer.alloc(32, 'canary').toString('base64')}`
  const { key, secret } = (await asAdmin('POST', '/v1/api-keys', { name: 'CRM', scopes: ['event:read'] })).json()
  const channel = (
    await asAdmin('POST', '/v1/channels', {
      kind: 'custom',
      name: '自有',
      settings: { outboundUrl: 'https://shop.example/in', secret: hushed },
    })
  ).json()
  const endpoint = (await asAdmin('POST', '/v1/webhooks', { url: 'http://hook.invalid/' })).json()
  const rotated = (await asAdmin('POST', `/v1/webhooks/${endpoint.endpoint.id}/rotate-secret`)).json()
  const agent = shop.agent.member.id
  await asAdmin('PUT', `/v1/members/${agent}/password`, { password: 'canary-of-a-password' })
  const login = { login: shop.agent.member.email, password: 'canary-of-a-password', tenant: shop.tenant.slug }
  const { token } = (await api.ask('POST', '/v1/sessions', { body: login })).json()
  expect(token).toMatch(/^tbs_/)
  const kept = await api.read(shop.tenant.id, (tx) => tx.query<object>('select * from audit_entries'))
  const text = JSON.stringify(kept)
  for (const hidden of [secret, endpoint.secret, rotated.secret, token, shop.admin.token, hushed, 'canary']) {
    expect(text).not.toContain(hidden)
  }
  const actions = (await entries('')).map(({ action, subject }) => `${action} ${subject}`)
  expect(actions).toEqual(
    expect.arrayContaining([
      `key.create ${key.id}`,
      `channel.create ${channel.id}`,
      `webhook.create ${endpoint.endpoint.id}`,
      `webhook.rotate-secret ${endpoint.endpoint.id}`,
      `password.set ${agent}`,
    ]),
  )
  const [opened] = await entries('action=session.open')
  expect(opened).toMatchObject({ actorId: agent })
})

test('of a customer only the names of changed fields are kept, whichever way the contact is named', async () => {
  const { id } = (await asAdmin('PUT', '/v1/contacts/ext:crm:77', { name: '韩梅梅' })).json()
  await asAdmin('PUT', '/v1/contacts/ext:crm:77', { name: '韩梅梅' })
  await asAdmin('PUT', '/v1/contacts/ext:crm:77', { company: '汇流茶铺' })
  await asAdmin('PUT', `/v1/contacts/${id}/block`, { reason: '骚扰' })
  const kept = (await entries('action=contact.*')).filter(({ changes }) => changes.length > 0)
  expect(kept.map(({ action, changes }) => [action, changes.map(({ field }) => field)])).toEqual([
    ['contact.block', expect.arrayContaining(['blockedAt'])],
    ['contact.upsert', ['company', 'version']],
    ['contact.upsert', expect.arrayContaining(['name'])],
  ])
  expect(JSON.stringify(kept)).not.toMatch(/韩梅梅|骚扰|汇流茶铺/)
})

test('sensitive reads are entries too', async () => {
  await asAdmin('GET', '/v1/api-keys')
  await asAdmin('GET', '/v1/set-aside')
  await entries('action=member.update')
  const actions = (await entries('')).map(({ action }) => action)
  expect(actions).toEqual(expect.arrayContaining(['key.list', 'record.list', 'audit.read']))
})

test('it is filtered by action, actor, record and time, and read in pages', async () => {
  const before = new Date().toISOString()
  for (const name of ['甲', '乙', '丙']) await asAdmin('POST', '/v1/groups', { name })
  const query = `action=group.*&since=${before}&actorId=${shop.admin.member.id}`
  expect(await entries(query)).toHaveLength(3)
  expect(await entries(`${query}&until=${before}`)).toEqual([])
  expect(await entries(`${query.replace(shop.admin.member.id, shop.agent.member.id)}`)).toEqual([])
  const first = (await asAdmin('GET', `/v1/audit?${query}&limit=2`)).json()
  const second = (await asAdmin('GET', `/v1/audit?${query}&limit=2&cursor=${first.nextCursor}`)).json()
  expect([...first.data, ...second.data].map(({ changes }) => changes[0].after)).toEqual(['丙', '乙', '甲'])
})

test('only who has audit:read sees it, of the own tenant, and nobody changes it', async () => {
  for (const person of [others.agent, others.supervisor]) {
    const answer = await api.ask('GET', '/v1/audit', { token: person.token })
    expect(answer.json()).toMatchObject({ status: 403, code: 'permission-missing' })
  }
  const theirs = (await api.ask('GET', '/v1/audit', { token: others.admin.token })).json()
  expect(theirs.data).toEqual([])
  const refused = (sql: string) => api.read(shop.tenant.id, (tx) => tx.run(sql)).then(() => 'done', sqlState)
  expect(await refused(`update audit_entries set action = 'x.y'`)).toBe('42501')
  expect(await refused('delete from audit_entries')).toBe('42501')
})
