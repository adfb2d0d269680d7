import fc from 'fast-check'
import { expect, test } from 'vitest'
import { storable, storableText } from '../../../src/core/platform/text.ts'

/** Any UTF-16 units: halves of pairs and NUL among them. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u0000', '\ud800', '\udfff', '\ud83d', '\ude00', '汇', 'a', '\n', '\u007f', '\ufffe'),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
})

test.for([
  { what: 'NUL', text: 'a\u0000b', stored: 'a\ufffdb' },
  { what: 'the first half of a pair alone', text: 'a\ud83d', stored: 'a\ufffd' },
  { what: 'the second half alone', text: '\ude00b', stored: '\ufffdb' },
  { what: 'halves in the wrong order', text: '\ude00\ud83d', stored: '\ufffd\ufffd' },
])('$what becomes U+FFFD', ({ text, stored }) => {
  expect(storableText(text)).toBe(stored)
})

test('text that can be stored is left as it is', () => {
  for (const text of ['', '汇流 😀', 'a\r\n\tb', 'e\u0301', '\ufeff', '\u0001\u001f\u007f', '👩‍👩‍👧']) {
    expect(storableText(text)).toBe(text)
  }
})

test('whatever the text, what is stored comes back from UTF-8 as it went, without NUL, as long as before', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const stored = storableText(text)
      expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored)
      expect(stored).not.toContain('\u0000')
      expect(stored.length).toBe(text.length)
      expect(storableText(stored)).toBe(stored)
    }),
  )
})

test('every text of a value is made storable, names of members too, and nothing else changes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const stored = storable(value)
      // PostgreSQL's json refuses exactly these two: an escaped NUL and an escaped half of a pair.
      expect(JSON.stringify(stored)).not.toMatch(/\\u0000|\\ud[89a-f]/)
      expect(storable(stored)).toEqual(stored)
    }),
  )
  expect(storable({ 'a\u0000': ['\ud800', { b: 1, c: null, d: true }], e: undefined })).toEqual({
    'a\ufffd': ['\ufffd', { b: 1, c: null, d: true }],
    e: undefined,
  })
  expect(Object.getPrototypeOf(storable(JSON.parse('{"__proto__": {"polluted": true}}')))).toBe(Object.prototype)
})
