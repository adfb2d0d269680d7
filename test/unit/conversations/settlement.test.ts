import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advances, type PieceState, statusOf } from '../../../src/core/conversations/settlement.ts'

const states: readonly PieceState[] = ['queued', 'sending', 'accepted', 'delivered', 'read', 'failed', 'unknown']
const piece = fc.constantFrom(...states)
const receipt = fc.constantFrom('delivered' as const, 'read' as const, 'failed' as const)

test.each<[PieceState[], string]>([
  [['queued'], 'queued'],
  [['sending'], 'queued'],
  [['accepted'], 'accepted'],
  [['accepted', 'queued'], 'queued'],
  [['read', 'delivered'], 'delivered'],
  [['read', 'accepted', 'delivered'], 'accepted'],
  [['read', 'read'], 'read'],
  [['read', 'failed', 'unknown'], 'failed'],
  [['read', 'unknown', 'queued'], 'unknown'],
])('pieces %j make a message %s', (pieces, status) => {
  expect(statusOf(pieces)).toBe(status)
})

test('the order of its pieces does not change what a message is', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
      expect(statusOf(pieces.toReversed())).toBe(statusOf(pieces))
      expect(statusOf(pieces.toSorted())).toBe(statusOf(pieces))
    }),
  )
})

test('receipts in any order and number leave a piece where the furthest of them puts it', () => {
  const apply = (start: PieceState, receipts: readonly ('delivered' | 'read' | 'failed')[]) =>
    receipts.reduce<PieceState>((state, to) => (advances(state, to) ? to : state), start)
  fc.assert(
    fc.property(fc.array(fc.constantFrom('delivered' as const, 'read' as const), { maxLength: 6 }), (receipts) => {
      const furthest = receipts.includes('read') ? 'read' : receipts.includes('delivered') ? 'delivered' : 'accepted'
      expect(apply('accepted', receipts)).toBe(furthest)
      expect(apply('accepted', [...receipts, ...receipts])).toBe(furthest)
    }),
  )
})

test('nothing moves a piece back: a receipt that was applied applies no more', () => {
  fc.assert(
    fc.property(piece, receipt, (state, to) => {
      if (advances(state, to)) expect(advances(to, to)).toBe(false)
    }),
  )
})

test('a failure that comes after delivery was seen is not believed', () => {
  expect(advances('delivered', 'failed')).toBe(false)
  expect(advances('read', 'failed')).toBe(false)
  expect(advances('accepted', 'failed')).toBe(true)
  expect(advances('failed', 'read')).toBe(false)
})

test('what was unknown becomes known when a receipt proves that it arrived', () => {
  expect(advances('unknown', 'delivered')).toBe(true)
})
