/** The engine as a queueing system: with Poisson arrivals and exponential service it must behave as Erlang's formula says. */
import { describe, expect, test } from 'vitest'
import { type Heap, heapRemove, heapSet, newHeap } from '../../../src/routing/heap.ts'
import { centre } from './centre.ts'

const SERVICE_MS = 300_000

interface End {
  pos: number
  readonly itemId: string
}

/** Xorshift: the same traffic in every run. */
function dice(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) / 2 ** 32
  }
}

/** P(wait) and the mean wait, in seconds, of so many servers at this load. */
function erlangC(servers: number, load: number): { waits: number; seconds: number } {
  const offered = servers * load
  let term = 1
  let sum = 1
  for (let k = 1; k < servers; k++) {
    term *= offered / k
    sum += term
  }
  const busy = (term * offered) / servers / (1 - load)
  const waits = busy / (sum + busy)
  return { waits, seconds: (waits * SERVICE_MS) / 1000 / (servers * (1 - load)) }
}

function simulated(servers: number, load: number, arrivals: number): { waits: number; seconds: number } {
  const { tell, agent, now } = centre({ acceptMode: 'auto' })
  for (let i = 0; i < servers; i++) agent(`a${i}`, { capacity: 1 })
  const roll = dice(2463534242)
  const random = (mean: number) => -Math.log(1 - roll()) * mean
  const ends: Heap<End> = newHeap()
  const came = new Map<string, number>()
  let [waited, total, ended] = [0, 0, 0]
  let next = now()
  const serve = (decisions: ReturnType<typeof tell>, at: number) => {
    for (const decision of decisions) {
      if (decision.type !== 'assign') continue
      const wait = at - (came.get(decision.itemId) ?? at)
      if (wait > 0) waited++
      total += wait
      heapSet(ends, { pos: -1, itemId: decision.itemId }, at + random(SERVICE_MS), ended++, 0, 0)
    }
  }
  for (let n = 0; n < arrivals; n++) {
    next += random(SERVICE_MS / (servers * load))
    for (let end = ends.nodes[0]; end && (ends.keys[0] as number) <= next; end = ends.nodes[0]) {
      const at = Math.floor(ends.keys[0] as number)
      heapRemove(ends, end)
      serve(tell({ type: 'item.end', at, itemId: end.itemId }), at)
    }
    const at = Math.floor(next)
    came.set(`i${n}`, at)
    serve(tell({ type: 'item.enqueue', at, itemId: `i${n}`, groupId: 'g', medium: 'chat' }), at)
  }
  return { waits: waited / ended, seconds: total / 1000 / ended }
}

describe('ends as Erlang C says', () => {
  test.each([
    [10, 0.8, 600_000],
    [50, 0.9, 300_000],
    [200, 0.95, 300_000],
  ])('with %i agents at a load of %d, within 3 %%', (servers, load, arrivals) => {
    const theory = erlangC(servers, load)
    const measured = simulated(servers, load, arrivals)
    expect(Math.abs(measured.waits / theory.waits - 1)).toBeLessThan(0.03)
    expect(Math.abs(measured.seconds / theory.seconds - 1)).toBeLessThan(0.03)
  })
})

test('four hours of overload starve nobody: low priority waits no longer than first come, first served would let it, and its credit', () => {
  const longestWait = (creditMs: number, of: (priority: number) => boolean) => {
    const { tell, agent, now } = centre({ acceptMode: 'auto', order: { by: 'aged', creditMs } })
    for (let i = 0; i < 50; i++) agent(`a${i}`, { capacity: 1 })
    const roll = dice(2463534242)
    const ends: Heap<End> = newHeap()
    const came = new Map<string, { at: number; priority: number }>()
    let longest = 0
    let at = now()
    const serve = (decisions: ReturnType<typeof tell>) => {
      for (const decision of decisions) {
        if (decision.type !== 'assign') continue
        const { at: since, priority } = came.get(decision.itemId) ?? { at, priority: 0 }
        if (of(priority)) longest = Math.max(longest, at - since)
        heapSet(
          ends,
          { pos: -1, itemId: decision.itemId },
          at - Math.log(1 - roll()) * SERVICE_MS,
          ends.nodes.length,
          0,
          0,
        )
      }
    }
    const end = (until: number) => {
      for (let first = ends.nodes[0]; first && (ends.keys[0] as number) <= until; first = ends.nodes[0]) {
        at = Math.max(at, Math.ceil(ends.keys[0] as number))
        heapRemove(ends, first)
        serve(tell({ type: 'item.end', at, itemId: first.itemId }))
      }
    }
    for (let n = 0; n < 2450; n++) {
      const next = at + Math.round((-Math.log(1 - roll()) * SERVICE_MS) / (50 * 1.02))
      end(next)
      at = Math.max(at, next)
      const lot = roll()
      const priority = lot < 0.5 ? 0 : lot < 0.8 ? 1 : 2
      came.set(`i${n}`, { at, priority })
      serve(tell({ type: 'item.enqueue', at, itemId: `i${n}`, groupId: 'g', medium: 'chat', priority }))
    }
    end(at + 100 * SERVICE_MS)
    return longest
  }
  const credit = 300_000
  const fifo = longestWait(0, () => true)
  expect(longestWait(credit, (priority) => priority === 0)).toBeLessThanOrEqual(fifo + 2 * credit)
  expect(longestWait(credit, (priority) => priority === 2)).toBeLessThan(fifo)
})
