/** What happens when two things happen at once: each race has one defined outcome, and never two effects. */
import { describe, expect, test } from 'vitest'
import { apply, changes, hash, nextDue, restore } from '../../../src/routing/engine.ts'
import type { EngineEvent } from '../../../src/routing/model.ts'
import { centre, kinds } from './centre.ts'

const ignored = (reason: string) => [expect.objectContaining({ type: 'ignored', reason })]

describe('accept and', () => {
  test('expiry in the same millisecond: whichever the log has first decides', () => {
    const first = centre({ offerTimeoutMs: 1000 })
    first.agent('ann')
    first.enqueue('i')
    const due = nextDue(first.state) ?? 0
    const offerId = first.offerOf('i')
    expect(kinds(first.tell({ type: 'item.accept', at: due, offerId, agentId: 'ann' }))).toEqual(['assign'])
    expect(first.tell({ type: 'tick', at: due })).toEqual([])

    const second = centre({ offerTimeoutMs: 1000 })
    second.agent('ann')
    second.enqueue('i')
    expect(kinds(second.tell({ type: 'tick', at: due }))).toEqual(['rescind', 'requeue'])
    expect(second.tell({ type: 'item.accept', at: due, offerId, agentId: 'ann' })).toEqual(ignored('stale'))
  })

  test('the customer hanging up: an accept that comes second is stale, one that came first ends in a finished service', () => {
    const left = centre()
    left.agent('ann')
    left.enqueue('i')
    const offerId = left.offerOf('i')
    expect(kinds(left.tell({ type: 'item.cancel', itemId: 'i' }))).toEqual(['rescind', 'ended'])
    expect(left.tell({ type: 'item.accept', offerId, agentId: 'ann' })).toEqual(ignored('stale'))

    const served = centre({ wrapUpMs: 500 })
    served.agent('ann')
    served.enqueue('i')
    served.accept('i')
    expect(kinds(served.tell({ type: 'item.cancel', itemId: 'i' }))).toEqual(['wrapUp'])
    expect(kinds(served.pass(500))).toEqual(['release', 'ended'])
  })

  test('another agent with the same offer id is nobody’s acceptance', () => {
    const { agent, enqueue, offerOf, tell, holderOf, stateOf } = centre()
    agent('ann')
    enqueue('i')
    agent('bo')
    expect(tell({ type: 'item.accept', offerId: offerOf('i'), agentId: 'bo' })).toEqual(ignored('stale'))
    expect([stateOf('i'), holderOf('i')]).toEqual(['offered', 'ann'])
  })

  test('accept again has no second effect', () => {
    const { agent, enqueue, offerOf, tell } = centre()
    agent('ann')
    enqueue('i')
    const offerId = offerOf('i')
    expect(kinds(tell({ type: 'item.accept', offerId, agentId: 'ann' }))).toEqual(['assign'])
    expect(tell({ type: 'item.accept', offerId, agentId: 'ann' })).toEqual(ignored('stale'))
  })

  test('a pull by another: whoever comes second finds it taken', () => {
    const { agent, enqueue, tell, accept } = centre()
    agent('ann')
    enqueue('i')
    agent('bo')
    expect(tell({ type: 'item.pull', itemId: 'i', agentId: 'bo' })).toEqual(ignored('stale'))
    expect(kinds(accept('i'))).toEqual(['assign'])
  })
})

test('of two who accept a broadcast in the same millisecond the first has it, and the other hears that it is over', () => {
  const { agent, enqueue, tell, state, holderOf } = centre({ offersAtOnce: 2 })
  for (const id of ['ann', 'bo']) agent(id)
  enqueue('i')
  const [first, second] = state.items.get('i')?.offers ?? []
  expect(kinds(tell({ type: 'item.accept', offerId: second?.id ?? '', agentId: 'bo' }))).toEqual(['rescind', 'assign'])
  expect(tell({ type: 'item.accept', offerId: first?.id ?? '', agentId: 'ann' })).toEqual(ignored('stale'))
  expect(holderOf('i')).toBe('bo')
})

test('an agent who logs out while offered loses the offer in the same step, and the next one gets it', () => {
  const { agent, enqueue, tell, holderOf } = centre()
  agent('ann')
  enqueue('i')
  agent('bo')
  const decisions = tell({ type: 'agent.presence', agentId: 'ann', state: 'offline' })
  expect(kinds(decisions)).toEqual(['rescind', 'requeue', 'offer'])
  expect(holderOf('i')).toBe('bo')
})

test('a lost connection takes offers back at once and nothing else until the grace is over', () => {
  const { agent, enqueue, tell, accept, pass, stateOf } = centre()
  agent('ann')
  enqueue('held')
  accept('held')
  enqueue('offered')
  expect(kinds(tell({ type: 'agent.link', agentId: 'ann', link: 'down', graceMs: 5000 }))).toEqual([
    'rescind',
    'requeue',
  ])
  expect(stateOf('held')).toBe('active')
  expect(pass(4999)).toEqual([])
  expect(kinds(tell({ type: 'agent.link', agentId: 'ann', link: 'up' }))).toEqual(['offer'])
  expect(pass(10_000)).toEqual([])
})

test('an agent who stays away beyond the grace is set offline, and what they held waits at its old place', () => {
  const { agent, enqueue, tell, accept, pass } = centre()
  agent('ann')
  enqueue('i')
  accept('i')
  const key = changes(centre().state).tenant.at
  tell({ type: 'agent.link', agentId: 'ann', link: 'down', graceMs: 5000 })
  expect(pass(5000)).toMatchObject([
    { type: 'setPresence', agentId: 'ann', state: 'offline', reason: 'link-lost' },
    { type: 'release', itemId: 'i', reason: 'link-lost' },
    { type: 'requeue', itemId: 'i', reason: 'link-lost', key },
  ])
})

test('a capacity lowered below use takes nothing away, and gives nothing more until there is room', () => {
  const { agent, enqueue, accept, tell, stateOf } = centre()
  agent('ann', { capacity: 3 })
  for (const id of ['i1', 'i2', 'i3']) {
    enqueue(id)
    accept(id)
  }
  tell({ type: 'config.agent', agent: { id: 'ann', capacity: 1, memberships: [{ groupId: 'g' }] } })
  enqueue('i4')
  tell({ type: 'item.end', itemId: 'i1' })
  tell({ type: 'item.end', itemId: 'i2' })
  expect([stateOf('i3'), stateOf('i4')]).toEqual(['active', 'waiting'])
  expect(kinds(tell({ type: 'item.end', itemId: 'i3' }))).toEqual(['release', 'ended', 'offer'])
})

test('a group deleted with a queue leaves nothing behind: its items wait in the fallback, at their place', () => {
  const { agent, enqueue, tell, holderOf, stateOf, state } = centre()
  tell({ type: 'config.group', group: { id: 'other', acceptMode: 'auto' } })
  agent('ann')
  enqueue('offered')
  agent('ann', { capacity: 1 })
  enqueue('waiting')
  agent('bo', { memberships: [{ groupId: 'other' }] })
  const decisions = tell({ type: 'config.group-removed', groupId: 'g', fallbackGroupId: 'other' })
  expect(kinds(decisions)).toEqual(['rescind', 'requeue', 'requeue', 'assign', 'assign'])
  expect([holderOf('offered'), holderOf('waiting'), stateOf('waiting')]).toEqual(['bo', 'bo', 'active'])
  expect([...state.groups.keys()]).toEqual(['other'])
})

test('a group deleted without a fallback keeps its items until somebody moves them, even through a restart', () => {
  const { enqueue, tell, state, agent, stateOf } = centre()
  enqueue('i')
  tell({ type: 'config.group-removed', groupId: 'g' })
  expect(stateOf('i')).toBe('waiting')
  const again = restore('tenant', { ...changes(state), groups: [], members: [] })
  expect(hash(again)).toBe(hash(state))
  agent('ann')
  expect(kinds(tell({ type: 'config.group', group: { id: 'g' } }))).toEqual(['assign'])
})

test('an item re-prioritised while offered keeps its offer, and its new place if the offer fails', () => {
  const { agent, enqueue, tell, stateOf, decline, now } = centre({ order: { by: 'aged', creditMs: 60_000 } })
  agent('ann')
  enqueue('i')
  expect(tell({ type: 'item.update', itemId: 'i', priority: 2 })).toEqual([])
  expect(stateOf('i')).toBe('offered')
  expect(decline('i')).toMatchObject([{ type: 'rescind' }, { type: 'requeue', key: now() - 120_000 }])
})

test('an item moved to another group while offered keeps the offer only if the agent serves there as well', () => {
  const { agent, enqueue, tell, stateOf } = centre()
  tell({ type: 'config.group', group: { id: 'other' } })
  tell({ type: 'config.group', group: { id: 'third' } })
  agent('ann', { memberships: [{ groupId: 'g' }, { groupId: 'other' }] })
  enqueue('i')
  expect(tell({ type: 'item.update', itemId: 'i', groupId: 'other' })).toEqual([])
  expect(stateOf('i')).toBe('offered')
  expect(kinds(tell({ type: 'item.update', itemId: 'i', groupId: 'third' }))).toEqual(['rescind', 'requeue'])
})

test('a transfer whose target crashes stays with its holder', () => {
  const { agent, enqueue, accept, tell, holderOf } = centre()
  agent('ann')
  enqueue('i')
  accept('i')
  agent('bo')
  expect(kinds(tell({ type: 'item.transfer', itemId: 'i', to: { agentId: 'bo' } }))).toEqual(['offer'])
  expect(tell({ type: 'agent.link', agentId: 'bo', link: 'down' })).toMatchObject([
    { type: 'rescind', reason: 'link-down' },
    { type: 'transferFailed', agentId: 'ann', reason: 'link-down' },
  ])
  expect(holderOf('i')).toBe('ann')
})

test('a transfer whose source ends meanwhile takes the offer back', () => {
  const { agent, enqueue, accept, tell } = centre()
  agent('ann')
  enqueue('i')
  accept('i')
  agent('bo')
  tell({ type: 'item.transfer', itemId: 'i', to: { agentId: 'bo' } })
  expect(kinds(tell({ type: 'item.end', itemId: 'i', agentId: 'ann' }))).toEqual(['rescind', 'release', 'ended'])
})

test('a duplicate enqueue after a retry is ignored, by command id and by item id', () => {
  const { enqueue, state } = centre()
  enqueue('i', { commandId: 'c1' })
  const before = hash(state)
  expect(enqueue('i', { commandId: 'c1' })).toEqual(ignored('duplicate'))
  expect(enqueue('i', { commandId: 'c2' })).toEqual(ignored('stale'))
  expect(hash(state)).toBe(before)
})

test('a command for an older revision of the item is stale', () => {
  const { enqueue, tell, state } = centre()
  enqueue('i')
  const rev = state.items.get('i')?.rev ?? 0
  expect(tell({ type: 'item.update', itemId: 'i', priority: 5, rev: rev + 1 })).toEqual(ignored('stale'))
  expect(tell({ type: 'item.update', itemId: 'i', priority: 5, rev })).toEqual([])
})

test('a clock that goes backwards counts as standing still', () => {
  const { enqueue, tell, state, now } = centre()
  enqueue('i1')
  enqueue('i2', { at: now() - 60_000 })
  expect(state.items.get('i2')?.enqueuedAt).toBe(now())
  expect(tell({ type: 'tick', at: Number.NaN })).toEqual([])
  expect(state.at).toBe(now())
})

test('an event of an unknown kind changes nothing', () => {
  const { state } = centre()
  const before = hash(state)
  expect(apply(state, { type: 'item.dance', at: 0 } as unknown as EngineEvent)).toEqual(ignored('stale'))
  expect(hash(state)).toBe(before)
})
