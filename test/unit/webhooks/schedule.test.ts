import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delaysMs, isWanted, nextDelayMs, retryAfterMs, verdictOf } from '../../../src/api/webhooks/schedule.ts'

const middle = () => 0.5

describe('the schedule', () => {
  test('tries ten times over three days and three hours', () => {
    expect(delaysMs).toHaveLength(9)
    expect(delaysMs.reduce((sum, ms) => sum + ms, 0)).toBe(((75 * 60 + 35) * 60 + 5) * 1000)
    expect(nextDelayMs(1, {}, middle)).toBe(5000)
    expect(nextDelayMs(9, { status: 500 }, middle)).toBe(24 * 3_600_000)
    expect(nextDelayMs(10, { status: 500 }, middle)).toBeUndefined()
  })

  test('strays by a fifth at most, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, chance) => {
          const delay = nextDelayMs(attempts, { status: 500 }, () => chance) ?? Number.NaN
          const base = delaysMs[attempts - 1] ?? Number.NaN
          expect(delay).toBeGreaterThanOrEqual(Math.floor(base * 0.8))
          expect(delay).toBeLessThanOrEqual(Math.ceil(base * 1.2))
        },
      ),
    )
  })

  test('spares whoever is overloaded for a minute, or for as long as they ask, up to a day', () => {
    expect(nextDelayMs(1, { status: 429 }, middle)).toBe(60_000)
    expect(nextDelayMs(1, { status: 503, retryAfterMs: 120_000 }, middle)).toBe(120_000)
    expect(nextDelayMs(1, { status: 503, retryAfterMs: 1e12 }, middle)).toBe(24 * 3_600_000)
    expect(nextDelayMs(1, { status: 500, retryAfterMs: 120_000 }, middle)).toBe(5000)
  })

  test.each([
    [200, 'taken'],
    [204, 'taken'],
    [301, 'failed'],
    [307, 'failed'],
    [400, 'failed'],
    [410, 'gone'],
    [500, 'failed'],
    [undefined, 'failed'],
  ] as const)('takes the status %s for %s', (status, verdict) => {
    expect(verdictOf(status === undefined ? {} : { status })).toBe(verdict)
  })

  test('reads Retry-After as seconds or as a date, and nothing else', () => {
    const now = Date.parse('2026-01-01T00:00:00Z')
    expect(retryAfterMs('120', now)).toBe(120_000)
    expect(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60_000)
    expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0)
    expect([retryAfterMs(null, now), retryAfterMs('soon', now)]).toEqual([undefined, undefined])
  })

  test('knows which events are asked for', () => {
    expect(isWanted(null, 'message.created')).toBe(true)
    expect(isWanted(['message.created'], 'message.created')).toBe(true)
    expect(isWanted(['message.*'], 'message.status')).toBe(true)
    expect(isWanted(['message.*'], 'messages.status')).toBe(false)
    expect(isWanted(['message.created'], 'message.status')).toBe(false)
  })
})
