import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentStatuses } from '../../../src/api/routes/agent-statuses.ts'
import { commands } from '../../../src/api/routes/commands.ts'
import { offers } from '../../../src/api/routes/offers.ts'
import { presence } from '../../../src/api/routes/presence.ts'
import { refused } from '../../../src/api/routing-commands.ts'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { hintOutcomes, type Outcome } from '../../../src/routing/commands.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'

let api: TestApi
/** The same, but its answers wait for the shard. */
let patient: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([presence, agentStatuses, offers, commands])
  patient = await startTestApi([presence, offers, commands], { settings: { commandWaitMs: 15_000 } })
  shop = await api.business()
})
afterAll(async () => {
  await api.close()
  await patient.close()
})

const offerTo = async (where: TestApi, tenantId: string, memberId: string, state = 'open', reason = '') => {
  const id = newId('ofr')
  await where.read(tenantId, (tx) =>
    tx.run(
      `insert into offers (tenant_id, id, item_id, conversation_id, engine_id, agent_id, group_id, state, reason, why, expires_at, created_at)
       values ($1, $2, 'w', $3, $2, $4, $5, $6, nullif($7, ''), '{"strategy":"longest-idle"}', now() + interval '30 seconds', now())`,
      tenantId,
      id,
      newId('cnv'),
      memberId,
      newId('grp'),
      state,
      reason,
    ),
  )
  return id
}

/** Decides the tenant's next command, as a shard would. */
const decide = async (tenantId: string, outcome: Outcome) => {
  const id = await eventually(async () => {
    const open = await patient.read(tenantId, (tx) =>
      tx.query<{ id: string }>('select id from commands where tenant_id = $1 and outcome is null', tenantId),
    )
    return open[0]?.id
  })
  await patient.read(tenantId, (tx) =>
    tx.run('update commands set outcome = $2, decided_at = now() where id = $1', id, JSON.stringify(outcome)),
  )
  hintOutcomes(patient.parts.wake, [[id, outcome]])
  return id
}

test('presence that is not decided in time is answered with where to look', async () => {
  const { token, member } = shop.agent
  const body = { state: 'away', reason: '午饭' }
  const answer = await api.ask('PUT', '/v1/presence/me', { token, body })
  expect(answer.statusCode).toBe(202)
  const { commandId } = answer.json()
  expect(answer.headers.location).toBe(`/v1/commands/${commandId}`)
  expect((await api.ask('GET', `/v1/commands/${commandId}`, { token })).json()).toEqual({
    id: commandId,
    kind: 'presence',
    outcome: null,
    createdAt: expect.any(String),
    decidedAt: null,
  })
  expect((await api.emitted(shop.tenant.id)).at(-1)).toMatchObject({
    type: 'command.issued',
    data: { commandId, kind: 'presence', data: { memberId: member.id, ...body } },
  })
})

test('a state of one’s own stands for one of the hub’s, with its name as the reason', async () => {
  const { admin, agent, tenant } = shop
  const put = (key: string, body: object, token = admin.token) =>
    api.ask('PUT', `/v1/agent-statuses/${key}`, { token, body })
  const lunch = { key: 'lunch', name: '午餐', state: 'away', closed: [], position: 0, retired: false }
  expect((await put('lunch', { name: '午餐', state: 'away' })).json()).toEqual(lunch)
  expect((await put('text-only', { name: '只接文字', state: 'online', closed: ['call'] })).statusCode).toBe(200)
  expect((await put('lunch', { name: '午饭' }, agent.token)).statusCode).toBe(403)
  expect((await put('new', { name: '培训' })).json()).toMatchObject({
    code: 'status-incomplete',
    errors: [{ pointer: '/state' }],
  })
  const list = await api.ask('GET', '/v1/agent-statuses', { token: agent.token })
  expect(list.json().data.map(({ key }: { key: string }) => key)).toEqual(['lunch', 'text-only'])

  const say = (body: object) => api.ask('PUT', '/v1/presence/me', { token: agent.token, body })
  const last = async () => (await api.emitted(tenant.id)).at(-1)?.data
  await say({ status: 'lunch' })
  expect(await last()).toMatchObject({
    data: { memberId: agent.member.id, state: 'away', status: 'lunch', reason: '午餐' },
  })
  await say({ status: 'text-only', reason: '嗓子哑了', closedReasons: { ticket: '赶报表' } })
  expect((await last())?.data).toEqual({
    memberId: agent.member.id,
    state: 'online',
    status: 'text-only',
    reason: '嗓子哑了',
    closed: ['call', 'ticket'],
    closedReasons: { ticket: '赶报表' },
  })
  expect((await say({})).json()).toMatchObject({ code: 'presence-unclear' })
  expect((await say({ state: 'busy', status: 'lunch' })).json()).toMatchObject({ code: 'presence-unclear' })
  await put('lunch', { retired: true })
  expect((await say({ status: 'lunch' })).json()).toMatchObject({
    code: 'status-unknown',
    errors: [{ pointer: '/status' }],
  })
})

test('a command is shown to who gave it and to supervisors', async () => {
  const { token } = shop.agent
  const { commandId } = (await api.ask('PUT', '/v1/presence/me', { token, body: { state: 'online' } })).json()
  const colleague = await api.person(shop.tenant.id, { role: 'agent' })
  const other = await api.business()
  const status = async (asker: string) =>
    (await api.ask('GET', `/v1/commands/${commandId}`, { token: asker })).statusCode
  expect(await status(shop.supervisor.token)).toBe(200)
  expect(await status(colleague.token)).toBe(404)
  expect(await status(other.admin.token)).toBe(404)
})

test('a decision in time is the answer', async () => {
  const { tenant, agent } = await patient.business()
  const id = await offerTo(patient, tenant.id, agent.member.id)
  const asked = patient.ask('POST', `/v1/offers/${id}/accept`, { token: agent.token })
  const commandId = await decide(tenant.id, { result: 'done', assigneeId: agent.member.id })
  expect((await asked).statusCode).toBe(200)
  expect((await asked).json()).toEqual({ commandId, outcome: { result: 'done', assigneeId: agent.member.id } })
})

test.each([
  ['taken', 'offer-taken'],
  ['expired', 'offer-expired'],
  ['full', 'agent-full'],
  ['never-heard-of', 'command-refused'],
])('a refusal with the word %s is a problem with the code %s', async (word, code) => {
  const { tenant, agent } = await patient.business()
  const id = await offerTo(patient, tenant.id, agent.member.id)
  const asked = patient.ask('POST', `/v1/offers/${id}/accept`, { token: agent.token })
  await decide(tenant.id, { result: 'refused', code: word, detail: 'Because.' })
  expect((await asked).statusCode).toBe(409)
  expect((await asked).json()).toMatchObject({ code, detail: 'Because.' })
})

test('who hands on hears whether it is the agent or the skill group that is full', () => {
  const conversationId = newId('cnv')
  const full = { result: 'refused', code: 'full' } as const
  expect(refused({ kind: 'transfer', conversationId, memberId: newId('usr') }, full)).toMatchObject({
    code: 'agent-full',
  })
  expect(refused({ kind: 'transfer', conversationId, groupId: newId('grp') }, full)).toMatchObject({
    code: 'group-full',
  })
})

test('an offer that one has accepted already is not refused, whoever asks twice', async () => {
  const { tenant, agent } = await patient.business()
  const id = await offerTo(patient, tenant.id, agent.member.id, 'accepted')
  const asked = patient.ask('POST', `/v1/offers/${id}/accept`, { token: agent.token })
  await decide(tenant.id, { result: 'refused', code: 'taken', assigneeId: agent.member.id })
  expect((await asked).json()).toMatchObject({ outcome: { result: 'done', assigneeId: agent.member.id } })
})

test('no transaction is held while an answer waits', async () => {
  const { tenant, agent } = await patient.business()
  const asked = patient.ask('PUT', '/v1/presence/me', { token: agent.token, body: { state: 'online' } })
  await eventually(async () => (await patient.emitted(tenant.id)).some((event) => event.type === 'command.issued'))
  // It polls, so some moments of no transaction are the proof that none is held.
  await eventually(
    async () =>
      (
        await ownerSession(patient.url, (run) =>
          run(
            "select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
          ),
        )
      ).length === 0,
  )
  await decide(tenant.id, { result: 'done' })
  expect((await asked).statusCode).toBe(200)
})

test('offers are shown to whom they are made, and to supervisors who ask', async () => {
  const { tenant, agent, supervisor } = await api.business()
  const colleague = await api.person(tenant.id, { role: 'agent' })
  const mine = await offerTo(api, tenant.id, agent.member.id)
  const theirs = await offerTo(api, tenant.id, colleague.member.id)
  await offerTo(api, tenant.id, agent.member.id, 'expired')
  const list = async (token: string, query = '') => {
    const answer = await api.ask('GET', `/v1/offers${query}`, { token })
    return answer.statusCode === 200 ? answer.json().data.map((offer: { id: string }) => offer.id) : answer.json().code
  }
  expect(await list(agent.token)).toEqual([mine])
  expect(await list(agent.token, `?memberId=${colleague.member.id}`)).toBe('permission-missing')
  expect(await list(supervisor.token, `?memberId=${colleague.member.id}`)).toEqual([theirs])
  expect(await list(await api.key(tenant.id, ['*']))).toEqual([mine, theirs])
  expect(await list(await api.key(tenant.id, ['offer:read']))).toBe('permission-missing')
})

test('an offer to somebody else, or one that has ended, cannot be accepted', async () => {
  const { tenant, agent } = await api.business()
  const colleague = await api.person(tenant.id, { role: 'agent' })
  const accept = async (id: string) => (await api.ask('POST', `/v1/offers/${id}/accept`, { token: agent.token })).json()
  expect(await accept(await offerTo(api, tenant.id, colleague.member.id))).toMatchObject({ code: 'offer-unknown' })
  expect(await accept(newId('ofr'))).toMatchObject({ code: 'offer-unknown' })
  for (const state of ['expired', 'rescinded', 'declined']) {
    expect(await accept(await offerTo(api, tenant.id, agent.member.id, state))).toMatchObject({ code: 'offer-expired' })
  }
  const taken = await offerTo(api, tenant.id, agent.member.id, 'rescinded', 'taken')
  expect(await accept(taken)).toMatchObject({ code: 'offer-taken' })
  expect(await accept(await offerTo(api, tenant.id, agent.member.id, 'accepted'))).toHaveProperty('commandId')
  const key = await api.key(tenant.id, ['*'])
  const answer = await api.ask('POST', `/v1/offers/${newId('ofr')}/accept`, { token: key })
  expect(answer.json()).toMatchObject({ code: 'member-required' })
})

test('presence lists every member who is not disabled, as the shard last decided', async () => {
  const { tenant, agent, supervisor, admin } = await api.business()
  await api.read(tenant.id, (tx) =>
    tx.run(
      `insert into agent_states (tenant_id, agent_id, presence, reason, used, hard_max, record, config) values ($1, $2, 'busy', '培训', 2, 5, '{}', '{}')`,
      tenant.id,
      agent.member.id,
    ),
  )
  const { data } = (await api.ask('GET', '/v1/presence', { token: agent.token })).json()
  expect(data).toHaveLength(3)
  expect(data).toContainEqual({ memberId: agent.member.id, state: 'busy', reason: '培训', used: 2, capacity: 5 })
  for (const { member } of [supervisor, admin]) {
    expect(data).toContainEqual({ memberId: member.id, state: 'offline', reason: null, used: 0, capacity: 5 })
  }
})

test('a supervisor sets the presence of others, an agent only their own', async () => {
  const { agent, supervisor } = shop
  const path = `/v1/presence/${agent.member.id}`
  const body = { state: 'offline' }
  expect((await api.ask('PUT', path, { token: supervisor.token, body })).statusCode).toBe(202)
  expect((await api.ask('PUT', path, { token: agent.token, body })).json()).toMatchObject({
    code: 'permission-missing',
  })
  const nobody = await api.ask('PUT', `/v1/presence/${newId('usr')}`, { token: supervisor.token, body })
  expect(nobody.json()).toMatchObject({ code: 'member-unknown' })
  const made = await api.ask('PUT', '/v1/presence/me', { token: agent.token, body: { state: 'not-responding' } })
  expect(made.statusCode).toBe(400)
})
