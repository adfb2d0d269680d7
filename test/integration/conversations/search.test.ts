/** Search over what was said: Chinese in both scripts and English, filters, pages, sight, and the wall between tenants. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { indexNext, indexOlder } from '../../../src/core/conversations/search-index.ts'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop
let other: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
  other = await talk.shop()
})
afterAll(() => talk?.close())

/** Everything that was said so far can be found from here on. */
const indexAll = async (...shops: TalkingShop[]) => {
  for (const one of shops) await eventually(async () => (await talk.emitted(one.tenant.id)).length === 0)
  while ((await indexNext(talk.db, 3)).more);
}
const find = async (query: Record<string, string>, token = shop.admin.token) =>
  (await talk.ask('GET', `/v1/search/messages?${new URLSearchParams(query)}`, { token })).json()
interface Found {
  message: { parts: { text: string }[]; conversationId: string }
  snippet: { text: string; marks: { start: number; end: number }[] }
}
const textsOf = (page: { data: Found[] }) => page.data.map(({ message }) => message.parts[0]?.text)
const say = (conversationId: string, text: string, note: boolean, token = shop.agent.token) =>
  talk.ask('POST', `/v1/conversations/${conversationId}/messages`, {
    token,
    body: { parts: [{ type: 'text', text }], ...(note && { note }) },
    headers: { 'idempotency-key': newId('job') },
  })

test('words are found in both scripts, any case and width, newest first, with the places marked', async () => {
  const ann = await talk.hear(shop, 'ann', '我想退貨，訂單號 SF1234567')
  await talk.hear(shop, 'bob', '退货要多久？Refund please')
  await talk.assign(shop, ann.id, shop.agent.member.id)
  await say(ann.id, '请稍等，给您办理退货', false)
  await say(ann.id, '老客户，退货很多', true)
  await indexAll(shop)
  for (const q of ['退货', '退貨']) {
    expect(textsOf(await find({ q }))).toEqual([
      '老客户，退货很多',
      '请稍等，给您办理退货',
      '退货要多久？Refund please',
      '我想退貨，訂單號 SF1234567',
    ])
  }
  expect(textsOf(await find({ q: 'REFUND' }))).toEqual(['退货要多久？Refund please'])
  expect(textsOf(await find({ q: 'efun' }))).toEqual(['退货要多久？Refund please'])
  expect(textsOf(await find({ q: '单' }))).toEqual(['我想退貨，訂單號 SF1234567'])
  expect(textsOf(await find({ q: '退货 refund' }))).toEqual(['退货要多久？Refund please'])
  expect(textsOf(await find({ q: 'sf123' }))).toEqual(['我想退貨，訂單號 SF1234567'])
  expect(textsOf(await find({ q: '货退' }))).toEqual([])
  const [hit] = (await find({ q: '订单 sf1234567' })).data as Found[]
  expect(hit?.snippet.marks.map(({ start, end }) => hit.snippet.text.slice(start, end))).toEqual(['訂單', 'SF1234567'])
})

test('filters and pages narrow what is found, and no message comes twice', async () => {
  const here = await talk.shop()
  const agent = here.agent
  const one = await talk.hear(here, 'c1', '苹果 一')
  for (const word of ['二', '三', '四', '五']) await talk.hear(here, 'c1', `苹果 ${word}`)
  const two = await talk.hear(here, 'c2', '苹果 六')
  await talk.assign(here, two.id, agent.member.id)
  await talk.ask('PATCH', `/v1/conversations/${two.id}`, { token: agent.token, body: { tags: ['急'] } })
  await talk.ask('PUT', '/v1/conversation-categories/fruit', { token: here.admin.token, body: { name: '水果' } })
  await talk.ask('PATCH', `/v1/conversations/${one.id}`, { token: here.admin.token, body: { category: 'fruit' } })
  await indexAll(here)
  const ask = (query: Record<string, string>) => find({ q: '苹果', ...query }, here.admin.token)
  const six = ['苹果 六']
  expect(textsOf(await ask({ assigneeId: agent.member.id }))).toEqual(six)
  expect(textsOf(await ask({ tag: '急' }))).toEqual(six)
  expect(textsOf(await ask({ contactId: two.contactId }))).toEqual(six)
  expect(textsOf(await ask({ category: 'fruit' }))).toHaveLength(5)
  expect(textsOf(await ask({ groupId: here.groupId, channelId: here.channelId }))).toHaveLength(6)
  const [, , third] = (await ask({})).data
  expect(textsOf(await ask({ from: third.message.createdAt }))).toHaveLength(3)
  expect(textsOf(await ask({ to: third.message.createdAt }))).toHaveLength(3)
  const seen: (string | undefined)[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { data: Found[]; nextCursor: string | null } = await ask({ limit: '2', ...(cursor && { cursor }) })
    seen.push(...textsOf(page))
    cursor = page.nextCursor
  }
  expect(seen).toEqual(['苹果 六', '苹果 五', '苹果 四', '苹果 三', '苹果 二', '苹果 一'])
})

test('what was said months and years ago is found after what was said just now', async () => {
  const here = await talk.shop()
  for (const word of ['今', '上月', '去年', '从前']) await talk.hear(here, 'c1', `香蕉 ${word}`)
  await eventually(async () => (await talk.emitted(here.tenant.id)).length === 0)
  await talk.db.work('test', [here.tenant.id], async (tx) => {
    for (const [word, days] of Object.entries({ 上月: 40, 去年: 400, 从前: 1500 })) {
      await tx.run(
        `update events set data = jsonb_set(data, '{message,createdAt}', to_jsonb(to_char(now() at time zone 'utc' - make_interval(days => $2), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
          where tenant_id = $1 and type = 'message.created' and data->'message'->'parts'->0->>'text' = '香蕉 ' || $3`,
        here.tenant.id,
        days,
        word,
      )
    }
  })
  await indexAll(here)
  expect(textsOf(await find({ q: '香蕉' }, here.admin.token))).toEqual([
    '香蕉 今',
    '香蕉 上月',
    '香蕉 去年',
    '香蕉 从前',
  ])
  expect(textsOf(await find({ q: '香蕉', limit: '2' }, here.admin.token))).toEqual(['香蕉 今', '香蕉 上月'])
})

test('what was said before there was an index is taken in little by little, and nothing twice', async () => {
  const here = await talk.shop()
  for (const word of ['一', '二', '三', '四', '五']) await talk.hear(here, 'c1', `荔枝 ${word}`)
  await indexAll(here)
  await talk.db.work('test', [here.tenant.id], async (tx) => {
    await tx.run(`delete from message_texts where tenant_id = $1 and form not like '%五%'`, here.tenant.id)
    await tx.run(`insert into search_backfill (tenant_id, before) values ($1, 'msg_~')`, here.tenant.id)
  })
  const ask = async () => textsOf(await find({ q: '荔枝' }, here.admin.token))
  await Promise.all([indexOlder(talk.db, 2), indexOlder(talk.db, 2)])
  expect((await ask()).slice(0, 2)).toEqual(['荔枝 五', '荔枝 四'])
  while (await indexOlder(talk.db, 2));
  expect(await ask()).toEqual(['荔枝 五', '荔枝 四', '荔枝 三', '荔枝 二', '荔枝 一'])
})

test('each finds what they may see, and no tenant anything of another', async () => {
  const ours = await talk.hear(shop, 'sight', '菠萝蜜 ours')
  await talk.hear(other, 'sight', '菠萝蜜 theirs')
  await talk.assign(shop, ours.id, shop.supervisor.member.id)
  await indexAll(shop, other)
  expect(textsOf(await find({ q: '菠萝蜜' }))).toEqual(['菠萝蜜 ours'])
  expect(textsOf(await find({ q: '菠萝蜜' }, shop.agent.token))).toEqual([])
  expect(textsOf(await find({ q: '菠萝蜜' }, other.admin.token))).toEqual(['菠萝蜜 theirs'])
  await talk.assign(shop, ours.id, shop.agent.member.id)
  expect(textsOf(await find({ q: '菠萝蜜' }, shop.agent.token))).toEqual(['菠萝蜜 ours'])
})

test('a text that is changed or gone is found no more', async () => {
  const { id } = await talk.hear(shop, 'erased', '火龙果')
  await talk.hear(shop, 'erased', '火龙果 二')
  await indexAll(shop)
  expect(textsOf(await find({ q: '火龙果' }))).toHaveLength(2)
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update messages set parts = '[{"type":"text","text":"[erased]"}]' where tenant_id = $1 and conversation_id = $2 and number = 1`,
      tx.tenantId,
      id,
    ),
  )
  expect(textsOf(await find({ q: '火龙果' }))).toEqual(['火龙果 二'])
})

test('the index is what a search reads, through the wall between tenants', async () => {
  const { id, contactId } = await talk.hear(other, 'many', 'x')
  await talk.read(other.tenant.id, async (tx) => {
    await tx.run(
      `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, parts, status, sent_at)
       select $1, 'msg_' || n, $2, $3, n + 100, 'in', 'contact', '[]', 'received', now() from generate_series(1, 3000) n`,
      tx.tenantId,
      id,
      contactId,
    )
    await tx.run(
      `insert into message_texts (tenant_id, message_id, conversation_id, at, form, tokens)
       select $1, 'msg_' || n, $2, now(), ' x ', array[n, n + 1, n + 2] from generate_series(1, 3000) n`,
      tx.tenantId,
      id,
    )
  })
  await ownerSession(talk.url, (run) => run('vacuum analyze message_texts'))
  const plan = await talk.read(other.tenant.id, async (tx) => {
    await tx.run(`select set_config('app.search', '{1,2}', true)`)
    return tx.query<Record<string, string>>(
      `explain select message_id from message_texts where tenant_id = '${other.tenant.id}'`,
    )
  })
  expect(plan.map((row) => Object.values(row).join()).join('\n')).toContain('message_texts_tokens')
})

test('who asks for nothing, or for too much, is told so', async () => {
  const codeOf = async (q: string) => (await find({ q })).code
  expect(await codeOf('？！ ，')).toBe('search-empty')
  expect(await codeOf('a b c d e f g h i j k')).toBe('search-long')
  expect(await codeOf('')).toBe('request-invalid')
})

test('two that index at once index once, and a message that says nothing stops nobody', async () => {
  const { id } = await talk.hear(shop, 'twice', '🙂')
  await talk.hear(shop, 'twice', '山竹')
  await eventually(async () => (await talk.emitted(shop.tenant.id)).length === 0)
  await Promise.all([indexNext(talk.db, 500), indexNext(talk.db, 500)])
  await indexAll(shop)
  const page = await find({ q: '山竹' })
  expect(page.data.map(({ message }: Found) => message.conversationId)).toEqual([id])
})
