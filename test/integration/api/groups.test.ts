import { afterAll, beforeAll, expect, test } from 'vitest'
import { groups } from '../../../src/api/routes/groups.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([groups])
  shop = await api.business()
})
afterAll(() => api.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  api.ask(method, path, { token: shop.admin.token, body, headers })

let names = 0
const make = async (settings: object = {}) =>
  (await asAdmin('POST', '/v1/groups', { name: `组 ${++names}`, ...settings })).json()

test('a group is made with the defaults, and with what is given', async () => {
  const answer = await asAdmin('POST', '/v1/groups', { name: '售前' })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toEqual({
    id: expect.stringMatching(/^grp_/),
    name: '售前',
    strategy: 'longest-idle',
    acceptMode: 'auto',
    offerSeconds: 30,
    wrapUpSeconds: 0,
    maxWaiting: null,
    routing: {
      order: { by: 'aged', creditSeconds: 300, targetSeconds: 0 },
      plan: [],
      offersAtOnce: 1,
      declineCooldownSeconds: 60,
      reofferSeconds: 10,
      maxMissed: 3,
      onOffline: 'keep',
      lastAgent: null,
      interruptible: false,
      maxEach: null,
      notDuring: [],
      onLinkLost: 'requeue',
      overflow: {},
      reserve: null,
      weight: 1,
      parkedWeight: 0,
      onWakeFull: 'keep',
      wrapUp: 'timed',
    },
    warnings: [],
    members: [],
    createdAt: expect.any(String),
    version: 1,
  })
  const { warnings: _, ...group } = answer.json()
  expect((await api.emitted(shop.tenant.id)).at(-1)).toMatchObject({ type: 'group.created', data: { group } })
  expect(await make({ acceptMode: 'manual', strategy: 'round-robin', maxWaiting: 5 })).toMatchObject({
    acceptMode: 'manual',
    strategy: 'round-robin',
    maxWaiting: 5,
  })
})

test('a plan is refused by the name of what is wrong in it, and nothing changes', async () => {
  const group = await make({ routing: { plan: [{ skills: [{ skill: 'lang.en', level: 4 }] }] } })
  const change = (plan: unknown) => asAdmin('PATCH', `/v1/groups/${group.id}`, { routing: { plan } })
  const wrongType = await change([{ afterSeconds: 'soon' }])
  expect(wrongType.json()).toMatchObject({
    code: 'request-invalid',
    errors: [{ pointer: '/routing/plan/0/afterSeconds' }],
  })
  const unknown = await change([{ groupId: newId('grp') }, { memberIds: [newId('usr')] }])
  expect(unknown.statusCode).toBe(400)
  expect(unknown.json()).toMatchObject({
    code: 'plan-invalid',
    errors: [{ pointer: '/routing/plan/0/groupId' }, { pointer: '/routing/plan/1/memberIds' }],
  })
  expect((await asAdmin('GET', `/v1/groups/${group.id}`)).json()).toEqual(group)
})

test('groups that would pass on to each other in a circle are refused by the name of the last of them', async () => {
  const [first, second] = [await make(), await make()]
  const passOn = (from: string, to: string) =>
    asAdmin('PATCH', `/v1/groups/${from}`, { routing: { overflow: { nobody: { groupId: to } } } })
  expect((await passOn(first.id, second.id)).statusCode).toBe(200)
  const circle = await passOn(second.id, first.id)
  expect(circle.statusCode).toBe(400)
  expect(circle.headers['content-type']).toContain('application/problem+json')
  expect(circle.json()).toMatchObject({
    code: 'overflow-invalid',
    errors: [{ pointer: '/routing/overflow/nobody/groupId', detail: 'leads back to this group' }],
  })
  expect((await asAdmin('GET', `/v1/groups/${second.id}`)).json()).toEqual(second)
})

test('a step that reaches nobody is accepted, with a warning that names what it asks for', async () => {
  const where = {
    all: [{ skill: '退款', level: 2 }, { any: [{ skill: 'vip' }, { not: { skill: 'trainee', atMost: 3 } }] }],
  }
  const asked = await make({ routing: { plan: [{ where }] } })
  expect(asked).toMatchObject({
    warnings: ['Nobody can be found by step 1 (退款 ≥ 2 and (vip ≥ 1 or not trainee 1–3)).'],
    routing: { plan: [{ where }] },
  })
  const group = await make({ routing: { plan: [{ skills: [{ skill: 'lang.en', level: 4 }] }, {}] } })
  await asAdmin('PUT', `/v1/groups/${group.id}/members/${shop.agent.member.id}`, {})
  const changed = await asAdmin('PATCH', `/v1/groups/${group.id}`, { offerSeconds: 20 })
  expect(changed.json().warnings).toEqual(['Nobody can be found by step 1 (lang.en 4).'])
  const chinese = { 'accept-language': 'zh-CN' }
  expect((await asAdmin('GET', `/v1/groups/${group.id}`, undefined, chinese)).json().warnings).toEqual([
    '第 1 步找不到任何人（lang.en 4）。',
  ])
  expect((await asAdmin('GET', `/v1/groups/${group.id}/reach`)).json()).toEqual({
    steps: [
      { step: 0, memberIds: [] },
      { step: 1, memberIds: [shop.agent.member.id] },
    ],
    warnings: ['Nobody can be found by step 1 (lang.en 4).'],
  })
})

test('a name belongs to one group, until that is taken away', async () => {
  const group = await make({ name: '售后' })
  const taken = await asAdmin('POST', '/v1/groups', { name: '售后' })
  expect(taken.statusCode).toBe(409)
  expect(taken.json()).toMatchObject({ code: 'group-name-taken' })
  expect((await asAdmin('DELETE', `/v1/groups/${group.id}`)).statusCode).toBe(204)
  expect((await asAdmin('POST', '/v1/groups', { name: '售后' })).statusCode).toBe(201)
})

test('every change of the members is a version of the group with its event', async () => {
  const group = await make()
  const [a, b] = [shop.agent.member.id, shop.supervisor.member.id]
  const put = (id: string, body: object) => asAdmin('PUT', `/v1/groups/${group.id}/members/${id}`, body)
  await put(a, {})
  const two = await put(b, { tier: 2, level: 5 })
  expect(two.headers.etag).toBe('"v3"')
  expect(two.json().members).toEqual(
    [
      { memberId: a, tier: 1, level: 1, weight: 1, creditSeconds: 0, maxItems: null },
      { memberId: b, tier: 2, level: 5, weight: 1, creditSeconds: 0, maxItems: null },
    ].toSorted((x, y) => (x.memberId < y.memberId ? -1 : 1)),
  )
  expect((await put(b, { tier: 2, level: 5 })).json().version).toBe(3)
  expect((await put(b, { tier: 1, level: 5 })).json().version).toBe(4)
  const one = await asAdmin('DELETE', `/v1/groups/${group.id}/members/${a}`)
  expect(one.json()).toMatchObject({ version: 5, members: [{ memberId: b, tier: 1, level: 5 }] })
  expect((await asAdmin('DELETE', `/v1/groups/${group.id}/members/${a}`)).json().version).toBe(5)
  const versions = (await api.emitted(shop.tenant.id))
    .filter((event) => event.subject === group.id)
    .map((event) => (event.data as { group: { version: number } }).group.version)
  expect(versions).toEqual([1, 2, 3, 4, 5])
})

test('members who join at the same time are all in every later version', async () => {
  const group = await make()
  const people = await Promise.all(Array.from({ length: 6 }, () => api.person(shop.tenant.id, { role: 'agent' })))
  await Promise.all(people.map(({ member }) => asAdmin('PUT', `/v1/groups/${group.id}/members/${member.id}`, {})))
  const sizes = (await api.emitted(shop.tenant.id))
    .filter((event) => event.subject === group.id)
    .map((event) => (event.data as { group: { members: unknown[] } }).group.members.length)
  expect(sizes).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('nobody joins who is not a member of the tenant', async () => {
  const group = await make()
  const other = await api.business()
  for (const id of [newId('usr'), other.agent.member.id]) {
    const answer = await asAdmin('PUT', `/v1/groups/${group.id}/members/${id}`, {})
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'member-unknown' })
  }
  const foreign = await api.ask('PUT', `/v1/groups/${group.id}/members/${other.agent.member.id}`, {
    token: other.admin.token,
    body: {},
  })
  expect(foreign.json()).toMatchObject({ code: 'group-unknown' })
  expect((await asAdmin('GET', `/v1/groups/${group.id}`)).json()).toMatchObject({ members: [], version: 1 })
})

test('a group stays while a channel sends its conversations there', async () => {
  const group = await make()
  const channelId = newId('chn')
  await api.read(shop.tenant.id, (tx) =>
    tx.run(
      "insert into channels (tenant_id, id, kind, name, group_id) values ($1, $2, 'custom', 'API', $3)",
      tx.tenantId,
      channelId,
      group.id,
    ),
  )
  const refused = await asAdmin('DELETE', `/v1/groups/${group.id}`)
  expect(refused.statusCode).toBe(409)
  expect(refused.json()).toMatchObject({ code: 'group-in-use' })
  await api.read(shop.tenant.id, (tx) => tx.run('update channels set removed_at = now() where id = $1', channelId))
  expect((await asAdmin('DELETE', `/v1/groups/${group.id}`, undefined, { 'if-match': '"v9"' })).statusCode).toBe(412)
  expect((await asAdmin('DELETE', `/v1/groups/${group.id}`)).statusCode).toBe(204)
  expect((await asAdmin('GET', `/v1/groups/${group.id}`)).json()).toMatchObject({ code: 'group-unknown' })
  expect((await api.emitted(shop.tenant.id)).at(-1)).toMatchObject({ type: 'group.removed', subject: group.id })
})

test('agents read groups and do not change them', async () => {
  const { warnings: _, ...group } = await make()
  const { token } = shop.agent
  expect((await api.ask('GET', '/v1/groups?limit=100', { token })).json().data).toContainEqual(group)
  expect((await api.ask('PATCH', `/v1/groups/${group.id}`, { token, body: { name: 'x' } })).statusCode).toBe(403)
})
