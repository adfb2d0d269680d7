import { Registry } from 'prom-client'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { health } from '../../../src/api/routes/health.ts'
import { me } from '../../../src/api/routes/me.ts'
import { metrics } from '../../../src/api/routes/metrics.ts'
import { closed } from '../../../src/api/schemas.ts'
import { buildServer, type RoutePlugin } from '../../../src/api/server.ts'
import { OneOf } from '../../../src/core/events/schema-words.ts'
import { Database } from '../../../src/core/platform/database.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { openLog, silentLog } from '../../../src/core/platform/log.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business
let broken = false
const lines: string[] = []

/** Routes that fail in every way. */
const trials = (): RoutePlugin => async (app) => {
  const answer = { response: { 200: Type.Object({ shown: Type.String() }) } }
  app.get('/v1/test/bug', { config: { permission: 'public' }, schema: answer }, async () => {
    throw new TypeError('class Secret at /home/x.ts tbs_abcdefghijklmnop')
  })
  app.get('/v1/test/outage', { config: { permission: 'public' }, schema: answer }, async () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
  })
  app.get('/v1/test/fault', { config: { permission: 'public' }, schema: answer }, async () => {
    throw new Fault('rate-limited', 'rate-exceeded', 'Slowly.', { retryAfterSeconds: 1.2 })
  })
  app.get('/v1/test/leak', { config: { permission: 'public' }, schema: answer }, async () => ({
    shown: 'yes',
    secret: 'no',
  }))
  app.post(
    '/v1/test/echo',
    {
      config: { permission: 'public', unaudited: 'It changes nothing.' },
      schema: {
        body: Type.Object(
          {
            text: Type.String(),
            count: Type.Optional(Type.Integer()),
            state: Type.Optional(OneOf('online', 'busy')),
          },
          closed,
        ),
        ...answer,
      },
    },
    async (request) => ({ shown: request.body.text }),
  )
}

beforeAll(async () => {
  api = await startTestApi([me, health, metrics, trials], {
    log: openLog({ level: 'debug', destination: { write: (line) => lines.push(line) } }),
    parts: { healthChecks: { log: () => !broken }, metrics: new Registry() },
  })
  shop = await api.business()
})
afterAll(() => api.close())

describe('a problem', () => {
  test('says nothing of what broke inside, but is noted with the id of the request', async () => {
    const answer = await api.ask('GET', '/v1/test/bug', { headers: { 'x-request-id': 'trace-7' } })
    expect(answer.statusCode).toBe(500)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'x-request-id': 'trace-7' })
    expect(answer.json()).toEqual({
      type: 'urn:tributary:problem:internal',
      title: 'Internal Server Error',
      status: 500,
      detail: 'Something went wrong here; it has been noted.',
      code: 'internal',
      instance: 'urn:tributary:request:trace-7',
    })
    const line = lines.find((one) => one.includes('trace-7') && one.includes('a request failed')) ?? ''
    expect(line).toContain('TypeError')
    expect(line).not.toContain('tbs_abcdefghijklmnop')
  })

  test('of an outage asks to try again', async () => {
    const answer = await api.ask('GET', '/v1/test/outage')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.json()).toMatchObject({ code: 'hub-unavailable' })
    expect(answer.body).not.toContain('10.1.2.3')
  })

  test('carries how long to wait, in whole seconds', async () => {
    const answer = await api.ask('GET', '/v1/test/fault')
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '2'])
  })

  test.each([
    ['GET', '/nothing', 404, 'route-unknown'],
    ['POST', '/v1', 404, 'route-unknown'],
    ['DELETE', '/v1/test/leak', 405, 'method-unsupported'],
    ['GET', '/v1/test/%ZZ', 400, 'address-malformed'],
  ] as const)('answers %s %s with %i', async (method, path, status, code) => {
    const answer = await api.ask(method, path)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ code, status })
    if (status === 405) expect(answer.headers.allow).toBe('GET')
  })

  test('of a wrong member points at it', async () => {
    const pointers = async (body: object) =>
      (await api.ask('POST', '/v1/test/echo', { body })).json().errors.map((one: { pointer: string }) => one.pointer)
    expect(await pointers({ text: 1 })).toEqual(['/text'])
    expect(await pointers({})).toEqual(['/text'])
    expect(await pointers({ text: 'x', 'a/b~c': 1 })).toEqual(['/a~1b~0c'])
    expect(await pointers({ text: 'x', count: '1' })).toEqual(['/count'])
  })

  test('of a word that is none of those it could be names them', async () => {
    const answer = await api.ask('POST', '/v1/test/echo', { body: { text: 'x', state: 'away' } })
    expect(answer.json().errors).toEqual([{ pointer: '/state', detail: 'must be one of "online", "busy"' }])
  })
})

describe('an answer', () => {
  test('holds only what its route declares', async () => {
    expect((await api.ask('GET', '/v1/test/leak')).json()).toEqual({ shown: 'yes' })
  })

  test('carries the headers that keep browsers from guessing, framing and keeping it', async () => {
    for (const path of ['/v1/test/leak', '/nothing', '/v1/me']) {
      expect((await api.ask('GET', path)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
        'strict-transport-security': 'max-age=31536000',
        'referrer-policy': 'no-referrer',
      })
    }
  })

  test('reflects no foreign origin', async () => {
    const answer = await api.ask('GET', '/v1/test/leak', { headers: { origin: 'https://evil.example' } })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('takes over only a request id that is fit to be repeated', async () => {
    for (const id of ['a b', 'x'.repeat(65), '<script>', '']) {
      const answer = await api.ask('GET', '/v1/test/leak', { headers: { 'x-request-id': id } })
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    }
  })
})

describe('a body', () => {
  const send = (payload: string | Buffer, type: string, headers: Record<string, string> = {}) =>
    api.app.inject({ method: 'POST', url: '/v1/test/echo', payload, headers: { 'content-type': type, ...headers } })

  // Bypasses of validation by the content type: CVE-2025-32442, CVE-2026-25223, CVE-2026-3419, CVE-2026-33806.
  test.each([
    'application/json\ta',
    'application/json garbage',
    'application/jsonx',
    'text/plain',
    'text/plain; a=application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('of type %j is refused before anything looks at it', async (type) => {
    const answer = await send('{"text":1}', type)
    expect(answer.statusCode).toBe(415)
    expect(answer.json()).toMatchObject({ code: 'media-type-unsupported' })
  })

  test.each([' application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])(
    'of type %j is validated',
    async (type) => {
      expect((await send('{"text":1}', type)).json()).toMatchObject({ code: 'request-invalid' })
      expect((await send('{"text":"x"}', type)).statusCode).toBe(200)
    },
  )

  test.each([
    '{"text":',
    '',
    'null,',
    '{"text":"x","__proto__":{"count":1}}',
    '{"text":"x","constructor":{"prototype":{}}}',
    '\u0000',
    '{"text":"\ud800',
  ])('that is not acceptable JSON is refused: %j', async (body) => {
    const answer = await send(body, 'application/json')
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'body-malformed' })
    expect(({} as { count?: number }).count).toBeUndefined()
  })

  test('is not larger than the limit, and never compressed', async () => {
    const large = await send(JSON.stringify({ text: 'x'.repeat(1_048_576) }), 'application/json')
    expect([large.statusCode, large.json().code]).toEqual([413, 'body-too-large'])
    const packed = await send('{"text":"x"}', 'application/json', { 'content-encoding': 'gzip' })
    expect([packed.statusCode, packed.json().code]).toEqual([415, 'content-encoding-unsupported'])
  })
})

describe('the server', () => {
  const build = (plugin: RoutePlugin) =>
    buildServer({ ...api.parts, metrics: new Registry() }, [plugin]).then(async (app) => {
      await app.ready()
      await app.close()
    })
  const schema = { response: { 200: Type.Object({}) } }

  test.each([
    ['no permission', {}, schema],
    ['a permission that does not exist', { config: { permission: 'member:reed' as never } }, schema],
    ['no response schema', { config: { permission: 'public' as const } }, {}],
  ])('does not start with a route that has %s', async (_case, options, described) => {
    const building = build(async (app) => {
      app.get('/v1/test/open', { ...options, schema: described }, async () => ({}))
    })
    await expect(building).rejects.toThrow(/GET \/v1\/test\/open/)
  })

  test('does not start with a route that changes something and says nothing of the audit log', async () => {
    const building = build(async (app) => {
      app.post('/v1/test/open', { config: { permission: 'public' }, schema }, async () => ({}))
    })
    await expect(building).rejects.toThrow(/POST \/v1\/test\/open says neither what it audits nor why not/)
  })

  test('limits what one credential may ask, and says what is left', async () => {
    const limited = await startTestApi([me], { settings: { requestsPerMinute: 3, anonymousRequestsPerMinute: 2 } })
    try {
      const { agent, admin } = await limited.business()
      const answers = []
      for (let count = 0; count < 4; count++) answers.push(await limited.ask('GET', '/v1/me', { token: agent.token }))
      expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200, 200, 429])
      expect(answers[0]?.headers).toMatchObject({ 'ratelimit-policy': '"credential";q=3;w=60' })
      expect(answers[2]?.headers.ratelimit).toMatch(/^"credential";r=0;t=\d+$/)
      expect(answers[3]?.json()).toMatchObject({ code: 'rate-exceeded' })
      expect(Number(answers[3]?.headers['retry-after'])).toBeGreaterThan(0)
      expect((await limited.ask('GET', '/v1/me', { token: admin.token })).statusCode).toBe(200)

      const guesses = []
      for (let count = 0; count < 3; count++) guesses.push(await limited.ask('GET', '/v1/me', { token: 'guess' }))
      expect(guesses.map((answer) => answer.statusCode)).toEqual([401, 401, 429])
    } finally {
      await limited.close()
    }
  })

  test('says whether it can serve, and which part cannot', async () => {
    const well = await api.ask('GET', '/v1/health')
    expect([well.statusCode, well.json()]).toEqual([200, { status: 'ok', checks: { database: 'ok', log: 'ok' } }])
    broken = true
    const ill = await api.ask('GET', '/v1/health')
    broken = false
    expect([ill.statusCode, ill.json()]).toEqual([
      503,
      { status: 'failing', checks: { database: 'ok', log: 'failing' } },
    ])
  })

  test('answers 503, not 500, while the database is away', async () => {
    const db = new Database({
      url: 'postgres://nobody@127.0.0.1:1/none',
      poolSize: 1,
      statementTimeoutMs: 1000,
      log: silentLog,
    })
    const parts = { ...api.parts, db, log: silentLog, metrics: new Registry() }
    const app = await buildServer(parts, [me(parts), health(parts)])
    const asked = await app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${shop.agent.token}` } })
    expect([asked.statusCode, asked.json().code]).toEqual([503, 'hub-unavailable'])
    expect((await app.inject('/v1/health')).json()).toMatchObject({ checks: { database: 'failing' } })
    await app.close()
    await db.close()
  })

  test('shows its figures to who may see them', async () => {
    expect((await api.ask('GET', '/metrics', { token: shop.agent.token })).statusCode).toBe(403)
    const answer = await api.ask('GET', '/metrics', { token: await api.key(shop.tenant.id, ['metrics:read']) })
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    expect(answer.body).toContain(
      'tributary_http_request_seconds_count{route="/v1/test/leak",method="GET",status="200"}',
    )
  })
})

describe('the description of the API', () => {
  test('names shapes once and refers to them', async () => {
    const document = (await api.ask('GET', '/openapi.json')).json()
    expect(document.openapi).toBe('3.1.0')
    const { content } = document.paths['/v1/me'].get.responses['200']
    expect(content['application/json'].schema.properties.member.anyOf[0]).toEqual({
      $ref: '#/components/schemas/Member',
    })
    expect(document.components.schemas.Conversation.properties.id.type).toBe('string')
    expect(document.paths['/v1/me'].get.responses['4XX'].content).toHaveProperty('application/problem+json')
    expect(document.paths['/v1/me'].get.description).toContain('`anyone`')
    expect(document.paths['/v1/health'].get.security).toEqual([])
  })

  test('is shown on a page that asks nobody else for anything', async () => {
    const page = await api.ask('GET', '/docs/')
    expect(page.statusCode).toBe(200)
    expect(page.body).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.headers['content-security-policy']).not.toMatch(/https?:|upgrade-insecure/)
    const script = await api.ask('GET', '/docs/static/swagger-initializer.js')
    expect(script.body).not.toMatch(/validator\.swagger\.io/)
  })
})

test('what is logged of requests holds no credential', async () => {
  const asked = { token: shop.agent.token, headers: { cookie: `tributary_session=${shop.admin.token}` } }
  await api.ask('GET', '/v1/me?token=query-secret', asked)
  const all = lines.join('')
  for (const secret of [shop.agent.token, shop.admin.token, 'query-secret']) expect(all).not.toContain(secret)
  expect(all).toContain(shop.agent.member.id)
})
