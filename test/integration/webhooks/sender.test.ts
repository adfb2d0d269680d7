import { Webhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { listAttempts, readWaiting, recoverSince, resendEvent } from '../../../src/api/webhooks/attempts.ts'
import {
  createEndpoint,
  type EndpointSettings,
  getEndpoint,
  removeEndpoint,
  rotateSecret,
  setEndpointActive,
} from '../../../src/api/webhooks/endpoints.ts'
import { Sender } from '../../../src/api/webhooks/sender.ts'
import { type Egress, openEgress } from '../../../src/connectors/runtime/egress.ts'
import { emit } from '../../../src/core/events/outbox.ts'
import { Relay } from '../../../src/core/events/relay.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Vault } from '../../../src/core/platform/secrets.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'
import { openReceiver, type Receiver } from '../../support/webhook-receiver.ts'

const vault = new Vault(Buffer.alloc(32, 7))
let ground: Ground
let relay: Relay
let egress: Egress
let sender: Sender
const receivers: Receiver[] = []

beforeAll(async () => {
  ground = await openGround()
  egress = openEgress({ allow: ['127.0.0.0/8'], maxResponseBytes: 100_000, timeoutMs: 5000 })
  relay = new Relay({ ...ground, owner: 'relay', log: silentLog })
  await relay.start()
  sender = new Sender({ ...ground, vault, egress, owner: 'one', log: silentLog, pollMs: 100 })
  await sender.start()
})
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()))
})
afterAll(async () => {
  await sender?.stop()
  await relay?.stop()
  await egress?.close()
  await ground?.close()
})

/** A tenant with an endpoint and what it is told at. */
async function subscribed(settings: Partial<EndpointSettings> = {}) {
  const shop = await makeShop(ground.db)
  const receiver = await openReceiver()
  receivers.push(receiver)
  const { endpoint, secret } = await ground.db.transaction(shop.actor, (tx) =>
    createEndpoint(tx, vault, { url: receiver.url, description: '', events: null, ordered: false, ...settings }),
  )
  return { shop, receiver, id: endpoint.id, secret }
}

/** Something happens: one presence of somebody for each subject, in order. */
async function happen(shop: Shop, ...subjects: string[]): Promise<void> {
  for (const subject of subjects) {
    await ground.db.transaction(shop.actor, (tx) =>
      emit(tx, 'member.presence', subject, {
        memberId: newId('usr'),
        state: 'online',
        reason: null,
        used: 0,
        capacity: 1,
      }),
    )
  }
  ground.wake.hint('outbox')
}

const page = { limit: 100, after: null }

const inTenant = <T>(shop: Shop, work: Parameters<typeof ground.db.transaction<T>>[1]) =>
  ground.db.transaction(shop.actor, work)

/** Makes what is to be tried again due now. */
const hasten = (shop: Shop) =>
  inTenant(shop, (tx) =>
    tx.run(`update webhook_deliveries set due_at = now() where tenant_id = $1 and state = 'pending'`, shop.tenantId),
  )

/** Presences only: the endpoint's own event comes first. */
const presences = (receiver: Receiver) => receiver.received.filter(({ event }) => event.type === 'member.presence')
const subjects = (receiver: Receiver) => presences(receiver).map(({ event }) => event.subject)

test('an event arrives whole, and unmodified libraries find its signature good', async () => {
  const { shop, receiver, id, secret } = await subscribed()
  await happen(shop, 'a')
  const [got] = await eventually(() => presences(receiver).length === 1 && presences(receiver))
  const headers = {
    'webhook-id': String(got?.headers['webhook-id']),
    'webhook-timestamp': String(got?.headers['webhook-timestamp']),
    'webhook-signature': String(got?.headers['webhook-signature']),
  }
  expect(new Webhook(secret).verify(got?.body ?? '', headers)).toEqual(got?.event)
  expect(new SvixWebhook(secret).verify(got?.body ?? '', headers)).toEqual(got?.event)
  expect(() => new Webhook(secret).verify(`${got?.body} `, headers)).toThrow()
  expect(got?.event).toMatchObject({
    type: 'member.presence',
    timestamp: expect.stringMatching(/Z$/),
    id: got?.id,
    seq: expect.any(Number),
    subject: 'a',
    actor: 'test',
    data: { state: 'online' },
  })
  const attempts = await eventually(async () => {
    const { data } = await inTenant(shop, (tx) => listAttempts(tx, id, { eventId: got?.id ?? '' }, page))
    return data.length === 1 && data
  })
  expect(attempts).toMatchObject([{ number: 1, succeeded: true, status: 204, error: null }])
})

test('only events that are asked for arrive', async () => {
  const [some, others] = [
    await subscribed({ events: ['member.presence'] }),
    await subscribed({ events: ['endpoint.*'] }),
  ]
  for (const { shop } of [some, others]) await happen(shop, 'a')
  await eventually(() => some.receiver.received.length === 1 && others.receiver.received.length === 1)
  await happen(some.shop, 'b')
  await eventually(() => some.receiver.received.length === 2)
  expect(some.receiver.received.map(({ event }) => event.type)).toEqual(['member.presence', 'member.presence'])
  expect(others.receiver.received.map(({ event }) => event.type)).toEqual(['endpoint.created'])
})

test('what was not taken comes again under the same id, and its attempts are kept with their answers', async () => {
  const { shop, receiver, id } = await subscribed()
  receiver.answer = ({ type }) => ({ status: type === 'member.presence' && presences(receiver).length < 1 ? 500 : 200 })
  await happen(shop, 'a')
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending === 1)
  await hasten(shop)
  await eventually(() => presences(receiver).length === 2)
  const [first, second] = presences(receiver)
  expect(second?.id).toBe(first?.id)
  expect(second?.body).toBe(first?.body)
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending === 0)
  const { data } = await inTenant(shop, (tx) => listAttempts(tx, id, { eventId: first?.id ?? '' }, page))
  expect(data.map(({ number, succeeded, status }) => ({ number, succeeded, status }))).toEqual([
    { number: 2, succeeded: true, status: 200 },
    { number: 1, succeeded: false, status: 500 },
  ])
})

test('a redirect is a failure and is not followed', async () => {
  const other = await openReceiver()
  receivers.push(other)
  const { shop, receiver, id } = await subscribed()
  receiver.answer = () => ({ status: 307, headers: { location: other.url } })
  await happen(shop, 'a')
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending > 0)
  expect((await inTenant(shop, (tx) => getEndpoint(tx, id))).failingSince).not.toBeNull()
  const { data } = await inTenant(shop, (tx) => listAttempts(tx, id, { succeeded: false }, page))
  expect(data[0]).toMatchObject({ status: 307, error: 'Redirects are not followed.' })
  expect(other.received).toEqual([])
})

test('410 switches the endpoint off, and says so', async () => {
  const { shop, receiver, id } = await subscribed()
  receiver.answer = () => ({ status: 410 })
  await happen(shop, 'a')
  await eventually(async () => (await inTenant(shop, (tx) => getEndpoint(tx, id))).state === 'disabled')
  expect(await inTenant(shop, (tx) => getEndpoint(tx, id))).toMatchObject({ stateReason: 'gone' })
  const told = receiver.received.length
  await happen(shop, 'b')
  await eventually(async () => {
    const rows = await ground.db.work('test', [shop.tenantId], (tx) =>
      tx.query(`select 1 from events where tenant_id = $1 and type = 'endpoint.disabled'`, shop.tenantId),
    )
    return rows.length === 1
  })
  expect(receiver.received.length).toBe(told)
})

test('nothing but failures for five days switches the endpoint off', async () => {
  const { shop, receiver, id } = await subscribed()
  receiver.answer = () => ({ status: 500 })
  await happen(shop, 'a')
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending > 0)
  await inTenant(shop, (tx) =>
    tx.run(
      `update webhook_endpoints set failing_since = now() - interval '121 hours' where tenant_id = $1`,
      shop.tenantId,
    ),
  )
  await hasten(shop)
  await eventually(async () => (await inTenant(shop, (tx) => getEndpoint(tx, id))).stateReason === 'failing')
})

test('who was paused is told afterwards of everything, in order', async () => {
  const { shop, receiver, id } = await subscribed()
  await inTenant(shop, (tx) => setEndpointActive(tx, id, false))
  await happen(shop, 'a', 'b', 'c')
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).behind >= 3)
  expect(subjects(receiver)).toEqual([])
  await inTenant(shop, (tx) => setEndpointActive(tx, id, true))
  await eventually(() => presences(receiver).length === 3)
  expect(subjects(receiver).toSorted()).toEqual(['a', 'b', 'c'])
})

test('an ordered endpoint gets nothing of a subject before what came earlier of it, and others at once', async () => {
  const { shop, receiver, id } = await subscribed({ ordered: true })
  let refuse = true
  receiver.answer = ({ subject }) => ({ status: subject === 'slow' && refuse ? 500 : 204 })
  await happen(shop, 'slow', 'quick', 'slow', 'quick', 'slow')
  await eventually(() => subjects(receiver).filter((subject) => subject === 'quick').length === 2)
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending === 3)
  const first = presences(receiver).find(({ event }) => event.subject === 'slow')?.id
  const slow = () => presences(receiver).filter(({ event }) => event.subject === 'slow')
  expect(new Set(slow().map((one) => one.id))).toEqual(new Set([first]))
  refuse = false
  await hasten(shop)
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending === 0)
  const taken = slow().filter(({ status }) => status === 204)
  const seqs = taken.map(({ event }) => (event as unknown as { seq: number }).seq)
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
  expect(new Set(taken.map((one) => one.id)).size).toBe(3)
})

test('a rotated secret signs beside the old one for a day', async () => {
  const { shop, receiver, id, secret } = await subscribed()
  const { secret: next } = await inTenant(shop, (tx) => rotateSecret(tx, vault, id, Date.now()))
  await happen(shop, 'a')
  const [got] = await eventually(() => presences(receiver).length === 1 && presences(receiver))
  const headers = got?.headers as Record<string, string>
  for (const one of [secret, next]) expect(new Webhook(one).verify(got?.body ?? '', headers)).toEqual(got?.event)
  await inTenant(shop, (tx) => rotateSecret(tx, vault, id, Date.now() + 25 * 3_600_000))
  const { secrets } = await inTenant(shop, (tx) =>
    tx.one<{ secrets: unknown[] }>('select secrets from webhook_endpoints where tenant_id = $1', shop.tenantId),
  )
  expect(secrets).toHaveLength(2)
})

test('an event is told once more when asked to, and all since a time with all that was taken', async () => {
  const { shop, receiver, id } = await subscribed()
  await happen(shop, 'a', 'b')
  await eventually(() => presences(receiver).length === 2)
  const ids = new Set(presences(receiver).map((one) => one.id))
  await inTenant(shop, (tx) => resendEvent(tx, id, [...ids][0] ?? ''))
  await eventually(() => presences(receiver).length === 3)
  const known = inTenant(shop, (tx) => resendEvent(tx, id, newId('evt')))
  await expect(known).rejects.toMatchObject({ code: 'event-unknown' })
  expect(await inTenant(shop, (tx) => recoverSince(tx, id, new Date(0), true))).toBeGreaterThanOrEqual(2)
  await eventually(() => presences(receiver).length === 5)
  expect(new Set(presences(receiver).map((one) => one.id))).toEqual(ids)
})

test('what was never taken is told again when recovered', async () => {
  const { shop, receiver, id } = await subscribed()
  let refuse = true
  receiver.answer = () => ({ status: refuse ? 500 : 200 })
  await happen(shop, 'a')
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending >= 2)
  await inTenant(shop, (tx) =>
    tx.run(`update webhook_deliveries set attempts = 9, due_at = now() where tenant_id = $1`, shop.tenantId),
  )
  await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).exhausted >= 2)
  refuse = false
  expect(await inTenant(shop, (tx) => recoverSince(tx, id, new Date(0), false))).toBeGreaterThanOrEqual(2)
  await eventually(async () => {
    const { pending, exhausted } = await inTenant(shop, (tx) => readWaiting(tx, id))
    return pending + exhausted === 0
  })
})

test('an endpoint that hangs holds up nobody else', async () => {
  const dead = await subscribed()
  dead.receiver.answer = () => 'hang'
  await happen(dead.shop, 'x', 'y')
  await eventually(() => dead.receiver.received.length > 0)
  const alive = await subscribed()
  await happen(alive.shop, 'a', 'b')
  await eventually(() => presences(alive.receiver).length === 2)
})

test('an address of a private network is not called, whatever its name said when it was set up', async () => {
  const guarded = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 1000 })
  const another = await ground.another()
  const own = new Sender({ ...another, vault, egress: guarded, owner: 'two', log: silentLog, pollMs: 100 })
  await sender.stop()
  await own.start()
  try {
    const { shop, receiver, id } = await subscribed()
    await happen(shop, 'a')
    await eventually(async () => (await inTenant(shop, (tx) => readWaiting(tx, id))).pending > 0)
    const { data } = await inTenant(shop, (tx) => listAttempts(tx, id, {}, page))
    expect(data[0]).toMatchObject({
      succeeded: false,
      status: null,
      error: expect.stringContaining('may not be called'),
    })
    expect(receiver.received).toEqual([])
  } finally {
    await own.stop()
    await guarded.close()
    sender = new Sender({ ...ground, vault, egress, owner: 'three', log: silentLog, pollMs: 100 })
    await sender.start()
  }
})

test('two senders share the endpoints, and each event is told by one of them', async () => {
  const another = await ground.another()
  const second = new Sender({ ...another, vault, egress, owner: 'four', log: silentLog, pollMs: 100 })
  await second.start()
  try {
    const all = await Promise.all(Array.from({ length: 6 }, () => subscribed()))
    for (const { shop } of all) await happen(shop, 'a', 'b', 'c')
    await eventually(() => all.every(({ receiver }) => new Set(subjects(receiver)).size === 3))
    expect(all.map(({ receiver }) => presences(receiver).length)).toEqual([3, 3, 3, 3, 3, 3])
  } finally {
    await second.stop()
  }
})

test('an endpoint that was taken away hears nothing more', async () => {
  const { shop, receiver, id } = await subscribed()
  await inTenant(shop, (tx) => removeEndpoint(tx, id, undefined))
  const probe = await subscribed()
  await happen(shop, 'a')
  await happen(probe.shop, 'b')
  await eventually(() => presences(probe.receiver).length === 1)
  expect(presences(receiver)).toEqual([])
  await expect(inTenant(shop, (tx) => getEndpoint(tx, id))).rejects.toMatchObject({ code: 'endpoint-unknown' })
})
