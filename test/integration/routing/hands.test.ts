/** Taking over, setting aside, taking up again: what the shard makes of it, and what it costs whom. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editConversation } from '../../../src/core/conversations/edit.ts'
import { reopenConversation } from '../../../src/core/conversations/lifecycle.ts'
import { type ConversationRow, conversationColumns, toConversation } from '../../../src/core/conversations/rows.ts'
import { emit } from '../../../src/core/events/outbox.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import type { KeyPrincipal } from '../../../src/core/tenancy/principals.ts'
import { issueCommand } from '../../../src/routing/commands.ts'
import { Flows } from '../../../src/routing/flows.ts'
import { explainSubject } from '../../../src/routing/journal.ts'
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

const key = (shop: RoutedShop): KeyPrincipal => ({
  kind: 'key',
  id: 'key_test',
  tenantId: shop.tenantId,
  credential: 'x',
  permissions: new Set(['conversation:read-all']),
})

const usedBy = async (shop: RoutedShop, memberId: string) =>
  (await shop.agentStates()).find(({ agentId }) => agentId === memberId)?.used

const row = (shop: RoutedShop, id: string) =>
  shop.write((tx) =>
    tx.one<ConversationRow>(
      `select ${conversationColumns} from conversations c where tenant_id = $1 and id = $2`,
      tx.tenantId,
      id,
    ),
  )

/** The customer writes, as ingest notes it. */
const write = (shop: RoutedShop, id: string, wakes: boolean) =>
  shop.write(async (tx) => {
    const after = await tx.one<ConversationRow>(
      `update conversations c set last_number = last_number + 1, waiting_since = now(), snoozed_at = null, snoozed_until = null,
              version = version + 1 where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
      tx.tenantId,
      id,
    )
    await tx.run(
      `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, parts, status, sent_at)
       values ($1, $2, $3, $4, $5, 'in', 'contact', '[]', 'received', now())`,
      tx.tenantId,
      `msg_${id.slice(4, -2)}${String(after.lastNumber).padStart(2, '0')}`,
      id,
      after.contactId,
      after.lastNumber,
    )
    if (wakes) await emit(tx, 'conversation.woken', id, { conversation: toConversation(after, '') })
  })

test('who takes over is given it though they are full, and who held it may go on taking part', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = '', second = ''] = await shop.queue(2)
  expect([await shop.holder(id), await shop.holder(second)]).toEqual([ann.id, ann.id])
  const bob = await shop.agent('bob', 1)
  await shop.presence(bob, 'busy')
  const take = (conversationId: string, keepsHolder = {}) =>
    shop.ask({ kind: 'assign', conversationId, memberId: bob.id, override: true, ...keepsHolder })
  expect(await take(id, { keepsHolder: true })).toEqual({ result: 'done', assigneeId: bob.id })
  expect(await row(shop, id)).toMatchObject({ assigneeId: bob.id, participantIds: [ann.id] })
  expect([await usedBy(shop, ann.id), await usedBy(shop, bob.id)]).toEqual([1, 1])
  const outcome = await take(second)
  if (outcome.result === 'done') expect((await row(shop, second)).participantIds).toEqual([])
  else expect(outcome.code).toBe('full')
  expect(await shop.ask({ kind: 'assign', conversationId: id, memberId: ann.id, override: true })).toEqual({
    result: 'done',
    assigneeId: ann.id,
  })
  expect((await row(shop, id)).participantIds).toEqual([])
  await expectSound(shop)
})

test('what waits takes its new place as soon as its priority changes', async () => {
  const shop = await RoutedShop.open(ground)
  const ids = [...(await shop.queue(1)), ...(await shop.queue(1)), ...(await shop.queue(1))]
  const last = ids.at(-1) ?? ''
  await shop.write((tx) => editConversation(tx, key(shop), last, { priority: 1 }, undefined))
  await shop.settled(shard)
  const ann = await shop.onlineAgent('ann', 1)
  expect(await shop.holder(last)).toBe(ann.id)
  await expectSound(shop)
})

test('what is snoozed keeps its holder and takes nothing of their capacity, until its time has come', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 1)
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const [waiting = ''] = await shop.queue(1)
  await shop.settled(shard)
  expect((await row(shop, waiting)).heldBy).toBe('queue')
  const until = Date.now() + 1500
  expect(await shop.ask({ kind: 'park', conversationId: id, memberId: ann.id, until, number: 0 })).toEqual({
    result: 'done',
    assigneeId: ann.id,
  })
  const asleep = await row(shop, id)
  expect(asleep).toMatchObject({ heldBy: 'agent', assigneeId: ann.id, snoozedAt: expect.any(Date) })
  expect(asleep.snoozedUntil?.getTime()).toBe(until)
  expect(await shop.holder(waiting)).toBe(ann.id)
  await eventually(async () => (await row(shop, id)).snoozedAt === null)
  await shop.settled(shard)
  expect((await shop.events('conversation.snoozed', 'conversation.woken')).map(({ type }) => type)).toEqual([
    'conversation.snoozed',
    'conversation.woken',
  ])
  await expectSound(shop)
})

test('what is snoozed takes the units that its group says, and waits again where its holder is full when it wakes', async () => {
  const shop = await RoutedShop.open(ground, { routing: { weight: 2, parkedWeight: 1, onWakeFull: 'requeue' } })
  const ann = await shop.onlineAgent('ann', 3)
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.ask({ kind: 'park', conversationId: id, memberId: ann.id, until: null, number: 0 })
  expect(await usedBy(shop, ann.id)).toBe(1)
  const [other = ''] = await shop.queue(1)
  expect(await shop.holder(other)).toBe(ann.id)
  await shop.ask({ kind: 'wake', conversationId: id })
  await shop.settled(shard)
  expect(await row(shop, id)).toMatchObject({ heldBy: 'queue', snoozedAt: null })
  expect(await usedBy(shop, ann.id)).toBe(2)
  await shop.closeAll([other])
  expect(await shop.holder(id)).toBe(ann.id)
  await expectSound(shop)
})

test('a customer’s word wakes what is snoozed, also one that came before routing had decided', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 5)
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  await shop.ask({ kind: 'park', conversationId: id, until: null, number: 0 })
  expect(await row(shop, id)).toMatchObject({ snoozedAt: expect.any(Date), snoozedUntil: null })
  expect(await usedBy(shop, ann.id)).toBe(0)
  await write(shop, id, true)
  await eventually(async () => (await usedBy(shop, ann.id)) === 1)
  expect(await row(shop, id)).toMatchObject({ assigneeId: ann.id, snoozedAt: null })
  await write(shop, id, false)
  expect((await shop.ask({ kind: 'park', conversationId: id, until: null, number: 1 })).result).toBe('done')
  await eventually(async () => (await usedBy(shop, ann.id)) === 1)
  expect((await row(shop, id)).snoozedAt).toBeNull()
  expect(await shop.ask({ kind: 'wake', conversationId: id })).toMatchObject({ result: 'refused', code: 'stale' })
  await expectSound(shop)
})

test('what wakes when its holder is gone waits again; only its holder sets it aside', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 5)
  const bob = await shop.agent('bob')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const park = { kind: 'park', conversationId: id, until: null, number: 0 } as const
  expect(await shop.ask({ ...park, memberId: bob.id })).toMatchObject({ result: 'refused', code: 'stale' })
  await shop.ask({ ...park, memberId: ann.id })
  expect(await shop.ask({ kind: 'transfer', conversationId: id, memberId: bob.id })).toEqual({
    result: 'refused',
    code: 'snoozed',
    assigneeId: ann.id,
  })
  await shop.presence(ann, 'offline')
  await shop.ask({ kind: 'wake', conversationId: id })
  await eventually(async () => (await row(shop, id)).heldBy === 'queue')
  expect(await row(shop, id)).toMatchObject({ assigneeId: null, snoozedAt: null })
  await expectSound(shop)
})

test('who waits may be put off to a time that suits them, and keeps their place', async () => {
  const shop = await RoutedShop.open(ground)
  const [first = ''] = await shop.queue(1)
  const [second = ''] = await shop.queue(1)
  await shop.settled(shard)
  const until = Date.now() + 1500
  const defer = { kind: 'defer', conversationId: first, until, number: 0 } as const
  expect(await shop.ask(defer)).toEqual({ result: 'done', assigneeId: null })
  expect(await row(shop, first)).toMatchObject({ heldBy: 'queue', assigneeId: null, snoozedAt: expect.any(Date) })
  const places = async () =>
    (await shop.write((tx) => readPlaces(tx, new Flows(), Date.now()))).map(({ conversationId }) => conversationId)
  expect(await places()).toEqual([second])
  const standing = await shop.write((tx) => explainSubject(tx, tx.tenantId, first))
  expect(standing).toMatchObject({ state: 'deferred', deferredUntil: expect.any(Number) })
  await expectSound(shop)
  const [third = ''] = await shop.queue(1)
  await eventually(async () => (await row(shop, first)).snoozedAt === null)
  await shop.settled(shard)
  expect((await places()).sort()).toEqual([first, second, third].sort())
  const ann = await shop.onlineAgent('ann', 1)
  expect(await shop.holder(first)).toBe(ann.id)
  expect(await shop.ask(defer)).toEqual({ result: 'refused', code: 'taken', assigneeId: ann.id })
  expect((await shop.ask({ ...defer, conversationId: second, until: null })).result).toBe('done')
  await write(shop, second, true)
  await shop.closeAll([first])
  expect(await shop.holder(second)).toBe(ann.id)
  expect((await shop.events('conversation.woken')).map(({ subject }) => subject)).toContain(second)
  await expectSound(shop)
})

test('what goes on again is with who wants it if they are there, else it waits', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann')
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const bob = await shop.agent('bob')
  await shop.presence(bob, 'busy')
  const by = key(shop)
  const again = async (memberId?: string) => {
    await shop.closeAll([id])
    await shop.settled(shard)
    const commandId = await shop.write(async (tx) => {
      await reopenConversation(tx, by, id)
      return issueCommand(tx, { kind: 'reopen', conversationId: id, ...(memberId !== undefined && { memberId }) })
    })
    await shop.settled(shard)
    return shop.write((tx) =>
      tx.one<{ outcome: object }>(
        'select outcome from commands where tenant_id = $1 and id = $2',
        tx.tenantId,
        commandId,
      ),
    )
  }
  expect((await again(bob.id)).outcome).toEqual({ result: 'done', assigneeId: bob.id })
  expect(await row(shop, id)).toMatchObject({ status: 'open', assigneeId: bob.id, reopened: 1 })
  expect((await again()).outcome).toEqual({ result: 'done', assigneeId: ann.id })
  await shop.presence(ann, 'offline')
  await shop.presence(bob, 'offline')
  expect((await again(bob.id)).outcome).toEqual({ result: 'done', assigneeId: null })
  expect(await row(shop, id)).toMatchObject({ status: 'open', heldBy: 'queue' })
  await expectSound(shop)
})
