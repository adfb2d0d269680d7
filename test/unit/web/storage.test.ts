import { expect, test } from 'vitest'
import { openStore } from '../../../web/storage.ts'

test('what was written is read again, under a name of our own', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage
  const store = openStore(() => storage)
  store.write('a', { b: 1 })
  expect(store.read('a')).toEqual({ b: 1 })
  expect([...kept.keys()]).toEqual(['tributary.a'])
  kept.set('tributary.a', 'not JSON')
  expect(store.read('a')).toBeUndefined()
  store.remove('a')
  expect(kept.size).toBe(0)
})

test('a browser that forbids storage remembers nothing, and nothing breaks', () => {
  const store = openStore(() => {
    throw new Error('SecurityError')
  })
  store.write('a', 1)
  store.remove('a')
  expect(store.read('a')).toBeUndefined()
})
