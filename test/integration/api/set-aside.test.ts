import { afterAll, beforeAll, expect, test } from 'vitest'
import { setAside } from '../../../src/api/routes/set-aside.ts'
import { startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let offset = 0

beforeAll(async () => {
  api = await startTestApi([setAside])
})
afterAll(() => api.close())

const keep = async (tenantId: string, state = 'failed') => {
  const [row] = await api.db.ground<{ id: number }>(
    `insert into set_aside (consumer, topic, partition, "offset", key, tenant_id, value, state, error, due_at)
     values ('ingest', 'inbound', 0, $1, 'chn/peer', $2, 'c2VjcmV0', $3, 'boom', now() + interval '1 hour') returning id`,
    offset++,
    tenantId,
    state,
  )
  return row?.id ?? 0
}

test('operators see what could not be applied, newest first, without what it says', async () => {
  const { tenant, admin } = await api.business()
  const ids = [await keep(tenant.id), await keep(tenant.id, 'held'), await keep(tenant.id, 'discarded')]
  const first = (await api.ask('GET', '/v1/set-aside?limit=2', { token: admin.token })).json()
  const second = (
    await api.ask('GET', `/v1/set-aside?limit=2&cursor=${first.nextCursor}`, { token: admin.token })
  ).json()
  expect([...first.data, ...second.data].map((record) => record.id)).toEqual(ids.toReversed())
  expect(second.nextCursor).toBeNull()
  expect(JSON.stringify(first)).not.toContain('c2VjcmV0')
})

test('a record is tried again at once, or given up, by hand', async () => {
  const { tenant, admin } = await api.business()
  const id = await keep(tenant.id)
  const act = (what: string, token = admin.token) => api.ask('POST', `/v1/set-aside/${id}/${what}`, { token })
  const row = async () =>
    (await api.db.ground('select state, due_at <= now() as due from set_aside where id = $1', id))[0]
  expect((await act('replay')).statusCode).toBe(204)
  expect(await row()).toEqual({ state: 'failed', due: true })
  expect((await act('discard')).statusCode).toBe(204)
  expect(await row()).toMatchObject({ state: 'discarded' })
  expect((await act('replay')).json()).toMatchObject({ code: 'record-unknown' })
})

test('those of other tenants do not exist, and agents do not see any', async () => {
  const { tenant, agent } = await api.business()
  const other = await api.business()
  const id = await keep(tenant.id)
  expect((await api.ask('GET', '/v1/set-aside', { token: other.admin.token })).json().data).toEqual([])
  expect((await api.ask('POST', `/v1/set-aside/${id}/discard`, { token: other.admin.token })).statusCode).toBe(404)
  expect((await api.ask('GET', '/v1/set-aside', { token: agent.token })).statusCode).toBe(403)
})
