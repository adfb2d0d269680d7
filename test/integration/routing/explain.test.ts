import { afterAll, beforeAll, expect, test } from 'vitest'
import { routing } from '../../../src/api/routes/routing.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { updateMember } from '../../../src/core/tenancy/members.ts'
import { explainSubject, readJournal } from '../../../src/routing/journal.ts'
import { readAgents, readQueues } from '../../../src/routing/monitor.ts'
import { endSentence, reasonOf, sentenceOf } from '../../../src/routing/sentences.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { startTestApi } from '../../support/api.ts'
import { openRoutingGround, RoutedShop, type RoutingGround } from '../../support/routing-ground.ts'

let ground: RoutingGround
let shard: Shard

beforeAll(async () => {
  ground = await openRoutingGround()
  shard = new Shard({ ...ground, owner: 'one', log: silentLog })
  await shard.start()
})
afterAll(async () => {
  await shard?.stop()
  await ground?.close()
})

const explain = (shop: RoutedShop, id: string) =>
  ground.db.transaction(shop.shop.actor, (tx) => explainSubject(tx, shop.tenantId, id))

test('who waits learns why nobody has taken it, of each agent in one sentence', async () => {
  const shop = await RoutedShop.open(ground)
  const full = await shop.onlineAgent('full', 1)
  const busy = await shop.agent('busy')
  await shop.presence(busy, 'busy')
  const [first = ''] = await shop.queue(1)
  await shop.holder(first)
  const [id = '', second = ''] = await shop.queue(2)
  await shop.settled(shard)
  const view = await explain(shop, second)
  expect(view).toMatchObject({ state: 'waiting', ahead: 1, waiting: 2, step: 0, steps: 1 })
  expect(view?.agents.map((agent) => [agent.agentId, sentenceOf(agent, 'en')])).toEqual([
    [full.id, 'Has 1 of 1 units in use, and it takes 1.'],
    [busy.id, expect.stringMatching(/^Is busy since \d{4}-.*Z\.$/)],
  ])
  expect(await explain(shop, first)).toMatchObject({ state: 'active', agents: [{ role: 'holder' }, {}] })
  await shop.closeAll([id])
  await shop.settled(shard)
  expect(await explain(shop, id)).toBeUndefined()
})

test('the journal tells every offer and assignment of a conversation in order, with its reason', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  const bob = await shop.agent('bob')
  const [id = ''] = await shop.queue(1)
  const offer = await shop.offer()
  await shop.presence(bob, 'online')
  await shop.ask({ kind: 'decline', offerId: offer.id, memberId: ann.id, reason: '会议' })
  const second = await shop.offer(offer)
  await shop.ask({ kind: 'accept', offerId: second.id, memberId: bob.id })
  await shop.closeAll([id])
  await shop.settled(shard)
  const journal = await ground.db.transaction(shop.shop.actor, (tx) => readJournal(tx, id))
  expect(journal.map(({ type, memberId, reason }) => [type, memberId, reason])).toEqual([
    ['offered', ann.id, null],
    ['declined', ann.id, '会议'],
    ['offered', bob.id, null],
    ['accepted', bob.id, null],
    ['assigned', bob.id, null],
    ['released', bob.id, 'ended'],
  ])
  expect(reasonOf(journal[0]?.why ?? null, 'en')).toBe('The only one who could take it.')
})

test('of whoever holds it no longer the journal tells why', async () => {
  const shop = await RoutedShop.open(ground, { routing: { onOffline: 'requeue' } })
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const bob = await shop.onlineAgent('bob')
  await shop.ask({ kind: 'transfer', conversationId: id, memberId: bob.id })
  await shop.ask({ kind: 'assign', conversationId: id, memberId: ann.id })
  await shop.presence(ann, 'offline')
  await shop.holder(id, ann.id)
  await shop.write(async (tx) => {
    await updateMember(tx, bob.id, { disabled: true }, undefined)
  })
  await shop.settled(shard)
  const journal = await ground.db.transaction(shop.shop.actor, (tx) => readJournal(tx, id))
  const ends = journal.filter(({ type }) => type === 'released')
  expect(ends.map(({ memberId, reason }) => [memberId, reason])).toEqual([
    [ann.id, 'transferred'],
    [bob.id, 'taken-over'],
    [ann.id, 'offline'],
    [bob.id, 'agent-removed'],
  ])
  expect(ends.map(({ type, reason }) => endSentence(type, reason, 'en'))).toEqual([
    'It was handed on.',
    'It was given to somebody else by hand.',
    'They went offline.',
    'Their account was disabled.',
  ])
})

test('the monitor shows queues and agents as they are, what waits for the hours apart, and those of nobody else', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 1)
  await shop.agent('bob')
  const ids = await shop.queue(3)
  await shop.settled(shard)
  const [queues, agents] = await ground.db.transaction(shop.shop.actor, async (tx) => [
    await readQueues(tx),
    await readAgents(tx),
  ])
  expect(queues).toEqual([
    {
      groupId: shop.shop.groupId,
      waiting: 2,
      handedOn: 0,
      offered: 0,
      pooled: 0,
      deferred: 0,
      parked: 0,
      oldestAt: expect.any(Date),
      inService: 1,
      online: 1,
      free: 0,
      members: 2,
    },
  ])
  expect(agents.map(({ state, used, capacity, conversations }) => ({ state, used, capacity, conversations }))).toEqual([
    { state: 'online', used: 1, capacity: 1, conversations: 1 },
    { state: 'offline', used: 0, capacity: 5, conversations: 0 },
  ])
  expect(agents[0]).toMatchObject({ memberId: ann.id, since: expect.any(Date), idleSince: null, missed: 0 })
  const { id: outside = '' } = (await shop.conversations()).find(({ heldBy }) => heldBy === 'queue') ?? {}
  expect(ids).toContain(outside)
  await shop.write((tx) => tx.run('update conversations set parked_at = now() where id = $1', outside))
  const [figures] = await ground.db.transaction(shop.shop.actor, readQueues)
  expect(figures).toMatchObject({ waiting: 1, parked: 1 })
})

test('supervisors may ask, agents may not', async () => {
  const api = await startTestApi([routing])
  try {
    const shop = await api.business()
    const ask = (token: string) => api.ask('GET', '/v1/monitor/agents', { token })
    expect((await ask(shop.supervisor.token)).statusCode).toBe(200)
    expect((await ask(shop.agent.token)).json()).toMatchObject({ code: 'permission-missing' })
  } finally {
    await api.close()
  }
})
