import { expect, test } from 'vitest'
import { isScope, permissions, permissionsOfRole, permissionsOfScopes } from '../../../src/api/permissions.ts'

test('whoever is higher may do everything that those below may', () => {
  const [agent, supervisor, admin] = (['agent', 'supervisor', 'admin'] as const).map(permissionsOfRole)
  expect(supervisor?.isSupersetOf(agent ?? new Set())).toBe(true)
  expect(admin?.isSupersetOf(supervisor ?? new Set())).toBe(true)
  expect(admin?.size).toBe(permissions.length)
})

test('an agent may neither see everything nor change who belongs to the tenant', () => {
  const agent = permissionsOfRole('agent')
  for (const word of [
    'conversation:read-all',
    'conversation:assign',
    'member:write',
    'key:write',
    'operator',
  ] as const) {
    expect(agent.has(word)).toBe(false)
  }
})

test('a key may do what its scopes name and nothing else', () => {
  expect([...permissionsOfScopes(['event:read', 'stream:read'])]).toEqual(['event:read', 'stream:read'])
  expect(permissionsOfScopes(['*'])).toEqual(permissionsOfScopes(['admin']))
  expect(permissionsOfScopes(['admin']).size).toBe(permissions.length)
})

test('words that are no permission grant nothing, also those that every object has', () => {
  for (const word of ['constructor', '__proto__', 'public', 'visitor', '', 'member']) {
    expect(isScope(word)).toBe(false)
    expect(permissionsOfScopes([word]).size).toBe(0)
  }
})
