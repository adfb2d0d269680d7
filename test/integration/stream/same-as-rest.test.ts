import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeConversation } from '../../../src/core/conversations/lifecycle.ts'
import { emit } from '../../../src/core/events/outbox.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import type { Person } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'
import { moveConversation } from '../../support/moves.ts'
import { type Frame, startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop
let people: Person[]
let groupIds: string[]

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  people = [shop.agent, await talk.person(shop.tenant.id, { role: 'agent' }), shop.supervisor]
  const second = await talk.ask('POST', '/v1/groups', { token: shop.admin.token, body: { name: '售后' } })
  groupIds = [shop.groupId, second.json().id]
})
afterAll(() => talk?.close())

/** What can happen to a conversation, at random. */
type Step =
  | { do: 'say' | 'close' | 'read' }
  | { do: 'assign' | 'offer' | 'end-offer'; who: number }
  | { do: 'queue'; group: number }
  | { do: 'join'; who: number; group: number; within: boolean }

const who = fc.nat({ max: 2 })
const group = fc.nat({ max: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('say' as const, 'say' as const, 'read' as const, 'close' as const) }),
  fc.record({ do: fc.constantFrom('assign' as const, 'offer' as const, 'end-offer' as const), who }),
  fc.record({ do: fc.constant('queue' as const), group }),
  fc.record({ do: fc.constant('join' as const), who, group, within: fc.boolean() }),
)

test('over the stream each receives what they could read at that moment, and no more than the event that took it away', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const customer = newId('job')
      const { id } = await talk.hear(shop, customer, 'hello')
      await drained()
      const clients = await Promise.all(people.map((person) => talk.open('/v1/stream', person.token)))
      await Promise.all(clients.map((client) => client.ready))
      const allowed = people.map(() => [] as string[])
      let before = await sight(id)
      for (const [index, what] of steps.entries()) {
        const seqBefore = await head()
        await take(id, customer, what, index)
        await drained()
        const after = await sight(id)
        for (let seq = seqBefore + 1; seq <= (await head()); seq++) {
          for (const [i, list] of allowed.entries()) {
            // Seen afterwards: must come. Seen before and not afterwards: what took it away may come.
            if (after[i]) list.push(`${seq} must`)
            else if (before[i]) list.push(`${seq} may`)
          }
        }
        before = after
      }
      const last = await head()
      talk.parts.wake.hint('feed')
      await eventually(async () => (await Promise.all(clients.map((client) => upTo(client, last)))).every(Boolean))
      for (const [i, client] of clients.entries()) {
        const got = client.events.filter(ofConversation(id)).map((frame) => frame.seq ?? 0)
        const may = new Set((allowed[i] ?? []).map((entry) => Number.parseInt(entry, 10)))
        expect(got.filter((seq) => !may.has(seq))).toEqual([])
        const must = (allowed[i] ?? [])
          .filter((entry) => entry.endsWith('must'))
          .map((entry) => Number.parseInt(entry, 10))
        const about = await conversationSeqs(id)
        expect(must.filter((seq) => about.has(seq) && !got.includes(seq))).toEqual([])
        client.end()
      }
    }),
    { numRuns: 10 },
  )
})

const ofConversation = (id: string) => (frame: Frame) =>
  frame.subject === id && /^(conversation|message)\./.test(frame.type)

const drained = () => eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)

const head = async () =>
  (
    await talk.read(shop.tenant.id, (tx) =>
      tx.one<{ seq: number }>('select seq from tenant_feeds where tenant_id = $1', tx.tenantId),
    )
  ).seq

const conversationSeqs = async (id: string): Promise<Set<number>> => {
  const rows = await talk.read(shop.tenant.id, (tx) =>
    tx.query<{ seq: number }>(
      `select seq from events where tenant_id = $1 and subject = $2 and type ~ '^(conversation|message)\\.'`,
      tx.tenantId,
      id,
    ),
  )
  return new Set(rows.map((row) => row.seq))
}

/** Whether the hub's stream for a client has gone past that place: something that everybody sees is emitted and arrives. */
const upTo = async (client: { frames: Frame[]; send(frame: unknown): void }, seq: number): Promise<boolean> => {
  const subscribed = client.frames.some((frame) => (frame.seq ?? 0) >= seq)
  if (!subscribed) {
    await talk.read(shop.tenant.id, (tx) =>
      emit(tx, 'member.presence', shop.agent.member.id, {
        memberId: shop.agent.member.id,
        state: 'online',
        reason: null,
        used: 0,
        capacity: 5,
      }),
    )
    talk.parts.wake.hint('outbox')
  }
  return subscribed
}

/** Who may read the conversation over the API. */
const sight = async (id: string): Promise<boolean[]> =>
  Promise.all(
    people.map(async ({ token }) => (await talk.ask('GET', `/v1/conversations/${id}`, { token })).statusCode === 200),
  )

const openOffers = new Map<string, string>()

async function take(id: string, customer: string, what: Step, index: number): Promise<void> {
  const memberId = 'who' in what ? (people[what.who]?.member.id ?? '') : ''
  const groupId = 'group' in what ? (groupIds[what.group] ?? '') : ''
  const admin = shop.admin.token
  if (what.do === 'say') {
    // A closed conversation would be reopened or another one begun: then nothing is said.
    const { status } = (await talk.ask('GET', `/v1/conversations/${id}`, { token: admin })).json()
    if (status === 'open') await talk.hear(shop, customer, `${index}`)
    return
  }
  if (what.do === 'join') {
    const path = `/v1/groups/${groupId}/members/${memberId}`
    await talk.ask(what.within ? 'PUT' : 'DELETE', path, { token: admin, ...(what.within && { body: {} }) })
    return
  }
  await talk.read(shop.tenant.id, async (tx) => {
    const { tenantId } = tx
    const at = new Date()
    const offerKey = `${id} ${memberId}`
    if (what.do === 'assign') await moveConversation(tx, id, memberId)
    if (what.do === 'queue') await moveConversation(tx, id, null, groupId)
    if (what.do === 'close') {
      await closeConversation(
        tx,
        { kind: 'key', id: 'key_test', tenantId, credential: 'x', permissions: new Set(['conversation:read-all']) },
        id,
      )
    }
    if (what.do === 'offer' && !openOffers.has(offerKey)) {
      const offer = {
        id: newId('ofr'),
        conversationId: id,
        ticketId: null,
        memberId,
        groupId: shop.groupId,
        reason: null,
        why: {},
      }
      openOffers.set(offerKey, offer.id)
      await tx.run(
        `insert into offers (tenant_id, id, engine_id, item_id, conversation_id, agent_id, group_id, state, expires_at, created_at)
         values ($1, $2, $2, 'item', $3, $4, $5, 'open', now() + interval '1 minute', now())`,
        tenantId,
        offer.id,
        id,
        memberId,
        shop.groupId,
      )
      const times = { expiresAt: at.toISOString(), createdAt: at.toISOString() }
      await emit(tx, 'offer.made', id, { offer: { ...offer, ...times, state: 'open' } })
    }
    const ending = openOffers.get(offerKey)
    if (what.do === 'end-offer' && ending !== undefined) {
      openOffers.delete(offerKey)
      await tx.run(
        `update offers set state = 'expired', ended_at = now() where tenant_id = $1 and id = $2`,
        tenantId,
        ending,
      )
      const offer = {
        id: ending,
        conversationId: id,
        ticketId: null,
        memberId,
        groupId: shop.groupId,
        reason: null,
        why: {},
      }
      const times = { expiresAt: at.toISOString(), createdAt: at.toISOString() }
      await emit(tx, 'offer.ended', id, { offer: { ...offer, ...times, state: 'expired' } })
    }
  })
  talk.parts.wake.hint('outbox')
}
