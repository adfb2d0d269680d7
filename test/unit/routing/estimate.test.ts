/** Estimated waits against queues whose waits are known. */
import { expect, test } from 'vitest'
import { estimateWait, type Flow } from '../../../src/routing/estimate.ts'

const nothing: Flow = { taken: [], services: [], inService: 0, online: 1, errors: [] }
const minute = 60_000

test('nothing is said where nothing is known, or nobody is on duty', () => {
  expect(estimateWait(0, nothing, 0)).toBeUndefined()
  const flow = { ...nothing, taken: [9, 8, 7, 6, 5].map((n) => n * minute), services: [1, 1, 1] }
  expect(estimateWait(0, { ...flow, online: 0 }, 10 * minute)).toBeUndefined()
})

test('a queue that has been moving is estimated by how fast it moves', () => {
  const taken = [9, 8, 7, 6, 5, 4].map((n) => n * minute)
  expect(estimateWait(2, { ...nothing, taken }, 10 * minute)?.ms).toBe(3 * minute)
})

test('one that has not moved yet is estimated by service, and what is long ago counts no more', () => {
  const flow = { ...nothing, taken: [1, 1, 1, 1, 1], services: [4, 6, 5].map((n) => n * minute), inService: 2 }
  expect(estimateWait(1, flow, 60 * minute)?.ms).toBe(5 * minute)
})

test('the interval is as wide as the errors that were measured, and narrower with better ones', () => {
  const taken = [9, 8, 7, 6, 5].map((n) => n * minute)
  const of = (error: number) => {
    const found = estimateWait(0, { ...nothing, taken, errors: Array(50).fill(error) }, 10 * minute)
    return (found?.highMs ?? 0) / (found?.lowMs ?? 1)
  }
  expect(of(0.1)).toBeCloseTo(Math.exp(0.2), 1)
  expect(of(0.5)).toBeCloseTo(Math.exp(1), 1)
})

/** The same numbers on every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
}

/** Ten agents, exponential service of 5 minutes on average, 20 % more customers than they can serve, then none until it is empty again. */
function simulate(seed: number) {
  const random = seeded(seed)
  const exponential = (mean: number) => -mean * Math.log(random())
  const free: number[] = Array(10).fill(0)
  const services: { end: number; ms: number }[] = []
  const taken: number[] = []
  const line: { at: number; start: number; told: ReturnType<typeof estimateWait> }[] = []
  const errors: number[] = []
  const waits: { wait: number; told: NonNullable<ReturnType<typeof estimateWait>> }[] = []
  let at = 0
  for (let n = 0; n < 1200; n++) {
    at += exponential(n % 400 < 300 ? 25_000 : 60_000)
    const earliest = free.indexOf(Math.min(...free))
    const start = Math.max(at, free[earliest] ?? 0)
    const ms = exponential(5 * minute)
    free[earliest] = start + ms
    services.push({ end: start + ms, ms })
    const waiting = line.filter((one) => one.start > at)
    const flow: Flow = {
      taken: taken
        .filter((time) => time <= at)
        .sort((a, b) => b - a)
        .slice(0, 50),
      services: services
        .filter(({ end }) => end <= at)
        .sort((a, b) => b.end - a.end)
        .slice(0, 50)
        .map((one) => one.ms),
      inService: 10,
      online: 10,
      errors: errors.slice(-100),
    }
    if (start <= at) continue
    const told = estimateWait(waiting.length, flow, at)
    line.push({ at, start, told })
    taken.push(start)
    // Waits become known when they end: nothing of the future is used.
    for (const one of line.filter((each) => each.start <= at && each.told !== undefined)) {
      if (one.told === undefined) continue
      const wait = Math.max(1000, one.start - one.at)
      errors.push(Math.abs(Math.log(wait / Math.max(1000, one.told.ms))))
      waits.push({ wait, told: one.told })
      one.told = undefined
    }
  }
  return waits
}

test('of those who wait in a queue that fills and empties, about four of five wait as long as they were told', () => {
  const waits = [1, 2, 3].flatMap(simulate)
  expect(waits.length).toBeGreaterThan(500)
  const within = waits.filter(({ wait, told }) => wait >= told.lowMs && wait <= told.highMs).length / waits.length
  expect(within).toBeGreaterThan(0.7)
  expect(within).toBeLessThan(0.92)
  const ratios = waits.map(({ wait, told }) => wait / Math.max(1000, told.ms)).sort((a, b) => a - b)
  const median = ratios[Math.floor(ratios.length / 2)] ?? 0
  expect(median).toBeGreaterThan(0.75)
  expect(median).toBeLessThan(1.33)
})
