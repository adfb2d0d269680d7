/** Calls as they are shown: what follows from their records and from who had their conversations. */
import { expect, test } from 'vitest'
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
