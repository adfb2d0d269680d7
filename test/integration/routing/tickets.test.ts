/** Tickets through the routing engine: one capacity with conversations, and what is done by hand stands. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TicketPatch, takeTicket, updateTicket } from '../../../src/core/desk/ticket-edit.ts'
import { listHistory } from '../../../src/core/desk/ticket-history.ts'
import { createTicket, getTicket, type NewTicket } from '../../../src/core/desk/tickets.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { updateMember } from '../../../src/core/tenancy/members.ts'
import type { KeyPrincipal, MemberPrincipal } from '../../../src/core/tenancy/principals.ts'
import { explainSubject, readPasses } from '../../../src/routing/journal.ts'
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

async function desk(group: Parameters<typeof RoutedShop.open>[1] = {}) {
  const shop = await RoutedShop.open(ground, group)
  const by: KeyPrincipal = {
    kind: 'key',
    id: 'key_test',
    tenantId: shop.tenantId,
    credential: 'key_test',
    permissions: new Set(['ticket:read-all']),
  }
  const viewer = { id: by.id, all: true, groupIds: [] }
  const make = (given: Partial<NewTicket> = {}) =>
    shop.write((tx) => createTicket(tx, by, { subject: '退货', groupId: shop.shop.groupId, ...given }))
  const change = (id: string, patch: TicketPatch) => shop.write((tx) => updateTicket(tx, by, id, patch, undefined))
  const ticket = (id: string) => shop.write((tx) => getTicket(tx, viewer, id))
  const holder = (id: string, unlike?: string) =>
    eventually(async () => {
      const { assigneeId } = await ticket(id)
      return assigneeId !== null && assigneeId !== unlike ? assigneeId : undefined
    })
  const used = async (agentId: string) => (await shop.agentStates()).find((one) => one.agentId === agentId)?.used ?? 0
  const sound = async () => {
    await shop.settled(shard)
    const digests = await shard.digests(shop.tenantId)
    expect(digests?.memory).toBe(digests?.database)
    expect(await shard.reconcile(shop.tenantId)).toEqual([])
  }
  return { shop, make, change, ticket, holder, used, sound }
}

test('a ticket of a skill group is given to somebody on duty, and its history and events tell', async () => {
  const { shop, make, holder, ticket, used, sound } = await desk()
  const ann = await shop.onlineAgent('ann')
  const { id } = await make()
  expect(await holder(id)).toBe(ann.id)
  const history = await shop.write((tx) => listHistory(tx, id, { limit: 10, after: null }))
  expect(history.data[0]).toMatchObject({
    actorId: 'routing',
    changes: [{ field: 'assigneeId', from: null, to: ann.id }],
  })
  const events = await eventually(async () => {
    const found = await shop.events('ticket.updated')
    return found.length > 0 ? found : undefined
  })
  expect(events).toHaveLength(1)
  expect((await ticket(id)).version).toBe(2)
  expect(await used(ann.id)).toBe(1)
  await sound()
})

test('conversations and tickets share one capacity, and tickets leave half of it unless the limit says otherwise', async () => {
  const { shop, make, ticket, used, sound } = await desk()
  const ann = await shop.onlineAgent('ann', 4)
  const tickets = [await make(), await make(), await make()]
  const chats = await shop.queue(3)
  await sound()
  const given = (await Promise.all(tickets.map(({ id }) => ticket(id)))).filter(({ assigneeId }) => assigneeId !== null)
  expect(given).toHaveLength(2)
  expect((await shop.conversations()).filter(({ assigneeId }) => assigneeId === ann.id)).toHaveLength(2)
  expect(await used(ann.id)).toBe(4)
  await shop.closeAll(chats)
  await shop.write((tx) => updateMember(tx, ann.id, { limits: { ticket: 4 } }, undefined))
  await sound()
  expect(
    (await Promise.all(tickets.map(({ id }) => ticket(id)))).every(({ assigneeId }) => assigneeId === ann.id),
  ).toBe(true)
})

test('a group that accepts by hand offers its tickets', async () => {
  const { shop, make, holder, sound } = await desk({ acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  const { id } = await make({ priority: 'urgent' })
  const offer = await shop.offer()
  expect(offer).toMatchObject({ ticketId: id, conversationId: null, memberId: ann.id })
  expect(await shop.ask({ kind: 'accept', offerId: offer.id, memberId: ann.id })).toMatchObject({ result: 'done' })
  expect(await holder(id)).toBe(ann.id)
  await sound()
})

test('who takes a ticket by hand has it, whoever is being asked', async () => {
  const { shop, make, ticket, used, sound } = await desk({ acceptMode: 'manual' })
  const ann = await shop.onlineAgent('ann')
  const { id } = await make()
  const offer = await shop.offer()
  const ben = await shop.agent('ben')
  await shop.presence(ben, 'busy')
  const me = {
    kind: 'member',
    id: ben.id,
    tenantId: shop.tenantId,
    credential: 'x',
    role: 'agent',
    permissions: new Set(),
    groupIds: [shop.shop.groupId],
  }
  await shop.write((tx) => takeTicket(tx, me as unknown as MemberPrincipal, id))
  await sound()
  expect((await ticket(id)).assigneeId).toBe(ben.id)
  expect([await used(ben.id), await used(ann.id)]).toEqual([1, 0])
  expect(await shop.ask({ kind: 'accept', offerId: offer.id, memberId: ann.id })).toMatchObject({ code: 'taken' })
})

test('a group that closes what it cannot serve closes no ticket: it is kept aside, and routing leaves it alone', async () => {
  const { shop, make, change, ticket, holder, sound } = await desk({
    routing: { overflow: { nobody: { close: true } } },
  })
  const { id } = await make()
  await sound()
  const standing = () => shop.write((tx) => explainSubject(tx, tx.tenantId, id))
  expect(await standing()).toMatchObject({ state: 'pooled' })
  expect(await shop.write((tx) => readPasses(tx, id))).toMatchObject([
    { groupId: shop.shop.groupId, cause: 'nobody', to: 'pool' },
  ])
  const ann = await shop.onlineAgent('ann')
  await sound()
  expect([(await ticket(id)).assigneeId, (await ticket(id)).statusCategory]).toEqual([null, 'new'])
  await change(id, { assigneeId: ann.id })
  expect(await holder(id)).toBe(ann.id)
  await sound()
  expect(await standing()).toMatchObject({ state: 'active' })
})

test('pending frees what a ticket takes, solving ends it, and taking it from somebody has it wait again', async () => {
  const { shop, make, change, ticket, holder, used, sound } = await desk()
  const ann = await shop.onlineAgent('ann')
  const { id } = await make()
  await holder(id)
  await change(id, { status: 'pending' })
  await sound()
  expect([(await ticket(id)).assigneeId, await used(ann.id)]).toEqual([ann.id, 0])
  await change(id, { status: 'open' })
  await sound()
  expect(await used(ann.id)).toBe(1)
  const ben = await shop.onlineAgent('ben')
  await change(id, { assigneeId: null })
  expect(await holder(id)).toBe(ben.id)
  await change(id, { status: 'solved' })
  await sound()
  expect([await used(ann.id), await used(ben.id)]).toEqual([0, 0])
  expect((await ticket(id)).assigneeId).toBe(ben.id)
})

test('given by hand, a ticket counts beyond the limit, and with somebody who is not there it is theirs all the same', async () => {
  const { shop, make, change, ticket, used, sound } = await desk()
  const ann = await shop.onlineAgent('ann', 1)
  const away = await shop.agent('away')
  const [chat = ''] = await shop.queue(1)
  expect(await shop.holder(chat)).toBe(ann.id)
  const first = await make({ assigneeId: ann.id })
  const second = await make({ assigneeId: away.id })
  await sound()
  expect([await used(ann.id), await used(away.id)]).toEqual([2, 0])
  expect((await ticket(second.id)).assigneeId).toBe(away.id)
  await change(first.id, { assigneeId: away.id })
  await sound()
  expect(await used(ann.id)).toBe(1)
})
