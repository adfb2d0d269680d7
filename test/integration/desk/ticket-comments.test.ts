import { afterAll, beforeAll, expect, test } from 'vitest'
import { eraseTicketsOfContact } from '../../../src/core/desk/ticket-contacts.ts'
import type { Conversation, Message } from '../../../src/core/events/shapes.ts'
import type { Ticket } from '../../../src/core/events/ticket-shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const ask = (
  method: 'GET' | 'POST' | 'PATCH' | 'PUT',
  path: string,
  body?: unknown,
  token = shop.admin.token,
  headers = {},
) => talk.ask(method, `/v1/${path}`, { token, body, headers: { 'idempotency-key': newId('job'), ...headers } })
const make = async (given: object): Promise<Ticket> =>
  (await ask('POST', 'tickets', { subject: '退货', ...given })).json()
const tell = (ticket: Ticket, text: string, token?: string, headers?: object) =>
  ask('POST', `tickets/${ticket.id}/comments`, { kind: 'customer', text }, token, headers)
const messagesOf = async (conversationId: string): Promise<Message[]> =>
  (await ask('GET', `conversations/${conversationId}/messages?limit=100`)).json().data
const conversationsOf = async (contactId: string): Promise<Conversation[]> =>
  (await ask('GET', `conversations?contactId=${contactId}`)).json().data
const close = (id: string) => ask('POST', `conversations/${id}/close`)
const textsOf = (messages: readonly Message[]) =>
  messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])))

test('a ticket made from a conversation belongs to its contact, and no other contact may be named', async () => {
  const { id: conversationId, contactId } = await talk.hear(shop, 'from a chat', '坏了')
  expect(await make({ conversationId })).toMatchObject({ conversationId, contactId })
  const stranger = (await ask('POST', 'contacts', { name: 'x' })).json().id
  const refused = await ask('POST', 'tickets', { subject: 'x', conversationId, contactId: stranger })
  expect([refused.statusCode, refused.json().code]).toEqual([400, 'ticket-contact-foreign'])
  const unseen = await ask(
    'POST',
    'tickets',
    { subject: 'x', conversationId },
    (await talk.person(shop.tenant.id, { role: 'agent' })).token,
  )
  expect(unseen.json().code).toBe('conversation-unknown')
})

test('a comment to the customer arrives once in their open conversation, however often the request comes', async () => {
  const { id: conversationId, contactId } = await talk.hear(shop, 'told once', '坏了')
  const ticket = await make({ contactId, groupId: shop.groupId })
  const headers = { 'idempotency-key': newId('job') }
  // The agent does not hold the conversation: working on the ticket is right enough to speak.
  const answers = await Promise.all([1, 2, 3].map(() => tell(ticket, '配件已寄出', shop.agent.token, headers)))
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201])
  expect(textsOf(await messagesOf(conversationId))).toEqual(['坏了', '配件已寄出'])
  const comments = (await ask('GET', `tickets/${ticket.id}/comments`)).json().data
  expect(comments).toMatchObject([
    {
      number: 1,
      kind: 'customer',
      text: '配件已寄出',
      conversationId,
      status: 'queued',
      author: { id: shop.agent.member.id },
    },
  ])
  const queued = await talk.read(shop.tenant.id, (tx) =>
    tx.query('select 1 from deliveries where tenant_id = $1 and message_id = $2', tx.tenantId, comments[0].messageId),
  )
  expect(queued).toHaveLength(1)
})

test('an internal comment reaches no customer', async () => {
  const { id: conversationId, contactId } = await talk.hear(shop, 'told nothing', '坏了')
  const ticket = await make({ contactId })
  await ask('POST', `tickets/${ticket.id}/comments`, { kind: 'internal', text: '他很急' })
  expect(textsOf(await messagesOf(conversationId))).toEqual(['坏了'])
  const after: Ticket = (await ask('GET', `tickets/${ticket.id}`)).json()
  expect(after).toMatchObject({ comments: 1, version: 2 })
})

test('where no conversation is open one opens on the last channel, held by the assignee, once for many comments', async () => {
  const heard = await talk.hear(shop, 'long gone', '坏了')
  await close(heard.id)
  const ticket = await make({ conversationId: heard.id, assigneeId: shop.agent.member.id })
  await Promise.all(['一', '二', '三'].map((text) => tell(ticket, text)))
  const open = (await conversationsOf(heard.contactId)).filter(({ status }) => status === 'open')
  expect(open).toMatchObject([
    { heldBy: 'agent', assigneeId: shop.agent.member.id, channelId: shop.channelId, lastNumber: 3 },
  ])
  expect(textsOf(await messagesOf(open[0]?.id ?? '')).sort()).toEqual(['一', '三', '二'].sort())
  // The customer's answer goes into the same one.
  expect((await talk.hear(shop, 'long gone', '好的')).id).toBe(open[0]?.id)
})

test('what cannot reach anybody is refused by name and leaves nothing', async () => {
  const heard = await talk.hear(shop, 'refused', 'x')
  await close(heard.id)
  const unreachable = (await ask('POST', 'contacts', { name: 'never wrote' })).json().id
  const key = await talk.key(shop.tenant.id, ['ticket:read', 'ticket:write', 'ticket:read-all'])
  const cases = [
    ['ticket-contactless', await make({}), undefined],
    ['contact-unreachable', await make({ contactId: unreachable }), undefined],
    ['ticket-unassigned', await make({ contactId: heard.contactId }), key],
  ] as const
  for (const [code, ticket, token] of cases) {
    const refused = await tell(ticket, 'x', token)
    expect([refused.statusCode, refused.json().code]).toEqual([409, code])
    expect((await ask('GET', `tickets/${ticket.id}`)).json()).toEqual(ticket)
  }
  await ask('PUT', `contacts/${heard.contactId}/block`, {})
  const blocked = await make({ contactId: heard.contactId })
  expect((await tell(blocked, 'x')).json().code).toBe('contact-blocked')
  expect((await conversationsOf(heard.contactId)).map(({ status }) => status)).toEqual(['closed'])
})

test('the thread holds the tickets of its contact, each on the page of its time, for those who may see them', async () => {
  const { contactId, id } = await talk.hear(shop, 'threaded', '1')
  await talk.assign(shop, id, shop.agent.member.id)
  const first = await make({ contactId })
  await talk.hear(shop, 'threaded', '2')
  const second = await make({ contactId, groupId: shop.groupId })
  const newest = (await ask('GET', `contacts/${contactId}/thread?limit=1`)).json()
  expect([textsOf(newest.data), newest.tickets.map((ticket: Ticket) => ticket.id)]).toEqual([['2'], [second.id]])
  const older = (await ask('GET', `contacts/${contactId}/thread?limit=1&cursor=${newest.nextCursor}`)).json()
  expect([textsOf(older.data), older.tickets.map((ticket: Ticket) => ticket.id)]).toEqual([['1'], [first.id]])
  const asAgent = (await ask('GET', `contacts/${contactId}/thread`, undefined, shop.agent.token)).json()
  expect(asAgent.tickets.map((ticket: Ticket) => ticket.id)).toEqual([second.id])
})

test('tickets of a merged contact are found under the one it was merged into, and keep their own', async () => {
  const old = await talk.hear(shop, 'merged away', 'x')
  const ticket = await make({ contactId: old.contactId })
  const into = (await ask('POST', 'contacts', { name: '合并后' })).json().id
  await talk.read(shop.tenant.id, (tx) =>
    tx.run('update contacts set merged_into = $3 where tenant_id = $1 and id = $2', tx.tenantId, old.contactId, into),
  )
  const listed = (await ask('GET', `tickets?contactId=${into}`)).json().data
  expect(listed).toMatchObject([{ id: ticket.id, contactId: old.contactId }])
  expect((await ask('GET', `contacts/${into}/thread`)).json().tickets).toHaveLength(1)
  expect((await tell(ticket, '还在')).statusCode).toBe(201)
  expect(textsOf(await messagesOf(old.id))).toEqual(['x', '还在'])
})

test('the stream tells of tickets to those who see them, and of the loss of one to who held it', async () => {
  const client = await talk.open('/v1/stream', shop.agent.token)
  await client.ready
  await make({ subject: 'not theirs' })
  const ticket = await make({ assigneeId: shop.agent.member.id })
  await ask('PATCH', `tickets/${ticket.id}`, { assigneeId: shop.supervisor.member.id }, undefined, { 'if-match': '*' })
  await ask('PATCH', `tickets/${ticket.id}`, { priority: 'high' }, undefined, { 'if-match': '*' })
  const last = await make({ groupId: shop.groupId, subject: 'last' })
  await client.frame('ticket.created', (frame) => frame.data.ticket.id === last.id)
  const told = client.events.filter(({ type }) => type.startsWith('ticket.'))
  expect(told.map(({ type, data }) => `${type} ${data.ticket.id}`)).toEqual([
    `ticket.created ${ticket.id}`,
    `ticket.updated ${ticket.id}`,
    `ticket.created ${last.id}`,
  ])
})

test('an erased contact leaves numbers and times in its tickets, and no word', async () => {
  const heard = await talk.hear(shop, 'erased', 'x')
  const ticket = await make({ conversationId: heard.id, description: '住址 SECRETWORD', tags: ['SECRETWORD'] })
  await tell(ticket, 'SECRETWORD')
  await ask('PATCH', `tickets/${ticket.id}`, { subject: 'SECRETWORD' }, undefined, { 'if-match': '*' })
  const erase = () => talk.read(shop.tenant.id, (tx) => eraseTicketsOfContact(tx, [heard.contactId]))
  expect([await erase(), await erase()]).toEqual([1, 0])
  for (const path of ['', '/comments', '/history']) {
    expect((await ask('GET', `tickets/${ticket.id}${path}`)).body).not.toContain('SECRETWORD')
  }
  expect((await ask('GET', `tickets/${ticket.id}`)).json()).toMatchObject({
    number: ticket.number,
    status: 'new',
    contactId: null,
    conversationId: null,
  })
})

test('what is written by a ticket is announced with the ticket as it then was', async () => {
  const { contactId } = await talk.hear(shop, 'announced', 'x')
  const ticket = await make({ contactId })
  await tell(ticket, 'y')
  const [event] = await eventually(async () => {
    const rows = await talk.db.ground<{ data: { ticket: Ticket; comment: { text: string } } }>(
      `select data from events where subject = $1 and type = 'ticket.commented'`,
      ticket.id,
    )
    return rows.length > 0 && rows
  })
  expect(event?.data).toMatchObject({ ticket: { comments: 1, version: 2 }, comment: { text: 'y', number: 1 } })
})
