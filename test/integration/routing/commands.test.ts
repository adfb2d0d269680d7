import { afterAll, beforeAll, expect, test } from 'vitest'
import { emit } from '../../../src/core/events/outbox.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { createMember } from '../../../src/core/tenancy/members.ts'
import { listPresences } from '../../../src/core/tenancy/presences.ts'
import { createGroup, putGroupMember } from '../../../src/core/tenancy/skill-groups.ts'
import type { Command } from '../../../src/routing/commands.ts'
import { Flows } from '../../../src/routing/flows.ts'
import { readQueues } from '../../../src/routing/monitor.ts'
import { readPlaces } from '../../../src/routing/places.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
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

async function expectSound(shop: RoutedShop): Promise<void> {
  await shop.settled(shard)
  const digests = await shard.digests(shop.tenantId)
  expect(digests?.memory).toBe(digests?.database)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
}

test('presence is told once for each change', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  await shop.presence(ann, 'online')
  await shop.ask({ kind: 'presence', memberId: ann.id, state: 'busy', reason: 'lunch' })
  await expectSound(shop)
  expect((await shop.events('member.presence')).map(({ data }) => data)).toEqual([
    { memberId: ann.id, state: 'online', reason: null, used: 0, capacity: 5 },
    { memberId: ann.id, state: 'busy', reason: 'lunch', used: 0, capacity: 5 },
  ])
})

test('a state of one’s own and the reasons why media are closed are told, kept and shown', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.agent('ann')
  const facts = {
    status: 'training',
    reason: '培训',
    closed: ['chat', 'call'],
    closedReasons: { call: '耳机坏了' },
  } as const
  await shop.ask({ kind: 'presence', memberId: ann.id, state: 'online', ...facts })
  const [id = ''] = await shop.queue(1)
  await expectSound(shop)
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  const shown = { memberId: ann.id, state: 'online', used: 0, capacity: 5, ...facts }
  expect((await shop.events('member.presence')).map(({ data }) => data)).toEqual([shown])
  expect(await shop.write(listPresences)).toEqual([shown])
  await shop.presence(ann, 'online')
  expect(await shop.holder(id)).toBe(ann.id)
  expect(await shop.write(listPresences)).toEqual([
    { memberId: ann.id, state: 'online', reason: null, used: 1, capacity: 5 },
  ])
})

test('a command that is repeated has its first outcome, and no second effect', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.agent('ann')
  const command = { kind: 'presence', memberId: ann.id, state: 'online' } as const
  const id = await shop.issue(command)
  await shop.settled(shard)
  await shop.presence(ann, 'away')
  const { kind, ...data } = command
  await shop.write((tx) => emit(tx, 'command.issued', id, { commandId: id, kind, data }))
  await shop.settled(shard)
  expect(await shop.agentStates()).toMatchObject([{ presence: 'away' }])
})

/** Nothing comes to the log until what this returns is called: the relay waits for the row that it moves. */
async function holdLog(): Promise<() => Promise<void>> {
  const release = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holding = ground.db.work('test', [], async (tx) => {
    await tx.run('select from feed for update')
    held.resolve()
    await release.promise
  })
  await held.promise
  return () => {
    release.resolve()
    return holding
  }
}

test('presence, a pull and the answer to an offer are decided before the log brings them, once', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual' })
  const [ann, bob] = [await shop.onlineAgent('ann', 1), await shop.agent('bob')]
  await shop.presence(bob, 'busy')
  const [offered = ''] = await shop.queue(1)
  const offer = await shop.offer()
  await shop.presence(ann, 'busy')
  const [pulled = ''] = await shop.queue(1)
  await shop.settled(shard)
  await shop.presence(ann, 'online')
  const again = await shop.offer(offer)
  const before = shard.figures().prompt
  const letGo = await holdLog()
  const late = await shop.ask({ kind: 'accept', offerId: offer.id, memberId: ann.id })
  const accepted = await shop.ask({ kind: 'accept', offerId: again.id, memberId: ann.id })
  const other = [offered, pulled].find((id) => id !== again.conversationId) ?? ''
  const taken = await shop.ask({ kind: 'pull', conversationId: other, memberId: bob.id })
  const away = await shop.ask({ kind: 'presence', memberId: ann.id, state: 'away' })
  await letGo()
  expect(late).toMatchObject({ result: 'refused', code: 'stale' })
  expect(accepted).toEqual({ result: 'done', assigneeId: ann.id })
  expect(taken).toEqual({ result: 'done', assigneeId: bob.id })
  expect(away).toEqual({ result: 'done' })
  expect(shard.figures().prompt - before).toBe(4)
  await expectSound(shop)
  expect(await shop.assignments()).toHaveLength(2)
})

test('what was closed is not accepted, and whoever closed it goes offline with nothing, although the log is slow', async () => {
  const shop = await RoutedShop.open(ground, { acceptMode: 'manual', routing: { onOffline: 'requeue' } })
  const ann = await shop.onlineAgent('ann')
  const [held = ''] = await shop.queue(1)
  await shop.ask({ kind: 'accept', offerId: (await shop.offer()).id, memberId: ann.id })
  await shop.queue(1)
  const offer = await shop.offer()
  const letGo = await holdLog()
  await shop.closeAll([offer.conversationId ?? '', held])
  const accepting = shop.ask({ kind: 'accept', offerId: offer.id, memberId: ann.id })
  const leaving = shop.presence(ann, 'offline')
  await letGo()
  expect((await accepting).result).toBe('refused')
  expect(await leaving).toEqual({ result: 'done' })
  await expectSound(shop)
  expect(await shop.events('conversation.queued')).toHaveLength(2)
})

test('a waiting conversation is pulled by one of two agents; the other hears that it is taken', async () => {
  const shop = await RoutedShop.open(ground)
  const agents = [await shop.agent('ann'), await shop.agent('bob')]
  for (const agent of agents) await shop.presence(agent, 'busy')
  const [id = ''] = await shop.queue(1)
  await shop.settled(shard)
  const outcomes = await Promise.all(
    agents.map((agent) => shop.ask({ kind: 'pull', conversationId: id, memberId: agent.id })),
  )
  const holder = await shop.holder(id)
  expect(outcomes).toContainEqual({ result: 'done', assigneeId: holder })
  expect(outcomes).toContainEqual({ result: 'refused', code: 'taken', assigneeId: holder })
  // Whose answer got lost asks again: it is theirs, also while it is set aside.
  await shop.ask({ kind: 'park', conversationId: id, until: null, number: 0 })
  expect(await shop.ask({ kind: 'pull', conversationId: id, memberId: holder })).toEqual({
    result: 'done',
    assigneeId: holder,
  })
  expect((await shop.assignments()).length).toBe(1)
  await expectSound(shop)
})

test('who is full, offline or of another group cannot pull', async () => {
  const shop = await RoutedShop.open(ground)
  const full = await shop.onlineAgent('full', 1)
  const offline = await shop.agent('offline')
  const [first = '', second = ''] = await shop.queue(2)
  await eventually(async () => (await shop.conversations()).some(({ heldBy }) => heldBy === 'agent'))
  const waiting = (await shop.conversation(first)).heldBy === 'queue' ? first : second
  const pull = (memberId: string): Command => ({ kind: 'pull', conversationId: waiting, memberId })
  expect(await shop.ask(pull(full.id))).toEqual({ result: 'refused', code: 'full' })
  expect(await shop.ask(pull(offline.id))).toEqual({ result: 'refused', code: 'offline' })
  const stranger = await shop.write((tx) => createMember(tx, { name: 'eve', email: 'eve@example.com', role: 'agent' }))
  await shop.presence(stranger, 'online')
  expect(await shop.ask(pull(stranger.id))).toEqual({ result: 'refused', code: 'not-eligible' })
  expect((await shop.conversation(waiting)).heldBy).toBe('queue')
  await expectSound(shop)
})

test('a supervisor gives a conversation out of another’s hands', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  expect(await shop.holder(id)).toBe(ann.id)
  const bob = await shop.onlineAgent('bob')
  const outcome = await shop.ask({ kind: 'assign', conversationId: id, memberId: bob.id })
  expect(outcome).toEqual({ result: 'done', assigneeId: bob.id })
  expect((await shop.conversation(id)).assigneeId).toBe(bob.id)
  expect((await shop.assignments()).map(({ agentId, endedAt }) => [agentId, endedAt === null])).toEqual([
    [ann.id, false],
    [bob.id, true],
  ])
  await shop.settled(shard)
  expect((await shop.events('conversation.assigned')).at(-1)?.data).toMatchObject({ previousAssigneeId: ann.id })
  await expectSound(shop)
})

test('a conversation is handed to another group and to a colleague', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const bob = await shop.onlineAgent('bob')
  const other = await shop.write(async (tx) => {
    const group = await createGroup(tx, { name: '售后' })
    await putGroupMember(tx, group.id, bob.id, { tier: 1, level: 1 })
    return group
  })
  await shop.presence(bob, 'busy')
  const [id = ''] = await shop.queue(1)
  expect(await shop.holder(id)).toBe(ann.id)
  expect(await shop.ask({ kind: 'transfer', conversationId: id, groupId: other.id })).toEqual({
    result: 'done',
    assigneeId: null,
  })
  expect(await shop.conversation(id)).toMatchObject({ heldBy: 'queue', assigneeId: null, groupId: other.id })
  await shop.presence(bob, 'online')
  expect(await shop.holder(id)).toBe(bob.id)
  expect(await shop.ask({ kind: 'transfer', conversationId: id, memberId: ann.id })).toEqual({
    result: 'done',
    assigneeId: ann.id,
  })
  expect(await shop.holder(id)).toBe(ann.id)
  await shop.presence(bob, 'offline')
  expect((await shop.ask({ kind: 'transfer', conversationId: id, memberId: bob.id })).code).toBe('offline')
  await expectSound(shop)
})

test('a conversation handed on warm stays with its holder until somebody of the group takes it', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 1)
  const { bob, other } = await shop.write(async (tx) => {
    const group = await createGroup(tx, { name: '售后', acceptMode: 'manual' })
    const member = await createMember(tx, { name: 'bob', email: 'bob@example.com', role: 'agent', capacity: 1 })
    await putGroupMember(tx, group.id, member.id, { tier: 1, level: 1 })
    return { bob: member, other: group }
  })
  const [id = '', next = ''] = await shop.queue(2)
  expect(await shop.holder(id)).toBe(ann.id)
  const handOn = { kind: 'transfer', conversationId: id, groupId: other.id, warm: true } as const
  const kept = { heldBy: 'agent', assigneeId: ann.id, groupId: shop.shop.groupId }
  expect(await shop.ask(handOn)).toEqual({ result: 'done', assigneeId: ann.id })
  expect(await shop.conversation(id)).toMatchObject(kept)
  await expectSound(shop)
  expect((await shop.ask(handOn)).code).toBe('stale')
  const figures = await shop.write(readQueues)
  expect(figures.find(({ groupId }) => groupId === other.id)).toMatchObject({ waiting: 0, handedOn: 1 })
  expect(await shop.write((tx) => readPlaces(tx, new Flows(), Date.now(), id))).toEqual([])
  expect(await shop.ask({ kind: 'recall', conversationId: id, memberId: ann.id })).toMatchObject({ result: 'done' })
  expect(await shop.conversation(id)).toMatchObject(kept)

  await shop.ask(handOn)
  await shop.presence(bob, 'online')
  const offer = await shop.offer()
  expect(offer).toMatchObject({ conversationId: id, memberId: bob.id, groupId: other.id })
  await expectSound(shop)
  expect(await shop.ask({ kind: 'accept', offerId: offer.id, memberId: bob.id })).toEqual({
    result: 'done',
    assigneeId: bob.id,
  })
  expect(await shop.conversation(id)).toMatchObject({ heldBy: 'agent', assigneeId: bob.id, groupId: other.id })
  expect(await shop.holder(next)).toBe(ann.id)
  await expectSound(shop)
  const told = await shop.events('conversation.transferring', 'conversation.kept', 'conversation.assigned')
  const ofIt = told.filter(({ data }) => (data.conversation as { id: string }).id === id)
  expect(
    ofIt.map(({ type, data }) => [type, (data.conversation as { transferGroupId?: string }).transferGroupId]),
  ).toEqual([
    ['conversation.assigned', undefined],
    ['conversation.transferring', other.id],
    ['conversation.kept', undefined],
    ['conversation.transferring', other.id],
    ['conversation.assigned', undefined],
  ])

  // From then on it is the other’s to hand on: back to whoever pulls it.
  await shop.presence(ann, 'busy')
  await shop.closeAll([next])
  await shop.ask({ kind: 'transfer', conversationId: id, groupId: shop.shop.groupId, warm: true })
  expect(await shop.ask({ kind: 'pull', conversationId: id, memberId: ann.id })).toEqual({
    result: 'done',
    assigneeId: ann.id,
  })
  await expectSound(shop)

  // What ends meanwhile is handed on to nobody any more.
  expect(await shop.ask(handOn)).toMatchObject({ result: 'done' })
  await shop.closeAll([id])
  await shop.settled(shard)
  const closed = (await shop.events('conversation.closed')).filter(({ subject }) => subject === id)
  expect(closed).toHaveLength(1)
  expect(closed[0]?.data.conversation).not.toHaveProperty('transferGroupId')
  await expectSound(shop)
})

test('commands on what is not there, and of a kind that nobody knows, are refused', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.closeAll([id])
  await shop.settled(shard)
  for (const kind of ['pull', 'assign'] as const) {
    expect(await shop.ask({ kind, conversationId: id, memberId: ann.id })).toEqual({
      result: 'refused',
      code: 'unknown',
    })
  }
  expect(await shop.ask({ kind: 'transfer', conversationId: id, memberId: ann.id })).toMatchObject({ code: 'unknown' })
  expect(await shop.ask({ kind: 'sing' } as unknown as Command)).toEqual({ result: 'refused', code: 'unknown' })
  expect(await shop.ask({ kind: 'presence' } as unknown as Command)).toEqual({ result: 'refused', code: 'unknown' })
  const [next = ''] = await shop.queue(1)
  expect(await shop.holder(next)).toBe(ann.id)
  await expectSound(shop)
})
