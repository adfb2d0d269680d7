import { expect, test } from 'vitest'
import { maySee, maySeeEvent, type Viewer, visibleTo } from '../../../src/core/conversations/visibility.ts'
import { parameters } from '../../../src/core/platform/page.ts'

const ann: Viewer = { memberId: 'usr_ann', all: false, groupIds: ['grp_a', 'grp_b'] }
const supervisor: Viewer = { memberId: 'usr_sup', all: true, groupIds: [] }
const program: Viewer = { memberId: null, all: false, groupIds: [] }

const waiting = { heldBy: 'queue', groupId: 'grp_a', assigneeId: null } as const
const anns = { heldBy: 'agent', groupId: 'grp_c', assigneeId: 'usr_ann' } as const
const bobs = { heldBy: 'agent', groupId: 'grp_a', assigneeId: 'usr_bob' } as const

test.each([
  ['what is assigned to them', anns, false, true],
  ['what was theirs when it was closed', { ...anns, heldBy: 'nobody' } as const, false, true],
  ['a colleague’s in which they take part', { ...bobs, participantIds: ['usr_eve', 'usr_ann'] }, false, true],
  ['not a colleague’s in which others take part', { ...bobs, participantIds: ['usr_eve'] }, false, false],
  ['what waits in one of their groups', waiting, false, true],
  ['what is offered to them, whoever’s group it is', { ...waiting, groupId: 'grp_c' }, true, true],
  ['not what waits in another group', { ...waiting, groupId: 'grp_c' }, false, false],
  ['not what waits in no group', { ...waiting, groupId: null }, false, false],
  ['not what a bot holds for their group', { ...waiting, heldBy: 'bot' } as const, false, false],
  ['not a colleague’s, though it came through their group', bobs, false, false],
  ['not what was closed while it waited', { ...waiting, heldBy: 'nobody' } as const, false, false],
])('an agent sees %s', (_, of, offered, seen) => {
  expect(maySee(ann, of, offered)).toBe(seen)
})

test('who may read all sees all; a program that may not sees nothing, not even what is nobody’s', () => {
  for (const of of [waiting, anns, bobs]) {
    expect(maySee(supervisor, of, false)).toBe(true)
    expect(maySee(program, { ...of, assigneeId: null }, false)).toBe(false)
  }
})

test.each([
  ['the agent from whom it is taken', { ...bobs, type: 'conversation.assigned', previousAssigneeId: 'usr_ann' }, true],
  [
    'who takes part no longer',
    { ...bobs, participantIds: [], type: 'conversation.left', previousAssigneeId: null, memberId: 'usr_ann' },
    true,
  ],
  ['the group in which it waited', { ...bobs, type: 'conversation.assigned', previousAssigneeId: null }, true],
  [
    'not the group of a conversation that goes from hand to hand',
    { ...bobs, type: 'conversation.assigned', previousAssigneeId: 'usr_eve' },
    false,
  ],
  [
    'the group in which it waited until it was closed',
    { ...waiting, heldBy: 'nobody' as const, type: 'conversation.closed', previousAssigneeId: null },
    true,
  ],
  [
    'not the group of what a colleague closes',
    { ...bobs, heldBy: 'nobody' as const, type: 'conversation.closed', previousAssigneeId: null },
    false,
  ],
  [
    'not the group of other things that happen to a colleague’s',
    { ...bobs, type: 'conversation.read', previousAssigneeId: null },
    false,
  ],
])('the event that takes a conversation away is told to %s', (_, event, seen) => {
  expect(maySeeEvent(ann, event, false)).toBe(seen)
  expect(maySeeEvent(program, event, false)).toBe(false)
  expect(maySeeEvent(supervisor, event, false)).toBe(true)
})

test('the condition for SQL binds what it compares with and never writes it into the text', () => {
  const { values, bind } = parameters()
  const sql = visibleTo({ ...ann, memberId: "usr_'; drop" }, bind)
  expect(sql).not.toContain('drop')
  expect(values).toEqual(["usr_'; drop", ['grp_a', 'grp_b']])
  expect(visibleTo(supervisor, bind)).toBe('true')
  expect(visibleTo(program, bind)).toBe('false')
})
