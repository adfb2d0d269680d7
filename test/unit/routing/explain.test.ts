import { describe, expect, test } from 'vitest'
import { explainItem } from '../../../src/routing/explain.ts'
import { centre } from './centre.ts'

const en = (level: number) => [{ skill: 'en', level }]

describe('an explanation', () => {
  test('says of each agent what stands in the way, and in which order they come', () => {
    const { agent, enqueue, tell, state, now } = centre({ acceptMode: 'auto' })
    tell({ type: 'config.group', group: { id: 'other' } })
    agent('stranger', { memberships: [{ groupId: 'other' }] })
    agent('full', { capacity: 1, skills: en(3) })
    agent('limited', { limits: { chat: 0 }, skills: en(3) })
    agent('beginner', { skills: en(1) })
    agent('gone', { skills: en(3) })
    tell({ type: 'agent.presence', agentId: 'gone', state: 'away', reason: '午餐' })
    enqueue('first', { requirements: en(3) })
    enqueue('i', { requirements: en(3) })
    const view = explainItem(state, 'i')
    expect(view).toMatchObject({ state: 'waiting', ahead: 0, waiting: 1 })
    expect(view?.agents).toEqual([
      { agentId: 'full', role: 'hindered', obstacles: [{ code: 'full', used: 1, capacity: 1, weight: 1 }] },
      {
        agentId: 'limited',
        role: 'hindered',
        obstacles: [{ code: 'medium-full', medium: 'chat', count: 0, limit: 0 }],
      },
      { agentId: 'beginner', role: 'hindered', obstacles: [{ code: 'unskilled', lacks: [{ ...en(3)[0], has: 1 }] }] },
      { agentId: 'gone', role: 'hindered', obstacles: [{ code: 'away', since: now(), reason: '午餐' }] },
    ])
  })

  test('tells who is asked, who declined until when, and who holds it', () => {
    const { agent, enqueue, decline, accept, state, now } = centre()
    agent('ann')
    agent('bob')
    enqueue('i')
    expect(explainItem(state, 'i')?.agents).toMatchObject([
      { agentId: 'ann', role: 'asked' },
      { agentId: 'bob', role: 'free' },
    ])
    decline('i')
    expect(explainItem(state, 'i')?.agents).toEqual([
      { agentId: 'bob', role: 'asked', obstacles: [] },
      { agentId: 'ann', role: 'hindered', obstacles: [{ code: 'excluded', until: now() + 60_000 }] },
    ])
    accept('i')
    expect(explainItem(state, 'i')?.agents[0]).toMatchObject({ agentId: 'bob', role: 'holder' })
  })

  test('tells who will be looked for later, and when', () => {
    const { agent, enqueue, state, now } = centre()
    agent('fair', { skills: en(2) })
    enqueue('i', { steps: [{ requirements: en(5) }, { afterMs: 60_000, requirements: en(2) }] })
    const view = explainItem(state, 'i')
    expect(view).toMatchObject({ step: 0, steps: 2, nextStepAt: now() + 60_000 })
    expect(view?.agents).toEqual([
      {
        agentId: 'fair',
        role: 'hindered',
        obstacles: [
          {
            code: 'later',
            step: 1,
            at: now() + 60_000,
            short: [{ code: 'unskilled', lacks: [{ ...en(5)[0], has: 2 }] }],
          },
        ],
      },
    ])
  })

  test('measures whom nobody looks for yet by the widest of the steps that have come', () => {
    const { agent, enqueue, state, pass } = centre()
    agent('beginner', { skills: en(1) })
    enqueue('i', { steps: [{ requirements: en(5) }, { afterMs: 10, requirements: en(2) }, { afterMs: 90_000 }] })
    pass(10)
    const short = [{ code: 'unskilled', lacks: [{ ...en(2)[0], has: 1 }] }]
    expect(explainItem(state, 'i')?.agents).toMatchObject([{ obstacles: [{ code: 'later', step: 2, short }] }])
  })

  test('tells who has not the skills in the combination asked for, and who is of a later tier', () => {
    const { agent, enqueue, state } = centre()
    const where = { all: [{ skill: 'en', level: 2 }, { not: { skill: 'trainee', level: 1 } }] }
    agent('trainee', { skills: [...en(3), { skill: 'trainee', level: 1 }] })
    agent('reserve', { skills: en(2), memberships: [{ groupId: 'g', tier: 2 }] })
    enqueue('i', { steps: [{ where, maxTier: 1 }] })
    expect(explainItem(state, 'i')?.agents.map(({ agentId, obstacles }) => [agentId, obstacles])).toEqual([
      ['trainee', [{ code: 'unmet', where }]],
      ['reserve', [{ code: 'tier', tier: 2, most: 1 }]],
    ])
  })

  test('tells the place in line, where priority counts as time waited', () => {
    const { agent, enqueue, state, tell } = centre({ order: { by: 'aged', creditMs: 300_000 } })
    agent('ann')
    tell({ type: 'agent.presence', agentId: 'ann', state: 'busy' })
    enqueue('i')
    enqueue('urgent', { priority: 1 })
    expect(explainItem(state, 'i')).toMatchObject({ ahead: 1, waiting: 2, agents: [{ obstacles: [{ code: 'busy' }] }] })
    expect(explainItem(state, 'urgent')).toMatchObject({ ahead: 0, waiting: 2 })
  })

  test('shows whoever holds it, also one who was given it by hand and belongs to no group of it', () => {
    const { agent, enqueue, tell, state } = centre()
    tell({ type: 'config.group', group: { id: 'other' } })
    agent('boss', { memberships: [{ groupId: 'other' }] })
    enqueue('i')
    tell({ type: 'item.assign', itemId: 'i', agentId: 'boss' })
    expect(explainItem(state, 'i')?.agents).toEqual([{ agentId: 'boss', role: 'holder', obstacles: [] }])
  })

  test('disturbs nothing, and of what is over there is none', () => {
    const { agent, enqueue, accept, state, tell } = centre()
    agent('ann')
    enqueue('i')
    accept('i')
    expect(explainItem(state, 'i')?.state).toBe('active')
    tell({ type: 'item.end', itemId: 'i' })
    expect(explainItem(state, 'i')).toBeUndefined()
  })
})
