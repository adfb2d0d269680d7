/** Entry rules over the tables: who comes into which group, and what is kept of why. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editConversation } from '../../../src/core/conversations/edit.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { updateMember } from '../../../src/core/tenancy/members.ts'
import type { KeyPrincipal } from '../../../src/core/tenancy/principals.ts'
import { createGroup, putGroupMember } from '../../../src/core/tenancy/skill-groups.ts'
import {
  createEntryRule,
  type EntryRuleGiven,
  listEntryRules,
  removeEntryRule,
  setPrecedence,
  updateEntryRule,
  warningsOf,
} from '../../../src/routing/entry-rules.ts'
import { explainSubject, readEntry } from '../../../src/routing/journal.ts'
import { Shard } from '../../../src/routing/shard.ts'
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

const wait = { enabled: true, otherwise: { to: 'wait' } } as const

async function shopWithGroups() {
  const shop = await RoutedShop.open(ground)
  const south = await shop.write((tx) => createGroup(tx, { name: '华南' }))
  const night = await shop.write((tx) => createGroup(tx, { name: '夜班' }))
  const rule = (given: Partial<EntryRuleGiven> & Pick<EntryRuleGiven, 'when' | 'target'>, position?: number) =>
    shop.write((tx) => createEntryRule(tx, { name: '规则', ...wait, ...given }, position))
  /** A customer of whom this is known waits. */
  const customer = async (known: { province?: string; claims?: Record<string, string>; tag?: string }) => {
    const [id = ''] = await shop.queue(1, { known })
    await shop.settled(shard)
    return id
  }
  const entryOf = (id: string) => shop.write((tx) => readEntry(tx, id))
  return { shop, south, night, rule, customer, entryOf }
}

test('a customer comes into the group of the first rule that takes them, with its priority and skills', async () => {
  const { shop, south, rule, customer, entryOf } = await shopWithGroups()
  await rule({
    name: '华南',
    when: { regions: ['广东', '广西'] },
    target: { groupId: south.id, priority: 2, skills: [{ skill: '粤语', level: 3 }] },
  })
  const id = await customer({ province: '广东省' })
  expect((await shop.conversation(id)).groupId).toBe(south.id)
  expect(await entryOf(id)).toMatchObject({ source: 'rules', rule: { because: ['region 广东'], fallback: 'wait' } })
  const plain = await shop.agent('plain')
  await shop.write((tx) => putGroupMember(tx, south.id, plain.id, { tier: 1, level: 1 }))
  await shop.presence(plain, 'online')
  expect((await shop.conversation(id)).heldBy).toBe('queue')
  const by: KeyPrincipal = {
    kind: 'key',
    id: 'key_test',
    tenantId: shop.tenantId,
    credential: 'x',
    permissions: new Set(['conversation:read-all']),
  }
  const priority = async () => (await shop.write((tx) => explainSubject(tx, tx.tenantId, id)))?.priority
  expect(await priority()).toBe(2)
  await shop.write((tx) => editConversation(tx, by, id, { priority: 3 }, undefined))
  await shop.settled(shard)
  expect(await priority()).toBe(5)
  await shop.write((tx) => updateMember(tx, plain.id, { skills: [{ skill: '粤语', level: 3 }] }, undefined))
  expect(await shop.holder(id)).toBe(plain.id)
  const north = await customer({ province: '北京市' })
  expect((await shop.conversation(north)).groupId).toBe(shop.shop.groupId)
  expect(await entryOf(north)).toMatchObject({ source: 'channel', passed: [{ name: '华南', reason: 'regions' }] })
})

test('when nobody of the target is on duty the rule’s own fallback decides', async () => {
  const { shop, south, night, rule, customer, entryOf } = await shopWithGroups()
  await rule({
    when: { tags: ['大客户'] },
    target: { groupId: south.id },
    otherwise: { to: 'group', groupId: night.id },
  })
  const first = await customer({ tag: '大客户' })
  expect((await shop.conversation(first)).groupId).toBe(night.id)
  expect(await entryOf(first)).toMatchObject({ rule: { fallback: 'group' } })
  const agent = await shop.agent('south')
  await shop.write((tx) => putGroupMember(tx, south.id, agent.id, { tier: 1, level: 1 }))
  await shop.presence(agent, 'online')
  const second = await customer({ tag: '大客户' })
  expect(await shop.holder(second)).toBe(agent.id)
})

test('a change of the rules is in force for the next conversation, and positions stay dense', async () => {
  const { shop, south, night, rule, customer } = await shopWithGroups()
  const a = await rule({ name: 'a', when: {}, target: { groupId: south.id } })
  const b = await rule({ name: 'b', when: {}, target: { groupId: night.id } }, 1)
  const groupOf = async () => (await shop.conversation(await customer({}))).groupId
  expect(await groupOf()).toBe(night.id)
  await shop.write((tx) => updateEntryRule(tx, a.id, {}, 1, a.version))
  expect(await groupOf()).toBe(south.id)
  await shop.write((tx) => updateEntryRule(tx, a.id, { enabled: false }, undefined, undefined))
  expect(await groupOf()).toBe(night.id)
  await shop.write((tx) => removeEntryRule(tx, b.id, undefined))
  expect(await groupOf()).toBe(shop.shop.groupId)
  const left = await shop.write(listEntryRules)
  expect(left.map(({ id, position }) => [id, position])).toEqual([[a.id, 1]])
})

test('by the precedence chosen, whom the customer asked for comes before the rules or after them', async () => {
  const { shop, south, rule, customer, entryOf } = await shopWithGroups()
  await rule({ when: {}, target: { groupId: south.id } })
  const star = await shop.onlineAgent('star')
  const first = await customer({ claims: { agent: star.id } })
  expect(await shop.holder(first)).toBe(star.id)
  expect(await entryOf(first)).toMatchObject({ source: 'designated', agent: { memberId: star.id } })
  await shop.write((tx) => setPrecedence(tx, ['rules', 'designated', 'channel']))
  const second = await customer({ claims: { agent: star.id } })
  expect((await shop.conversation(second)).heldBy).toBe('queue')
  expect(await entryOf(second)).toMatchObject({ source: 'rules', groupId: south.id })
})

test('what can never be used is refused by name; what serves nobody yet is kept with a warning', async () => {
  const { shop, south, rule } = await shopWithGroups()
  const gone = south.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  await expect(rule({ when: { pattern: '(' }, target: { groupId: gone } })).rejects.toMatchObject({
    code: 'entry-rule-invalid',
    errors: [{ pointer: '/target/groupId' }, { pointer: '/when/pattern' }],
  })
  await expect(rule({ when: { pattern: '((a{100}){10}){10}' }, target: { groupId: south.id } })).rejects.toMatchObject({
    code: 'entry-rule-invalid',
  })
  expect(await shop.write(listEntryRules)).toEqual([])
  const kept = await rule({ when: {}, target: { groupId: south.id, skills: [{ skill: '藏语', level: 5 }] } })
  expect(await shop.write((tx) => warningsOf(tx, kept, 'en'))).toEqual([
    'Nobody in the group has what this rule asks for: 藏语 5.',
  ])
})
