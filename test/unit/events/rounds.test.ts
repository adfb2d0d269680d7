import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rounds } from '../../../src/core/events/rounds.ts'

interface Piece {
  readonly name: number
  readonly size: number
  readonly bad: boolean
}

const outage = new Error('the ground gives way')
const bad = new Error('cannot be done')

/** Rounds that note what they ran and end only when told. */
function watched(most: number, fails: (pieces: readonly Piece[]) => Error | undefined) {
  const ran: Piece[][] = []
  const rounds = new Rounds<Piece>({
    size: ({ size }) => size,
    most,
    concernsAll: (error) => error === outage,
    async run(pieces) {
      ran.push([...pieces])
      await new Promise((resolve) => setImmediate(resolve))
      const error = fails(pieces)
      if (error !== undefined) throw error
    },
  })
  return { ran, rounds }
}

const piece = (name: number, more: Partial<Piece> = {}): Piece => ({ name, size: 1, bad: false, ...more })

test('what is ready at once is done together, and what becomes ready meanwhile in the next round', async () => {
  const { ran, rounds } = watched(100, () => undefined)
  const first = [0, 1].map((name) => rounds.join(piece(name)))
  while (ran.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([...first, ...[2, 3].map((name) => rounds.join(piece(name)))])
  await rounds.join(piece(4))
  expect(ran.map((pieces) => pieces.map(({ name }) => name))).toEqual([[0, 1], [2, 3], [4]])
})

test('a bad piece is refused alone, and those of its round are done', async () => {
  const { rounds } = watched(100, (pieces) => (pieces.some((one) => one.bad) ? bad : undefined))
  const outcomes = await Promise.allSettled([0, 1, 2, 3].map((name) => rounds.join(piece(name, { bad: name === 2 }))))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
})

test('a failure that says nothing of the pieces is told to all of them, and none is tried again', async () => {
  const { ran, rounds } = watched(100, (pieces) => (pieces.length > 1 ? outage : undefined))
  const outcomes = await Promise.allSettled([0, 1, 2].map((name) => rounds.join(piece(name))))
  expect(outcomes).toEqual([
    { status: 'rejected', reason: outage },
    { status: 'rejected', reason: outage },
    { status: 'rejected', reason: outage },
  ])
  expect(ran).toHaveLength(1)
})

test('each piece is done once and in its turn, bad ones are refused, and no round holds more than it may', async () => {
  const pieces = fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), bad: fc.boolean() }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const { ran, rounds } = watched(10, (round) => (round.some((one) => one.bad) ? bad : undefined))
      const outcomes = await Promise.allSettled(given.map((one, name) => rounds.join({ name, ...one })))
      expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(given.map((one) => one.bad))
      const done = ran.filter((round) => round.every((one) => !one.bad)).flat()
      expect(done.map(({ name }) => name)).toEqual(given.flatMap((one, name) => (one.bad ? [] : [name])))
      for (const round of ran) expect(round.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(10)
    }),
    { numRuns: 300 },
  )
})
