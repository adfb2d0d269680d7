/** The invariants of routing over random histories, judged by an oracle that knows only the specification. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, createState, hash } from '../../../src/routing/engine.ts'
import type { EngineEvent } from '../../../src/routing/model.ts'
import { isAsSpecified, isIdempotent, isOfferedInTime, isRestorable, recorded } from './claims.ts'
import { Follower } from './follow.ts'
import { history, LONGEST_REOFFER_MS, run } from './histories.ts'

/** The claims together come to twice as many, which is more than ten thousand. More by hand: HISTORIES=100000. */
const HISTORIES = Number(process.env.HISTORIES ?? 5500)
const seed = fc.nat(10_000)

/** For what is dear to check. */
const few = { numRuns: Math.ceil(HISTORIES / 10) }

describe('over random histories', { timeout: 60_000 + HISTORIES * 60 }, () => {
  test('I1–I11, I15–I17: every decision and every state is what the specification asks for', () => {
    fc.assert(fc.property(seed, history, isAsSpecified), { numRuns: HISTORIES })
  })

  test('I12: a command that comes twice has one effect', () => {
    fc.assert(fc.property(seed, history, isIdempotent), few)
  })

  test('I13: a state restored from its records at any point has the same hash and makes the same decisions', () => {
    fc.assert(fc.property(seed, history, fc.integer({ min: 8, max: 100 }), isRestorable), {
      numRuns: Math.ceil(HISTORIES / 4),
    })
  })

  test('I13: the same events give the same decisions and the same state', () => {
    fc.assert(
      fc.property(seed, history, (start, steps) => {
        const [one, other] = [createState('t'), createState('t')]
        for (const event of recorded(start, steps))
          expect(apply(one, event)).toEqual(apply(other, structuredClone(event)))
        expect(hash(one)).toBe(hash(other))
      }),
      few,
    )
  })

  test('I14: one more idle agent never lets the queue grow', () => {
    fc.assert(
      fc.property(seed, history, (start, steps) => {
        const follower = new Follower(createState('t'))
        run(follower, start, steps)
        const waiting = () => [...follower.items.values()].filter(({ state }) => state === 'waiting').length
        const before = waiting()
        const memberships = ['g0', 'g1', 'g2', 'g3'].map((groupId) => ({ groupId }))
        const { at } = follower.tenant
        follower.apply({ type: 'config.agent', at, agent: { id: 'new', capacity: 10, memberships } })
        follower.apply({ type: 'agent.presence', at, agentId: 'new', state: 'online' })
        expect(waiting()).toBeLessThanOrEqual(before)
      }),
      few,
    )
  })

  test('I15: whoever waits beside people who could serve is offered within the re-offer delay', () => {
    fc.assert(
      fc.property(seed, history, (start, steps) => isOfferedInTime(start, steps, LONGEST_REOFFER_MS)),
      few,
    )
  })

  test('I18: what happens to one tenant changes nothing of another', () => {
    fc.assert(
      fc.property(seed, history, history, (start, steps, others) => {
        const [alone, beside, neighbour] = [createState('a'), createState('a'), createState('b')]
        const theirs = recorded(start + 1, others)
        for (const [i, event] of recorded(start, steps).entries()) {
          const other = theirs[i]
          if (other) apply(neighbour, other)
          expect(apply(beside, event)).toEqual(apply(alone, event))
        }
        expect(hash(beside)).toBe(hash(alone))
      }),
      few,
    )
  })
})

/** Any value, but often one that means something, so that the oddities reach deep. */
const odd = (sound: unknown) => fc.oneof(fc.anything(), fc.constant(sound))

const oddEvent = fc.record({
  type: fc.constantFrom(
    ...['item.enqueue', 'item.transfer', 'item.update', 'item.assign', 'item.pull', 'item.end', 'item.accept'],
    ...['config.group', 'config.group-removed', 'config.agent', 'agent.link', 'agent.presence', 'tick', 'none', {}],
  ),
  at: odd(200_000),
  commandId: fc.anything(),
  itemId: odd('i1'),
  groupId: odd('g0'),
  medium: odd('chat'),
  agentId: odd('a0'),
  weight: fc.anything(),
  priority: fc.anything(),
  enqueuedAt: fc.anything(),
  requirements: fc.anything(),
  excluded: fc.anything(),
  to: fc.anything(),
  link: odd('down'),
  state: odd('online'),
  graceMs: fc.anything(),
  group: odd({ id: 'g0', order: { by: 'aged', creditMs: 'x' }, strategy: 3, maxWaiting: {}, wrapUpMs: -1 }),
  agent: odd({ id: 'a0', limits: 'x', memberships: [null, { groupId: 'g0', tier: 'x' }, 3], skills: 7, capacity: {} }),
})

test('any event at all, however malformed, is answered, and the engine goes on', () => {
  fc.assert(
    fc.property(
      seed,
      history,
      fc.array(fc.oneof(fc.anything(), oddEvent), { maxLength: 30 }),
      (start, steps, oddities) => {
        const follower = new Follower(createState('t'))
        run(follower, start, steps.slice(0, 30))
        for (const oddity of oddities) {
          expect(Array.isArray(apply(follower.state, oddity as EngineEvent))).toBe(true)
          hash(follower.state)
        }
      },
    ),
    few,
  )
})
