/** Calls by plan as the pure machine has them: menus, messages, surveys, numbers outside, calls that go out. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CallCommand,
  type CallEvent,
  type CallNews,
  type CallRecord,
  newCall,
  replay,
  step,
} from '../../../src/core/calls/machine.ts'
import { mistakesIn } from '../../../src/core/calls/plans.ts'
import type { CallPlan } from '../../../src/core/events/call-plan-shapes.ts'

const plan: CallPlan = {
  begin: { to: 'menu', menu: 'main' },
  menus: {
    main: {
      keys: {
        '1': { to: 'queue', groupId: 'grp_a' },
        '2': { to: 'menu', menu: 'main' },
        '3': { to: 'number', number: '021' },
      },
      tries: 2,
      otherwise: { to: 'voicemail' },
    },
  },
  waiting: { keys: { '*': { to: 'callback' }, '9': { to: 'voicemail' } } },
  voicemail: {},
  survey: { tries: 2 },
}

/** Tells it one after the other, a second apart; answers with how it is then, and what was to be done last. */
function told(news: readonly CallNews[], beginning: Parameters<typeof newCall>[1] = { plan: { ...plan, scale: 5 } }) {
  let record: CallRecord = newCall(0, beginning)
  let commands: readonly CallCommand[] = []
  for (const [index, one] of news.entries()) {
    const after = step(record, { ...one, at: (index + 1) * 1000 } as CallEvent)
    record = after.record
    commands = after.commands
  }
  return { record, commands, does: commands.map(({ do: what }) => what) }
}

const inMenu: CallNews[] = [{ type: 'screened' }, { type: 'routed', target: { to: 'menu', menu: 'main' } }]
const inQueue: CallNews[] = [...inMenu, { type: 'pressed', key: '1' }]
const rung = { type: 'rung', leg: 'a', memberId: 'm1', extension: '8001', offerId: 'o1' } as const
const talking: CallNews[] = [...inQueue, rung, { type: 'answered', leg: 'a' }]

describe('a menu', () => {
  test('answers the caller first, once, and asks', () => {
    expect(told(inMenu).does).toEqual(['answer', 'ask'])
    expect(told([...inMenu, { type: 'pressed', key: '2' }]).does).toEqual(['ask'])
  })

  test('leads to the group of its key, and then nobody is asked any more', () => {
    const { record, does } = told(inQueue)
    expect(record).toMatchObject({ state: 'queued', groupId: 'grp_a' })
    expect(record.question).toBeUndefined()
    expect(does).toEqual(['wait'])
  })

  test('asks again for a wrong key and for silence, and goes otherwise when it has been asked as often as may be', () => {
    expect(told([...inMenu, { type: 'pressed', key: '7' }]).does).toEqual(['ask'])
    expect(told([...inMenu, { type: 'pressed', key: '7' }, { type: 'silent', question: 2 }]).record.state).toBe(
      'voicemail',
    )
  })

  test('hears nothing of a silence that was asked for before', () => {
    const { record } = told([...inMenu, { type: 'pressed', key: '2' }, { type: 'silent', question: 1 }])
    expect(record.question).toMatchObject({ tries: 0 })
  })

  test('that leads in a circle ends after fifty questions', () => {
    const circle = Array.from({ length: 60 }, (): CallNews => ({ type: 'pressed', key: '2' }))
    expect(told([...inMenu, ...circle]).record).toMatchObject({ state: 'ended', end: 'rejected', detail: 'menu' })
  })
})

describe('while they wait', () => {
  test('a caller can hang up and keep their place, and phones that ring are let go', () => {
    const { record, does } = told([...inQueue, rung, { type: 'pressed', key: '*' }])
    expect(record).toMatchObject({ end: 'callback', legs: [{ outcome: 'withdrawn' }] })
    expect(does).toEqual(['stop-ringing', 'hang-up'])
  })

  test('a message counts only once the tone was heard', () => {
    const leaving: CallNews[] = [...inQueue, { type: 'pressed', key: '9' }]
    expect(told([...leaving, { type: 'caller-left' }]).record.end).toBe('abandoned')
    expect(told([...leaving, { type: 'leaving' }, { type: 'caller-left' }]).record.end).toBe('voicemail')
    expect(told([...leaving, { type: 'leaving' }, { type: 'pressed', key: '#' }]).record.end).toBe('voicemail')
    expect(told([...leaving, { type: 'leaving' }, { type: 'time-up' }]).does).toEqual(['hang-up'])
  })
})

describe('after the agent', () => {
  const left: CallNews[] = [...talking, { type: 'agent-left', leg: 'a' }]

  test('the caller is asked, whoever of ours hung up; one score is taken, and the call is as complete without it', () => {
    expect(told(left)).toMatchObject({ record: { state: 'survey' }, does: ['release', 'ask'] })
    expect(told([...talking, { type: 'closed', by: 'agent' }]).record.state).toBe('survey')
    expect(told([...left, { type: 'pressed', key: '4' }]).record).toMatchObject({ score: 4, end: 'completed' })
    expect(told([...left, { type: 'pressed', key: '9' }]).record).toMatchObject({ state: 'survey' })
    const silent = told([...left, { type: 'pressed', key: '9' }, { type: 'silent', question: 3 }]).record
    expect(silent).toMatchObject({ end: 'completed', endedBy: 'agent' })
    expect(silent.score).toBeUndefined()
  })

  test('the conversation closes without hanging up on the caller who is being asked', () => {
    expect(told([...left, { type: 'closed', by: 'hub' }]).record.state).toBe('survey')
  })

  test('a caller whom a phone has handed on waits for whoever comes', () => {
    const { record, does } = told([...talking, { type: 'referred', leg: 'a' }, { type: 'agent-left', leg: 'a' }])
    expect(record).toMatchObject({ state: 'queued', end: null })
    expect(does).toEqual(['release', 'wait'])
  })

  test('a caller whom nobody has taken from that phone is its own again: when it hangs up, that is the end', () => {
    const handed: CallNews[] = [...talking, { type: 'referred', leg: 'a' }]
    const number = { type: 'rung', leg: 'n', memberId: null, extension: '', number: '021', offerId: null } as const
    const isOver = (...news: CallNews[]) => told([...handed, ...news, { type: 'agent-left', leg: 'a' }]).record.state
    expect(isOver({ type: 'unreferred', leg: 'a' })).toBe('survey')
    expect(isOver(number, { type: 'unanswered', leg: 'n', outcome: 'busy' })).toBe('survey')
    expect(isOver(number)).toBe('offered')
    expect(isOver({ type: 'unreferred', leg: 'b' })).toBe('queued')
  })
})

test('keys of those who wait lead out of the queue, not to another or a menu', () => {
  expect(mistakesIn(plan)).toEqual([])
  const keys = {
    '1': { to: 'queue' },
    '2': { to: 'menu', menu: 'main' },
    '3': { to: 'number', number: '021' },
  } as const
  expect(mistakesIn({ ...plan, waiting: { keys } }).map(({ pointer }) => pointer)).toEqual([
    '/waiting/keys/1',
    '/waiting/keys/2',
  ])
})

describe('a number outside', () => {
  test('that does not answer leads to voicemail, and one that does is no agent', () => {
    const sent: CallNews[] = [...inMenu, { type: 'pressed', key: '3' }]
    const [leg] = told(sent).record.legs
    if (leg === undefined) throw new Error('nobody is called')
    expect(told([...sent, { type: 'unanswered', leg: leg.id, outcome: 'busy' }]).record.state).toBe('voicemail')
    const over = told([...sent, { type: 'answered', leg: leg.id }, { type: 'agent-left', leg: leg.id }]).record
    expect(over).toMatchObject({ state: 'ended', end: 'forwarded' })
  })
})

describe('a call that goes out', () => {
  const out = { direction: 'out' } as const
  const ours: CallNews[] = [
    { ...rung, offerId: null },
    { type: 'answered', leg: 'a' },
  ]

  test('rings our phone, then theirs, and both talk', () => {
    expect(told(ours, out)).toMatchObject({ record: { state: 'dialling', answeredAt: null }, does: ['call'] })
    expect(told([...ours, { type: 'far-answered' }], out)).toMatchObject({
      record: { state: 'talking' },
      does: ['join'],
    })
  })

  test('fails where either does not answer, and nobody is left on the line', () => {
    const [first] = ours as [CallNews]
    expect(told([first, { type: 'unanswered', leg: 'a', outcome: 'busy' }], out).record).toMatchObject({
      end: 'failed',
    })
    const failed = told([...ours, { type: 'far-unanswered', outcome: 'busy' }], out)
    expect(failed).toMatchObject({ record: { end: 'failed', detail: 'busy' }, does: ['release', 'hang-up'] })
  })
})

test('whatever it is told in whatever order, a call by plan ends once, with nobody on the line, and its events lead to it again', () => {
  const news = fc.oneof(
    fc.constantFrom<CallNews>(
      ...inMenu,
      rung,
      { type: 'answered', leg: 'a' },
      { type: 'answered', leg: 'number-1' },
      { type: 'unanswered', leg: 'number-1', outcome: 'busy' },
      { type: 'agent-left', leg: 'a' },
      { type: 'referred', leg: 'a' },
      { type: 'leaving' },
      { type: 'time-up' },
      { type: 'far-answered' },
      { type: 'closed', by: 'hub' },
      { type: 'closed', by: 'agent' },
      { type: 'held' },
      { type: 'returned' },
    ),
    fc.constantFrom(...'0123456789*#').map((key): CallNews => ({ type: 'pressed', key })),
    fc.integer({ min: 1, max: 6 }).map((question): CallNews => ({ type: 'silent', question })),
  )
  fc.assert(
    fc.property(fc.array(news, { maxLength: 30 }), (all) => {
      const history = [...inMenu, ...all, { type: 'caller-left' } as const]
      const { record } = told(history)
      expect(record.state).toBe('ended')
      expect(record.legs.filter(({ state }) => state !== 'ended')).toEqual([])
      const events = history.map((one, index) => ({ ...one, at: (index + 1) * 1000 }) as CallEvent)
      expect(replay(0, events, { plan: { ...plan, scale: 5 } })).toEqual(record)
    }),
    { numRuns: 2000 },
  )
})
