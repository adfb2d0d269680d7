/** Looking further as time passes, asking several at once, and conversations on hold. */
import { describe, expect, test } from 'vitest'
import type { Step } from '../../../src/routing/model.ts'
import { centre, kinds } from './centre.ts'

const en = (level: number) => [{ skill: 'en', level }]

describe('a plan', () => {
  test('widens: who was looked for first still is, and comes first', () => {
    const { agent, enqueue, pass, holderOf, tell } = centre()
    const steps: Step[] = [{ requirements: en(4) }, { afterMs: 60_000, requirements: en(3) }]
    agent('three', { skills: en(3) })
    expect(kinds(enqueue('i', { steps }))).toEqual(['queued'])
    expect(pass(59_999)).toEqual([])
    expect(kinds(pass(1))).toEqual(['stepEntered', 'offer'])
    tell({ type: 'agent.presence', agentId: 'three', state: 'away' })
    agent('four', { skills: en(4) })
    tell({ type: 'agent.presence', agentId: 'three', state: 'online' })
    expect(holderOf('i')).toBe('four')
  })

  test('replaces: who was looked for before is not any more', () => {
    const { agent, enqueue, pass, tell, stateOf } = centre()
    tell({ type: 'config.group', group: { id: 'other', acceptMode: 'manual' } })
    enqueue('i', { steps: [{}, { afterMs: 1000, mode: 'replace', groupId: 'other' }] })
    pass(1000)
    agent('ann')
    expect(stateOf('i')).toBe('waiting')
    expect(agent('bo', { memberships: [{ groupId: 'other' }] })).toMatchObject([
      { type: 'offer', agentId: 'bo', why: { step: 1 } },
    ])
  })

  test('keeps the item’s place among all others when it reaches another group', () => {
    const { agent, enqueue, pass, tell, holderOf } = centre()
    tell({ type: 'config.group', group: { id: 'other' } })
    enqueue('early', { steps: [{}, { afterMs: 1000, groupId: 'other' }] })
    pass(500)
    enqueue('later', { groupId: 'other' })
    pass(500)
    agent('bo', { capacity: 1, memberships: [{ groupId: 'other' }] })
    expect([holderOf('early'), holderOf('later')]).toEqual(['bo', undefined])
  })

  test('passes over steps nobody is on duty for, at once', () => {
    const { agent, enqueue } = centre()
    agent('ann')
    const steps: Step[] = [
      { requirements: en(5), skipIfNobody: true },
      { afterMs: 60_000, requirements: en(4), skipIfNobody: true },
      { afterMs: 120_000 },
    ]
    expect(enqueue('i', { steps })).toMatchObject([
      { type: 'stepEntered', step: 1 },
      { type: 'stepEntered', step: 2 },
      { type: 'offer', agentId: 'ann' },
    ])
  })

  test('does not end a step under an open offer: the old step is tried once more, then the next begins', () => {
    const { agent, enqueue, pass, decline, holderOf } = centre({ declineCooldownMs: 60_000 })
    agent('ann', { skills: en(4) })
    agent('bo', { skills: en(4) })
    agent('cy')
    enqueue('i', { steps: [{ requirements: en(4) }, { afterMs: 1000 }] })
    expect(holderOf('i')).toBe('ann')
    expect(pass(2000)).toEqual([])
    expect(kinds(decline('i'))).toEqual(['rescind', 'requeue', 'offer'])
    expect(holderOf('i')).toBe('bo')
    decline('i')
    expect(kinds(pass(0))).toEqual(['stepEntered', 'offer'])
    expect(holderOf('i')).toBe('cy')
  })

  test('raises the priority of what has waited, by its step', () => {
    const { enqueue, pass, now } = centre({ order: { by: 'aged', creditMs: 60_000 } })
    const came = now()
    enqueue('i', { steps: [{}, { afterMs: 1000, priority: 2 }] })
    expect(pass(1000)).toMatchObject([{ type: 'stepEntered', step: 1, key: came - 120_000 }])
  })

  test('ends with what the business wants to happen', () => {
    const { enqueue, pass, stateOf } = centre({ steps: [{}, { afterMs: 900_000, expire: 'callback' }] })
    enqueue('i')
    expect(pass(900_000)).toEqual([{ type: 'ended', itemId: 'i', state: 'expired', action: 'callback' }])
    expect(stateOf('i')).toBeUndefined()
  })

  test('begins anew, with the plan of the group, where an item is moved', () => {
    const { enqueue, pass, tell } = centre()
    tell({ type: 'config.group', group: { id: 'other', steps: [{}, { afterMs: 1000, expire: 'message' }] } })
    enqueue('i')
    pass(5000)
    tell({ type: 'item.update', itemId: 'i', groupId: 'other' })
    expect(pass(999)).toEqual([])
    expect(kinds(pass(1))).toEqual(['ended'])
  })

  test('may name a group that does not exist: nobody is there, and the rest goes on', () => {
    const { agent, enqueue, pass } = centre()
    agent('ann')
    enqueue('i', { steps: [{ groupId: 'nowhere' }, { afterMs: 1000 }] })
    expect(kinds(pass(1000))).toEqual(['stepEntered', 'offer'])
  })
})

test('a group that is removed and comes back finds those who wait in it by a step of their plan', () => {
  const { agent, enqueue, tell } = centre()
  tell({ type: 'config.group', group: { id: 'other' } })
  enqueue('i', { steps: [{ groupId: 'other' }] })
  tell({ type: 'config.group-removed', groupId: 'other' })
  agent('bo', { memberships: [{ groupId: 'other' }] })
  expect(kinds(tell({ type: 'config.group', group: { id: 'other' } }))).toEqual(['offer'])
})

describe('the last agent', () => {
  const steps: Step[] = [{ agents: ['last'], waitMs: { full: 120_000, busy: 30_000, offline: 0 } }, { mode: 'replace' }]

  test('who has room gets the item', () => {
    const { agent, enqueue, holderOf } = centre()
    agent('ann')
    agent('last')
    enqueue('i', { steps })
    expect(holderOf('i')).toBe('last')
  })

  test('who is full is waited for so long, and has it if they get free', () => {
    const { agent, enqueue, accept, tell, pass, holderOf } = centre()
    agent('ann')
    agent('last', { capacity: 1 })
    enqueue('first', { preferredAgentId: 'last' })
    accept('first')
    enqueue('i', { steps })
    expect(pass(119_999)).toEqual([])
    tell({ type: 'item.end', itemId: 'first' })
    expect(holderOf('i')).toBe('last')
  })

  test('who is busy is waited for less long, and who is offline not at all', () => {
    const { agent, enqueue, tell, pass, holderOf } = centre()
    agent('ann')
    agent('last')
    tell({ type: 'agent.presence', agentId: 'last', state: 'busy' })
    enqueue('i', { steps })
    expect(pass(29_999)).toEqual([])
    expect(kinds(pass(1))).toEqual(['stepEntered', 'offer'])
    tell({ type: 'agent.presence', agentId: 'last', state: 'offline' })
    expect(kinds(enqueue('j', { steps }))).toEqual(['stepEntered', 'offer'])
    expect([holderOf('i'), holderOf('j')]).toEqual(['ann', 'ann'])
  })

  test('may be waited for and everybody else as well, at one place', () => {
    const { agent, enqueue, holderOf, tell } = centre()
    enqueue('i', { steps: [{ agents: ['last'] }, {}] })
    tell({ type: 'tick' })
    agent('ann')
    expect(holderOf('i')).toBe('ann')
  })
})

test('whoever was removed is nobody for whom a plan waits', () => {
  const { agent, enqueue, accept, tell, pass } = centre()
  agent('ann')
  const steps: Step[] = [{ waitMs: { full: 300_000, busy: 60_000, offline: 0 } }, { groupId: 'other' }]
  enqueue('i', { steps })
  accept('i')
  tell({ type: 'agent.presence', agentId: 'ann', state: 'away' })
  expect(kinds(tell({ type: 'config.agent-removed', agentId: 'ann' }).concat(pass(0)))).toEqual([
    'release',
    'requeue',
    'stepEntered',
  ])
})

describe('asking several at once', () => {
  test('takes offers back in the order of the agents, whoever joined the group first', () => {
    const { agent, enqueue, tell } = centre({ offersAtOnce: 2 })
    const memberships = [{ groupId: 'other' }]
    tell({ type: 'config.group', group: { id: 'other', acceptMode: 'manual' } })
    agent('bo', { memberships: [] })
    agent('ann', { memberships })
    agent('bo', { memberships })
    expect(enqueue('i', { steps: [{ groupId: 'other' }] })).toMatchObject([{ type: 'offer' }, { type: 'offer' }])
    expect(tell({ type: 'config.group-removed', groupId: 'other' }).slice(0, 2)).toMatchObject([
      { type: 'rescind', agentId: 'bo' },
      { type: 'rescind', agentId: 'ann' },
    ])
  })

  test('asks the best, reserves their capacity, and gives it to the first who accepts', () => {
    const { agent, enqueue, tell, state } = centre({ offersAtOnce: 2 })
    for (const id of ['ann', 'bo', 'cy']) agent(id, { capacity: 1 })
    const offers = enqueue('i')
    expect(offers).toMatchObject([
      { type: 'offer', agentId: 'ann', why: { runnerUp: { agentId: 'bo' } } },
      { type: 'offer', agentId: 'bo', why: { beside: 1, runnerUp: { agentId: 'cy' } } },
    ])
    const [toAnn = '', toBo = ''] = state.items.get('i')?.offers.map(({ id }) => id) ?? []
    expect(enqueue('j')).toMatchObject([{ type: 'offer', agentId: 'cy' }])
    expect(tell({ type: 'item.accept', offerId: toBo, agentId: 'bo' })).toMatchObject([
      { type: 'rescind', agentId: 'ann', reason: 'taken' },
      { type: 'assign', agentId: 'bo', cause: 'accepted' },
    ])
    expect(tell({ type: 'item.accept', offerId: toAnn, agentId: 'ann' })).toMatchObject([
      { type: 'ignored', reason: 'stale' },
    ])
  })

  test('goes on after the last of them has declined, not before', () => {
    const { agent, enqueue, decline, stateOf } = centre({ offersAtOnce: 2 })
    for (const id of ['ann', 'bo', 'cy']) agent(id)
    enqueue('i')
    expect(kinds(decline('i'))).toEqual(['rescind'])
    expect(stateOf('i')).toBe('offered')
    expect(decline('i')).toMatchObject([{ type: 'rescind' }, { type: 'requeue' }, { type: 'offer', agentId: 'cy' }])
  })
})

describe('a parked conversation', () => {
  test('frees its holder’s capacity and comes back to them', () => {
    const { agent, enqueue, accept, tell, holderOf, stateOf } = centre()
    agent('ann', { capacity: 1 })
    enqueue('i')
    accept('i')
    enqueue('j')
    expect(kinds(tell({ type: 'item.park', itemId: 'i', agentId: 'ann' }))).toEqual(['parked', 'offer'])
    tell({ type: 'item.cancel', itemId: 'j' })
    expect(kinds(tell({ type: 'item.wake', itemId: 'i' }))).toEqual(['woken'])
    expect([stateOf('i'), holderOf('i')]).toEqual(['active', 'ann'])
  })

  test('waking while its holder is full stays with them up to the hard maximum, and no offer is made until there is room', () => {
    const { agent, enqueue, accept, tell, state, stateOf } = centre()
    agent('ann', { capacity: 1, hardMax: 2 })
    for (const id of ['i', 'j']) {
      enqueue(id)
      accept(id)
      if (id === 'i') tell({ type: 'item.park', itemId: id })
    }
    expect(kinds(tell({ type: 'item.wake', itemId: 'i' }))).toEqual(['woken'])
    expect(state.agents.get('ann')?.used).toBe(2)
    enqueue('k')
    tell({ type: 'item.end', itemId: 'j' })
    expect(stateOf('k')).toBe('waiting')
  })

  test('waking while its holder is full waits for anybody where the group says so, its holder first', () => {
    const { agent, enqueue, accept, tell, holderOf } = centre({ onWakeFull: 'requeue' })
    agent('ann', { capacity: 1 })
    enqueue('i')
    accept('i')
    tell({ type: 'item.park', itemId: 'i' })
    enqueue('j')
    accept('j')
    agent('bo')
    expect(kinds(tell({ type: 'item.wake', itemId: 'i' }))).toEqual(['release', 'requeue', 'offer'])
    expect(holderOf('i')).toBe('bo')
  })

  test('wakes by itself, and waits for others if its holder has gone', () => {
    const { agent, enqueue, accept, tell, pass, stateOf } = centre()
    agent('ann')
    enqueue('i')
    accept('i')
    tell({ type: 'item.park', itemId: 'i', forMs: 1000 })
    expect(kinds(pass(1000))).toEqual(['woken'])
    tell({ type: 'item.park', itemId: 'i', forMs: 1000 })
    tell({ type: 'agent.presence', agentId: 'ann', state: 'offline' })
    pass(1000)
    expect(stateOf('i')).toBe('waiting')
  })

  test('stays set aside while its holder is gone, and waits for them first when its time has come', () => {
    const { agent, enqueue, accept, tell, pass, stateOf, state } = centre({ onOffline: 'requeue' })
    agent('ann')
    enqueue('i')
    accept('i')
    tell({ type: 'item.park', itemId: 'i', forMs: 60_000 })
    agent('bo')
    tell({ type: 'agent.link', agentId: 'ann', link: 'down', graceMs: 5000 })
    expect(pass(5000)).toMatchObject([{ type: 'setPresence', agentId: 'ann', reason: 'link-lost' }])
    tell({ type: 'agent.presence', agentId: 'ann', state: 'offline' })
    expect([stateOf('i'), state.items.get('i')?.agent?.id]).toEqual(['parked', 'ann'])
    tell({ type: 'agent.presence', agentId: 'bo', state: 'busy' })
    expect(pass(55_000)).toMatchObject([{ type: 'release', reason: 'woken' }, { type: 'requeue' }])
    expect(state.items.get('i')?.preferredAgentId).toBe('ann')
  })

  test('counts what the group says it should', () => {
    const { agent, enqueue, accept, tell, state } = centre({ parkedWeight: 1 })
    agent('ann', { capacity: 4 })
    enqueue('i', { weight: 3 })
    accept('i')
    tell({ type: 'item.park', itemId: 'i' })
    expect(state.agents.get('ann')).toMatchObject({ used: 1, inHand: 0, counts: [0, 0, 0] })
  })
})
