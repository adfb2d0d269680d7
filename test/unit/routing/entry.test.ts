/** Which entry rule takes a conversation. */
import { beforeAll, describe, expect, test } from 'vitest'
import { regionOfNumber } from '../../../src/core/contacts/number-regions.ts'
import type { EntryConditions, EntryRule } from '../../../src/core/events/entry-shapes.ts'
import { entryFacts, type KnownOf } from '../../../src/routing/entry-facts.ts'
import { type Duty, judge, ready } from '../../../src/routing/entry-match.ts'
import { type LanguageOf, loadLanguages } from '../../../src/routing/language.ts'
import { isWithin, placesOf } from '../../../src/routing/regions.ts'

const everybody: Duty = { isGroup: () => true, isServed: () => true }

function rule(name: string, when: EntryConditions, more: Partial<EntryRule> = {}): EntryRule {
  const at = '2026-01-05T02:00:00.000Z'
  return {
    id: `rul_${name}`,
    position: 1,
    name,
    enabled: true,
    when,
    target: { groupId: `grp_${name}` },
    otherwise: { to: 'wait' },
    version: 1,
    createdAt: at,
    updatedAt: at,
    ...more,
  }
}

function known(more: Partial<KnownOf> = {}): KnownOf {
  const nobody = { province: null, city: null, attributes: {}, claims: {}, tags: [], phone: null }
  return { channelId: 'chn_1', channelKind: 'webchat', texts: [], ...nobody, ...more }
}

async function taken(when: EntryConditions, more: Partial<KnownOf>): Promise<boolean> {
  return judge([ready(rule('a', when))], await entryFacts(known(more)), everybody).verdict !== undefined
}

describe('conditions', () => {
  test.each<[string, EntryConditions, Partial<KnownOf>, boolean]>([
    ['a keyword in another case and width', { keywords: ['Refund'] }, { texts: ['I want a ＲＥＦＵＮＤ'] }, true],
    ['a keyword that is not there', { keywords: ['退款'] }, { texts: ['你好'] }, false],
    ['a pattern', { pattern: '订单\\s*\\d{6,}' }, { texts: ['我的订单 20260105 呢'] }, true],
    ['a tag in another case', { tags: ['会员', 'gold'] }, { tags: ['GOLD'] }, true],
    ['VIP by tag', { vip: true }, { tags: ['vip'] }, true],
    ['VIP by attribute', { vip: true }, { attributes: { vip: '是' } }, true],
    ['no VIP', { vip: false }, { tags: ['vip'] }, false],
    ['a province of the record', { regions: ['广东'] }, { province: '广东省', city: '深圳市' }, true],
    ['a city elsewhere', { regions: ['广东 广州'] }, { province: '广东省', city: '深圳市' }, false],
    ['what the site says', { regions: ['浙江'] }, { claims: { region: '浙江省', city: '杭州市' } }, true],
    ['the record before the site', { regions: ['浙江'] }, { province: '广东', claims: { region: '浙江' } }, false],
    ['where the number is at home', { regions: ['江苏'] }, { phone: '+8618912345678' }, true],
    ['the country of a number', { regions: ['US'] }, { phone: '+12133734253' }, true],
    [
      'what the site says of the language',
      { languages: ['en'] },
      { texts: ['ok'], claims: { language: 'en-GB' } },
      true,
    ],
    ['the words before the site', { languages: ['en'] }, { texts: ['我要退款'], claims: { language: 'en' } }, false],
    ['one of the channels or kinds', { channelIds: ['chn_9'], channelKinds: ['webchat'] }, {}, true],
    ['all conditions together', { keywords: ['退款'], vip: true }, { texts: ['退款'] }, false],
    ['no condition at all', {}, {}, true],
  ])('%s', async (_title, when, more, expected) => {
    expect(await taken(when, more)).toBe(expected)
  })
})

test('a rule may hold only while it is closed, by the place’s calendar or another', async () => {
  const night = ready(rule('night', { hours: { open: false } }))
  const head = ready(rule('head', { hours: { open: true, calendarId: 'hrs_head' } }))
  const facts = await entryFacts(known(), (calendarId) => calendarId === 'hrs_head')
  expect(judge([night], facts, everybody).verdict?.because).toEqual(['it is closed'])
  expect(judge([head], facts, everybody).verdict?.because).toEqual(['it is open'])
  const open = await entryFacts(known())
  expect(judge([night], open, everybody).passed).toMatchObject([{ reason: 'hours' }])
})

test('the first rule that fits decides, and each before it says why not', async () => {
  const rules = [
    rule('off', {}, { enabled: false }),
    rule('french', { languages: ['fr'] }),
    rule('refund', { keywords: ['refund'] }),
    rule('all', {}),
  ].map(ready)
  const facts = await entryFacts(known({ texts: ['I want a refund please'] }))
  const { verdict, passed } = judge(rules, facts, everybody)
  expect(verdict).toMatchObject({ name: 'refund', because: ['keyword refund'] })
  expect(passed.map(({ name, reason }) => [name, reason])).toEqual([
    ['off', 'disabled'],
    ['french', 'languages'],
  ])
})

test('each rule has its own way when nobody of its target is on duty', async () => {
  const facts = await entryFacts(known())
  const duty: Duty = { isGroup: (id) => id !== 'grp_gone', isServed: (id) => id === 'grp_last' }
  const found = (otherwise: EntryRule['otherwise']) =>
    judge([rule('first', {}, { otherwise }), rule('gone', {}), rule('last', {})].map(ready), facts, duty)
  expect(found({ to: 'wait' }).verdict).toMatchObject({ groupId: 'grp_first', fallback: 'wait' })
  expect(found({ to: 'group', groupId: 'grp_night' }).verdict).toMatchObject({
    groupId: 'grp_night',
    fallback: 'group',
  })
  const { verdict, passed } = found({ to: 'next' })
  expect(verdict).toMatchObject({ groupId: 'grp_last' })
  expect(passed.map(({ reason }) => reason)).toEqual(['nobody-on-duty', 'group-gone'])
})

describe('languages', () => {
  let languageOf: LanguageOf
  beforeAll(async () => {
    languageOf = await loadLanguages()
  })
  test.each([
    ['我要退款', 'zh'],
    ['請問退款要多久', 'zh'],
    ['我的 iPhone 坏了', 'zh'],
    ['注文について', 'ja'],
    ['안녕하세요', 'ko'],
    ['where is my order', 'en'],
    ['hola, donde esta mi pedido', 'es'],
    ['Привет, где мой заказ', 'ru'],
    ['12345', undefined],
    ['ok', undefined],
  ])('%s is %s', (text, language) => {
    expect(languageOf(text)).toBe(language)
  })
})

describe('places', () => {
  test('are compared by what is left without their kind', () => {
    expect(placesOf('广东省深圳市')).toEqual(['广东', '深圳'])
    expect(placesOf('广西壮族自治区 南宁市')).toEqual(['广西', '南宁'])
    expect(placesOf('北京市')).toEqual(['北京'])
  })
  test('one that is part of another’s name is another place', () => {
    expect(isWithin(new Set(placesOf('青海省海南藏族自治州')), '海南')).toBe(false)
  })
  test('what is no number has none', async () => {
    expect(await regionOfNumber('12')).toBeUndefined()
    expect(await regionOfNumber('+8613800138000')).toBe('CN 北京市')
  })
  test('a number that is valid nowhere is in no town, though it begins like one’s', async () => {
    for (const number of ['+8695105556', '+8688888888', '+861380013800'])
      expect(await regionOfNumber(number)).toBe('CN')
    expect(await regionOfNumber('+862188888888')).toBe('CN 上海市')
    expect(await regionOfNumber('+864008001234')).toBe('CN')
  })
})
