import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  fold,
  numbersOf,
  periodsOf,
  phrasesOf,
  snippetOf,
  tokensOf,
  tokensToFind,
} from '../../../src/core/conversations/search-form.ts'

const text = (said: string) => [{ type: 'text' as const, text: said }]

test.each([
  ['電話號碼 臺灣 裡面 著急', ' 电话号码 台湾 里面 着急 '],
  ['ＡＢＣ１２３', ' abc123 '],
  ['Café Über', ' cafe uber '],
  ['138-0013,8000!!', ' 138 0013 8000 '],
  ['  ？！  ', ' '],
  ['𠮷野家🙂ok', ' 𠮷野家 ok '],
])('%s takes the form%s', (said, form) => {
  expect(fold(said).form).toBe(form)
})

test('whatever part of three letters, or character of Chinese, is asked for is among the tokens of what was said', () => {
  const word = fc.stringMatching(/^[a-z0-9\u4e00-\u9fa5]{3,12}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat(), (words, from, length) => {
      const said = fold(words.join(' ')).form
      const all = [...words.join('')].length === 0 ? '' : (words[from % words.length] ?? '')
      const characters = [...all]
      const start = from % characters.length
      const part = characters.slice(start, start + 1 + (length % 6)).join('')
      const asked = fold(part).form
      const isShort = /(^|[^a-z0-9])[a-z0-9]{1,2}($|[^a-z0-9])/.test(part)
      if (isShort) return
      const tokens = new Set(tokensOf(said))
      expect(tokensToFind(asked).filter((token) => !tokens.has(token))).toEqual([])
    }),
  )
})

test('one or two letters find words that begin with them', () => {
  const tokens = new Set(tokensOf(fold('okay book 您好hi').form))
  for (const [asked, found] of Object.entries({ o: true, ok: true, bo: true, hi: true, oo: false, k: false })) {
    expect(tokensToFind(fold(asked).form).every((token) => tokens.has(token))).toBe(found)
  }
})

test('what is asked for in the other script, case and width is marked where it stands', () => {
  const said = '我想退貨，這個 iPhone 不好用；🙂退货'
  const { text: shown, marks } = snippetOf(text(said), phrasesOf('退货 ＩＰＨＯＮＥ'))
  expect(shown).toBe(said)
  expect(marks.map(({ start, end }) => shown.slice(start, end))).toEqual(['退貨', 'iPhone', '退货'])
})

test('a snippet is where the words stand, of at most 160 units, with marks in it', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 400, unit: 'grapheme' }),
      fc.string({ maxLength: 400, unit: 'grapheme' }),
      (a, b) => {
        const { text: shown, marks } = snippetOf(text(`${a} 目标 ${b} `), ['目标'])
        expect(shown.length).toBeLessThanOrEqual(160)
        expect(marks.length).toBeGreaterThan(0)
        for (const { start, end } of marks) expect(shown.slice(start, end)).toBe('目标')
        expect(shown.isWellFormed()).toBe(true)
      },
    ),
  )
})

test('tokens of two tenants are different numbers, those of one the same each time', () => {
  const tokens = tokensOf(fold('您好，退货').form)
  expect(numbersOf('ten_a', tokens)).toEqual(numbersOf('ten_a', tokens))
  const other = new Set(numbersOf('ten_b', tokens))
  expect(numbersOf('ten_a', tokens).filter((number) => other.has(number))).toEqual([])
})

test('a moment is part of its month and its year', () => {
  expect(periodsOf(new Date('2026-11-28T10:00:00.000Z'))).toEqual([
    { token: '@2026-11', since: new Date('2026-11-01T00:00:00.000Z') },
    { token: '@2026', since: new Date('2026-01-01T00:00:00.000Z') },
  ])
})
