/** Bounds and hands: capacity, limits of media and queues, work that is pulled, given, taken over or handed on, after-call work. */
import { describe, expect, test } from 'vitest'
import { hash, nextDue, restore, TIMERS_PER_TICK } from '../../../src/routing/engine.ts'
import { recordsOf } from '../../../src/routing/records.ts'
import { centre, kinds } from './centre.ts'

describe('limits', () => {
  test('a medium’s limit holds beside the units', () => {
    const { agent, enqueue, holderOf } = centre()
    agent('ann', { capacity: 10, limits: { call: 1 } })
    enqueue('c1', { medium: 'call', weight: 2 })
    enqueue('c2', { medium: 'call', weight: 2 })
    enqueue('t1', { medium: 'ticket' })
    expect([holderOf('c1'), holderOf('c2'), holderOf('t1')]).toEqual(['ann', undefined, 'ann'])
  })

  test('an item too heavy for the room left does not block a lighter one behind it', () => {
    const { agent, enqueue, holderOf } = centre()
    enqueue('heavy', { weight: 4 })
    enqueue('light', { weight: 1 })
    agent('ann', { capacity: 3 })
    expect([holderOf('heavy'), holderOf('light')]).toEqual([undefined, 'ann'])
  })

  test('a full queue refuses exactly the next item, and takes one again when one has gone', () => {
    const { enqueue, tell } = centre({ maxWaiting: 2 })
    enqueue('i1')
    enqueue('i2')
    expect(enqueue('i3', { commandId: 'c' })).toEqual([
      { type: 'reject', itemId: 'i3', reason: 'full', commandId: 'c' },
    ])
    tell({ type: 'item.cancel', itemId: 'i1' })
    expect(kinds(enqueue('i3'))).toEqual(['queued'])
  })

  test('a limit of nought still lets through who is served at once', () => {
    const { agent, enqueue } = centre({ maxWaiting: 0, acceptMode: 'auto' })
    agent('ann', { capacity: 1 })
    expect(kinds(enqueue('i1'))).toEqual(['assign'])
    expect(enqueue('i2')).toMatchObject([{ type: 'reject', reason: 'full' }])
  })

  test('a supervisor may exceed the capacity only on request, and never the hard maximum', () => {
    const { agent, enqueue, tell } = centre()
    agent('ann', { capacity: 1, hardMax: 2 })
    for (const id of ['i1', 'i2', 'i3']) enqueue(id)
    const give = (itemId: string, override: boolean) => tell({ type: 'item.assign', itemId, agentId: 'ann', override })
    expect(give('i1', false)).toMatchObject([{ type: 'assign', cause: 'accepted' }])
    expect(give('i2', false)).toMatchObject([{ type: 'ignored', reason: 'no-capacity' }])
    expect(give('i2', true)).toMatchObject([{ type: 'assign', cause: 'manual' }])
    expect(give('i3', true)).toMatchObject([{ type: 'ignored', reason: 'no-capacity' }])
  })
})

describe('by hand', () => {
  test('a busy agent may pull what they could serve', () => {
    const { agent, enqueue, tell } = centre()
    agent('ann')
    tell({ type: 'agent.presence', agentId: 'ann', state: 'busy', reason: 'paperwork' })
    enqueue('i')
    expect(tell({ type: 'item.pull', itemId: 'i', agentId: 'ann' })).toMatchObject([
      { type: 'assign', cause: 'pulled' },
    ])
    enqueue('j', { requirements: [{ skill: 'en', level: 1 }] })
    expect(tell({ type: 'item.pull', itemId: 'j', agentId: 'ann' })).toMatchObject([{ reason: 'not-eligible' }])
  })

  test('a takeover moves an item in service from one agent to another', () => {
    const { agent, enqueue, accept, tell, holderOf } = centre()
    agent('ann')
    enqueue('i')
    accept('i')
    agent('boss')
    expect(kinds(tell({ type: 'item.assign', itemId: 'i', agentId: 'boss' }))).toEqual(['release', 'assign'])
    expect(holderOf('i')).toBe('boss')
  })

  test('a transfer to a group keeps the place unless told otherwise, and does not come straight back', () => {
    const { agent, enqueue, accept, tell, pass, now } = centre()
    tell({ type: 'config.group', group: { id: 'other', acceptMode: 'manual' } })
    agent('ann', { memberships: [{ groupId: 'g' }, { groupId: 'other' }] })
    enqueue('i')
    accept('i')
    const key = now()
    pass(5000)
    const decisions = tell({ type: 'item.transfer', itemId: 'i', agentId: 'ann', to: { groupId: 'other' } })
    expect(decisions).toMatchObject([{ type: 'release' }, { type: 'requeue', groupId: 'other', key }])
    pass(10_000)
    accept('i')
    expect(tell({ type: 'item.transfer', itemId: 'i', to: { groupId: 'g' }, keepPlace: false })).toMatchObject([
      { type: 'release' },
      { type: 'requeue', groupId: 'g', key: now() },
    ])
  })

  test('a transfer to an agent who has no room is refused and changes nothing', () => {
    const { agent, enqueue, accept, tell, holderOf } = centre()
    agent('ann')
    enqueue('i')
    accept('i')
    agent('bo', { capacity: 0 })
    expect(tell({ type: 'item.transfer', itemId: 'i', to: { agentId: 'bo' } })).toMatchObject([
      { type: 'reject', reason: 'agent-unavailable' },
    ])
    expect(holderOf('i')).toBe('ann')
  })

  test('a transfer to an agent who accepts changes hands in one step', () => {
    const { agent, enqueue, accept, tell, holderOf, state } = centre()
    agent('ann')
    enqueue('i')
    accept('i')
    agent('bo')
    tell({ type: 'item.transfer', itemId: 'i', to: { agentId: 'bo' } })
    expect(holderOf('i')).toBe('ann')
    expect(
      tell({ type: 'item.accept', offerId: state.items.get('i')?.offers[0]?.id ?? '', agentId: 'bo' }),
    ).toMatchObject([
      { type: 'release', agentId: 'ann', reason: 'transferred' },
      { type: 'assign', agentId: 'bo', cause: 'accepted' },
    ])
    expect(state.agents.get('ann')?.used).toBe(0)
  })
})

test('after-call work keeps the capacity until it is over, early if the agent says so', () => {
  const { agent, enqueue, tell, accept, pass, stateOf } = centre({ wrapUpMs: 30_000 })
  agent('ann', { capacity: 1 })
  enqueue('i1')
  accept('i1')
  enqueue('i2')
  tell({ type: 'item.end', itemId: 'i1', agentId: 'ann' })
  expect([stateOf('i1'), stateOf('i2')]).toEqual(['wrapup', 'waiting'])
  expect(kinds(tell({ type: 'item.wrapDone', itemId: 'i1', agentId: 'ann' }))).toEqual(['release', 'ended', 'offer'])
  accept('i2')
  tell({ type: 'item.end', itemId: 'i2' })
  expect(kinds(pass(30_000))).toEqual(['release', 'ended'])
})

test('a storm of timers is fired in slices, and says that more are due', () => {
  const { agent, enqueue, tell, now } = centre({ offerTimeoutMs: 1000, maxMissed: 0 })
  agent('ann', { capacity: 1_000_000 })
  for (let i = 0; i < TIMERS_PER_TICK + 1; i++) enqueue(`i${i}`)
  const at = now() + 1000
  expect(tell({ type: 'tick', at }).at(-1)).toEqual({ type: 'more' })
  expect(tell({ type: 'tick', at }).at(-1)).toMatchObject({ type: 'requeue' })
})

test('what is put off is asked of nobody until its time has come, and then has its old place', () => {
  const { agent, enqueue, tell, pass, accept, stateOf, holderOf } = centre()
  enqueue('first')
  pass(10)
  enqueue('second')
  expect(tell({ type: 'item.defer', itemId: 'first', forMs: 60_000 })).toMatchObject([
    { type: 'deferred', until: expect.any(Number) },
  ])
  agent('ann', { capacity: 1 })
  expect([stateOf('first'), holderOf('second')]).toEqual(['deferred', 'ann'])
  accept('second')
  enqueue('third')
  expect(kinds(pass(60_000))).toEqual(['requeue'])
  tell({ type: 'item.end', itemId: 'second' })
  expect([stateOf('first'), stateOf('third')]).toEqual(['offered', 'waiting'])
  expect(tell({ type: 'item.defer', itemId: 'first' })).toMatchObject([{ type: 'ignored', reason: 'stale' }])
})

test('what is put off comes back in its time after a restart as well', () => {
  const { state, enqueue, tell, now } = centre()
  enqueue('later')
  tell({ type: 'item.defer', itemId: 'later', forMs: 60_000 })
  const again = restore('tenant', { ...recordsOf(state), groups: [{ id: 'g', acceptMode: 'manual' }], members: [] })
  expect(nextDue(again)).toBe(now() + 60_000)
  expect(hash(again)).toBe(hash(state))
})

test('what is put off is taken by whoever pulls it, comes back when it is woken, and ends when the customer leaves', () => {
  const { agent, enqueue, tell, stateOf } = centre()
  for (const id of ['pulled', 'woken', 'left']) {
    enqueue(id)
    tell({ type: 'item.defer', itemId: id })
  }
  agent('ann')
  expect(kinds(tell({ type: 'item.pull', itemId: 'pulled', agentId: 'ann' }))).toEqual(['assign'])
  expect(kinds(tell({ type: 'item.wake', itemId: 'woken' }))).toEqual(['requeue', 'offer'])
  expect(kinds(tell({ type: 'item.cancel', itemId: 'left' }))).toEqual(['ended'])
  expect([stateOf('pulled'), stateOf('woken')]).toEqual(['active', 'offered'])
})
