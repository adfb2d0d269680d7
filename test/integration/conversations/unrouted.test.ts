import { afterAll, beforeAll, expect, test } from 'vitest'
import { routing } from '../../../src/api/routes/routing.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk({}, [routing])
  shop = await talk.shop()
})
afterAll(() => talk.close())

test('of a conversation of which routing has nothing open its explanation says why, in the language of whoever asks', async () => {
  const { id } = await talk.hear(shop, 'late', '在吗')
  const why = async (language = 'en') => {
    const headers = { 'accept-language': language }
    const path = `/v1/conversations/${id}/routing`
    const { now, unrouted } = (await talk.ask('GET', path, { token: shop.supervisor.token, headers })).json()
    expect(now).toBeNull()
    return unrouted
  }
  expect(await why()).toMatchObject({ code: 'coming' })
  const set = (change: string) =>
    talk.read(shop.tenant.id, (tx) => tx.run(`update conversations set ${change} where id = $1`, id))
  await set(`parked_at = now(), parked_until = '2027-01-04T01:00:00Z'`)
  expect(await why()).toEqual({
    code: 'hours',
    sentence: 'Waits for the opening hours, which begin at 2027-01-04T01:00:00.000Z; nobody is asked before.',
  })
  await set(`parked_at = null, parked_until = null, held_by = 'bot'`)
  expect(await why('zh-CN')).toEqual({ code: 'bot', sentence: '由机器人或语音菜单接待，尚未请求人工。' })
  await set(`held_by = 'queue'`)
  await talk.ask('POST', `/v1/conversations/${id}/close`, { token: shop.admin.token, body: {} })
  expect(await why()).toEqual({ code: 'over', sentence: 'Is over.' })
})
