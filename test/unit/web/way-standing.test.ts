import { expect, test } from 'vitest'
import { standingOf } from '../../../web/console/way-standing.ts'

const now = Date.parse('2026-03-01T12:00:00.000Z')
const way = (minutesLeft: number, usesLeft: number | null = null) => ({
  isOpen: true,
  replyWindow: { expiresAt: new Date(now + minutesLeft * 60_000).toISOString(), usesLeft },
})

test('a channel without a window is open while it is in use', () => {
  expect(standingOf({ isOpen: true, replyWindow: null }, now)).toBe('open')
  expect(standingOf({ isOpen: false, replyWindow: null }, now)).toBe('closed')
})

test('a window is warned of in its last hour, and at its last answer', () => {
  expect(standingOf(way(61), now)).toBe('open')
  expect(standingOf(way(60), now)).toBe('ending')
  expect(standingOf(way(2000, 1), now)).toBe('ending')
  expect(standingOf(way(2000, 2), now)).toBe('open')
})

test('a window is closed at its end and when no answer is left', () => {
  expect(standingOf(way(0), now)).toBe('closed')
  expect(standingOf(way(2000, 0), now)).toBe('closed')
})
