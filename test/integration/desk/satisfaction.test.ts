import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { satisfaction } from '../../../src/api/routes/satisfaction.ts'
import { satisfactionPage } from '../../../src/api/routes/satisfaction-page.ts'
import { texts } from '../../../src/api/routes/texts.ts'
import { visitorReception } from '../../../src/api/routes/visitor-reception.ts'
import { openReception } from '../../../src/core/desk/reception.ts'
import { satisfactionPath } from '../../../src/core/desk/satisfaction-links.ts'
import type { Consumer } from '../../../src/core/events/consumer.ts'
import type { Satisfaction } from '../../../src/core/events/satisfaction-shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let reception: Consumer
/** Kinds of channel whose own program asks. */
const kindsThatAsk: string[] = []

beforeAll(async () => {
  talk = await startTalk({}, [texts, satisfaction, satisfactionPage, visitorReception])
  reception = openReception({
    db: talk.db,
    bus: talk.bus,
    wake: talk.parts.wake,
    log: silentLog,
    owner: 'reception',
    link: (tenantId, id) => `https://hub.example${satisfactionPath(talk.parts.vault, { tenantId, id })}`,
    kindsThatAsk,
  })
  await reception.start()
})
afterAll(async () => {
  await reception?.stop()
  await talk?.close()
})

const ask = (
  shop: TalkingShop,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: unknown,
  token = shop.admin.token,
) => talk.ask(method, `/v1/${path}`, { token, body, headers: { 'idempotency-key': newId('job') } })
const rule = (shop: TalkingShop, more = {}) =>
  ask(shop, 'PUT', 'reception-rules/all', {
    satisfaction: { ask: 'on-close', scale: 5, tags: ['态度好', '解决了'], answerWithinDays: 7, ...more },
  })
/** A conversation that the shop's agent has answered and closed. */
const serve = async (shop: TalkingShop, person: string): Promise<string> => {
  const { id } = await talk.hear(shop, person, '在吗')
  await talk.assign(shop, id, shop.agent.member.id)
  await ask(shop, 'POST', `conversations/${id}/messages`, { parts: [{ type: 'text', text: '在' }] }, shop.agent.token)
  await ask(shop, 'POST', `conversations/${id}/close`, undefined, shop.agent.token)
  return id
}
const listed = async (shop: TalkingShop, query = ''): Promise<Satisfaction[]> =>
  (await ask(shop, 'GET', `satisfaction${query}`)).json().data
const lastWord = async (shop: TalkingShop, id: string): Promise<string> =>
  (await ask(shop, 'GET', `conversations/${id}/messages`)).json().data.at(-1).parts[0].text
const linkOf = (shop: TalkingShop, id: string) =>
  eventually(async () => /https:\/\/hub\.example(\/satisfaction\/\S+)/.exec(await lastWord(shop, id))?.[1])
const page = (path: string, language = 'zh-CN') => talk.ask('GET', path, { headers: { 'accept-language': language } })
const submit = (path: string, form: string): Promise<LightMyRequestResponse> =>
  talk.app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: form,
  })

test('who was served is sent a link after the close, and answers by it once, without logging in', async () => {
  const shop = await talk.shop()
  await rule(shop)
  const id = await serve(shop, '甲')
  const path = await linkOf(shop, id)
  const shown = await page(path)
  expect([shown.statusCode, shown.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  expect(shown.body).toContain('请为本次服务打分')
  expect((await page(path, 'zh-HK,en')).body).toContain('請為本次服務評分')
  expect((await page(path, 'en-GB')).body).toContain('How well were you served?')

  // Without a score, with one beyond the scale, with a tag that is not offered: the form again, and nothing is kept.
  for (const form of ['comment=x', 'score=6', 'score=5&tag=x']) expect((await submit(path, form)).statusCode).toBe(400)
  const tags = ['态度好', '解决了'].map((tag) => `&tag=${encodeURIComponent(tag)}`).join('')
  const sent = await submit(path, `score=4&comment=${encodeURIComponent('<b>谢谢</b>')}${tags}`)
  expect([sent.statusCode, sent.body.includes('感谢您的评价')]).toEqual([200, true])
  const again = await submit(path, 'score=1')
  expect([again.statusCode, again.body.includes('您已经评价过了')]).toEqual([409, true])
  expect(await listed(shop)).toMatchObject([
    {
      conversationId: id,
      memberId: shop.agent.member.id,
      groupId: shop.groupId,
      scale: 5,
      score: 4,
      comment: '<b>谢谢</b>',
      tags: ['态度好', '解决了'],
      source: 'link',
    },
  ])
  const told = await eventually(async () => {
    const rows = await talk.read(shop.tenant.id, (tx) =>
      tx.query<{ type: string }>(
        `select type from events where tenant_id = $1 and type like 'satisfaction.%' order by seq`,
        tx.tenantId,
      ),
    )
    return rows.length === 2 ? rows.map(({ type }) => type) : undefined
  })
  expect(told).toEqual(['satisfaction.requested', 'satisfaction.answered'])
})

test('each conversation is asked about once, also when it is closed twice and the agent asks too', async () => {
  const shop = await talk.shop()
  await rule(shop)
  const id = await serve(shop, '乙')
  await linkOf(shop, id)
  await talk.hear(shop, '乙', '还有')
  await talk.assign(shop, id, shop.agent.member.id)
  const asked = await ask(shop, 'POST', `conversations/${id}/satisfaction`, undefined, shop.agent.token)
  expect(asked.statusCode).toBe(200)
  await ask(shop, 'POST', `conversations/${id}/close`, undefined, shop.agent.token)
  expect(await listed(shop)).toMatchObject([{ id: asked.json().id, score: null }])
  const stranger = await talk.person(shop.tenant.id, { role: 'agent' })
  expect((await ask(shop, 'POST', `conversations/${id}/satisfaction`, undefined, stranger.token)).statusCode).toBe(404)
})

test('a forged link, one of another business and one whose time is over open nothing', async () => {
  const shop = await talk.shop()
  await rule(shop, { answerWithinDays: 1 })
  const id = await serve(shop, '丙')
  const path = await linkOf(shop, id)
  const token = path.split('/').at(-1) ?? ''
  const other = await talk.business()
  const forged = [
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    `${other.tenant.id.slice(4)}${token.slice(26)}`,
    `${token.slice(0, 26)}${newId('sat').slice(4)}${token.slice(52)}`,
    'x',
  ]
  for (const wrong of forged) {
    const found = await page(`/satisfaction/${wrong}`)
    expect([found.statusCode, found.body.includes('这个链接无效')]).toEqual([404, true])
    expect((await submit(`/satisfaction/${wrong}`, 'score=5')).statusCode).toBe(404)
  }
  talk.pass(25 * 3_600_000)
  try {
    expect((await page(path)).statusCode).toBe(410)
    expect((await submit(path, 'score=5')).statusCode).toBe(410)
  } finally {
    talk.pass(-25 * 3_600_000)
  }
  expect(await listed(shop)).toMatchObject([{ score: null, answeredAt: null }])
})

test('a visitor is asked in the widget instead, scores once, and only their own', async () => {
  kindsThatAsk.push('webchat')
  try {
    const shop = await talk.shop()
    await rule(shop)
    const enter = async () =>
      (await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: shop.channelId } })).json()
    const [mine, theirs] = [await enter(), await enter()]
    const stateOf = async (token: string) => (await talk.ask('GET', '/v1/visitor/reception', { token })).json()
    expect(await stateOf(mine.token)).toMatchObject({ open: true, onDuty: false, place: null, satisfaction: null })
    const id = await serve(shop, mine.visitorId)
    const { satisfaction: asked } = await eventually(async () => {
      const state = await stateOf(mine.token)
      return state.satisfaction === null ? undefined : state
    })
    expect(asked).toMatchObject({ scale: 5, offeredTags: ['态度好', '解决了'] })
    const score = (token: string, body: object) => talk.ask('POST', '/v1/visitor/satisfaction', { token, body })
    expect((await score(theirs.token, { id: asked.id, score: 1 })).json().code).toBe('satisfaction-unknown')
    expect((await score(mine.token, { id: asked.id, score: 6 })).json().code).toBe('satisfaction-invalid')
    expect((await score(mine.token, { id: asked.id, score: 5 })).json()).toEqual({ id: asked.id, score: 5 })
    expect((await score(mine.token, { id: asked.id, score: 1 })).json().code).toBe('satisfaction-answered')
    expect((await stateOf(mine.token)).satisfaction).toBeNull()
    expect(await lastWord(shop, id)).toBe('在')
    expect(await listed(shop, '?source=widget&maxScore=5')).toMatchObject([{ score: 5 }])
  } finally {
    kindsThatAsk.length = 0
  }
})

test('figures count who was asked and what was said, per agent by name, and filters hold', async () => {
  const shop = await talk.shop()
  await rule(shop)
  const paths: string[] = []
  for (const person of ['一', '二', '三']) paths.push(await linkOf(shop, await serve(shop, person)))
  await submit(paths[0] ?? '', 'score=5')
  await submit(paths[1] ?? '', 'score=2')
  const figures = await ask(shop, 'GET', 'satisfaction/figures?by=member')
  expect(figures.json().data).toEqual([
    {
      id: shop.agent.member.id,
      name: shop.agent.member.name,
      requested: 3,
      answered: 2,
      average: 0.625,
      scores: [
        { scale: 5, score: 2, count: 1 },
        { scale: 5, score: 5, count: 1 },
      ],
    },
  ])
  expect((await ask(shop, 'GET', `satisfaction/figures?by=group&channelId=${newId('chn')}`)).json().data).toEqual([])
  expect(await listed(shop, '?answered=false')).toHaveLength(1)
  expect(await listed(shop, '?to=2026-01-01T00:00:00.000Z')).toEqual([])
  const pages = (await ask(shop, 'GET', 'satisfaction?limit=2')).json()
  expect(pages.data.map(({ contactName }: { contactName: string }) => contactName).toSorted()).toEqual(['三', '二'])
  expect((await ask(shop, 'GET', `satisfaction?limit=2&cursor=${pages.nextCursor}`)).json().data).toHaveLength(1)
  expect((await ask(shop, 'GET', 'satisfaction', undefined, shop.agent.token)).statusCode).toBe(403)
})
