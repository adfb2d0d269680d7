import { Type } from 'typebox'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { idempotent } from '../../../src/api/plugins/idempotency.ts'
import { groups } from '../../../src/api/routes/groups.ts'
import { closed } from '../../../src/api/schemas.ts'
import type { RoutePlugin, ServerParts } from '../../../src/api/server.ts'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { createGroup } from '../../../src/core/tenancy/skill-groups.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'

let api: TestApi
let shop: Business
/** What the route under test does next. */
let next: () => Promise<void> = async () => {}
let runs = 0

/** A POST that must not be done twice. */
const orders =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.post(
      '/v1/test/orders',
      {
        config: { permission: 'group:write', idempotencyKey: 'required', audit: 'group.create' },
        schema: {
          body: Type.Object({ name: Type.String(), note: Type.Optional(Type.String()) }, closed),
          response: { 201: Type.Object({ id: Type.String(), run: Type.Integer() }) },
        },
      },
      (request, reply) =>
        idempotent<{ id: string; run: number; secret?: string }>(parts, request, reply, async (tx) => {
          const run = ++runs
          const { id } = await createGroup(tx, { name: request.body.name })
          await next()
          return { status: 201, body: { id, run, secret: 'undeclared' }, headers: { location: `/orders/${id}` } }
        }),
    )
  }

beforeAll(async () => {
  api = await startTestApi([groups, orders])
})
afterAll(() => api.close())
beforeEach(async () => {
  shop = await api.business()
  next = async () => {}
  runs = 0
})

const order = (key: string | undefined, body: object = { name: 'A' }, token = shop.admin.token) =>
  api.ask('POST', '/v1/test/orders', { token, body, headers: key === undefined ? {} : { 'idempotency-key': key } })

const groupsOf = ({ tenant }: Business) =>
  api.read(
    tenant.id,
    async (tx) => (await tx.query('select id from skill_groups where tenant_id = $1', tx.tenantId)).length,
  )

test('a repeated request is done once and answered as before', async () => {
  const first = await order('k-1')
  expect(first.headers['idempotency-replayed']).toBeUndefined()
  const again = await order('"k-1"')
  expect(again.statusCode).toBe(201)
  expect(again.body).toBe(first.body)
  expect(again.json()).not.toHaveProperty('secret')
  expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true', location: first.headers.location })
  expect([runs, await groupsOf(shop)]).toEqual([1, 1])
})

test('the order of members makes no other request', async () => {
  await order('k', { name: 'A', note: 'n' })
  expect((await order('k', { note: 'n', name: 'A' })).headers['idempotency-replayed']).toBe('true')
})

test('many at the same time are done once', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => order('k')))
  expect(answers.map((answer) => answer.statusCode)).toEqual(Array(6).fill(201))
  expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
  expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === undefined)).toHaveLength(1)
  expect([runs, await groupsOf(shop)]).toEqual([1, 1])
})

test('the same key with another body is refused, and nothing changes', async () => {
  await order('k')
  const answer = await order('k', { name: 'B' })
  expect(answer.statusCode).toBe(422)
  expect(answer.json()).toMatchObject({ code: 'idempotency-key-reused' })
  const elsewhere = await api.ask('POST', '/v1/groups', {
    token: shop.admin.token,
    body: { name: 'A' },
    headers: { 'idempotency-key': 'k' },
  })
  expect(elsewhere.statusCode).toBe(422)
  expect(await groupsOf(shop)).toBe(1)
})

test('a key belongs to its credential: another session or tenant has its own', async () => {
  const other = await api.business()
  const second = await api.key(shop.tenant.id, ['*'])
  await order('k')
  expect((await order('k', { name: 'B' }, second)).statusCode).toBe(201)
  expect((await order('k', { name: 'A' }, other.admin.token)).statusCode).toBe(201)
  expect([runs, await groupsOf(shop), await groupsOf(other)]).toEqual([3, 2, 1])
})

test('nothing is kept of a request that failed: the repetition is tried anew', async () => {
  next = async () => {
    throw new Fault('conflict', 'group-in-use', 'no')
  }
  expect((await order('k')).statusCode).toBe(409)
  next = async () => {
    throw new Error('boom')
  }
  expect((await order('k')).statusCode).toBe(500)
  expect(await groupsOf(shop)).toBe(0)
  next = async () => {}
  const answer = await order('k', { name: 'B' })
  expect(answer.statusCode).toBe(201)
  expect(answer.headers['idempotency-replayed']).toBeUndefined()
})

test('a repetition that comes while the first is at work waits for it', async () => {
  let finish = () => {}
  next = () =>
    new Promise<void>((resolve) => {
      finish = resolve
    })
  const first = order('k')
  await eventually(() => runs === 1)
  const second = order('k')
  await eventually(
    async () =>
      (
        await ownerSession(api.url, (run) =>
          run(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%idempotency_keys%'
                                                and datname = current_database()`),
        )
      ).length === 1,
  )
  finish()
  expect((await second).headers['idempotency-replayed']).toBe('true')
  expect((await second).body).toBe((await first).body)
  expect(runs).toBe(1)
})

test('a key may be used again once its answer is no longer kept', async () => {
  await order('k')
  api.pass(24 * 3_600_000 + 1)
  const admin = await api.person(shop.tenant.id, { role: 'admin' })
  // The first session has ended meanwhile, but a key is bound to its credential.
  await api.read(shop.tenant.id, (tx) =>
    tx.run(
      `update idempotency_keys set credential = (select id from sessions where tenant_id = $1 and member_id = $2) where tenant_id = $1`,
      tx.tenantId,
      admin.member.id,
    ),
  )
  const answer = await order('k', { name: 'B' }, admin.token)
  expect(answer.statusCode).toBe(201)
  expect(answer.headers['idempotency-replayed']).toBeUndefined()
})

test.each([
  ['missing', undefined, 'idempotency-key-missing'],
  ['empty', '', 'idempotency-key-invalid'],
  ['too long', 'x'.repeat(256), 'idempotency-key-invalid'],
  ['with a space', 'a b', 'idempotency-key-invalid'],
  ['with letters beyond ASCII', 'ключ', 'idempotency-key-invalid'],
])('a key that is %s is refused where one is required', async (_case, key, code) => {
  const answer = await order(key)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ code, errors: [{ pointer: 'header:idempotency-key' }] })
  expect(runs).toBe(0)
})
