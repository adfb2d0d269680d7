import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isId, newId, newSecret, timeOfId } from '../../../src/core/platform/ids.ts'

/** Later than any other id of this process, so that a test's own clock decides. */
let future = Date.now() + 86_400_000
const later = () => {
  future += 60_000
  return future
}

test('an id is its prefix and a UUIDv7 of the time given', () => {
  const now = later()
  const id = newId('msg', now)
  expect(id).toMatch(/^msg_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
  const bits = [...id.slice(4)].reduce((sum, letter) => sum * 32n + BigInt(alphabet.indexOf(letter)), 0n)
  const hex = bits.toString(16).padStart(32, '0')
  expect(Number.parseInt(hex.slice(0, 12), 16)).toBe(now)
  expect(timeOfId(id)).toBe(now)
  expect(hex[12]).toBe('7')
  expect('89ab').toContain(hex[16])
})

test('ids ascend, whatever the clock does meanwhile', () => {
  const start = later()
  // What a clock may do between two ids: stand still, go on, be set back or forth by up to a second.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 500 }), (steps) => {
      let now = start
      const ids = steps.map((step) => {
        now += step
        return newId('cnv', now)
      })
      expect(ids).toEqual(ids.toSorted())
      expect(new Set(ids).size).toBe(ids.length)
    }),
    { numRuns: 50 },
  )
})

test('more ids than a millisecond has numbers still ascend', () => {
  const now = later()
  const ids = Array.from({ length: 10_000 }, () => newId('evt', now))
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
})

test('only what has the form of an id of that kind passes for one', () => {
  const id = newId('ten')
  expect(isId('ten', id)).toBe(true)
  const others = [newId('usr'), id.toUpperCase(), `${id}0`, id.slice(0, -1), `${id}\n`, `x${id}`, 'ten_', '']
  const letters = ['i', 'l', 'o', 'u', '-', "'", '%', 'ä'].map((letter) => id.slice(0, -1) + letter)
  const tooLarge = `ten_8${id.slice(5)}`
  expect([...others, ...letters, tooLarge].filter((value) => isId('ten', value))).toEqual([])
})

test('a secret has 256 random bits, in letters that fit into a URL', () => {
  const secrets = Array.from({ length: 100 }, newSecret)
  expect(secrets.filter((secret) => !/^[\w-]{43}$/.test(secret))).toEqual([])
  expect(new Set(secrets).size).toBe(100)
})
