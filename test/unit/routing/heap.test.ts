import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Heap, heapFind, heapRemove, heapSet, newHeap } from '../../../src/routing/heap.ts'

interface Node {
  pos: number
  readonly id: number
}

function drain(heap: Heap<Node>): number[] {
  const ids: number[] = []
  for (let first = heap.nodes[0]; first; first = heap.nodes[0]) {
    heapRemove(heap, first)
    ids.push(first.id)
  }
  return ids
}

const act = fc.record({ id: fc.nat(30), key: fc.option(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3))) })

test('whatever was put in, re-keyed and taken out, the rest comes out in order', () => {
  fc.assert(
    fc.property(fc.array(act, { size: 'max', maxLength: 200 }), (acts) => {
      const heap = newHeap<Node>()
      const nodes = Array.from({ length: 31 }, (_, id) => ({ pos: -1, id }))
      const keys = new Map<number, number[]>()
      for (const { id, key } of acts) {
        const node = nodes[id] as Node
        if (key) heapSet(heap, node, ...key, id)
        else heapRemove(heap, node)
        if (key) keys.set(id, [...key, id])
        else keys.delete(id)
      }
      const rank = (id: number) => (keys.get(id) ?? []).map((part) => String(part).padStart(3, '0')).join()
      const expected = [...keys.keys()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      const odd = expected.find((id) => id % 2 === 1)
      expect(heapFind(heap, (node) => node.id % 2 === 0)?.id).toBe(odd)
      expect(drain(heap)).toEqual(expected)
    }),
  )
})
