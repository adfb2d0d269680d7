import { expect, test } from 'vitest'
import { isSigned, linkPath, signedPath } from '../../../src/core/conversations/file-addresses.ts'
import { newId, newRandomId } from '../../../src/core/platform/ids.ts'

const key = Buffer.alloc(32, 1)
const now = Date.UTC(2026, 10, 24, 12, 0, 30)
const file = { tenantId: newId('ten'), fileId: newRandomId('fil'), as: 'attachment' } as const

function partsOf(path: string) {
  const query = new URL(path, 'http://x').searchParams
  return { expires: Number(query.get('expires')), signature: query.get('signature') ?? '' }
}

test('an address is good until it expires, at most an hour on', () => {
  const { expires, signature } = partsOf(signedPath(key, file, now, 999_999_999))
  expect(expires * 1000 - now).toBeLessThanOrEqual(3_600_000)
  expect(isSigned(key, { ...file, expires }, signature, now)).toBe(true)
  expect(isSigned(key, { ...file, expires }, signature, expires * 1000 - 1)).toBe(true)
  expect(isSigned(key, { ...file, expires }, signature, expires * 1000)).toBe(false)
})

test('a signature is good for nothing else, and under no other key', () => {
  const { expires, signature } = partsOf(signedPath(key, file, now))
  const ticket = { ...file, expires }
  const others = [
    { ...ticket, tenantId: newId('ten') },
    { ...ticket, fileId: newRandomId('fil') },
    { ...ticket, as: 'inline' as const },
    { ...ticket, expires: expires - 60 },
  ]
  expect(others.map((other) => isSigned(key, other, signature, now))).toEqual([false, false, false, false])
  expect(isSigned(Buffer.alloc(32, 2), ticket, signature, now)).toBe(false)
  for (const wrong of ['', signature.slice(1), `${signature}A`, 'A'.repeat(43)]) {
    expect(isSigned(key, ticket, wrong, now)).toBe(false)
  }
})

test('an address for a customer stays the same while it has a week left, and lasts six at most', () => {
  const day = 86_400_000
  const { tenantId, fileId } = file
  const at = (days: number) => linkPath(key, { tenantId, fileId }, now, now + days * day)
  const { expires, signature } = partsOf(at(0))
  expect(at(28)).toBe(at(0))
  expect(at(29)).not.toBe(at(0))
  expect(isSigned(key, { tenantId, fileId, as: 'link', expires }, signature, now + 34 * day)).toBe(true)
  expect(isSigned(key, { tenantId, fileId, as: 'link', expires }, signature, now + 35 * day)).toBe(false)
  expect(isSigned(key, { tenantId, fileId, as: 'inline', expires }, signature, now)).toBe(false)
})
