/** A conversation as a document, for colleagues and for others; and what a customer reads of their own earlier ones. */
import { afterAll, beforeAll, expect, test } from 'vitest'
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

const say = (id: string, text: string, body: object = {}) =>
  talk.ask('POST', `/v1/conversations/${id}/messages`, {
    token: shop.agent.token,
    body: { parts: [{ type: 'text', text }], ...body },
    headers: { 'idempotency-key': newId('job') },
  })
const get = (path: string, token = shop.agent.token) => talk.ask('GET', path, { token })

test('a conversation is read as JSON, text and HTML, with what is for colleagues only where it is asked for', async () => {
  const { id } = await talk.hear(shop, '王女士', '<script>alert(1)</script> 在吗')
  await talk.assign(shop, id, shop.agent.member.id)
  await say(id, '机密：难缠', { note: true })
  await say(id, '在的')
  await talk.ask('POST', `/v1/conversations/${id}/close`, { token: shop.agent.token, body: { summary: '机密小结' } })
  for (const format of ['json', 'text', 'html']) {
    const plain = await get(`/v1/conversations/${id}/export?format=${format}`)
    expect(plain.headers['content-disposition']).toContain('attachment')
    expect(plain.headers['content-security-policy']).toContain('sandbox')
    expect(plain.body).toContain('在的')
    expect(plain.body).toContain('王女士')
    for (const word of ['机密', 'usr_']) expect(plain.body).not.toContain(word)
    const whole = await get(`/v1/conversations/${id}/export?format=${format}&notes=true`)
    for (const word of ['机密：难缠', '机密小结']) expect(whole.body).toContain(word)
  }
  const html = await get(`/v1/conversations/${id}/export?format=html`)
  expect(html.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(html.body).not.toContain('<script>')
  const json = (await get(`/v1/conversations/${id}/export`)).json()
  expect(json.messages.map(({ number }: { number: number }) => number)).toEqual([1, 3])
  for (const token of [other.admin.token, (await talk.person(shop.tenant.id, { role: 'agent' })).token]) {
    expect((await get(`/v1/conversations/${id}/export`, token)).json().code).toBe('conversation-unknown')
  }
})

test('a customer lists their own earlier conversations, and reads what was said in one of them', async () => {
  const begin = async () =>
    (await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: shop.channelId } })).json().token as string
  const [token, stranger] = [await begin(), await begin()]
  const speak = async (text: string) => {
    const body = { clientId: newId('msg'), parts: [{ type: 'text', text }] }
    await talk.ask('POST', '/v1/visitor/messages', { token, body })
    return eventually(async () => {
      const { data } = (await get('/v1/visitor/messages?limit=100', token)).json()
      return data.find((one: { parts: { text: string }[] }) => one.parts[0]?.text === text)?.conversationId as string
    })
  }
  const first = await speak('第一次')
  await talk.assign(shop, first, shop.agent.member.id)
  await say(first, '机密', { note: true })
  await talk.ask('POST', `/v1/conversations/${first}/close`, { token: shop.agent.token, body: { summary: '机密' } })
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set closed_at = closed_at - interval '1 day', opened_at = opened_at - interval '1 day'
        where tenant_id = $1 and id = $2`,
      tx.tenantId,
      first,
    ),
  )
  const second = await speak('第二次')
  await talk.assign(shop, second, shop.agent.member.id)
  await talk.ask('POST', `/v1/conversations/${second}/resolve`, { token: shop.agent.token })
  const listed = await get('/v1/visitor/conversations', token)
  expect(listed.json().data).toMatchObject([
    { id: second, status: 'open', preview: '第二次', messages: 1, closedAt: null },
    { id: first, status: 'closed', preview: '第一次', messages: 1 },
  ])
  expect(listed.body).not.toMatch(/机密|usr_|resolved|summary/)
  const page = (await get('/v1/visitor/conversations?limit=1', token)).json()
  const next = (await get(`/v1/visitor/conversations?limit=1&cursor=${page.nextCursor}`, token)).json()
  expect([page, next].map(({ data }) => data[0].id)).toEqual([second, first])
  const said = (await get(`/v1/visitor/messages?conversationId=${first}`, token)).json().data
  expect(said.map((one: { parts: { text: string }[] }) => one.parts[0]?.text)).toEqual(['第一次'])
  expect((await get('/v1/visitor/conversations', stranger)).json().data).toEqual([])
  expect((await get(`/v1/visitor/messages?conversationId=${first}`, stranger)).json().data).toEqual([])
})
