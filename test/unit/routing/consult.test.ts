/** Handing on to a group while the holder keeps the item (a warm transfer). */
import { expect, test } from 'vitest'
import { hash, restore } from '../../../src/routing/engine.ts'
import { recordsOf } from '../../../src/routing/records.ts'
import { centre, kinds } from './centre.ts'

/** Ann of group `g` serves `i`; the group `b` asks before it assigns. */
function desk(b: object = {}) {
  const desk = centre({ acceptMode: 'auto' })
  desk.tell({ type: 'config.group', group: { id: 'b', acceptMode: 'manual', ...b } })
  desk.agent('ann', { capacity: 1 })
  desk.enqueue('i')
  const handOn = (keepPlace = true) =>
    desk.tell({ type: 'item.transfer', itemId: 'i', agentId: 'ann', to: { groupId: 'b' }, warm: true, keepPlace })
  /** What stands in line for `i`. */
  const consult = () => desk.state.items.get('i')?.consult?.id ?? 'none'
  return { ...desk, handOn, consult }
}
const ofB = { memberships: [{ groupId: 'b' }] }

test('the holder keeps the item until somebody of the group accepts, and has room again in the same step', () => {
  const { handOn, consult, agent, accept, enqueue, holderOf, stateOf } = desk()
  expect(kinds(handOn())).toEqual(['consulting', 'queued'])
  expect([holderOf('i'), stateOf(consult())]).toEqual(['ann', 'waiting'])
  enqueue('next')
  expect(kinds(agent('bo', ofB))).toEqual(['offer'])
  expect(holderOf('i')).toBe('ann')
  expect(accept(consult())).toMatchObject([
    { type: 'ended', state: 'done', agentId: 'bo' },
    { type: 'release', itemId: 'i', agentId: 'ann', reason: 'transferred' },
    { type: 'assign', itemId: 'i', groupId: 'b', agentId: 'bo', cause: 'accepted' },
    { type: 'assign', itemId: 'next', agentId: 'ann' },
  ])
})

test('it stands in line where its waiting so far puts it, or at the end if asked', () => {
  const { handOn, consult, agent, enqueue, pass, holderOf, tell, stateOf } = desk()
  pass(1000)
  enqueue('other', { groupId: 'b' })
  handOn()
  agent('bo', { ...ofB, capacity: 1 })
  expect([holderOf(consult()), stateOf('other')]).toEqual(['bo', 'waiting'])
  tell({ type: 'item.recall', itemId: 'i' })
  expect(holderOf('other')).toBe('bo')
  handOn(false)
  enqueue('later', { groupId: 'b' })
  tell({ type: 'item.end', itemId: 'other' })
  tell({ type: 'item.cancel', itemId: 'other' })
  expect([holderOf(consult()), stateOf('later')]).toEqual(['bo', 'waiting'])
})

test('declined by everybody it is asked for again, and the holder keeps it all the while', () => {
  const { handOn, consult, agent, decline, pass, holderOf, stateOf } = desk()
  agent('bo', ofB)
  handOn()
  expect(kinds(decline(consult()))).toEqual(['rescind', 'requeue'])
  expect([holderOf('i'), stateOf(consult())]).toEqual(['ann', 'waiting'])
  expect(kinds(pass(10_000))).toEqual(['offer'])
})

test('when the plan or the group’s patience is over the holder keeps it and is told, whatever the word', () => {
  const steps = [{}, { afterMs: 5000, expire: 'close' }]
  const late = { afterMs: 5000, handler: { to: 'end', action: 'close' } } as const
  for (const b of [{ steps }, { overflow: { late } }]) {
    const { handOn, pass, holderOf, consult } = desk(b)
    handOn()
    const decisions = pass(5000)
    expect(decisions.at(-1)).toEqual({ type: 'transferFailed', itemId: 'i', agentId: 'ann', reason: 'expired' })
    expect(decisions.find(({ type }) => type === 'ended')).not.toHaveProperty('action')
    expect([holderOf('i'), consult()]).toEqual(['ann', 'none'])
  }
})

test('whoever hands on is not asked, though they serve in that group, too', () => {
  const { tell, handOn, state, pass, consult, stateOf } = desk({ reofferDelayMs: 100 })
  const memberships = [{ groupId: 'g' }, { groupId: 'b' }]
  tell({ type: 'config.agent', agent: { id: 'ann', capacity: 5, memberships } })
  handOn()
  pass(60_000)
  expect([stateOf(consult()), state.offers.size]).toEqual(['waiting', 0])
  expect(tell({ type: 'item.pull', itemId: consult(), agentId: 'ann' })).toMatchObject([{ reason: 'stale' }])
})

test('a full group refuses it, and nothing changes', () => {
  const { handOn, enqueue, state } = desk({ maxWaiting: 1 })
  enqueue('other', { groupId: 'b' })
  expect(handOn()).toMatchObject([{ type: 'reject', reason: 'full' }])
  expect([...state.items.keys()]).toEqual(['i', 'other'])
})

test('it is handed on once at a time, and taken back by its holder only', () => {
  const { handOn, agent, tell, holderOf, consult } = desk()
  agent('bo', ofB)
  handOn()
  expect(handOn()).toMatchObject([{ type: 'ignored', reason: 'stale' }])
  expect(tell({ type: 'item.recall', itemId: 'i', agentId: 'bo' })).toMatchObject([{ reason: 'stale' }])
  expect(kinds(tell({ type: 'item.recall', itemId: 'i', agentId: 'ann' }))).toEqual(['rescind', 'ended'])
  expect([holderOf('i'), consult()]).toEqual(['ann', 'none'])
  expect(tell({ type: 'item.recall', itemId: 'i' })).toMatchObject([{ reason: 'stale' }])
})

test('an acceptance that crosses with the customer hanging up is stale; the holder’s service ends', () => {
  const { handOn, agent, tell, consult, offerOf } = desk()
  agent('bo', ofB)
  handOn()
  const offerId = offerOf(consult())
  expect(kinds(tell({ type: 'item.cancel', itemId: 'i' }))).toEqual(['rescind', 'ended', 'release', 'ended'])
  expect(tell({ type: 'item.accept', offerId, agentId: 'bo' })).toMatchObject([{ reason: 'stale' }])
})

test('a supervisor’s hand goes before: whoever is given it has it, and nobody is asked any longer', () => {
  const { handOn, agent, tell, consult, holderOf, state } = desk()
  agent('bo', ofB)
  agent('cy')
  handOn()
  tell({ type: 'item.assign', itemId: 'i', agentId: 'cy' })
  expect([holderOf('i'), consult(), state.offers.size, state.items.size]).toEqual(['cy', 'none', 0, 1])
})

test('when its holder crashes it waits in that group, where it stood, and those who declined are still left out', () => {
  const { handOn, agent, tell, pass, decline, consult, state, holderOf } = desk()
  agent('bo', ofB)
  handOn()
  decline(consult())
  tell({ type: 'agent.link', agentId: 'ann', link: 'down', graceMs: 2000 })
  expect(kinds(pass(2000))).toEqual(['setPresence', 'ended', 'release', 'requeue'])
  expect(state.items.get('i')).toMatchObject({ state: 'waiting', enqueuedAt: 1_000_000, group: { id: 'b' } })
  expect(kinds(pass(10_000))).toEqual(['offer'])
  expect(holderOf('i')).toBe('bo')
})

test('a state restored in the middle of it goes on in the same way', () => {
  const { handOn, agent, state, consult, offerOf, tell, now } = desk()
  agent('bo', ofB)
  handOn()
  const groups = ['g', 'b'].map((id) => ({ id, acceptMode: id === 'g' ? 'auto' : 'manual' }) as const)
  const members = [
    { id: 'ann', capacity: 1, memberships: [{ groupId: 'g' }] },
    { id: 'bo', ...ofB },
  ]
  const again = restore('tenant', structuredClone({ ...recordsOf(state), groups, members }))
  expect(hash(again)).toBe(hash(state))
  expect(again.items.get('i')?.consult?.id).toBe(consult())
  tell({ type: 'item.accept', offerId: offerOf(consult()), agentId: 'bo', at: now() })
  expect([...state.items.keys()]).toEqual(['i'])
})

test('whoever looks into it keeps the offer open past its time, alone, and the holder theirs; then they accept, or it is taken back', () => {
  const { handOn, consult, agent, accept, pass, tell, state, offerOf, holderOf } = desk({
    offersAtOnce: 2,
    offerTimeoutMs: 5000,
  })
  agent('bo', ofB)
  agent('cy', ofB)
  handOn()
  const offerId = offerOf(consult())
  const agentId = state.offers.get(offerId)?.agent.id ?? ''
  expect(kinds(tell({ type: 'item.consider', offerId, agentId, forMs: 60_000 }))).toEqual(['rescind', 'considered'])
  expect(kinds(pass(50_000))).toEqual([])
  expect([holderOf('i'), holderOf(consult())]).toEqual(['ann', agentId])
  expect(kinds(tell({ type: 'item.consider', offerId, agentId: 'ann', forMs: 1 }))).toEqual(['ignored'])
  accept(consult())
  expect(holderOf('i')).toBe(agentId)
})

test('handed on to be looked into it is offered also where it would be given at once, and after a restart still', () => {
  const { agent, tell, state, holderOf, offerOf } = desk({ acceptMode: 'auto' })
  const asked = tell({ type: 'item.transfer', itemId: 'i', to: { groupId: 'b' }, warm: true, asks: true })
  expect(kinds(asked)).toEqual(['consulting', 'queued'])
  const groups = [
    { id: 'g', acceptMode: 'auto' },
    { id: 'b', acceptMode: 'auto' },
  ] as const
  const members = [{ id: 'ann', capacity: 1, memberships: [{ groupId: 'g' }] }]
  const again = restore('tenant', structuredClone({ ...recordsOf(state), groups, members }))
  expect(hash(again)).toBe(hash(state))
  expect(kinds(agent('bo', ofB))).toEqual(['offer'])
  tell({ type: 'item.recall', itemId: 'i' })
  expect(kinds(tell({ type: 'item.transfer', itemId: 'i', to: { agentId: 'bo' }, asks: true }))).toEqual(['offer'])
  expect(holderOf('i')).toBe('ann')
  expect(state.offers.get(offerOf('i'))?.agent.id).toBe('bo')
})

test('whoever has room again by handing on serves next where the group would rather have them than who took it', () => {
  const { tell, agent, enqueue, holderOf } = centre({ acceptMode: 'auto' })
  agent('ann', { capacity: 1, memberships: [{ groupId: 'g', tier: 0 }] })
  enqueue('i')
  tell({ type: 'item.transfer', itemId: 'i', agentId: 'ann', to: { groupId: 'g' }, warm: true })
  enqueue('next')
  agent('bo', { capacity: 2, memberships: [{ groupId: 'g', tier: 1 }] })
  expect([holderOf('i'), holderOf('next')]).toEqual(['bo', 'ann'])
})
