import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mostItems } from '../../../src/core/events/lease-share.ts'

const holds = (counts: Record<string, number>) => new Map(Object.entries(counts))

test.for([
  { items: 8, counts: { a: 8, b: 0 }, most: { a: 4, b: 4 } },
  { items: 4, counts: { a: 2, b: 2, c: 0 }, most: { a: 2, b: 1, c: 1 } },
  { items: 1, counts: { a: 0, b: 1 }, most: { a: 0, b: 1 } },
  { items: 1, counts: { a: 0, b: 0 }, most: { a: 1, b: 1 } },
  { items: 2, counts: { a: 0, b: 1, c: 0, d: 1, e: 0 }, most: { a: 0, b: 1, c: 0, d: 1, e: 0 } },
  { items: 0, counts: { a: 3, b: 0 }, most: { a: 0, b: 0 } },
  { items: 5, counts: { a: 0 }, most: { a: 5 } },
])('of $items items, with $counts held, each may hold $most', ({ items, counts, most }) => {
  const allowed = Object.keys(counts).map((name) => [name, mostItems(items, name, holds(counts))])
  expect(Object.fromEntries(allowed)).toEqual(most)
})

test('from any state the members reach even shares of everything within a few rounds, and nothing moves after that', () => {
  const scene = fc.record({
    owners: fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 30 }),
    members: fc.integer({ min: 1, max: 6 }),
    orders: fc.infiniteStream(fc.nat()),
  })
  fc.assert(
    fc.property(scene, ({ owners, members, orders }) => {
      const names = Array.from({ length: members }, (_, i) => `m${i}`)
      // Whoever is no member owns nothing any more.
      let owner: (string | undefined)[] = owners.map((one) => names[one])
      const counted = () => new Map(names.map((name) => [name, owner.filter((one) => one === name).length]))
      const turn = (name: string) => {
        const most = mostItems(owner.length, name, counted())
        let mine = 0
        owner = owner.map((one) => (one === name && ++mine > most ? undefined : one))
        mine = Math.min(mine, most)
        owner = owner.map((one) => (one === undefined && ++mine <= most ? name : one))
      }
      for (let round = 0; round < 4; round++) {
        const left = [...names]
        while (left.length > 0) turn(left.splice((orders.next().value ?? 0) % left.length, 1)[0] ?? '')
      }
      const counts = [...counted().values()]
      expect(owner).not.toContain(undefined)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      const settled = owner.join()
      for (const name of names) turn(name)
      expect(owner.join()).toBe(settled)
    }),
  )
})
