import { expect, test } from 'vitest'
import { putConversations, putMessages, putOffer } from '../../../web/console/reduce.ts'
import { formatArea, formatRoute, parseRoute } from '../../../web/console/route.ts'
import { listOf, neighbour, openOffers, unreadOf, unreadTotal } from '../../../web/console/state.ts'
import { conversation, me, message, offer, start } from './console-state.ts'

const ids = (all: { id: string }[]) => all.map(({ id }) => id)

test('each conversation stands in the lists it belongs to', () => {
  const state = putConversations(start, [
    conversation({ id: 'cnv_1' }),
    conversation({ id: 'cnv_2', assigneeId: null, heldBy: 'queue' }),
    conversation({ id: 'cnv_3', assigneeId: 'usr_other' }),
    conversation({ id: 'cnv_4', status: 'closed', heldBy: 'nobody' }),
    conversation({ id: 'cnv_5', status: 'closed', assigneeId: 'usr_other', heldBy: 'nobody' }),
  ])
  expect(ids(listOf(state, 'mine'))).toEqual(['cnv_1'])
  expect(ids(listOf(state, 'waiting'))).toEqual(['cnv_2'])
  expect(ids(listOf(state, 'all')).sort()).toEqual(['cnv_1', 'cnv_2', 'cnv_3'])
  expect(ids(listOf(state, 'closed'))).toEqual(['cnv_4'])
})

test('mine are ordered by the latest word, those waiting by priority and by how long they wait', () => {
  const waiting = (id: string, priority: number, since: string) =>
    conversation({ id, assigneeId: null, heldBy: 'queue', priority, waitingSince: since })
  const state = putConversations(start, [
    conversation({ id: 'cnv_1', lastMessageAt: '2026-01-01T00:01:00.000Z' }),
    conversation({ id: 'cnv_2', lastMessageAt: '2026-01-01T00:02:00.000Z' }),
    waiting('cnv_3', 0, '2026-01-01T00:00:02.000Z'),
    waiting('cnv_4', 0, '2026-01-01T00:00:01.000Z'),
    waiting('cnv_5', 9, '2026-01-01T00:00:03.000Z'),
  ])
  expect(ids(listOf(state, 'mine'))).toEqual(['cnv_2', 'cnv_1'])
  expect(ids(listOf(state, 'waiting'))).toEqual(['cnv_5', 'cnv_4', 'cnv_3'])
})

test('unread counts what customers wrote, not what we wrote ourselves', () => {
  const one = conversation({ lastNumber: 4, agentRead: 1 })
  const closed = putConversations(start, [one])
  expect(unreadOf(closed, one)).toBe(3)
  const out = message(3, { direction: 'out', author: { kind: 'member', id: me, name: null } })
  const open = putMessages(closed, 'cnv_1', [message(1), message(2), out, message(4)], true)
  expect(unreadOf(open, one)).toBe(2)
  expect(unreadTotal(open)).toBe(2)
})

test('only open offers to me that are not over can be answered, the most urgent first', () => {
  const now = Date.parse('2026-01-01T00:00:10.000Z')
  const state = [
    offer(),
    offer({ id: 'ofr_2', expiresAt: '2026-01-01T00:00:20.000Z' }),
    offer({ id: 'ofr_3', expiresAt: '2026-01-01T00:00:10.000Z' }),
    offer({ id: 'ofr_4', memberId: 'usr_other' }),
    offer({ id: 'ofr_5', state: 'declined' }),
  ].reduce(putOffer, start)
  expect(ids(openOffers(state, now))).toEqual(['ofr_2', 'ofr_1'])
})

test('next and previous stay within the list', () => {
  const list = ['cnv_1', 'cnv_2', 'cnv_3'].map((id) => conversation({ id }))
  expect(neighbour(list, 'cnv_1', 1)).toBe('cnv_2')
  expect(neighbour(list, 'cnv_3', 1)).toBe('cnv_3')
  expect(neighbour(list, 'cnv_1', -1)).toBe('cnv_1')
  expect(neighbour(list, 'cnv_9', 1)).toBe('cnv_1')
  expect(neighbour([], undefined, 1)).toBeUndefined()
})

test('the address says what is on the page, and nonsense shows my conversations', () => {
  const route = { list: 'waiting', conversationId: 'cnv_1' } as const
  expect(parseRoute(formatRoute(route))).toMatchObject(route)
  expect(parseRoute(formatRoute({ list: 'all', conversationId: undefined }))).toMatchObject({ list: 'all' })
  for (const hash of ['', '#', '#/nowhere', '#/mine/msg_1', '#/constructor/<b>']) {
    expect(parseRoute(hash)).toMatchObject({ list: 'mine', conversationId: undefined, area: undefined, path: [] })
  }
})

test('the address of an area keeps its place and its filter', () => {
  const query = { view: 'mine', text: '#1024 & 茶' }
  expect(parseRoute(formatArea('tickets', ['tkt_1'], { ...query, sort: '' }))).toMatchObject({
    area: 'tickets',
    path: ['tkt_1'],
    query,
  })
  expect(parseRoute(formatArea('tickets'))).toMatchObject({ area: 'tickets', path: [], query: {} })
})
