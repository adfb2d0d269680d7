/** Who gets what: strategies, tiers, skills, preference, the order of items, declines and misses. */
import { describe, expect, test } from 'vitest'
import type { Strategy } from '../../../src/routing/model.ts'
import { centre, kinds } from './centre.ts'

describe('who is asked first', () => {
  /** Five items at once for three agents who came one after the other; who was asked, in order. */
  function asked(strategy: Strategy): (string | undefined)[] {
    const { agent, enqueue, pass, holderOf } = centre({ strategy })
    for (const [id, capacity] of [
      ['ann', 2],
      ['bo', 4],
      ['cy', 10],
    ] as const) {
      agent(id, { capacity, memberships: [{ groupId: 'g', level: capacity }] })
      pass(10)
    }
    return ['1', '2', '3', '4', '5'].map((id) => {
      enqueue(id)
      return holderOf(id)
    })
  }

  test('longest idle: each idle agent once, then whoever was given work longest ago', () => {
    expect(asked('longest-idle')).toEqual(['ann', 'bo', 'cy', 'ann', 'bo'])
  })

  test('least loaded: the smallest share of the own capacity', () => {
    expect(asked('least-loaded')).toEqual(['ann', 'bo', 'cy', 'cy', 'cy'])
  })

  test('least loaded by count: the fewest items in hand', () => {
    expect(asked('least-loaded-count')).toEqual(['ann', 'bo', 'cy', 'ann', 'bo'])
  })

  test('round robin: one after the other', () => {
    expect(asked('round-robin')).toEqual(['ann', 'bo', 'cy', 'ann', 'bo'])
  })

  test('best skill: the highest level as long as there is room', () => {
    expect(asked('best-skill')).toEqual(['cy', 'cy', 'cy', 'cy', 'cy'])
  })

  test('a lower tier comes before any strategy', () => {
    const { agent, enqueue, holderOf, pass } = centre()
    agent('second', { memberships: [{ groupId: 'g', tier: 1 }] })
    pass(1000)
    agent('first', { memberships: [{ groupId: 'g', tier: 0 }], capacity: 1 })
    enqueue('i1')
    enqueue('i2')
    expect([holderOf('i1'), holderOf('i2')]).toEqual(['first', 'second'])
  })

  test('going away and coming back does not move the idle clock', () => {
    const { agent, enqueue, tell, pass, holderOf } = centre()
    agent('ann')
    pass(1000)
    agent('bo')
    tell({ type: 'agent.presence', agentId: 'ann', state: 'away' })
    tell({ type: 'agent.presence', agentId: 'bo', state: 'away' })
    pass(1000)
    tell({ type: 'agent.presence', agentId: 'bo', state: 'online' })
    tell({ type: 'agent.presence', agentId: 'ann', state: 'online' })
    enqueue('i')
    expect(holderOf('i')).toBe('ann')
  })

  test('the night between two shifts does not count as idle', () => {
    const { agent, enqueue, tell, pass, holderOf } = centre()
    agent('ann')
    tell({ type: 'agent.presence', agentId: 'ann', state: 'offline' })
    pass(9 * 3600_000)
    agent('bo')
    pass(1000)
    tell({ type: 'agent.presence', agentId: 'ann', state: 'online' })
    enqueue('i')
    expect(holderOf('i')).toBe('bo')
  })

  test('only agents with every required skill at its level are asked, and a new skill counts at once', () => {
    const { agent, enqueue, tell, holderOf, stateOf } = centre()
    const memberships = [{ groupId: 'g' }]
    agent('ann', { skills: [{ skill: 'en', level: 3 }] })
    agent('bo', {
      skills: [
        { skill: 'en', level: 5 },
        { skill: 'billing', level: 1 },
      ],
    })
    const requirements = [
      { skill: 'billing', level: 1 },
      { skill: 'en', level: 4 },
    ]
    enqueue('i1', { requirements })
    expect(holderOf('i1')).toBe('bo')
    tell({ type: 'config.agent', agent: { id: 'bo', memberships } })
    expect(stateOf('i1')).toBe('waiting')
    tell({ type: 'config.agent', agent: { id: 'ann', memberships, skills: requirements } })
    expect(holderOf('i1')).toBe('ann')
  })

  test('every choice says why: the winner’s tuple, the runner-up, how many could have', () => {
    const { agent, enqueue, now } = centre({ strategy: 'least-loaded' })
    agent('ann')
    agent('bo')
    expect(enqueue('i')).toMatchObject([
      {
        type: 'offer',
        agentId: 'ann',
        why: {
          strategy: 'least-loaded',
          winner: [0, 0, now(), 1],
          runnerUp: { agentId: 'bo', tuple: [0, 0, now(), 2] },
          eligible: 2,
          key: now(),
        },
      },
    ])
  })

  test('who declined, or hands on, is none of those who could have had it', () => {
    const { agent, enqueue, decline, accept, tell } = centre()
    agent('ann')
    agent('bo')
    enqueue('i')
    expect(decline('i')).toContainEqual(
      expect.objectContaining({ type: 'offer', agentId: 'bo', why: expect.objectContaining({ eligible: 1 }) }),
    )
    accept('i')
    const handedOn = tell({ type: 'item.transfer', itemId: 'i', to: { groupId: 'g' }, warm: true })
    expect(handedOn).toContainEqual(
      expect.objectContaining({ type: 'offer', agentId: 'ann', why: expect.objectContaining({ eligible: 1 }) }),
    )
  })

  test('whoever a step names alone was looked for before anybody else', () => {
    const { agent, enqueue } = centre()
    agent('ann')
    agent('bo')
    const decisions = enqueue('i', { steps: [{ agents: ['bo'] }, { afterMs: 60_000 }] })
    expect(decisions).toMatchObject([{ type: 'offer', agentId: 'bo', why: { strategy: 'preferred' } }])
  })
})

describe('the preferred agent', () => {
  test('gets the item though others come first', () => {
    const { agent, enqueue, holderOf, pass } = centre()
    agent('ann')
    pass(1000)
    agent('bo')
    expect(enqueue('i', { preferredAgentId: 'bo' })).toMatchObject([{ why: { strategy: 'preferred' } }])
    expect(holderOf('i')).toBe('bo')
  })

  test('is passed over when full, away or no longer eligible', () => {
    const { agent, enqueue, holderOf, tell } = centre()
    agent('ann')
    agent('bo', { capacity: 0 })
    agent('cy')
    tell({ type: 'agent.presence', agentId: 'cy', state: 'away' })
    agent('dee', { memberships: [] })
    for (const id of ['bo', 'cy', 'dee', 'nobody']) {
      enqueue(id, { preferredAgentId: id })
      expect(holderOf(id)).toBe('ann')
    }
  })
})

describe('which item comes first', () => {
  test('the oldest of all the agent’s queues, whichever group it is in', () => {
    const { agent, enqueue, tell, pass, holderOf } = centre()
    tell({ type: 'config.group', group: { id: 'other' } })
    enqueue('young', { groupId: 'other' })
    enqueue('old', { enqueuedAt: 1000 })
    pass(10)
    agent('ann', { capacity: 1, memberships: [{ groupId: 'g' }, { groupId: 'other' }] })
    expect([holderOf('old'), holderOf('young')]).toEqual(['ann', undefined])
  })

  test('priority is worth its credit in waiting time, and no more', () => {
    const { agent, enqueue, pass, holderOf } = centre({ order: { by: 'aged', creditMs: 60_000 } })
    enqueue('early')
    pass(59_000)
    enqueue('urgent', { priority: 1 })
    pass(2000)
    enqueue('later', { priority: 1 })
    agent('ann', { capacity: 2 })
    expect([holderOf('urgent'), holderOf('early'), holderOf('later')]).toEqual(['ann', 'ann', undefined])
  })

  test('ten thousand items nobody can take do not delay the one that somebody can', () => {
    const { agent, enqueue } = centre()
    for (let i = 0; i < 10_000; i++) enqueue(`x${i}`, { requirements: [{ skill: 'klingon', level: 1 }] })
    enqueue('last')
    expect(agent('ann')).toMatchObject([{ type: 'offer', itemId: 'last' }])
  })
})

describe('declines and misses', () => {
  test('a sole agent who declines is asked again after the re-offer delay', () => {
    const { agent, enqueue, decline, pass, stateOf } = centre({ declineCooldownMs: 3600_000, reofferDelayMs: 10_000 })
    agent('ann')
    enqueue('i')
    decline('i')
    expect(pass(9_999)).toEqual([])
    expect(stateOf('i')).toBe('waiting')
    expect(kinds(pass(1))).toEqual(['offer'])
  })

  test('with somebody else on duty the decliner is asked again only after the cool-down', () => {
    const { agent, enqueue, decline, pass, accept } = centre({ declineCooldownMs: 60_000, reofferDelayMs: 10_000 })
    agent('bo', { capacity: 1 })
    enqueue('other')
    accept('other')
    agent('ann')
    enqueue('i')
    decline('i')
    expect(pass(59_999)).toEqual([])
    expect(pass(1)).toMatchObject([{ type: 'offer', agentId: 'ann' }])
  })

  test('after so many misses in a row an agent is set away, loses every offer, and starts anew on coming back', () => {
    const { agent, enqueue, pass, tell, state, accept } = centre({
      maxMissed: 2,
      offerTimeoutMs: 1000,
      declineCooldownMs: 0,
    })
    agent('ann')
    enqueue('i')
    pass(1000)
    accept('i')
    enqueue('j')
    pass(1000)
    enqueue('k')
    const last = pass(1000)
    expect(last.filter(({ type }) => type === 'setPresence')).toMatchObject([
      { agentId: 'ann', state: 'away', reason: 'not-responding' },
    ])
    expect(state.agents.get('ann')?.used).toBe(1)
    expect(kinds(tell({ type: 'agent.presence', agentId: 'ann', state: 'online' }))).toEqual(['offer', 'offer'])
    expect(state.agents.get('ann')?.missed).toBe(0)
  })
})
