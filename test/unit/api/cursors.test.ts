import { expect, test } from 'vitest'
import { canonicalJson, pageAnswer, pageRequest, writeCursor } from '../../../src/api/cursors.ts'
import { Vault } from '../../../src/core/platform/secrets.ts'

const vault = new Vault(Buffer.alloc(32, 1))
const list = ['members', 'ten_a', { role: 'agent' }]

test('a cursor leads back to the place where its page ended', () => {
  const { nextCursor } = pageAnswer(vault, list, { data: [1], next: ['2026-11-22', 'usr_b'] })
  expect(pageRequest(vault, list, { limit: 10, cursor: nextCursor ?? '' })).toEqual({
    limit: 10,
    after: ['2026-11-22', 'usr_b'],
  })
})

test('the last page has no cursor, the first page needs none', () => {
  expect(pageAnswer(vault, list, { data: [], next: null }).nextCursor).toBeNull()
  expect(pageRequest(vault, list, {})).toEqual({ limit: 25, after: null })
})

test.each([
  ['of another tenant', ['members', 'ten_b', { role: 'agent' }]],
  ['of other filters', ['members', 'ten_a', { role: 'admin' }]],
  ['of another list', ['groups', 'ten_a', { role: 'agent' }]],
])('a cursor %s is refused', (_case, other) => {
  const cursor = writeCursor(vault, other, ['usr_b'])
  expect(() => pageRequest(vault, list, { cursor })).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
})

test.each(['', 'x', '....', 'A'.repeat(900), Buffer.from('["usr_b"]').toString('base64url')])(
  'a made-up cursor is refused: %j',
  (cursor) => {
    expect(() => pageRequest(vault, list, { cursor })).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
  },
)

test('a cursor with one bit changed, or of another hub, is refused', () => {
  const bytes = Buffer.from(writeCursor(vault, list, ['usr_b']), 'base64url')
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20)
  const foreign = writeCursor(new Vault(Buffer.alloc(32, 2)), list, ['usr_b'])
  for (const cursor of [bytes.toString('base64url'), foreign]) {
    expect(() => pageRequest(vault, list, { cursor })).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
  }
})

test('canonical JSON does not depend on the order of members or on undefined ones', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: null }], a: undefined })).toBe('{"b":[1,{"c":null,"d":1}]}')
  expect(canonicalJson({ x: 1, y: '2' })).toBe(canonicalJson({ y: '2', x: 1 }))
  expect(canonicalJson({ x: '1' })).not.toBe(canonicalJson({ x: 1 }))
})
