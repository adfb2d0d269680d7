import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emitAll } from '../../../src/core/events/outbox.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  await settle()
})
afterAll(() => talk?.close())

/** Emits `count` events that everybody sees. */
const happen = async (count: number) => {
  const tenantId = shop.tenant.id
  const memberId = shop.agent.member.id
  await talk.read(tenantId, (tx) =>
    emitAll(
      tx,
      Array.from({ length: count }, (_, i) => ({
        type: 'member.presence',
        tenantId,
        subject: memberId,
        data: { memberId, state: 'online', reason: `${i}`, used: 0, capacity: 5 },
      })),
    ),
  )
  talk.parts.wake.hint('outbox')
}

/** Waits until everything that was emitted is in the feed. */
const settle = () => eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)

const head = async () =>
  await talk.read(shop.tenant.id, (tx) =>
    tx.one<{ seq: number; epoch: string }>(
      'select coalesce((select seq from tenant_feeds where tenant_id = $1), 0) as seq, epoch from feed',
      shop.tenant.id,
    ),
  )

test('whoever is cut off anywhere and resumes gets every event once and in order, while more keep coming', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ burst: fc.integer({ min: 1, max: 130 }), cutAfter: fc.integer({ min: 0, max: 200 }) }), {
        minLength: 2,
        maxLength: 6,
      }),
      async (rounds) => {
        const start = await head()
        const got: number[] = []
        let since = `${start.epoch}:${start.seq}`
        for (const { burst, cutAfter } of rounds) {
          const happening = happen(burst)
          const client = await talk.open('/v1/stream', shop.admin.token, { since })
          // Cut in the middle of the replay, on the seam to what is live, or after it.
          await eventually(
            () => client.events.length >= cutAfter || client.frames.some((f) => f.type === 'stream.ready'),
          )
          await happening
          client.end()
          await eventually(() => client.closed !== undefined)
          got.push(...client.events.map((frame) => frame.seq ?? 0))
          const last = got.at(-1) ?? start.seq
          since = `${start.epoch}:${last}`
        }
        const total = rounds.reduce((sum, round) => sum + round.burst, 0)
        const client = await talk.open('/v1/stream', shop.admin.token, { since })
        await eventually(() => got.length + client.events.length >= total)
        got.push(...client.events.map((frame) => frame.seq ?? 0))
        client.end()
        expect(got).toEqual(Array.from({ length: total }, (_, i) => start.seq + i + 1))
      },
    ),
    { numRuns: 12 },
  )
})

test('whoever missed more than is replayed is told to read anew, and misses nothing from there on', async () => {
  const start = await head()
  await happen(1001)
  await eventually(async () => (await head()).seq === start.seq + 1001)
  const client = await talk.open('/v1/stream', shop.admin.token, { since: `${start.epoch}:${start.seq}` })
  expect(await client.ready).toMatchObject({ recovered: false, seq: start.seq + 1001 })
  await happen(1)
  await eventually(() => client.events.length === 1)
  expect(client.events[0]?.seq).toBe(start.seq + 1002)
  client.end()
  const within = await talk.open('/v1/stream', shop.admin.token, { since: `${start.epoch}:${start.seq + 2}` })
  expect(await within.ready).toMatchObject({ recovered: true })
  expect(within.events).toHaveLength(1000)
})

test('events that are no longer kept cannot be resumed after', async () => {
  const start = await head()
  await happen(5)
  await eventually(async () => (await head()).seq === start.seq + 5)
  await talk.db.ground('delete from events where tenant_id = $1 and seq <= $2', shop.tenant.id, start.seq + 3)
  const lost = await talk.open('/v1/stream', shop.admin.token, { since: `${start.epoch}:${start.seq + 2}` })
  expect((await lost.ready).recovered).toBe(false)
  const kept = await talk.open('/v1/stream', shop.admin.token, { since: `${start.epoch}:${start.seq + 3}` })
  expect((await kept.ready).recovered).toBe(true)
})

test('server-sent events carry the same frames and resume by Last-Event-ID', async () => {
  const start = await head()
  await happen(3)
  await eventually(async () => (await head()).seq === start.seq + 3)
  const read = async (headers: Record<string, string>, path: string, until: (text: string) => boolean) => {
    const abort = new AbortController()
    const response = await fetch(`${talk.origin}${path}`, {
      headers: { authorization: `Bearer ${shop.admin.token}`, accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (until(text)) break
    }
    abort.abort()
    return text
  }
  const text = await read({ 'last-event-id': `${start.epoch}:${start.seq + 1}` }, '/v1/stream', (so) =>
    so.includes('stream.ready'),
  )
  expect(text.startsWith('retry: 3000\n\n')).toBe(true)
  const ids = [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1])
  expect(ids).toEqual([2, 3, 3].map((n) => `${start.epoch}:${start.seq + n}`))
  const frames = [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? ''))
  expect(frames.map((frame) => frame.type)).toEqual(['member.presence', 'member.presence', 'stream.ready'])

  const socket = await talk.open('/v1/stream', shop.admin.token, { since: `${start.epoch}:${start.seq + 1}` })
  await socket.ready
  expect(socket.frames).toEqual(frames)
  const byQuery = await read({}, `/v1/stream?since=${start.epoch}:${start.seq + 2}`, (so) =>
    so.includes('stream.ready'),
  )
  expect(byQuery).toContain(`id: ${start.epoch}:${start.seq + 3}`)
})
