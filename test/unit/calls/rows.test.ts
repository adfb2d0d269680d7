/** Calls as they are shown: what follows from their records and from who had their conversations. */
import { expect, test } from 'vitest'
import { type CallNews, replay } from '../../../src/core/calls/machine.ts'
import { newCall, newLeg } from '../../../src/core/calls/record.ts'
import { type CallRow, toCall } from '../../../src/core/calls/rows.ts'

const talked = {
  ...newLeg({ id: 'a', memberId: 'usr_a', extension: '8001', offerId: null }, 0),
  state: 'ended',
  answeredAt: 1000,
  endedAt: 5000,
} as const
const row: CallRow = {
  id: 'cal_a',
  conversationId: 'cnv_a',
  contactId: 'ctc_a',
  channelId: 'chn_a',
  direction: 'in',
  number: '',
  address: null,
  dialled: '9000',
  region: null,
  lookup: null,
  record: { ...newCall(0), state: 'ended', end: 'completed', answeredAt: 1000, endedAt: 5000, legs: [talked] },
  recordings: [],
  voices: [],
  heldBy: 'nobody',
  groupId: null,
  assigneeId: null,
  participantIds: [],
}

test('the wrap-up lasts from the end of the talk until its agent is free, or until now; of nobody else, and of no talk that goes on', () => {
  const wrapUpOf = (more: Partial<CallRow>) => toCall({ ...row, ...more }, 9000).wrapUpMs
  expect(wrapUpOf({ held: { memberId: 'usr_a', until: 7500 } })).toBe(2500)
  expect(wrapUpOf({ held: { memberId: 'usr_a', until: null } })).toBe(4000)
  expect(wrapUpOf({ held: { memberId: 'usr_a', until: 4000 } })).toBe(0)
  expect(wrapUpOf({ held: { memberId: 'usr_b', until: 7500 } })).toBeUndefined()
  expect(wrapUpOf({ held: null })).toBeUndefined()
  expect(wrapUpOf({})).toBeUndefined()
  const held = { memberId: 'usr_a', until: null }
  const talking = { ...row.record, state: 'talking', endedAt: null, end: null } as const
  expect(wrapUpOf({ record: talking, held })).toBeUndefined()
})

test('a talk lasts from when both hear each other, however long after the phone was picked up; where that was never noted, from then', () => {
  const rung = { type: 'rung', leg: 'a', memberId: 'usr_a', extension: '8001', offerId: null } as const
  /** A second apart. */
  const shown = (direction: 'in' | 'out', ...news: CallNews[]) => {
    const events = news.map((one, index) => ({ ...one, at: (index + 1) * 1000 }))
    return toCall({ ...row, record: replay(0, events, { direction }) }, 9000)
  }
  const picked: CallNews[] = [{ type: 'screened' }, { type: 'queued' }, rung, { type: 'answered', leg: 'a' }]
  expect(shown('in', ...picked)).toMatchObject({ state: 'talking', talkMs: 0, waitMs: 2000 })
  expect(shown('in', ...picked, { type: 'connected', leg: 'b' }).talkMs).toBe(0)
  const connected: CallNews = { type: 'connected', leg: 'a' }
  expect(shown('in', ...picked, connected, connected).talkMs).toBe(4000)
  expect(shown('in', ...picked, { type: 'agent-left', leg: 'a' })).toMatchObject({ end: 'completed', talkMs: 0 })
  const called: CallNews[] = [rung, { type: 'answered', leg: 'a' }, { type: 'far-answered' }]
  expect(shown('out', ...called).talkMs).toBe(0)
  expect(shown('out', ...called, connected).talkMs).toBe(5000)
  expect(toCall(row, 9000).talkMs).toBe(4000)
})
