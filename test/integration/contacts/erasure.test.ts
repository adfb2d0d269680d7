import { afterAll, beforeAll, expect, test } from 'vitest'
import { peerNote } from '../../../src/connectors/contract.ts'
import { dialCall } from '../../../src/core/calls/dialling.ts'
import { createPhone, registerPhone } from '../../../src/core/calls/phones.ts'
import { putCallPlan } from '../../../src/core/calls/plans.ts'
import { erasureHandler } from '../../../src/core/desk/erasure.ts'
import type { Contact } from '../../../src/core/events/shapes.ts'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { checkEmission } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const asAdmin = (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  talk.ask(method, path, { token: shop.admin.token, body, headers })
const post = async (path: string, body: unknown) =>
  (await asAdmin('POST', path, body, { 'idempotency-key': newId('job') })).json()

/** Every table in which a word stands. */
async function tablesWith(word: string): Promise<string[]> {
  return ownerSession(talk.url, async (run) => {
    const tables = await run<{ name: string }>(
      `select quote_ident(relname) as name from pg_class
        where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by relname`,
    )
    const found: string[] = []
    for (const { name } of tables) {
      const rows = await run(`select 1 from ${name} t where to_jsonb(t)::text like '%${word}%' limit 1`)
      if (rows.length > 0) found.push(name)
    }
    return found
  })
}

async function runErasure(): Promise<void> {
  const { db, wake } = talk.parts
  const later = () => new Date(Date.now() + 3_600_000)
  await new JobRunner({ db, wake, owner: 'test', log: silentLog, handlers: [erasureHandler()], clock: later }).runDue()
}

test('of an erased contact nothing is left in any table but the log’s own records, and its events can still be read', async () => {
  const word = 'zebra'
  const first = await talk.hear(shop, `${word}-one`, `${word} says`)
  const second = await talk.hear(shop, `${word}-two`, `${word} too`)
  await asAdmin('PATCH', `/v1/contacts/${first.contactId}`, {
    city: word,
    company: word,
    attributes: { likes: word },
    tags: [word],
  })
  await post(`/v1/contacts/${first.contactId}/notes`, { text: `${word} noted` })
  await post(`/v1/contacts/${first.contactId}/identities`, { kind: 'email', address: `${word}@x.cn` })
  const { merge } = await post(`/v1/contacts/${first.contactId}/merges`, { contactId: second.contactId })
  await post(`/v1/conversations/${first.id}/messages`, { parts: [{ type: 'text', text: `dear ${word}` }] })
  await post(`/v1/conversations/${first.id}/messages`, { parts: [{ type: 'text', text: `about ${word}` }], note: true })
  await post('/v1/tickets', { subject: word, description: word, contactId: first.contactId, tags: [word] })
  await post('/v1/blocked-identities', { kind: 'email', address: `${word}@x.cn`, reason: word })
  await ownerSession(talk.url, (run) =>
    run(
      `insert into channel_memory (tenant_id, channel_id, name, value)
       values ('${shop.tenant.id}', '${shop.channelId}', 'note:${peerNote(`${word}-one`)}', '{"sealed":"${word}"}')`,
    ),
  )
  const other = await talk.hear(shop, 'somebody else', 'other words')

  const data = await asAdmin('GET', `/v1/contacts/${first.contactId}/data`)
  expect(data.json()).toMatchObject({ contact: { id: first.contactId }, tickets: [{ subject: word }] })
  expect(data.json().messages).toHaveLength(4)
  expect(data.json().notes).toHaveLength(1)
  expect(data.json().blockedIdentities).toEqual([{ kind: 'email', address: `${word}@x.cn`, reason: word }])

  const erased = await asAdmin('DELETE', `/v1/contacts/${second.contactId}`)
  expect(erased.statusCode, erased.body).toBe(204)
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  await runErasure()
  // The embedded log keeps what it was told, here in the key of its records, for as long as it is set to.
  expect(await tablesWith(word)).toEqual(['bus_records'])

  for (const id of [first.contactId, second.contactId]) {
    const gone = await asAdmin('GET', `/v1/contacts/${id}`)
    expect([gone.statusCode, gone.json().code]).toEqual([404, 'contact-erased'])
  }
  expect((await asAdmin('POST', `/v1/contacts/${first.contactId}/merges/${merge.id}/undo`)).json().code).toBe(
    'contact-erased',
  )
  expect((await asAdmin('GET', `/v1/conversations/${first.id}`)).json()).toMatchObject({
    status: 'closed',
    contactName: '',
    preview: null,
    closedBy: 'system:erasure',
  })
  const events = (await asAdmin('GET', '/v1/events?limit=100')).json().data
  expect(events.length).toBeGreaterThan(10)
  for (const { type, data, subject } of events) {
    checkEmission({ type, data, subject, tenantId: shop.tenant.id })
  }
  expect(events.filter(({ type }: { type: string }) => type === 'contact.erased')).toMatchObject([
    { data: { contactId: first.contactId, mergedIds: [second.contactId] } },
  ])
  expect((await asAdmin('GET', `/v1/contacts/${other.contactId}`)).json().name).toBe('somebody else')
  expect(await tablesWith('other words')).toEqual(['conversations', 'events', 'messages'])
})

test('an erased contact that writes again is a new contact', async () => {
  const before = await talk.hear(shop, 'returns', 'once')
  expect((await asAdmin('DELETE', `/v1/contacts/${before.contactId}`)).statusCode).toBe(204)
  const after = await talk.hear(shop, 'returns', 'twice')
  expect(after.contactId).not.toBe(before.contactId)
  expect(after.id).not.toBe(before.id)
  const thread = (await asAdmin('GET', `/v1/contacts/${after.contactId}/thread`)).json()
  expect(thread.data).toHaveLength(1)
})

test('erasing is refused by name when the contact is unknown, erased already or not as it was seen, and to who may not', async () => {
  const contact: Contact = await post('/v1/contacts', { name: '甲' })
  const path = `/v1/contacts/${contact.id}`
  expect((await talk.ask('DELETE', path, { token: shop.supervisor.token })).statusCode).toBe(403)
  expect((await asAdmin('DELETE', path, undefined, { 'if-match': '"v7"' })).json().code).toBe('version-stale')
  expect((await asAdmin('DELETE', `/v1/contacts/${newId('ctc')}`)).json().code).toBe('contact-unknown')
  expect((await asAdmin('DELETE', path)).statusCode).toBe(204)
  expect((await asAdmin('DELETE', path)).json().code).toBe('contact-erased')
})

test('of an erased contact whom we called the number is in no call any more', async () => {
  const number = '+8613912340987'
  const actor = { id: shop.admin.member.id, tenantId: shop.tenant.id }
  await talk.parts.db.transaction(actor, async (tx) => {
    await putCallPlan(tx, shop.channelId, { outbound: { prefixes: ['+86'] } }, undefined)
    const memberId = shop.admin.member.id
    await createPhone(tx, talk.parts.vault, { channelId: shop.channelId, extension: '8001', memberId })
    const at = { contact: 'sip:8001@127.0.0.1', received: '127.0.0.1:5060', seconds: 60 }
    await registerPhone(tx, shop.channelId, '8001', at)
    await dialCall(tx, { channelId: shop.channelId, number: '139 1234 0987', memberId }, Date.now())
  })
  const [contact] = (await asAdmin('GET', `/v1/contacts?search=${encodeURIComponent(number)}`)).json().data
  expect(await tablesWith(number.slice(3))).toContain('calls')
  expect((await asAdmin('DELETE', `/v1/contacts/${contact.id}`)).statusCode).toBe(204)
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  await runErasure()
  expect(await tablesWith(number.slice(3))).toEqual([])
})
