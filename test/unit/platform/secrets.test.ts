import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sameBytes, tokenHash, Vault } from '../../../src/core/platform/secrets.ts'

const unreadable = expect.objectContaining({ code: 'secret-unreadable' })
const masterKey = randomBytes(32)
const vault = new Vault(masterKey)
const tenant = 'ten_a'
const tenantKey = vault.newTenantKey(tenant)
const place = 'channels|chn_1|token'

test('what was sealed opens at its place, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (secret) => {
      expect(vault.unseal(tenant, tenantKey, place, vault.seal(tenant, tenantKey, place, secret))).toBe(secret)
    }),
  )
})

test('another process with the same master key opens it', () => {
  const sealed = vault.seal(tenant, tenantKey, place, 'canary')
  expect(new Vault(Buffer.from(masterKey)).unseal(tenant, tenantKey, place, sealed)).toBe('canary')
})

test('the same secret is sealed differently each time, and shows nothing of itself', () => {
  const sealed = [1, 2].map(() => vault.seal(tenant, tenantKey, place, 'canary'))
  expect(sealed[0]).not.toBe(sealed[1])
  for (const text of [...sealed, tenantKey]) {
    expect(text).toMatch(/^v1(\.[\w-]+){3}$/)
    expect(Buffer.from(text.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('canary')
  }
})

test('a sealed value does not open elsewhere: another field, tenant, tenant’s key or master key', () => {
  const sealed = vault.seal(tenant, tenantKey, place, 'canary')
  const other = new Vault(randomBytes(32))
  const attempts = [
    () => vault.unseal(tenant, tenantKey, 'channels|chn_2|token', sealed),
    () => vault.unseal(tenant, tenantKey, 'channels|chn_1|password', sealed),
    () => vault.unseal('ten_b', tenantKey, place, sealed),
    () => vault.unseal(tenant, vault.newTenantKey(tenant), place, sealed),
    () => vault.unseal('ten_b', vault.newTenantKey('ten_b'), place, sealed),
    () => other.unseal(tenant, tenantKey, place, sealed),
    () => vault.seal('ten_b', tenantKey, place, 'x'),
  ]
  for (const attempt of attempts) expect(attempt).toThrow(unreadable)
})

test('a sealed value that was changed anywhere does not open', () => {
  const parts = vault.seal(tenant, tenantKey, place, 'canary').split('.')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (part, at, change) => {
      const bytes = Buffer.from(parts[part] ?? '', 'base64url')
      const index = at % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ change
      const changed = parts.with(part, bytes.toString('base64url')).join('.')
      expect(() => vault.unseal(tenant, tenantKey, place, changed)).toThrow(unreadable)
    }),
  )
  const [version = '', iv = '', tag = '', body = ''] = parts
  const forms = ['', 'v1', `v2.${iv}.${tag}.${body}`, `${version}.${iv}.${tag}`, `${version}..${tag}.${body}`]
  // A tag of fewer bytes would be guessed sooner.
  const shortTag = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url')
  for (const form of [...forms, `${version}.${iv}.${shortTag}.${body}`]) {
    expect(() => vault.unseal(tenant, tenantKey, place, form)).toThrow(unreadable)
  }
})

test('a derived key is the same for one purpose in every process, and another for another', () => {
  const again = new Vault(Buffer.from(masterKey))
  expect(vault.derive('cursors')).toHaveLength(32)
  expect(again.derive('cursors')).toEqual(vault.derive('cursors'))
  expect(vault.derive('links')).not.toEqual(vault.derive('cursors'))
  expect(new Vault(randomBytes(32)).derive('cursors')).not.toEqual(vault.derive('cursors'))
  expect(vault.derive('cursors')).not.toEqual(masterKey)
})

test('a master key has 32 bytes', () => {
  for (const length of [0, 16, 31, 33]) expect(() => new Vault(Buffer.alloc(length))).toThrow(TypeError)
})

test('a token is kept as a hash; bytes are the same or not, of whatever length', () => {
  expect(tokenHash('tbk_x')).toEqual(tokenHash('tbk_x'))
  expect(tokenHash('tbk_x')).toHaveLength(32)
  expect(sameBytes(tokenHash('tbk_x'), tokenHash('tbk_x'))).toBe(true)
  expect(sameBytes(tokenHash('tbk_x'), tokenHash('tbk_y'))).toBe(false)
  expect(sameBytes(Buffer.from('a'), Buffer.from('ab'))).toBe(false)
  expect(sameBytes(Buffer.alloc(0), Buffer.alloc(0))).toBe(true)
})
