/** What is told of a message may come before it, and in any order: what is shown in the end is the same. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { takeIn } from '../../../src/core/conversations/ingest.ts'
import { claimHeads } from '../../../src/core/conversations/lanes.ts'
import type { Inbound, Part } from '../../../src/core/conversations/model.ts'
import { settleDelivery } from '../../../src/core/conversations/settlement.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()
const gone: Part = { type: 'unsupported', native: 'recall', fallback: '[消息已撤回]' }
const take = (events: readonly Inbound[]) =>
  talk.db.work('test', [shop.tenant.id], (tx) =>
    takeIn(
      tx,
      talk.parts.wake,
      events.map((inbound) => ({ channelId: shop.channelId, inbound, causationId: newId('evt') })),
    ),
  )

let people = 0
/** All that happens to one message of somebody, in no order. */
const story = fc
  .record({
    edits: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
    recalledAt: fc.option(fc.integer({ min: 1, max: 9 })),
    reactions: fc.uniqueArray(
      fc.record({
        by: fc.constantFrom('ann', 'bob'),
        second: fc.integer({ min: 1, max: 9 }),
        emojis: fc.constantFrom(['👍'], ['❤', '👍'], []),
      }),
      { maxLength: 5, selector: ({ by, second }) => `${by} ${second}` },
    ),
  })
  .chain(({ edits, recalledAt, reactions }) => {
    const changes = [
      ...edits.map((second) => ({ what: 'edit' as const, second })),
      ...(recalledAt === null ? [] : [{ what: 'recall' as const, second: recalledAt }]),
      ...reactions.map((reaction) => ({ what: 'reaction' as const, ...reaction })),
      { what: 'message' as const, second: 0 },
    ]
    const again = fc.subarray(changes, { maxLength: Math.min(2, changes.length) })
    return again.chain((repeated) =>
      fc.record({
        edits: fc.constant(edits),
        isRecalled: fc.constant(recalledAt !== null),
        reactions: fc.constant(reactions),
        told: fc.shuffledSubarray([...changes, ...repeated], { minLength: changes.length + repeated.length }),
        cuts: fc.infiniteStream(fc.boolean()),
      }),
    )
  })

test('edits, recalls and reactions end in the same message, whatever comes first, together or apart, once or twice', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ edits, isRecalled, reactions, told, cuts }) => {
      const peer = `peer-${++people}`
      const externalId = `ext-${people}`
      const events = told.map((one): Inbound => {
        const detail = one.what === 'reaction' ? one.by : ''
        const base = { key: `${peer}:${one.what}:${detail}:${one.second}`, peer, at: at(one.second), externalId }
        const from = (address: string) => ({ kind: 'custom', scope: '', address })
        if (one.what === 'message') return { ...base, kind: 'message', from: from(peer), parts: [words(0)] }
        if (one.what === 'reaction') return { ...base, kind: 'reaction', from: from(one.by), emojis: one.emojis }
        return { ...base, kind: 'edit', parts: [one.what === 'recall' ? gone : words(one.second)] }
      })
      let batch: Inbound[] = []
      for (const event of events) {
        batch.push(event)
        if (!cuts.next().value) continue
        await take(batch)
        batch = []
      }
      if (batch.length > 0) await take(batch)

      const shown = await talk.read(shop.tenant.id, (tx) =>
        tx.query<{ id: string; parts: Part[]; reactions: Record<string, string[]> }>(
          'select id, parts, reactions from messages where tenant_id = $1 and external_id = $2',
          tx.tenantId,
          externalId,
        ),
      )
      const latest = (by: string) => reactions.filter((one) => one.by === by).toSorted((a, b) => b.second - a.second)[0]
      const expected = {
        parts: [isRecalled ? gone : words(Math.max(0, ...edits))],
        reactions: Object.fromEntries(
          ['ann', 'bob'].flatMap((by) => {
            const emojis = latest(by)?.emojis ?? []
            return emojis.length === 0 ? [] : [[`custom:${by}`, emojis]]
          }),
        ),
      }
      expect(shown).toEqual([{ id: expect.any(String), ...expected }])
      const heard = await talk.db.ground<{ type: string; parts: Part[] }>(
        `select type, data -> 'message' -> 'parts' as parts
           from (select 0 as kind, position as place, type, data from events where tenant_id = $1
                 union all select 1, id, type, data from outbox where tenant_id = $1) e
          where data #>> '{message,id}' = $2 order by kind, place`,
        shop.tenant.id,
        shown[0]?.id,
      )
      // Whoever follows the feed hears of the message first, and ends where we do.
      expect(heard[0]?.type).toBe('message.created')
      expect(heard.at(-1)?.parts).toEqual(expected.parts)
    }),
    { numRuns: 40 },
  )
})

const words = (second: number): Part => ({
  type: 'text',
  text: second === 0 ? 'as it was said' : `as edited at ${second}`,
})

test('a reaction to a message of ours that comes before the platform has named it is shown once it has', async () => {
  const { id } = await talk.hear(shop, 'early-bird', '在吗')
  const reply = await talk.ask('POST', `/v1/conversations/${id}/messages`, {
    token: shop.admin.token,
    body: { parts: [{ type: 'text', text: '您好' }] },
    headers: { 'idempotency-key': newId('job') },
  })
  const reaction = {
    kind: 'reaction' as const,
    key: 'early-reaction',
    peer: 'early-bird',
    at: at(1),
    externalId: 'named-late',
    from: { kind: 'custom', scope: '', address: 'early-bird' },
    emojis: ['👍'],
  }
  await take([reaction])
  const settled = await talk.db.work('test', [shop.tenant.id], async (tx) => {
    const lanes = [{ tenantId: shop.tenant.id, channelId: shop.channelId }]
    const heads = await claimHeads(tx, lanes, { owner: 'test', holdMs: 60_000, limit: 10 })
    const head = heads.find(({ messageId }) => messageId === reply.json().id)
    return head !== undefined && settleDelivery(tx, head, 'test', { kind: 'accepted', externalId: 'named-late' })
  })
  expect(settled).toBe(true)
  const [message] = (await talk.ask('GET', `/v1/conversations/${id}/messages`, { token: shop.admin.token }))
    .json()
    .data.filter((one: { id: string }) => one.id === reply.json().id)
  expect(message).toMatchObject({ status: 'accepted', reactions: ['👍'] })
})
