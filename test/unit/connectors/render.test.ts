import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../../../src/connectors/contract.ts'
import { render } from '../../../src/connectors/runtime/render.ts'
import { fits, splitText } from '../../../src/connectors/runtime/split.ts'
import type { Part } from '../../../src/core/conversations/model.ts'

const channel = (facts: Partial<Capabilities>): Capabilities => ({
  parts: { text: {} },
  carries: 'part',
  text: {},
  initiate: 'always',
  idempotency: 'none',
  receipts: { delivered: false, read: false },
  typing: { in: false, out: false },
  ...facts,
})
const text = (value: string): Part => ({ type: 'text', text: value })
const image: Part = { type: 'image', blob: { name: 'a.png', size: 2000 }, caption: 'Look' }

describe('a long text', () => {
  const squeeze = (value: string) => value.replace(/\s+/gu, '')

  it('loses nothing but white space, and every piece fits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.record({ maxCharacters: fc.integer({ min: 20, max: 60 }), maxBytes: fc.integer({ min: 60, max: 120 }) }),
        (value, limits) => {
          const pieces = splitText(value, limits)
          expect(squeeze(pieces.join(''))).toBe(squeeze(value))
          for (const piece of pieces) {
            expect(fits(piece, limits)).toBe(true)
            expect(piece.trim()).not.toBe('')
            expect(piece.isWellFormed()).toBe(true)
          }
        },
      ),
    )
  })

  it('is cut after a paragraph, else a line, a sentence, a word', () => {
    expect(splitText('one two\n\nthree four', { maxCharacters: 12 })).toEqual(['one two', 'three four'])
    expect(splitText('one two\nthree four', { maxCharacters: 12 })).toEqual(['one two', 'three four'])
    expect(splitText('One two. Three four', { maxCharacters: 12 })).toEqual(['One two.', 'Three four'])
    expect(splitText('您好请问。订单号是多少', { maxCharacters: 8 })).toEqual(['您好请问。', '订单号是多少'])
    expect(splitText('alpha beta gamma', { maxCharacters: 10 })).toEqual(['alpha beta', 'gamma'])
  })

  it('is cut between Chinese words, which have no spaces', () => {
    expect(splitText('我们明天上午发货', { maxCharacters: 5 }).join('|')).toBe('我们明天|上午发货')
  })

  it('keeps a family, a flag and a combined letter whole', () => {
    const family = '👨‍👩‍👧‍👦'
    expect(splitText(family.repeat(4), { maxBytes: 60 })).toEqual([family.repeat(2), family.repeat(2)])
    expect(splitText('🇨🇳🇨🇳🇨🇳', { maxCharacters: 6 })).toEqual(['🇨🇳', '🇨🇳', '🇨🇳'])
    expect(splitText('e\u0301e\u0301e\u0301', { maxCharacters: 3 })).toEqual(['e\u0301', 'e\u0301', 'e\u0301'])
  })

  it('is cut within a character only when that alone is too long, and still ends', () => {
    expect(splitText('👨‍👩‍👧‍👦', { maxBytes: 8 }).every((piece) => piece.isWellFormed())).toBe(true)
    expect(splitText('汉字', { maxBytes: 1 })).toEqual(['汉', '字'])
    expect(splitText('   \n ', { maxCharacters: 2 })).toEqual([])
  })
})

describe('a message', () => {
  it('becomes one native message for each part where a channel carries parts', () => {
    expect(render([text('a'), image], channel({ parts: { text: {}, image: {} } }))).toEqual([[text('a')], [image]])
  })

  it('stays whole where a channel carries messages, unless its text is too long', () => {
    const mail = channel({ carries: 'message', parts: { text: {}, image: {} }, text: { maxCharacters: 10 } })
    expect(render([text('a'), image, text('b')], mail)).toEqual([[text('a'), image, text('b')]])
    expect(render([text('aaaaa'), image, text('bbbbb')], mail)).toEqual([[text('aaaaa'), image], [text('bbbbb')]])
    expect(render([text('aaaa bbbb cccc dddd'), image], mail)).toEqual([
      [text('aaaa bbbb')],
      [text('cccc dddd'), image],
    ])
  })

  it('says in words what a channel cannot show', () => {
    const say = (part: Part) => render([part], channel({})).map(([piece]) => piece?.type === 'text' && piece.text)
    expect(say(image)).toEqual(['Look\n[a.png]'])
    expect(say({ type: 'location', lat: 31.2, lon: 121.5, name: '外滩' })).toEqual(['外滩\n31.2, 121.5'])
    expect(say({ type: 'contact', name: 'Li', phones: ['10086'] })).toEqual(['Li\n10086'])
    expect(say({ type: 'link', url: 'https://a.example', title: 'T' })).toEqual(['T\nhttps://a.example'])
    expect(say({ type: 'card', fallback: 'A card' })).toEqual(['A card'])
    expect(
      say({
        type: 'card',
        fallback: '',
        title: 'T',
        fields: [{ name: 'n', value: 'v' }],
        actions: [{ id: 'a', label: 'Go' }],
      }),
    ).toEqual(['T\nn: v\nGo'])
    expect(
      say({
        type: 'choice',
        prompt: 'Which?',
        options: [
          { id: 'a', label: 'One' },
          { id: 'b', label: 'Two' },
        ],
      }),
    ).toEqual(['Which?\n1. One\n2. Two'])
    expect(say({ type: 'template', name: 't', parameters: {}, fallback: 'Hello' })).toEqual(['Hello'])
    expect(say({ type: 'unsupported', native: 'x', fallback: 'Something' })).toEqual(['Something'])
    expect(say({ type: 'forward', items: [{ from: 'Li', parts: [{ type: 'text', text: 'hi' }] }] })).toEqual(['Li: hi'])
  })

  it('gives a link for a file that is too large for the channel', () => {
    const small = channel({ parts: { text: {}, image: { maxBytes: 1000 } } })
    expect(render([image], small, { linkTo: () => 'https://files.example/a' })).toEqual([
      [text('Look\n[a.png]\nhttps://files.example/a')],
    ])
  })

  it('that is blank renders to nothing', () => {
    expect(render([text('  ')], channel({}))).toEqual([])
  })
})
