import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { me } from '../../../src/api/routes/me.ts'
import { members } from '../../../src/api/routes/members.ts'
import { sessions } from '../../../src/api/routes/sessions.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { createMember } from '../../../src/core/tenancy/members.ts'
import { hashPassword } from '../../../src/core/tenancy/passwords.ts'
import { type Business, type Person, startTestApi, type TestApi } from '../../support/api.ts'

const minute = 60_000
const hour = 60 * minute
const password = 'open sesame'

let api: TestApi
let shop: Business
let passwordHash: string
let addresses = 0

beforeAll(async () => {
  api = await startTestApi([sessions, me, members])
  shop = await api.business()
  passwordHash = await hashPassword(password)
})
afterAll(() => api.close())

/** An agent with a password, and their number. */
async function makeAgent(tenantId = shop.tenant.id, number = newId('usr').slice(-12)) {
  const member = await api.read(tenantId, (tx) =>
    createMember(tx, { name: '小王', email: `${number}@Shop.example`, number, role: 'agent', passwordHash }),
  )
  return { ...member, number }
}

/** Logs in from an address of its own, unless one is given. */
const logIn = (login: string, secret = password, more: { tenant?: string; from?: string } = {}) => {
  const { from = `10.0.${addresses >> 8}.${addresses++ & 255}`, ...rest } = more
  return api.app.inject({
    method: 'POST',
    url: '/v1/sessions',
    remoteAddress: from,
    payload: { login, password: secret, ...rest },
  })
}

describe('logging in', () => {
  test('works with the e-mail address in any case and with the number', async () => {
    const agent = await makeAgent()
    for (const login of [agent.email, agent.email.toUpperCase(), agent.number, ` ${agent.number} `]) {
      const answer = await logIn(login)
      expect(answer.statusCode).toBe(201)
      expect(answer.json()).toMatchObject({
        token: expect.stringMatching(/^tbs_[\w-]{43}$/),
        member: { id: agent.id, name: '小王', number: agent.number },
        tenant: { id: shop.tenant.id, timeZone: 'Asia/Shanghai' },
      })
      const who = await api.ask('GET', '/v1/me', { token: answer.json().token })
      expect(who.json()).toMatchObject({ principal: { kind: 'member', id: agent.id }, member: { id: agent.id } })
    }
  })

  test('sets a cookie that scripts cannot read and other sites cannot use', async () => {
    const agent = await makeAgent()
    const answer = await logIn(agent.number)
    const cookie = String(answer.headers['set-cookie'])
    expect(cookie).toMatch(/^tributary_session=tbs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800; Secure$/)
    const sent = { cookie: `other=1; ${cookie.split(';')[0]}` }
    expect((await api.ask('GET', '/v1/me', { headers: sent })).statusCode).toBe(200)
  })

  test('stores neither token nor password', async () => {
    const agent = await makeAgent()
    const { token } = (await logIn(agent.number)).json()
    const rows = await api.db.ground<{ row: string }>(
      `select s::text || m::text as row from sessions s join members m on m.id = s.member_id where m.id = $1`,
      agent.id,
    )
    expect(JSON.stringify(rows)).not.toContain(token.slice(4))
    expect(JSON.stringify(rows)).not.toContain(password)
  })

  test('answers an unknown login, a wrong password and a member without one all the same', async () => {
    const agent = await makeAgent()
    const without = await api.person(shop.tenant.id, { role: 'agent' })
    const bodies = await Promise.all(
      [logIn(agent.number, 'wrong password'), logIn('nobody@shop.example'), logIn(without.member.email)].map(
        async (asked) => {
          const answer = await asked
          expect(answer.statusCode).toBe(401)
          const { instance, ...problem } = answer.json()
          return problem
        },
      ),
    )
    expect(bodies[0]).toMatchObject({ code: 'login-refused' })
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
  })

  test('needs the tenant where two tenants know the login', async () => {
    const other = await api.business()
    const agent = await makeAgent()
    const twin = await makeAgent(other.tenant.id, agent.number)
    expect((await logIn(agent.number)).json()).toMatchObject({ code: 'login-refused' })
    const answer = await logIn(agent.number, password, { tenant: other.tenant.slug })
    expect(answer.json()).toMatchObject({ member: { id: twin.id }, tenant: { id: other.tenant.id } })
    expect((await logIn(agent.number, password, { tenant: 'elsewhere' })).statusCode).toBe(401)
  })

  test('does not let a disabled member in, and ends their sessions at once', async () => {
    const agent = await makeAgent()
    const { token } = (await logIn(agent.number)).json()
    const path = `/v1/members/${agent.id}`
    await api.ask('PATCH', path, { token: shop.admin.token, body: { disabled: true } })
    expect((await api.ask('GET', '/v1/me', { token })).json()).toMatchObject({ code: 'credential-invalid' })
    expect((await logIn(agent.number)).json()).toMatchObject({ code: 'login-refused' })
    await api.ask('PATCH', path, { token: shop.admin.token, body: { disabled: false } })
    expect((await api.ask('GET', '/v1/me', { token })).statusCode).toBe(401)
    expect((await logIn(agent.number)).statusCode).toBe(201)
  })

  test('renews a password that was stored with older parameters', async () => {
    const agent = await makeAgent()
    const stored = () =>
      api.read(shop.tenant.id, (tx) =>
        tx.one<{ passwordHash: string }>('select password_hash from members where id = $1', agent.id),
      )
    await api.read(shop.tenant.id, (tx) =>
      tx.run(
        'update members set password_hash = $2 where id = $1',
        agent.id,
        '$argon2id$v=19$m=8192,t=3,p=1$AQEBAQEBAQEBAQEBAQEBAQ$lMafcNTYz1tx+//fHf0JEeOdMudyYPQH1Un9MXNLP5k',
      ),
    )
    expect((await logIn(agent.number, '12345678')).statusCode).toBe(201)
    expect((await stored()).passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await logIn(agent.number, '12345678')).statusCode).toBe(201)
  })
})

describe('failing to log in', () => {
  test('locks an account after five failures, even for the right password, until the window has passed', async () => {
    const agent = await makeAgent()
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await logIn(attempt % 2 ? agent.number : agent.email, 'wrong')).statusCode).toBe(401)
    }
    const locked = await logIn(agent.number)
    expect(locked.statusCode).toBe(429)
    expect(locked.json()).toMatchObject({ code: 'login-locked' })
    const wait = Number(locked.headers['retry-after'])
    expect(wait).toBeGreaterThan(14 * 60)
    expect(wait).toBeLessThanOrEqual(15 * 60)
    api.pass(16 * minute)
    expect((await logIn(agent.number)).statusCode).toBe(201)
  })

  test('locks an unknown account in the same way', async () => {
    for (let attempt = 0; attempt < 5; attempt++) expect((await logIn('ghost@shop.example')).statusCode).toBe(401)
    expect((await logIn('Ghost@shop.example')).json()).toMatchObject({ code: 'login-locked' })
  })

  test('is forgiven by a success in between', async () => {
    const agent = await makeAgent()
    for (let round = 0; round < 2; round++) {
      for (let attempt = 0; attempt < 4; attempt++) await logIn(agent.number, 'wrong')
      expect((await logIn(agent.number)).statusCode).toBe(201)
    }
  })

  test('gains nothing from a volley of attempts at once', async () => {
    const agent = await makeAgent()
    const answers = await Promise.all(Array.from({ length: 20 }, () => logIn(agent.number, 'wrong')))
    const tried = answers.filter((answer) => answer.statusCode === 401)
    expect(tried.length).toBeLessThanOrEqual(5)
    expect(answers.filter((answer) => answer.statusCode === 429)).toHaveLength(20 - tried.length)
  })

  test('is counted for an address over all accounts, and does not count refused attempts on', async () => {
    const from = '192.0.2.7'
    const agent = await makeAgent()
    for (let attempt = 0; attempt < 20; attempt++) {
      expect((await logIn(`ghost${attempt}@shop.example`, 'wrong', { from })).statusCode).toBe(401)
    }
    expect((await logIn(agent.number, password, { from })).json()).toMatchObject({ code: 'login-locked' })
    expect((await logIn(agent.number)).statusCode).toBe(201)
    api.pass(10 * minute)
    expect((await logIn(agent.number, password, { from })).statusCode).toBe(429)
    api.pass(6 * minute)
    expect((await logIn(agent.number, password, { from })).statusCode).toBe(201)
  })
})

describe('a session', () => {
  test('ends after twelve hours without use', async () => {
    const { token } = (await logIn((await makeAgent()).number)).json()
    for (let hours = 0; hours < 20; hours += 10) {
      api.pass(10 * hour)
      expect((await api.ask('GET', '/v1/me', { token })).statusCode).toBe(200)
    }
    api.pass(12 * hour + 1)
    expect((await api.ask('GET', '/v1/me', { token })).json()).toMatchObject({ code: 'credential-invalid' })
  })

  test('ends after seven days however much it is used', async () => {
    const { token } = (await logIn((await makeAgent()).number)).json()
    for (let hours = 0; hours < 7 * 24 - 8; hours += 8) {
      api.pass(8 * hour)
      expect((await api.ask('GET', '/v1/me', { token })).statusCode).toBe(200)
    }
    api.pass(8 * hour + 1)
    expect((await api.ask('GET', '/v1/me', { token })).statusCode).toBe(401)
  })

  test('ends with the log-out; with the last one the member goes offline', async () => {
    const agent = await makeAgent()
    const [first, second] = [(await logIn(agent.number)).json(), (await logIn(agent.number)).json()]
    const commands = () =>
      api.read(shop.tenant.id, (tx) =>
        tx.query('select kind, data from commands where actor_id = $1 order by id', agent.id),
      )
    const left = await api.ask('DELETE', '/v1/sessions/current', { token: first.token })
    expect(left.statusCode).toBe(204)
    expect(left.headers['set-cookie']).toContain('Max-Age=0')
    expect((await api.ask('GET', '/v1/me', { token: first.token })).statusCode).toBe(401)
    expect((await api.ask('GET', '/v1/me', { token: second.token })).statusCode).toBe(200)
    expect(await commands()).toEqual([])
    await api.ask('DELETE', '/v1/sessions/current', { token: second.token })
    expect(await commands()).toEqual([{ kind: 'presence', data: { memberId: agent.id, state: 'offline' } }])
  })
})

describe('a cookie', () => {
  let admin: Person
  beforeAll(async () => {
    admin = await api.person(shop.tenant.id, { role: 'admin' })
  })
  const change = (headers: Record<string, string>) =>
    api.ask('PATCH', `/v1/members/${shop.agent.member.id}`, {
      headers: { cookie: `tributary_session=${admin.token}`, ...headers },
      body: { name: 'renamed' },
    })

  test('changes something only from a page of the hub itself', async () => {
    expect((await change({ origin: 'https://hub.example' })).statusCode).toBe(200)
    expect((await change({ origin: 'http://localhost:8200', host: 'localhost:8200' })).statusCode).toBe(200)
    for (const origin of ['https://evil.example', 'https://hub.example.evil.example', 'null', 'http://hub.example']) {
      const answer = await change({ origin, host: 'hub.test' })
      expect(answer.statusCode).toBe(403)
      expect(answer.json()).toMatchObject({ code: 'origin-foreign' })
    }
    expect((await change({})).json()).toMatchObject({ code: 'origin-foreign' })
  })

  test('does not stand in for a wrong bearer token', async () => {
    const headers = { cookie: `tributary_session=${admin.token}`, authorization: 'Basic eHg6eXk=' }
    expect((await api.ask('GET', '/v1/me', { headers })).json()).toMatchObject({ code: 'credential-invalid' })
  })
})
