import { afterAll, beforeAll, expect, test } from 'vitest'
import { entryRules } from '../../../src/api/routes/entry-rules.ts'
import { groups } from '../../../src/api/routes/groups.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([entryRules, groups])
  shop = await api.business()
})
afterAll(() => api.close())

const asAdmin = async (path: string, body: unknown, language = 'en') =>
  (await api.ask('POST', path, { token: shop.admin.token, body, headers: { 'accept-language': language } })).json()

test('which rule takes it, why those before it do not, and what serves nobody, is said in the language of whoever asks', async () => {
  const { id: groupId } = await asAdmin('/v1/groups', { name: '售后' })
  await asAdmin('/v1/entry-rules', { name: '退款', when: { keywords: ['退款'] }, target: { groupId } })
  const kept = { name: '其他', when: {}, target: { groupId } }
  expect((await asAdmin('/v1/entry-rules', kept, 'zh-CN')).warnings).toEqual(['该规则的技能组没有成员。'])
  expect(await asAdmin('/v1/entry-rules/try', { text: '你好' }, 'zh-CN')).toMatchObject({
    verdict: { name: '其他', sentence: '由规则“其他”接收：该规则接收所有会话。目标无人在岗，仍在那里排队。' },
    passed: [{ name: '退款', reason: 'keywords', sentence: '规则“退款”不适用：未提到任何关键词。' }],
  })
  expect(await asAdmin('/v1/entry-rules/try', { text: '我要退款' })).toMatchObject({
    verdict: {
      sentence: 'The rule “退款” took it: keyword 退款. Nobody of its target was on duty, so it waits there.',
    },
  })
})
