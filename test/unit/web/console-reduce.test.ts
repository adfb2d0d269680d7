import { describe, expect, test } from 'vitest'
import {
  applyFrame,
  forgetMessages,
  markRead,
  putConversations,
  putMessageAgain,
  putMessages,
  putOffer,
  putPresences,
  putRecall,
  replaceOpen,
} from '../../../web/console/reduce.ts'
import type { ConsoleState } from '../../../web/console/state.ts'
import type { Frame } from '../../../web/stream-position.ts'
import { contact, conversation, created, frame, me, message, offer, start } from './console-state.ts'

const now = 1000
const told = (state: ConsoleState, ...frames: Frame[]) => frames.reduce((all, one) => applyFrame(all, one, now), state)
const known = (facts = {}) => putConversations(start, [conversation(facts)])
const numbers = (state: ConsoleState) => state.windows.cnv_1?.messages.map(({ number }) => number)

describe('conversations', () => {
  test('of two versions the newer stays, whichever comes last', () => {
    const state = told(
      start,
      frame('conversation.assigned', { conversation: conversation({ version: 3, heldBy: 'agent' }) }),
      frame('conversation.queued', { conversation: conversation({ version: 2, heldBy: 'queue' }) }),
    )
    expect(state.conversations.cnv_1).toMatchObject({ version: 3, heldBy: 'agent' })
  })

  test('what this page has read is not unread again by an older event', () => {
    const state = told(
      markRead(known({ lastNumber: 5 }), 'cnv_1', 5),
      frame('conversation.updated', { conversation: conversation({ version: 2, lastNumber: 5, agentRead: 3 }) }),
    )
    expect(state.conversations.cnv_1?.agentRead).toBe(5)
  })

  test('a customer waits from their first word without an answer until ours, whatever is noted meanwhile', () => {
    const at = '2026-11-22T08:00:00.000Z'
    const first = told(known({ waitingSince: null }), created(message(1, { direction: 'in', createdAt: at })))
    const noted = told(first, created(message(2, { direction: 'in' })), created(message(3, { direction: 'note' })))
    expect(noted.conversations.cnv_1?.waitingSince).toBe(at)
    expect(told(noted, created(message(4, { direction: 'out' }))).conversations.cnv_1?.waitingSince).toBeNull()
  })

  test('complete lists take away what they do not have', () => {
    expect(replaceOpen(known(), []).conversations).toEqual({})
  })

  test('complete lists do not take away what an event brought while they were on their way', () => {
    const state = told({ ...start, touched: [] }, frame('conversation.assigned', { conversation: conversation() }))
    expect(Object.keys(replaceOpen(state, []).conversations)).toEqual(['cnv_1'])
  })

  test('a message that is told anew is shown anew where it is shown, and begins nothing elsewhere', () => {
    const shown = putMessages(known({ lastNumber: 1 }), 'cnv_1', [message(1)], true)
    const now = { ...message(1), parts: [{ type: 'text' as const, text: 'edited' }], reactions: ['👍'] }
    const later = told(shown, frame('message.updated', { message: now }))
    expect(later.windows.cnv_1?.messages).toMatchObject([{ number: 1, parts: now.parts, reactions: ['👍'] }])
    expect(told(start, frame('message.updated', { message: now }))).toEqual(start)
  })

  test('closed conversations survive the lists of open ones', () => {
    expect(Object.keys(replaceOpen(known({ status: 'closed' }), []).conversations)).toEqual(['cnv_1'])
  })

  test('a new name of a contact shows in its conversations', () => {
    const state = told(known(), frame('contact.updated', { contact: contact({ name: '王小姐', version: 2 }) }))
    expect(state.conversations.cnv_1?.contactName).toBe('王小姐')
    expect(told(state, frame('contact.updated', { contact: contact() })).contacts.ctc_1?.name).toBe('王小姐')
    // An import tells of very many whom the page does not show.
    const stranger = contact({ id: 'ctc_9' })
    expect(told(state, frame('contact.created', { contact: stranger }))).toBe(state)
  })
})

describe('messages', () => {
  test('stand in order of their numbers, each once, whatever the order of list and events', () => {
    const loaded = putMessages(known(), 'cnv_1', [message(2), message(3)], false)
    const state = told(loaded, created(message(4)), created(message(3)))
    expect(numbers(putMessages(state, 'cnv_1', [message(1)], true))).toEqual([1, 2, 3, 4])
    expect(state.windows.cnv_1?.holed).toBe(false)
  })

  test('one that leaves a hole is known to, until the hole is filled', () => {
    const holed = told(putMessages(known(), 'cnv_1', [message(1)], true), created(message(4)))
    expect(holed.windows.cnv_1?.holed).toBe(true)
    const filled = putMessages(holed, 'cnv_1', [message(2), message(3)], false)
    expect(filled.windows.cnv_1).toMatchObject({ holed: false, reachedStart: true })
  })

  test('of a conversation that is not open on the page only the list learns', () => {
    const state = told(known(), created(message(1)))
    expect(state.windows.cnv_1).toBeUndefined()
    expect(state.conversations.cnv_1).toMatchObject({ lastNumber: 1, preview: 'words 1' })
  })

  test('a note is no preview for the list', () => {
    const state = told(known({ preview: 'before' }), created(message(1, { direction: 'note', status: 'noted' })))
    expect(state.conversations.cnv_1).toMatchObject({ lastNumber: 1, preview: 'before' })
  })

  test('of an unknown conversation it is fetched, once', () => {
    const state = told(start, created(message(1)), created(message(2)))
    expect(state.missing).toEqual(['cnv_1'])
    expect(putConversations(state, [conversation()]).missing).toEqual([])
  })

  test('a status never goes back, and a resend begins anew', () => {
    const out = message(1, { direction: 'out', status: 'queued' })
    const status = (word: string) =>
      frame('message.status', { conversationId: 'cnv_1', number: 1, status: word, failure: null })
    const read = told(putMessages(known(), 'cnv_1', [out], true), status('read'), status('accepted'))
    expect(read.windows.cnv_1?.messages[0]?.status).toBe('read')
    const unknown = told(putMessages(known(), 'cnv_1', [out], true), status('unknown'))
    expect(putMessageAgain(unknown, out).windows.cnv_1?.messages[0]?.status).toBe('queued')
  })

  test('what the stream has told of a recall meanwhile is not undone by the answer to it', () => {
    const out = message(1, { direction: 'out', status: 'delivered' })
    const recalled = (state: 'asked' | 'done') => ({
      ...out,
      recall: { state, by: 'usr_1', at: '2026-01-01T00:00:00Z' },
    })
    const shown = putMessages(known({ lastNumber: 1, preview: 'words 1' }), 'cnv_1', [out], true)
    const stateOf = (state: ConsoleState) => state.windows.cnv_1?.messages[0]?.recall?.state
    expect(stateOf(putRecall(shown, out, recalled('asked')))).toBe('asked')
    const done = told(shown, frame('message.updated', { message: recalled('done') }))
    expect(stateOf(putRecall(done, out, recalled('asked')))).toBe('done')
    expect(done.conversations.cnv_1?.preview).toBeNull()
  })

  test('after a gap in the stream all are forgotten, but those before the agent’s eyes, which are completed', () => {
    const two = putMessages(putMessages(known(), 'cnv_1', [message(1)], true), 'cnv_2', [message(1)], true)
    const state = forgetMessages(two, 'cnv_1')
    expect(Object.keys(state.windows)).toEqual(['cnv_1'])
    expect(state.windows.cnv_1).toMatchObject({ holed: true })
    expect(forgetMessages(two, undefined).windows).toEqual({})
  })
})

describe('the rest', () => {
  test('an offer that ended does not come back with an older list', () => {
    const ended = told(putOffer(known(), offer()), frame('offer.ended', { offer: offer({ state: 'expired' }) }))
    expect(putOffer(ended, offer()).offers.ofr_1?.state).toBe('expired')
  })

  test('an offer of an unknown conversation has it fetched', () => {
    expect(told(start, frame('offer.made', { offer: offer() })).missing).toEqual(['cnv_1'])
    expect(told(start, frame('offer.made', { offer: offer({ memberId: 'usr_other' }) })).missing).toEqual([])
  })

  test('only customers are shown as writing, until they have written', () => {
    const typing = (kind: string): Frame => ({ v: 1, type: 'typing', conversationId: 'cnv_1', by: { kind } })
    expect(told(start, typing('member'))).toBe(start)
    const writing = told(known(), typing('contact'))
    expect(writing.typing.cnv_1).toBeGreaterThan(now)
    expect(told(writing, created(message(1))).typing.cnv_1).toBe(0)
  })

  test('who is there is told by visitor.online and member.presence', () => {
    const presence = { memberId: 'usr_1', state: 'busy', reason: null, used: 1, capacity: 5 }
    const state = told(
      start,
      { v: 1, type: 'visitor.online', contactId: 'ctc_1', online: true },
      frame('member.presence', presence),
    )
    expect(state.online).toEqual({ ctc_1: true })
    expect(state.presence).toEqual({ usr_1: presence })
  })

  test('a list of presences that was on its way does not take back what was told meanwhile', () => {
    const presence = (memberId: string, state: 'online' | 'offline') =>
      ({ memberId, state, reason: null, used: 0, capacity: 5 }) as const
    const state = putPresences(told(start, frame('member.presence', presence(me, 'online'))), [
      presence(me, 'offline'),
      presence('usr_other', 'online'),
    ])
    expect(state.presence).toMatchObject({ [me]: { state: 'online' }, usr_other: { state: 'online' } })
  })

  test('a frame of an unknown type changes nothing', () => {
    expect(told(start, frame('channel.state', {}), { v: 1, type: 'pong' })).toBe(start)
  })
})
