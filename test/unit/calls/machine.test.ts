import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CallCommand,
  type CallEvent,
  type CallRecord,
  newCall,
  replay,
  step,
} from '../../../src/core/calls/machine.ts'
import { type Standing, wishesOf } from '../../../src/core/calls/wishes.ts'

const legs = ['a', 'b', 'c']
const anyEvent: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.constantFrom(
    { type: 'screened' },
    { type: 'refused', detail: 'closed' },
    { type: 'queued' },
    { type: 'held' },
    { type: 'resumed' },
    { type: 'returned' },
    { type: 'caller-left' },
    { type: 'consulting', to: { memberId: 'm2' } },
    { type: 'consulting', to: { groupId: 'g1' } },
    { type: 'consulting', to: { number: '10086' } },
    { type: 'consult-over', outcome: 'returned' },
    { type: 'consult-over', outcome: 'returned', holds: true },
    { type: 'consult-over', outcome: 'nobody' },
    { type: 'joined' },
    { type: 'handed-over' },
    { type: 'closed', by: 'agent' },
    { type: 'failed', detail: 'x' },
    { type: 'interrupted' },
  ),
  fc.record({
    type: fc.constant('rung'),
    leg: fc.constantFrom(...legs),
    memberId: fc.constantFrom('m1', 'm2', null),
    extension: fc.constant('8001'),
    offerId: fc.constantFrom('o1', null),
  }),
  fc.record({ type: fc.constantFrom('answered', 'connected', 'agent-left'), leg: fc.constantFrom(...legs) }),
  fc.record({
    type: fc.constant('unanswered'),
    leg: fc.constantFrom(...legs),
    outcome: fc.constantFrom('busy', 'no-answer'),
  }),
)
/** Mostly a call that got into the queue, so that there is something to go wrong with. */
const history = fc
  .array(fc.tuple(anyEvent, fc.nat(5000)), { maxLength: 40 })
  .map((list) => [[{ type: 'screened' }, 0], [{ type: 'queued' }, 10], ...list] as [Record<string, unknown>, number][])
  .map((list) => {
    let at = 1000
    return list.map(([event, after]) => {
      at += after
      return { ...event, at } as unknown as CallEvent
    })
  })

/** What the commands of a whole history leave on the wire. */
function wireAfter(events: readonly CallEvent[]) {
  const ringing = new Set<string>()
  const talking = new Set<string>()
  const asked = new Set<string>()
  let record: CallRecord = newCall(1000)
  const seen: { before: CallRecord; after: CallRecord; commands: readonly CallCommand[]; event: CallEvent }[] = []
  for (const event of events) {
    const { record: after, commands } = step(record, event)
    seen.push({ before: record, after, commands, event })
    for (const command of commands) {
      if (command.do === 'ring') ringing.add(command.leg)
      if (command.do === 'stop-ringing') ringing.delete(command.leg)
      if (command.do === 'join') {
        ringing.delete(command.leg)
        asked.delete(command.leg)
        talking.add(command.leg)
      }
      if (command.do === 'meet') {
        ringing.delete(command.leg)
        asked.add(command.leg)
      }
      if (command.do === 'release') {
        talking.delete(command.leg)
        asked.delete(command.leg)
      }
    }
    // A phone that says it has gone is no leg any more.
    if (event.type === 'agent-left' && after !== record) {
      talking.delete(event.leg)
      asked.delete(event.leg)
    }
    record = after
  }
  return { ringing, talking, asked, record, seen }
}

describe('a call, whatever it is told in whatever order,', () => {
  test('has on the wire just what its record says, at every moment', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { ringing, talking, asked, record } = wireAfter(events)
        const of = (state: string) => record.legs.filter((leg) => leg.state === state).map(({ id }) => id)
        expect([...ringing].sort()).toEqual(of('ringing').sort())
        expect([...talking].sort()).toEqual(of('talking').sort())
        expect([...asked].sort()).toEqual(of('consulting').sort())
        expect(talking.size).toBeLessThanOrEqual(1)
        expect(asked.size).toBeLessThanOrEqual(1)
      }),
      { numRuns: 2000 },
    )
  })

  test('ends once, lets everybody go, and changes no more', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { seen } = wireAfter([...events, { type: 'caller-left', at: 1e9 }])
        const ends = seen.filter(({ before, after }) => before.state !== 'ended' && after.state === 'ended')
        expect(ends).toHaveLength(1)
        for (const { before, after } of seen) if (before.state === 'ended') expect(after).toBe(before)
      }),
    )
  })

  test('is abandoned or completed by whether anybody had answered when the caller left', () => {
    fc.assert(
      fc.property(history, (events) => {
        const before = replay(1000, events)
        fc.pre(before.state !== 'ended')
        const { record } = step(before, { type: 'caller-left', at: 1e9 })
        const had = before.legs.filter(({ answeredAt }) => answeredAt !== null)
        const isOurs = had.some(({ memberId }) => memberId !== null)
        expect(record.end).toBe(isOurs ? 'completed' : had.length > 0 ? 'forwarded' : 'abandoned')
      }),
    )
  })

  test('has a state that its legs and its hold agree with', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { state, legs: all, heldSince, consult } = replay(1000, events)
        const has = (wanted: string) => all.some((leg) => leg.state === wanted)
        if (['talking', 'held', 'consulting', 'conference'].includes(state)) expect(has('talking')).toBe(true)
        if (state === 'offered') expect([has('ringing'), has('talking')]).toEqual([true, false])
        if (state === 'queued' || state === 'ended') expect(has('ringing') || has('talking')).toBe(false)
        expect(heldSince !== null).toBe(state === 'held' || state === 'consulting')
        expect(consult !== undefined).toBe(state === 'consulting' || state === 'conference')
        if (has('consulting')) expect(consult?.leg).toBe(all.find((leg) => leg.state === 'consulting')?.id)
      }),
    )
  })

  test('lets a phone go that answers when it is too late', () => {
    const queued: CallEvent[] = [
      { type: 'screened', at: 1 },
      { type: 'queued', at: 2 },
      { type: 'rung', leg: 'a', memberId: 'm1', extension: '8001', offerId: null, at: 3 },
    ]
    for (const last of [
      { type: 'caller-left', at: 4 },
      { type: 'unanswered', leg: 'a', outcome: 'withdrawn', at: 4 },
    ] as const) {
      const late = step(replay(0, [...queued, last]), { type: 'answered', leg: 'a', at: 5 })
      expect(late).toMatchObject({ ignored: true, commands: [{ do: 'release', leg: 'a' }] })
    }
  })
})

describe('what its conversation calls for', () => {
  const standing: Standing = {
    status: 'open',
    heldBy: 'queue',
    assigneeId: null,
    assignedAt: null,
    transferGroupId: null,
    offers: [],
    phones: { m1: '8001', m2: '8002' },
  }
  const waiting = replay(0, [
    { type: 'screened', at: 1 },
    { type: 'queued', at: 2 },
  ])
  const ringing = step(waiting, {
    type: 'rung',
    leg: 'a',
    memberId: 'm1',
    extension: '8001',
    offerId: 'o1',
    at: 3,
  }).record
  const talking = step(ringing, { type: 'answered', leg: 'a', at: 4 }).record
  const wishes = (record: CallRecord, more: Partial<Standing>) =>
    wishesOf(record, { ...standing, ...more }, () => 'new')
  const offer = (id: string, memberId: string, state = 'open') => ({ id, memberId, state })
  const rung = (memberId: string, extension: string, offerId: string | null) => ({
    wish: 'tell',
    news: { type: 'rung', leg: 'new', memberId, extension, offerId },
  })

  test('a phone rings for an offer, and for whoever has it already, once each', () => {
    expect(wishes(waiting, { offers: [offer('o1', 'm1')] })).toEqual([rung('m1', '8001', 'o1')])
    expect(wishes(waiting, { heldBy: 'agent', assigneeId: 'm2', assignedAt: 3 })).toEqual([rung('m2', '8002', null)])
    expect(wishes(ringing, { offers: [offer('o1', 'm1')] })).toEqual([])
  })

  test('an offer that has run out stops the ringing, as not answered; one that was taken back as withdrawn', () => {
    const outcome = (state: string) =>
      wishes(ringing, { offers: [offer('o1', 'm1', state)] }).map((wish) => 'news' in wish && wish.news)
    expect(outcome('expired')).toEqual([{ type: 'unanswered', leg: 'a', outcome: 'no-answer' }])
    expect(outcome('rescinded')).toEqual([{ type: 'unanswered', leg: 'a', outcome: 'withdrawn' }])
  })

  test('an offer accepted elsewhere rings on', () => {
    const accepted = {
      heldBy: 'agent',
      assigneeId: 'm1',
      assignedAt: 4,
      offers: [offer('o1', 'm1', 'accepted')],
    } as const
    expect(wishes(ringing, accepted)).toEqual([])
  })

  test('given to somebody else, their phone rings while the first still talks; given to a group, the caller waits again', () => {
    expect(wishes(talking, { heldBy: 'agent', assigneeId: 'm2', assignedAt: 5 })).toEqual([rung('m2', '8002', null)])
    expect(wishes(talking, {})).toEqual([{ wish: 'tell', news: { type: 'returned' } }])
  })

  test('without a phone, or with one that does not answer, it is passed on; an offer that was declined is not rung again', () => {
    expect(wishes(waiting, { offers: [offer('o1', 'm3')] })).toEqual([
      { wish: 'pass-on', memberId: 'm3', offerId: 'o1' },
    ])
    const busy = step(ringing, { type: 'unanswered', leg: 'a', outcome: 'busy', at: 4 }).record
    expect(wishes(busy, { offers: [offer('o1', 'm1')] })).toEqual([])
    const given = { heldBy: 'agent', assigneeId: 'm1', assignedAt: 3 } as const
    expect(wishes(busy, given)).toEqual([{ wish: 'pass-on', memberId: 'm1', offerId: null }])
    expect(wishes(busy, { ...given, assignedAt: 9 })).toEqual([rung('m1', '8001', null)])
  })

  describe('of an agent who asks somebody', () => {
    const mine = { heldBy: 'agent', assigneeId: 'm1', assignedAt: 3 } as const
    const second = { type: 'rung', leg: 'b', memberId: 'm2', extension: '8002', offerId: 'o2' } as const
    const asking = step(talking, { type: 'consulting', to: { groupId: 'g1' }, at: 5 }).record
    const both = step(step(asking, { ...second, at: 6 }).record, { type: 'answered', leg: 'b', at: 7 }).record

    test('whom routing finds is rung, and nobody else while they talk; where it looks no more, the agent is told', () => {
      expect(wishes(asking, { ...mine, transferGroupId: 'g1' })).toEqual([])
      expect(wishes(asking, { ...mine, offers: [offer('o2', 'm2')] })).toEqual([rung('m2', '8002', 'o2')])
      expect(wishes(asking, mine)).toEqual([{ wish: 'tell', news: { type: 'consult-over', outcome: 'nobody' } }])
      expect(wishes(both, { ...mine, offers: [offer('o2', 'm2')] })).toEqual([])
    })

    test('a caller who was handed over is theirs by their offer, or by hand once that is over; then routing decides alone', () => {
      const over = step(both, { type: 'handed-over', at: 9 }).record
      expect(wishes(over, { ...mine, offers: [offer('o2', 'm2')] })).toEqual([
        { wish: 'give', memberId: 'm2', offerId: 'o2' },
      ])
      expect(wishes(over, mine)).toEqual([{ wish: 'give', memberId: 'm2', offerId: null }])
      expect(wishes(over, { ...mine, assigneeId: 'm2' })).toEqual([])
    })

    test('an asker who hangs up leaves the caller to whom they asked: to who rings, else to the group', () => {
      const left = step(asking, { type: 'agent-left', leg: 'a', at: 8 }).record
      expect(left).toMatchObject({ state: 'queued', consults: [{ outcome: 'handed-over' }] })
      expect(wishes(left, { ...mine, transferGroupId: 'g1' })).toEqual([{ wish: 'give-back', groupId: 'g1' }])
      expect(wishes(left, { ...mine, offers: [offer('o2', 'm2')] })).toEqual([rung('m2', '8002', 'o2')])
      const late = step(both, { type: 'agent-left', leg: 'a', at: 8 })
      expect(late.record).toMatchObject({ state: 'talking', legs: [{ outcome: 'hung-up' }, { state: 'talking' }] })
      expect(late.commands).toEqual([
        { do: 'release', leg: 'a' },
        { do: 'join', leg: 'b', segment: 2 },
      ])
    })

    test('whom a supervisor gives the call to meanwhile gets the caller on picking up, and those two are let go', () => {
      const given = { ...mine, assigneeId: 'm3', assignedAt: 8 }
      const phones = { m3: '8003' }
      expect(wishes(both, { ...given, phones })).toEqual([rung('m3', '8003', null)])
      const third = { type: 'rung', leg: 'c', memberId: 'm3', extension: '8003', offerId: null, at: 9 } as const
      const taken = step(step(both, third).record, { type: 'answered', leg: 'c', at: 10 })
      expect(taken.record).toMatchObject({ state: 'talking', consults: [{ outcome: 'ended' }] })
      expect(taken.commands).toEqual([
        { do: 'release', leg: 'b' },
        { do: 'release', leg: 'a' },
        { do: 'join', leg: 'c', segment: 2 },
      ])
    })

    test('who is muted is heard in the next talk, and by whom they ask', () => {
      const muted = step(talking, { type: 'muted', at: 5 })
      expect(muted).toMatchObject({ record: { muted: true }, commands: [{ do: 'mute', isMuted: true }] })
      expect(step(muted.record, { type: 'held', at: 6 }).record.muted).toBe(true)
      const asks = step(muted.record, { type: 'consulting', to: { groupId: 'g1' }, at: 6 })
      expect(asks.record.muted).toBeUndefined()
      expect(asks.commands[0]).toEqual({ do: 'mute', isMuted: false })
      const passed = step(muted.record, { ...second, offerId: null, at: 6 }).record
      expect(step(passed, { type: 'answered', leg: 'b', at: 7 }).record.muted).toBeUndefined()
      expect(step(muted.record, { type: 'muted', at: 6 }).ignored).toBe(true)
    })

    test('all three talk until one of them leaves the other two together', () => {
      const three = step(both, { type: 'joined', at: 8 })
      expect(three).toMatchObject({ record: { state: 'conference' }, commands: [{ do: 'confer', segment: 2 }] })
      const alone = step(three.record, { type: 'agent-left', leg: 'b', at: 9 })
      expect(alone.record).toMatchObject({ state: 'talking', consults: [{ outcome: 'left' }] })
      expect(alone.commands.at(-1)).toEqual({ do: 'join', leg: 'a', segment: 3 })
      expect(alone.commands).toContainEqual({ do: 'keep', leg: 'a', from: 'b' })
      const gone = step(three.record, { type: 'agent-left', leg: 'a', at: 9 })
      expect(gone.commands.at(-1)).toEqual({ do: 'join', leg: 'b', segment: 3 })
    })

    test('who does not answer leaves the caller on hold; who answers after the asker went back is let go', () => {
      const member = step(talking, { type: 'consulting', to: { memberId: 'm2' }, at: 5 }).record
      const rings = step(member, { ...second, at: 6 }).record
      const busy = step(rings, { type: 'unanswered', leg: 'b', outcome: 'busy', at: 7 })
      expect(busy.record).toMatchObject({
        state: 'held',
        heldSince: 5,
        consults: [{ outcome: 'busy', memberId: null }],
      })
      const back = step(rings, { type: 'consult-over', outcome: 'returned', at: 7 })
      expect(back.commands).toEqual([
        { do: 'stop-ringing', leg: 'b' },
        { do: 'keep', leg: 'a' },
        { do: 'back', leg: 'a' },
        { do: 'resume' },
      ])
      expect(back.record).toMatchObject({ state: 'talking', heldMs: 2 })
      const holds = step(rings, { type: 'consult-over', outcome: 'returned', holds: true, at: 7 })
      expect(holds.commands).toEqual(back.commands.slice(0, -1))
      expect(holds.record).toMatchObject({ state: 'held', heldSince: 5 })
      expect(step(back.record, { type: 'answered', leg: 'b', at: 8 }).commands).toEqual([{ do: 'release', leg: 'b' }])
    })
  })

  test('closed with its conversation', () => {
    expect(wishes(talking, { status: 'closed' })).toEqual([{ wish: 'tell', news: { type: 'closed', by: 'hub' } }])
  })
})
