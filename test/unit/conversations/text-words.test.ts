import { expect, test } from 'vitest'
import { fillText, languagesFor, momentIn, unknownVariables } from '../../../src/core/conversations/text-words.ts'

test('a line in which a variable has no value is left out, the others are filled in', () => {
  const text = '您好，{{ contact.name }}！\n您是第{{queue.position}}位。\n{{business.name}}'
  expect(fillText(text, { 'contact.name': '韩梅梅', 'business.name': '小店' })).toBe('您好，韩梅梅！\n小店')
  expect(fillText(text, { 'contact.name': '{{link}}', 'queue.position': '3' })).toBe('您好，{{link}}！\n您是第3位。')
})

test('variables that there are not are named', () => {
  expect(unknownVariables('{{contact.name}} {{}} {{agent.age}} {{constructor}}')).toEqual([
    '',
    'agent.age',
    'constructor',
  ])
})

test('Chinese falls back within Chinese by its script before it does to anything else', () => {
  const before = (asked: string, a: string, b: string) => {
    const order = languagesFor(asked, 'en')
    return order.indexOf(a) >= 0 && order.indexOf(a) < order.indexOf(b)
  }
  expect(before('zh-HK', 'zh-TW', 'zh-CN')).toBe(true)
  expect(before('zh-Hant-MO', 'zh-TW', 'zh-CN')).toBe(true)
  expect(before('zh', 'zh-CN', 'zh-TW')).toBe(true)
  expect(before('zh-SG', 'zh-TW', 'en')).toBe(true)
  expect(languagesFor('fr-CA', 'zh-CN').slice(0, 3)).toEqual(['fr-CA', 'fr', 'zh-CN'])
  expect(languagesFor(undefined, 'zh-TW')[0]).toBe('zh-TW')
})

test('an opening is told on the clock of the business', () => {
  expect(momentIn(Date.parse('2026-11-02T01:00:00Z'), 'zh-CN', 'Asia/Shanghai')).toContain('09:00')
})
