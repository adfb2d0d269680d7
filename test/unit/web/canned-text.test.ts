import { expect, test } from 'vitest'
import { filled, matching } from '../../../web/console/canned-text.ts'

const at = '2026-01-01T00:00:00.000Z'
const reply = (title: string, text: string, folder = '') =>
  ({ id: title, memberId: null, folder, title, text, createdAt: at, updatedAt: at, version: 1 }) as const

test('a search finds what holds all its words, titles that begin with it first', () => {
  const replies = [reply('物流时间', '48 小时内发货'), reply('发货', '已发货', '物流'), reply('谢谢', '不客气')]
  expect(matching(replies, '发货').map(({ title }) => title)).toEqual(['发货', '物流时间'])
  expect(matching(replies, '物流 已').map(({ title }) => title)).toEqual(['发货'])
  expect(matching(replies, '')).toHaveLength(3)
  expect(matching(replies, '退款')).toEqual([])
})

test('what is known is filled in, what is not stays to be seen', () => {
  const text = '{{contact.name}} 您好，{{ agent.name }} {{order.no}} {{constructor}}'
  expect(filled(text, { 'contact.name': '陈女士', 'agent.name': '李雷' })).toBe(
    '陈女士 您好，李雷 {{order.no}} {{constructor}}',
  )
})
