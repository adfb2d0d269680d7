import { afterAll, beforeAll, expect, test } from 'vitest'
import { Undelivered } from '../../../src/connectors/contract.ts'
import { ingest } from '../../../src/core/conversations/ingest.ts'
import type { ReplyTicket } from '../../../src/core/conversations/model.ts'
import { remindOfWindow } from '../../../src/core/conversations/reply-window.ts'
import { decodeEvent } from '../../../src/core/events/envelope.ts'
import { eventually } from '../../support/eventually.ts'
import { inboundRecord, textFrom } from '../../support/hub-ground.ts'
import { Script, SendingBench } from './scripted.ts'

let bench: SendingBench
beforeAll(async () => {
  bench = await SendingBench.open()
})
afterAll(() => bench?.close())

const sending = async (script: Script) => {
  const channelId = await bench.channel(script)
  const node = await bench.node(script)
  await eventually(() => node.supervisor.find(channelId))
  node.dispatcher.start()
  return channelId
}
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
let said = 0
/** The customer of that name says something on the channel, with the permission that the platform gives for it. */
const hear = async (channelId: string, peer: string, ticket?: ReplyTicket) => {
  const event = { ...textFrom(peer, `k${++said}`, 'hello'), ...(ticket && { ticket }) }
  const { key, value } = inboundRecord({ ...bench.shop, channelId }, event)
  await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
    ingest(tx, bench.ground.wake, [{ event: decodeEvent(value), key, partition: 0, offset: said }]),
  )
}
const windowTold = async (type: string, peer: string) => {
  const rows = await bench.rows<{ window: { usesLeft: number | null; expiresAt: string } | null }>(
    `select o.data->'conversation'->'replyWindow' as window from outbox o join conversations c on c.tenant_id = o.tenant_id and c.id = o.subject
      where o.type = $1 and c.peer = $2 order by o.id`,
    type,
    peer,
  )
  return rows.map(({ window }) => window)
}

test('an answer spends a ticket; when none is left nothing is sent, until the customer writes again', async () => {
  const script = new Script('limited', { tickets: 'needed', initiate: 'never' })
  const channelId = await sending(script)
  await hear(channelId, 'ann', { kind: 'service', expiresAt: inHours(48), uses: 2 })
  const [one, two, three] = await bench.queue(channelId, 'ann', ['1', '2', '3'])
  await bench.settled(two, 'accepted')
  expect((await bench.settled(three, 'failed')).failure?.code).toBe('window-closed')
  expect(script.sent.map(({ ticket }) => ticket)).toEqual([
    { kind: 'service', use: 1 },
    { kind: 'service', use: 2 },
  ])
  await bench.settled(one, 'accepted')

  await hear(channelId, 'ann', { kind: 'service', expiresAt: inHours(48), uses: 2 })
  const [four] = await bench.queue(channelId, 'ann', ['4'])
  await bench.settled(four, 'accepted')
  expect(script.sent.at(-1)?.ticket).toEqual({ kind: 'service', use: 1 })
})

test('of several tickets the one that lasts longest goes first, with its reference; an expired one never', async () => {
  const script = new Script('references', { tickets: 'needed' })
  const channelId = await sending(script)
  await hear(channelId, 'ben', { kind: 'msg', reference: { id: 'old' }, expiresAt: inHours(-1), uses: 5 })
  await hear(channelId, 'ben', { kind: 'msg', reference: { id: 'a' }, expiresAt: inHours(1), uses: 1 })
  await hear(channelId, 'ben', { kind: 'msg', reference: { id: 'b' }, expiresAt: inHours(2), uses: 1 })
  const ids = await bench.queue(channelId, 'ben', ['1', '2', '3'])
  await bench.settled(ids[2], 'failed')
  expect(script.sent.map(({ ticket }) => ticket?.reference)).toEqual([{ id: 'b' }, { id: 'a' }])
})

test('a message that is tried again has the same use of the same ticket', async () => {
  const script = new Script('again', { tickets: 'needed' })
  const channelId = await sending(script)
  let attempts = 0
  script.sending = async ({ id }) => {
    if (++attempts < 3) throw new Undelivered('retry', 'Busy.', { afterMs: 10 })
    return { externalId: `x-${id}` }
  }
  await hear(channelId, 'cas', { kind: 'msg', reference: 'm', expiresAt: inHours(1), uses: 5 })
  const ids = await bench.queue(channelId, 'cas', ['1', '2'])
  await bench.settled(ids[1], 'accepted')
  expect(script.sent.map(({ ticket }) => ticket?.use)).toEqual([1, 1, 1, 2])
})

test('a message that is refused for good gives its use back; a window that the platform calls closed is closed', async () => {
  const script = new Script('refusing', { tickets: 'needed' })
  const channelId = await sending(script)
  await hear(channelId, 'dan', { kind: 'service', expiresAt: inHours(48), uses: 5 })
  script.sending = async () => {
    throw new Undelivered('rejected', 'Not this word.')
  }
  const [rejected] = await bench.queue(channelId, 'dan', ['bad'])
  await bench.settled(rejected, 'failed')
  const uses = () =>
    bench.rows<{ used: number; open: boolean }>(
      'select used, expires_at > now() as open from reply_tickets where channel_id = $1',
      channelId,
    )
  expect(await uses()).toEqual([{ used: 0, open: true }])
  script.sending = async () => {
    throw new Undelivered('window-closed', 'Too late.')
  }
  const [late] = await bench.queue(channelId, 'dan', ['late'])
  await bench.settled(late, 'failed')
  expect(await uses()).toMatchObject([{ open: false }])
})

test('a kind that only uses tickets sends without one as well, and one without tickets is told of none', async () => {
  const script = new Script('using', { tickets: 'used' })
  const channelId = await sending(script)
  await hear(channelId, 'eve', { kind: 'msg', reference: 'm', expiresAt: inHours(1), uses: 1 })
  const ids = await bench.queue(channelId, 'eve', ['1', '2'])
  await bench.settled(ids[1], 'accepted')
  expect(script.sent.map(({ ticket }) => ticket)).toEqual([{ kind: 'msg', reference: 'm', use: 1 }, undefined])
})

test('what is left is told with what the customer says; without tickets no window is told', async () => {
  const script = new Script('telling', { tickets: 'needed' })
  const channelId = await sending(script)
  const expiresAt = inHours(48)
  await hear(channelId, 'fay', { kind: 'service', expiresAt, uses: 5 })
  expect(await windowTold('conversation.queued', 'fay')).toEqual([{ usesLeft: 5, expiresAt }])
  await hear(channelId, 'gus')
  expect(await windowTold('conversation.queued', 'gus')).toEqual([null])
})

test('before a window closes upon a customer who waits, it is told once; not when they were answered or wrote again', async () => {
  const script = new Script('closing', { tickets: 'needed' })
  const channelId = await sending(script)
  const expiresAt = inHours(48)
  await hear(channelId, 'hal', { kind: 'service', expiresAt, uses: 5 })
  const [job] = await bench.rows<{ key: string; runAt: Date; data: { expiresAt: string } }>(
    `select j.key, j.run_at, j.data from jobs j join conversations c on c.id = j.key where c.peer = 'hal'`,
  )
  if (job === undefined) throw new Error('Nothing is scheduled.')
  const left = Date.parse(expiresAt) - job.runAt.getTime()
  expect(left).toBeGreaterThan(80 * 60_000)
  expect(left).toBeLessThan(100 * 60_000)
  const { tenantId } = bench.shop
  const remind = () =>
    bench.ground.db.transaction(bench.shop.actor, (tx) =>
      remindOfWindow(tx, { tenantId, key: job.key, data: job.data, runAt: job.runAt, now: job.runAt, failures: 0 }),
    )
  await remind()
  expect(await windowTold('window.ending', 'hal')).toEqual([{ usesLeft: 5, expiresAt }])
  await hear(channelId, 'hal', { kind: 'service', expiresAt: inHours(49), uses: 5 })
  await remind()
  expect(await windowTold('window.ending', 'hal')).toHaveLength(1)
})
