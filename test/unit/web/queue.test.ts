import { expect, test } from 'vitest'
import { enqueue, maxQueued, type Queue, restore, settle, unsent, withoutShown } from '../../../web/widget/queue.ts'

const text = (words: string) => [{ type: 'text' as const, text: words }]
const queueOf = (...ids: string[]) => ids.reduce<Queue>((queue, id) => enqueue(queue, id, text(id), 1000), [])

test('messages wait in the order in which they were written', () => {
  expect(unsent(queueOf('a', 'b', 'c')).map(({ clientId }) => clientId)).toEqual(['a', 'b', 'c'])
})

test('what is acknowledged is not sent again, what failed only when asked', () => {
  const queue = settle(settle(queueOf('a', 'b', 'c'), 'a', 'sent'), 'b', 'failed')
  expect(unsent(queue).map(({ clientId }) => clientId)).toEqual(['c'])
  expect(unsent(settle(queue, 'b', 'sending')).map(({ clientId }) => clientId)).toEqual(['b', 'c'])
})

test('what the conversation shows leaves the queue', () => {
  const queue = withoutShown(queueOf('a', 'b'), [{ clientId: 'a' }, { clientId: null }])
  expect(queue.map(({ clientId }) => clientId)).toEqual(['b'])
})

test('the queue is the same object when nothing of it is shown', () => {
  const queue = queueOf('a')
  expect(withoutShown(queue, [{ clientId: 'x' }])).toBe(queue)
})

test('a full queue takes no more', () => {
  const full = queueOf(...Array.from({ length: maxQueued }, (_, index) => String(index)))
  expect(enqueue(full, 'more', text('more'), 1000)).toBe(full)
})

test('a stored queue comes back without what is no message and what was acknowledged long ago', () => {
  const day = 24 * 3600_000
  const stored = [...settle(queueOf('a', 'b'), 'a', 'sent'), null, 'nonsense', { clientId: 'c' }]
  expect(restore(stored, 1000 + day + 1).map(({ clientId }) => clientId)).toEqual(['b'])
  expect(restore(stored, 2000).map(({ clientId }) => clientId)).toEqual(['a', 'b'])
  expect(restore({ not: 'a queue' }, 0)).toEqual([])
  expect(restore(undefined, 0)).toEqual([])
})
