/** What a group can be set to beyond its strategy: each rule on its own. */
import { describe, expect, test } from 'vitest'
import { centre, kinds } from './centre.ts'

const memberships = [{ groupId: 'g' }]

describe('a share of the work', () => {
  test('goes by weight, and who comes back is not flooded', () => {
    const { agent, enqueue, tell, holderOf } = centre({ acceptMode: 'auto', strategy: 'weighted' })
    agent('ann', { capacity: 1000, memberships: [{ groupId: 'g', weight: 3 }] })
    agent('bo', { capacity: 1000 })
    const shares = (from: number, count: number) => {
      const holders = Array.from({ length: count }, (_, i) => {
        enqueue(`i${from + i}`)
        return holderOf(`i${from + i}`)
      })
      return holders.filter((holder) => holder === 'ann').length
    }
    expect(shares(0, 40)).toBe(30)
    tell({ type: 'agent.presence', agentId: 'bo', state: 'away' })
    expect(shares(40, 40)).toBe(40)
    tell({ type: 'agent.presence', agentId: 'bo', state: 'online' })
    expect(shares(80, 40)).toBe(30)
  })

  test('goes in the order in which a step names people', () => {
    const steps = [{ agents: ['cy', 'ann', 'bo'] }]
    const { agent, enqueue, holderOf } = centre({ acceptMode: 'auto', strategy: 'priority-list', steps })
    for (const id of ['ann', 'bo', 'cy']) agent(id, { capacity: 1 })
    for (const id of ['i1', 'i2', 'i3']) enqueue(id)
    expect(['i1', 'i2', 'i3'].map(holderOf)).toEqual(['cy', 'ann', 'bo'])
  })

  test('goes by lot to everybody about equally, and the same way each time', () => {
    const drawn = () => {
      const { agent, enqueue, holderOf } = centre({ acceptMode: 'auto', strategy: 'random' })
      for (const id of ['ann', 'bo', 'cy']) agent(id, { capacity: 1000 })
      return Array.from({ length: 300 }, (_, i) => {
        enqueue(`i${i}`)
        return holderOf(`i${i}`)
      })
    }
    const once = drawn()
    expect(drawn()).toEqual(once)
    for (const id of ['ann', 'bo', 'cy']) expect(once.filter((holder) => holder === id).length).toBeGreaterThan(80)
  })
})

test('strict priority comes first however long others have waited, until the guard', () => {
  const { agent, enqueue, pass, holderOf } = centre({ acceptMode: 'auto', order: { by: 'strict', guardMs: 60_000 } })
  enqueue('low')
  pass(50_000)
  enqueue('high', { priority: 5 })
  agent('ann', { capacity: 1 })
  expect(holderOf('high')).toBe('ann')
  expect(kinds(pass(10_000))).toEqual(['lifted'])
  enqueue('higher', { priority: 9 })
  agent('bo', { capacity: 1 })
  expect(holderOf('low')).toBe('bo')
})

test('the newest come first where requests cool, but for whoever has waited as long as the guard', () => {
  const { agent, enqueue, pass, tell, holderOf } = centre({
    acceptMode: 'auto',
    order: { by: 'lifo', guardMs: 60_000 },
  })
  agent('ann', { capacity: 1 })
  for (const id of ['first', 'second', 'third', 'fourth']) {
    enqueue(id)
    pass(15_000)
  }
  enqueue('urgent', { priority: 1 })
  enqueue('fifth')
  const next = () => {
    const held = ['first', 'second', 'third', 'fourth', 'urgent', 'fifth'].find((id) => holderOf(id) === 'ann') ?? ''
    tell({ type: 'item.end', itemId: held })
    return held
  }
  expect([next(), next(), next()]).toEqual(['first', 'urgent', 'fifth'])
  pass(15_000)
  expect([next(), next(), next()]).toEqual(['fourth', 'second', 'third'])
})

test('a group counts for one member as if its items had waited longer, and no more than that', () => {
  const { agent, enqueue, pass, tell, holderOf } = centre({ acceptMode: 'auto' })
  tell({ type: 'config.group', group: { id: 'own', acceptMode: 'auto' } })
  const own = [{ groupId: 'own', creditMs: 60_000 }, { groupId: 'g' }]
  enqueue('foreign')
  pass(30_000)
  enqueue('own', { groupId: 'own' })
  agent('ann', { capacity: 1, memberships: own })
  expect(holderOf('own')).toBe('ann')
  pass(40_000)
  enqueue('later', { groupId: 'own' })
  tell({ type: 'item.end', itemId: 'own' })
  expect(holderOf('foreign')).toBe('ann')
})

describe('a reserve', () => {
  const reserve = { agents: 1, priority: 1 }

  test('is kept for important work, and gives way as soon as somebody else is free', () => {
    const { agent, enqueue, stateOf, holderOf } = centre({ acceptMode: 'auto', reserve })
    agent('ann', { capacity: 1 })
    enqueue('ordinary')
    expect(stateOf('ordinary')).toBe('waiting')
    enqueue('important', { priority: 1 })
    expect(holderOf('important')).toBe('ann')
    agent('bo', { capacity: 1 })
    expect(stateOf('ordinary')).toBe('waiting')
    agent('cy', { capacity: 1 })
    expect(holderOf('ordinary')).toBe('bo')
  })

  test('lets through what becomes important', () => {
    const { agent, enqueue, tell, holderOf } = centre({ acceptMode: 'auto', reserve })
    agent('ann', { capacity: 1 })
    enqueue('i')
    tell({ type: 'item.update', itemId: 'i', priority: 1 })
    expect(holderOf('i')).toBe('ann')
  })
})

describe('beside what is in hand', () => {
  test('a group’s bound for each member holds, and a membership’s own goes before it', () => {
    const { agent, enqueue, holderOf, stateOf } = centre({ acceptMode: 'auto', maxEach: 1 })
    agent('ann')
    agent('bo', { memberships: [{ groupId: 'g', maxItems: 2 }] })
    for (const id of ['i1', 'i2', 'i3', 'i4']) enqueue(id)
    expect(['i1', 'i2', 'i3'].map(holderOf)).toEqual(['ann', 'bo', 'bo'])
    expect(stateOf('i4')).toBe('waiting')
  })

  test('a chat is not given during a call where the group forbids it', () => {
    const { agent, enqueue, tell, stateOf } = centre({ acceptMode: 'auto', notDuring: ['call'] })
    tell({ type: 'config.group', group: { id: 'phone', acceptMode: 'auto' } })
    agent('ann', { memberships: [...memberships, { groupId: 'phone' }] })
    enqueue('call', { groupId: 'phone', medium: 'call' })
    enqueue('chat')
    expect(stateOf('chat')).toBe('waiting')
    tell({ type: 'item.end', itemId: 'call' })
    expect(stateOf('chat')).toBe('active')
  })

  test('work that yields takes spare room only, and never keeps other work away', () => {
    const { agent, enqueue, tell, stateOf } = centre({ acceptMode: 'auto' })
    tell({ type: 'config.group', group: { id: 'mail', acceptMode: 'auto', interruptible: true } })
    agent('ann', { capacity: 2, memberships: [...memberships, { groupId: 'mail' }] })
    for (const id of ['m1', 'm2', 'm3']) enqueue(id, { groupId: 'mail', medium: 'ticket' })
    expect(['m1', 'm2', 'm3'].map(stateOf)).toEqual(['active', 'active', 'waiting'])
    for (const id of ['c1', 'c2', 'c3']) enqueue(id)
    expect(['c1', 'c2', 'c3'].map(stateOf)).toEqual(['active', 'active', 'waiting'])
    tell({ type: 'item.end', itemId: 'm1' })
    expect([stateOf('m3'), stateOf('c3')]).toEqual(['waiting', 'waiting'])
  })

  test('who closes a medium is offered nothing in it, and loses what was offered', () => {
    const { agent, enqueue, tell, stateOf } = centre()
    agent('ann')
    enqueue('chat')
    const closing = tell({ type: 'agent.presence', agentId: 'ann', state: 'online', closed: ['chat'] })
    expect(kinds(closing)).toEqual(['rescind', 'requeue'])
    enqueue('call', { medium: 'call' })
    expect([stateOf('chat'), stateOf('call')]).toEqual(['waiting', 'offered'])
  })

  test('one member may take without being asked where others are asked', () => {
    const { agent, enqueue, stateOf } = centre()
    agent('ann', { capacity: 1, acceptMode: 'auto' })
    agent('bo', { capacity: 1 })
    enqueue('i1')
    enqueue('i2')
    expect([stateOf('i1'), stateOf('i2')]).toEqual(['active', 'offered'])
  })
})

describe('after the end', () => {
  const wrapUp = (group: Parameters<typeof centre>[0]) => {
    const one = centre({ acceptMode: 'auto', ...group })
    one.agent('ann')
    one.enqueue('i')
    return one
  }

  test('a fixed wrap-up is not left early', () => {
    const { tell, stateOf, pass } = wrapUp({ wrapUp: 'fixed', wrapUpMs: 1000 })
    tell({ type: 'item.end', itemId: 'i' })
    expect(tell({ type: 'item.wrapDone', itemId: 'i' })).toMatchObject([{ type: 'ignored', reason: 'stale' }])
    expect(stateOf('i')).toBe('wrapup')
    expect(kinds(pass(1000))).toEqual(['release', 'ended'])
  })

  test('an open one lasts until the agent is done, or gone', () => {
    const { tell, stateOf, pass } = wrapUp({ wrapUp: 'open' })
    tell({ type: 'item.end', itemId: 'i' })
    expect(pass(86_400_000)).toEqual([])
    expect(stateOf('i')).toBe('wrapup')
    expect(kinds(tell({ type: 'agent.presence', agentId: 'ann', state: 'offline' }))).toEqual(['release', 'ended'])
  })

  test('one on request is for those who asked', () => {
    const asked = wrapUp({ wrapUp: 'on-request', wrapUpMs: 500 })
    asked.tell({ type: 'item.wrapUp', itemId: 'i', agentId: 'ann' })
    expect(kinds(asked.tell({ type: 'item.end', itemId: 'i' }))).toEqual(['wrapUp'])
    const silent = wrapUp({ wrapUp: 'on-request', wrapUpMs: 500 })
    expect(kinds(silent.tell({ type: 'item.end', itemId: 'i' }))).toEqual(['release', 'ended'])
  })
})

describe('overflow', () => {
  test('takes the place in line along, and ends in the pool where it would go round in a circle', () => {
    const { enqueue, tell, pass, agent, stateOf, holderOf, now } = centre({
      acceptMode: 'auto',
      overflow: { late: { afterMs: 1000, handler: { to: 'group', groupId: 'b' } } },
    })
    const back = { to: 'group', groupId: 'g' } as const
    const overflow = { late: { afterMs: 1000, handler: back } }
    tell({ type: 'config.group', group: { id: 'b', acceptMode: 'auto', overflow } })
    enqueue('i')
    const key = now()
    expect(pass(1000)).toMatchObject([
      { type: 'overflow', cause: 'late', handler: { to: 'group', groupId: 'b' } },
      { type: 'requeue', groupId: 'b', reason: 'overflow', key },
    ])
    expect(pass(1000)).toMatchObject([{ type: 'overflow', cause: 'late', handler: { to: 'pool' } }])
    agent('ann', { memberships: [{ groupId: 'b' }] })
    expect(stateOf('i')).toBe('pooled')
    tell({ type: 'item.pull', itemId: 'i', agentId: 'ann' })
    expect(holderOf('i')).toBe('ann')
  })

  test('closes no ticket: what would end one keeps it aside, until somebody takes it', () => {
    const { agent, enqueue, tell, pass, stateOf } = centre({
      overflow: { late: { afterMs: 1000, handler: { to: 'end', action: 'close' } } },
    })
    enqueue('chat')
    enqueue('ticket', { medium: 'ticket' })
    expect(kinds(pass(1000))).toEqual(['overflow', 'ended', 'overflow'])
    expect([stateOf('chat'), stateOf('ticket')]).toEqual([undefined, 'pooled'])
    agent('ann')
    expect(stateOf('ticket')).toBe('pooled')
    expect(kinds(tell({ type: 'item.pull', itemId: 'ticket', agentId: 'ann' }))).toEqual(['assign'])
  })

  test('nobody there, a full line and a long one each have their own way', () => {
    const { enqueue, tell, agent, pass } = centre({
      acceptMode: 'auto',
      maxWaiting: 2,
      overflow: {
        nobody: { to: 'end', action: 'nobody' },
        full: { to: 'end', action: 'full' },
        slow: { estimateMs: 60_000, handler: { to: 'end', action: 'slow' } },
      },
    })
    expect(enqueue('i1')).toMatchObject([
      { type: 'overflow', cause: 'nobody' },
      { type: 'ended', action: 'nobody' },
    ])
    agent('ann', { capacity: 1 })
    tell({ type: 'agent.presence', agentId: 'ann', state: 'busy' })
    expect(kinds(enqueue('i2'))).toEqual(['queued'])
    pass(60_000)
    expect(enqueue('i3')).toMatchObject([
      { type: 'overflow', cause: 'slow' },
      { type: 'ended', action: 'slow' },
    ])
    tell({ type: 'agent.presence', agentId: 'ann', state: 'online' })
    for (const id of ['i4', 'i5']) expect(kinds(enqueue(id))).toEqual(['queued'])
    expect(enqueue('i6')).toMatchObject([
      { type: 'overflow', cause: 'full' },
      { type: 'ended', action: 'full' },
    ])
  })
})
