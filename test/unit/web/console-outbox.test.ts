import { expect, test } from 'vitest'
import {
  addOutgoing,
  changeOutgoing,
  nextOutgoing,
  removeOutgoing,
  restoreOutbox,
} from '../../../web/console/outbox.ts'
import { applyFrame } from '../../../web/console/reduce.ts'
import type { ConsoleState } from '../../../web/console/state.ts'
import { created, me, message, start } from './console-state.ts'

const write = (state: ConsoleState, clientId: string, conversationId = 'cnv_1') =>
  addOutgoing(state, { clientId, conversationId, parts: [{ type: 'text', text: 'hello' }], note: false, at: 0 })
const own = (number: number, clientId: string | null) =>
  message(number, {
    direction: 'out',
    author: { kind: 'member', id: me, name: null },
    parts: [{ type: 'text', text: 'hello' }],
    clientId,
  })
const shown = (state: ConsoleState) => state.outbox.map((entry) => [entry.clientId, entry.shown])

test('one message of each conversation is on its way at a time, in order', () => {
  const state = write(write(write(start, 'a'), 'b'), 'c', 'cnv_2')
  expect(nextOutgoing(state.outbox).map(({ clientId }) => clientId)).toEqual(['a', 'c'])
  expect(nextOutgoing(removeOutgoing(state, 'a').outbox).map(({ clientId }) => clientId)).toEqual(['b', 'c'])
})

test('one that failed lets those behind it pass, until it is sent again', () => {
  const failed = changeOutgoing(write(write(start, 'a'), 'b'), 'a', { state: 'failed', detail: 'why' })
  expect(nextOutgoing(failed.outbox).map(({ clientId }) => clientId)).toEqual(['b'])
})

test('a message that the stream shows before the answer came is not shown twice', () => {
  const state = applyFrame(write(write(start, 'a'), 'b'), created(own(1, 'b')), 0)
  expect(shown(state)).toEqual([
    ['a', false],
    ['b', true],
  ])
})

test('without a client id the same words of ours take the place of the first that is not shown', () => {
  const twice = [own(1, null), own(2, null)].reduce(
    (state, one) => applyFrame(state, created(one), 0),
    write(write(start, 'a'), 'b'),
  )
  expect(shown(twice)).toEqual([
    ['a', true],
    ['b', true],
  ])
})

test('what somebody else wrote takes the place of nothing', () => {
  const theirs = { ...own(1, null), author: { kind: 'member' as const, id: 'usr_other', name: null } }
  expect(shown(applyFrame(write(start, 'a'), created(theirs), 0))).toEqual([['a', false]])
})

test('a stored outbox comes back, without what is no message', () => {
  const [entry] = write(start, 'a').outbox
  expect(restoreOutbox([{ ...entry, shown: true }, null, 7, { clientId: 'x' }])).toEqual([entry])
  expect(restoreOutbox('nonsense')).toEqual([])
})
