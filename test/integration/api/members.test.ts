import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { members } from '../../../src/api/routes/members.ts'
import { sessions } from '../../../src/api/routes/sessions.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([members, sessions])
  shop = await api.business()
})
afterAll(() => api.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, body?: unknown, headers = {}) =>
  api.ask(method, path, { token: shop.admin.token, body, headers })

const fresh = async () => (await api.person(shop.tenant.id, { role: 'agent' })).member

describe('members', () => {
  test('are added with their event, in one', async () => {
    const body = { name: '李雷', email: 'lilei@shop.example', number: '8001', role: 'agent', capacity: 3 }
    const answer = await asAdmin('POST', '/v1/members', body)
    expect(answer.statusCode).toBe(201)
    const member = answer.json()
    expect(member).toEqual({
      ...body,
      id: member.id,
      locale: null,
      acceptMode: null,
      limits: {},
      skills: [],
      disabled: false,
      createdAt: expect.stringMatching(/Z$/),
      version: 1,
    })
    expect(answer.headers).toMatchObject({ location: `/v1/members/${member.id}`, etag: '"v1"' })
    const events = await api.emitted(shop.tenant.id)
    expect(events.at(-1)).toEqual({ type: 'member.created', subject: member.id, data: { member } })
    expect((await asAdmin('GET', `/v1/members/${member.id}`)).json()).toEqual(member)
  })

  test('have an address and a number of their own', async () => {
    const { email } = await fresh()
    const taken = await asAdmin('POST', '/v1/members', { name: 'x', email: email.toUpperCase(), role: 'agent' })
    expect(taken.statusCode).toBe(409)
    expect(taken.json()).toMatchObject({ code: 'member-email-taken' })
    const [a, b] = [await fresh(), await fresh()]
    expect((await asAdmin('PATCH', `/v1/members/${a.id}`, { number: '9001' })).statusCode).toBe(200)
    expect((await asAdmin('PATCH', `/v1/members/${b.id}`, { number: '9001' })).json()).toMatchObject({
      code: 'member-number-taken',
    })
    const other = await api.business()
    const elsewhere = await api.ask('POST', '/v1/members', {
      token: other.admin.token,
      body: { name: 'x', email, number: '9001', role: 'agent' },
    })
    expect(elsewhere.statusCode).toBe(201)
  })

  test('are listed page by page, each once, while others are added', async () => {
    const other = await api.business()
    for (let count = 0; count < 4; count++) await api.person(other.tenant.id, { role: 'agent' })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '?limit=2' : `?limit=2&cursor=${cursor}`
      const page = (await api.ask('GET', `/v1/members${query}`, { token: other.agent.token })).json()
      seen.push(...page.data.map((member: { id: string }) => member.id))
      cursor = page.nextCursor
      if (seen.length === 2) await api.person(other.tenant.id, { role: 'agent' })
    } while (cursor !== null)
    expect(seen).toHaveLength(8)
    expect(new Set(seen).size).toBe(8)
    expect(seen).toEqual(seen.toSorted())
  })

  test('cannot be paged with a cursor of another tenant', async () => {
    const { nextCursor } = (await asAdmin('GET', '/v1/members?limit=1')).json()
    const other = await api.business()
    const answer = await api.ask('GET', `/v1/members?limit=1&cursor=${nextCursor}`, { token: other.admin.token })
    expect(answer.json()).toMatchObject({ code: 'cursor-invalid', errors: [{ pointer: '?cursor' }] })
  })

  test('are changed only by who has seen their latest version, if the client asks for that', async () => {
    const { id } = await fresh()
    const path = `/v1/members/${id}`
    const changed = await asAdmin('PATCH', path, { name: 'one' }, { 'if-match': '"v1"' })
    expect(changed.headers.etag).toBe('"v2"')
    const stale = await asAdmin('PATCH', path, { name: 'two' }, { 'if-match': '"v1"' })
    expect(stale.statusCode).toBe(412)
    expect(stale.json()).toMatchObject({ code: 'version-stale' })
    expect((await asAdmin('PATCH', path, { name: 'two' }, { 'if-match': 'v2' })).json()).toMatchObject({
      code: 'version-malformed',
    })
    expect((await asAdmin('GET', path)).json()).toMatchObject({ name: 'one', version: 2 })
  })

  test('do not get a new version, nor an event, by a change that changes nothing', async () => {
    const member = await fresh()
    const before = (await api.emitted(shop.tenant.id)).length
    expect((await asAdmin('PATCH', `/v1/members/${member.id}`, { name: member.name })).json()).toEqual(member)
    expect(await api.emitted(shop.tenant.id)).toHaveLength(before)
  })

  test('of whom two admins demote each other at once leave one admin', async () => {
    const other = await api.business()
    const second = await api.person(other.tenant.id, { role: 'admin' })
    const demote = (token: string, id: string) =>
      api.ask('PATCH', `/v1/members/${id}`, { token, body: { role: 'agent' } })
    const answers = await Promise.all([
      demote(other.admin.token, second.member.id),
      demote(second.token, other.admin.member.id),
    ])
    expect(answers.map((answer) => answer.statusCode).toSorted()).toEqual([200, 409])
    expect(answers.find((answer) => answer.statusCode === 409)?.json()).toMatchObject({ code: 'admin-last' })
    const disable = await api.ask('PATCH', `/v1/members/${other.admin.member.id}`, {
      token: await api.key(other.tenant.id, ['*']),
      body: { disabled: true },
    })
    const left = await api.read(other.tenant.id, (tx) =>
      tx.query("select id from members where tenant_id = $1 and role = 'admin' and disabled_at is null", tx.tenantId),
    )
    expect(left).toHaveLength(1)
    expect([200, 409]).toContain(disable.statusCode)
  })

  test('are not made by someone who may do less than they would', async () => {
    const key = await api.key(shop.tenant.id, ['member:read', 'member:write'])
    const answer = await api.ask('POST', '/v1/members', {
      token: key,
      body: { name: 'x', email: 'x@shop.example', role: 'admin' },
    })
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'permission-exceeded' })
    const takeOver = await api.ask('PUT', `/v1/members/${shop.admin.member.id}/password`, {
      token: key,
      body: { password: 'mine, all mine' },
    })
    expect(takeOver.json()).toMatchObject({ code: 'permission-exceeded' })
  })

  test('are read by agents, changed by admins', async () => {
    const path = `/v1/members/${shop.agent.member.id}`
    for (const { token } of [shop.agent, shop.supervisor]) {
      expect((await api.ask('GET', path, { token })).statusCode).toBe(200)
      const refused = await api.ask('PATCH', path, { token, body: { role: 'admin' } })
      expect(refused.statusCode).toBe(403)
      expect(refused.json()).toMatchObject({ code: 'permission-missing' })
    }
  })
})

describe('a password', () => {
  const password = 'first password'
  const set = (id: string, token: string, body: object) => api.ask('PUT', `/v1/members/${id}/password`, { token, body })
  const logIn = async (email: string, secret: string) =>
    (await api.ask('POST', '/v1/sessions', { body: { login: email, password: secret } })).statusCode

  test('is set by an admin, then by its owner, who proves the current one', async () => {
    const { member, token } = await api.person(shop.tenant.id, { role: 'agent' })
    expect((await set(member.id, shop.admin.token, { password })).statusCode).toBe(204)
    expect(await logIn(member.email, password)).toBe(201)
    expect((await api.ask('GET', '/v1/members', { token })).statusCode).toBe(401)

    const own = (await api.ask('POST', '/v1/sessions', { body: { login: member.email, password } })).json()
    const wrong = await set(member.id, own.token, { password: 'second password', currentPassword: 'no' })
    expect(wrong.json()).toMatchObject({ code: 'password-wrong', errors: [{ pointer: '/currentPassword' }] })
    expect((await set(member.id, own.token, { password: 'second password' })).statusCode).toBe(403)
    const changed = await set(member.id, own.token, { password: 'second password', currentPassword: password })
    expect(changed.statusCode).toBe(204)
    expect(await logIn(member.email, password)).toBe(401)
    expect(await logIn(member.email, 'second password')).toBe(201)
    expect((await api.ask('GET', '/v1/members', { token: own.token })).statusCode).toBe(200)
  })

  test('of somebody else is none of an agent’s business', async () => {
    const answer = await set(shop.admin.member.id, shop.agent.token, { password })
    expect(answer.json()).toMatchObject({ code: 'permission-missing' })
  })

  test('cannot be guessed with a session that was stolen', async () => {
    const { member, token } = await api.person(shop.tenant.id, { role: 'agent' })
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await set(member.id, token, { password, currentPassword: `guess ${attempt}` })).statusCode).toBe(403)
    }
    expect((await set(member.id, token, { password, currentPassword: 'guess' })).json()).toMatchObject({
      code: 'login-locked',
    })
  })
})
