import { expect, test } from 'vitest'
import type { VisitorMessage } from '../../../web/api-visitor.ts'
import type { Frame } from '../../../web/stream-position.ts'
import { enqueue } from '../../../web/widget/queue.ts'
import {
  addMessages,
  applyFrame,
  emptyState,
  unreadCount,
  unseen,
  type WidgetState,
} from '../../../web/widget/state.ts'

const message = (conversationId: string, number: number, facts: Partial<VisitorMessage> = {}): VisitorMessage => ({
  id: `msg_${conversationId}_${number}`,
  conversationId,
  number,
  direction: 'out',
  author: { kind: 'member', name: '小李', number: '8001' },
  parts: [{ type: 'text', text: 'x' }],
  clientId: null,
  sentAt: '2026-01-01T00:00:00.000Z',
  status: 'delivered',
  ...facts,
})

const frame = (type: string, data: unknown, subject = 'cnv_1'): Frame => ({ v: 1, type, data, subject })
const told = (state: WidgetState, ...frames: Frame[]) => frames.reduce((all, one) => applyFrame(all, one, 1000), state)

test('messages stand in order of conversation and number, however they come, each once', () => {
  const second = message('cnv_2', 1)
  const state = addMessages(addMessages(emptyState, [second, message('cnv_1', 2)]), [message('cnv_1', 1), second])
  expect(state.messages.map(({ conversationId, number }) => [conversationId, number])).toEqual([
    ['cnv_1', 1],
    ['cnv_1', 2],
    ['cnv_2', 1],
  ])
})

test('what asks for a score is told apart from what asked before', () => {
  const asks = (id: string): Frame => ({ ...frame('satisfaction.requested', {}), id })
  expect([told(emptyState, asks('evt_1')).asked, told(emptyState, asks('evt_1'), asks('evt_2')).asked]).toEqual([
    'evt_1',
    'evt_2',
  ])
})

test('a message of ours that comes back takes the place of the one in the queue', () => {
  const waiting = { ...emptyState, queue: enqueue([], 'c1', [{ type: 'text', text: 'x' }], 0) }
  const state = told(
    waiting,
    frame('message.created', { message: message('cnv_1', 1, { direction: 'in', clientId: 'c1' }) }),
  )
  expect(state.queue).toEqual([])
  expect(state.messages).toHaveLength(1)
})

test('a message that is taken back is shown as that', () => {
  const said = message('cnv_1', 1)
  const gone = { ...said, parts: [], recalled: true as const }
  const state = told(
    emptyState,
    frame('message.created', { message: said }),
    frame('message.updated', { message: gone }),
  )
  expect(state.messages).toEqual([gone])
  // Nor does a conversation that has ended go on with it.
  const ended = told(emptyState, frame('message.created', { message: said }), frame('conversation.closed', {}))
  expect(told(ended, frame('message.updated', { message: gone })).ended).toBe(true)
})

test('the agent is known by the event, and after a reload by what they said', () => {
  expect(
    told(emptyState, frame('conversation.assigned', { agent: { name: '小王', number: '8002' } })).agent?.number,
  ).toBe('8002')
  expect(addMessages(emptyState, [message('cnv_1', 1)]).agent).toMatchObject({ name: '小李', number: '8001' })
})

test('a conversation that ended has no agent, and goes on with the next word', () => {
  const ended = told(addMessages(emptyState, [message('cnv_1', 1)]), frame('conversation.closed', {}))
  expect(ended).toMatchObject({ agent: null, ended: true })
  expect(addMessages(ended, [message('cnv_2', 1, { direction: 'in' })]).ended).toBe(false)
})

test('unread are the answers after the last one seen', () => {
  const state = addMessages({ ...emptyState, seen: { conversationId: 'cnv_1', number: 2 } }, [
    message('cnv_1', 1),
    message('cnv_1', 2),
    message('cnv_1', 3, { direction: 'in' }),
    message('cnv_1', 4),
    message('cnv_2', 1),
  ])
  expect(unreadCount(state)).toBe(2)
  expect(unseen(state)).toMatchObject({ conversationId: 'cnv_2', number: 1 })
  expect(unseen({ ...state, seen: { conversationId: 'cnv_2', number: 1 } })).toBeUndefined()
})

test('reading never goes backwards', () => {
  const read = (number: number) => frame('conversation.read', { agentRead: number })
  expect(told(emptyState, read(5), read(3)).agentRead).toEqual({ conversationId: 'cnv_1', number: 5 })
})

test('the other side writes until it has written or some seconds are over; oneself is not told', () => {
  const typing: Frame = { v: 1, type: 'typing', conversationId: 'cnv_1', by: { kind: 'member' } }
  expect(applyFrame(emptyState, typing, 1000).typingUntil).toBe(7000)
  expect(applyFrame(emptyState, { ...typing, by: { kind: 'contact' } }, 1000)).toBe(emptyState)
  expect(told(emptyState, typing, frame('message.created', { message: message('cnv_1', 1) })).typingUntil).toBe(0)
})

test('frames of an unknown type change nothing', () => {
  expect(told(emptyState, frame('something.else', { a: 1 }))).toBe(emptyState)
})
