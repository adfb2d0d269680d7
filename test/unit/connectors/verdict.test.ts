import { describe, expect, it } from 'vitest'
import { type Fetching, FileGone, type Hub, Undelivered } from '../../../src/connectors/contract.ts'
import { QqConnector } from '../../../src/connectors/qq-official/connector.ts'
import { fetchFile } from '../../../src/connectors/qq-onebot/media.ts'
import { Pace } from '../../../src/connectors/runtime/pacing.ts'
import { redactorOf } from '../../../src/connectors/runtime/redact.ts'
import { pauseMs } from '../../../src/connectors/runtime/timing.ts'
import { type Attempt, verdictOf } from '../../../src/connectors/runtime/verdict.ts'
import { download } from '../../../src/connectors/wechat-ilink/api.ts'

const attempt = (facts: Partial<Attempt> = {}): Attempt => ({
  idempotency: 'none',
  pauseMs: 1000,
  remainingMs: 86_400_000,
  redactor: redactorOf(['hush-hush']),
  ...facts,
})
const outcome = (error: unknown, facts: Partial<Attempt> = {}) => verdictOf(error, attempt(facts)).outcome

describe('what comes of a send', () => {
  it('that may succeed later waits the usual pause, or as long as the platform asks', () => {
    expect(outcome(new Undelivered('retry', 'away'))).toMatchObject({ kind: 'retry', afterMs: 1000 })
    expect(outcome(new Undelivered('retry', 'away', { afterMs: 5 }))).toMatchObject({ afterMs: 5 })
    expect(outcome(new Undelivered('rate-limited', 'slow', { afterMs: 7000 }))).toMatchObject({
      kind: 'retry',
      afterMs: 7000,
    })
    expect(outcome(new Undelivered('rate-limited', 'slow', { afterMs: 1e12 }))).toMatchObject({ afterMs: 3_600_000 })
  })

  it.each(['window-closed', 'recipient-gone', 'rejected'] as const)('that is %s fails for good', (kind) =>
    expect(outcome(new Undelivered(kind, 'no'))).toEqual({ kind: 'failed', failure: { code: kind, detail: 'no' } }),
  )

  it('that refuses our credentials waits for somebody to look', () => {
    expect(verdictOf(new Undelivered('auth', 'no'), attempt())).toMatchObject({
      auth: true,
      outcome: { kind: 'retry', afterMs: 60_000 },
    })
  })

  it('to a chat that moved goes on there, and fails when nobody says where', () => {
    expect(verdictOf(new Undelivered('moved', 'm', { peer: 'new' }), attempt())).toMatchObject({ movedTo: 'new' })
    expect(outcome(new Undelivered('moved', 'm'))).toMatchObject({
      kind: 'failed',
      failure: { code: 'recipient-gone' },
    })
  })

  it.each([
    ['said to be unknown', new Undelivered('unknown', 'cut')],
    ['that ended in a bug', new TypeError('x is not a function')],
    ['that threw nonsense', 'nonsense'],
  ])('%s is unknown, and sent again only where that does no harm', (_, error) => {
    expect(outcome(error)).toMatchObject({ kind: 'unknown', failure: { code: 'outcome-unknown' } })
    expect(outcome(error, { idempotency: 'native' })).toMatchObject({ kind: 'retry', afterMs: 1000 })
    expect(verdictOf(error, attempt({ idempotency: 'lookup' }))).toMatchObject({
      reconcile: true,
      outcome: { kind: 'unknown' },
    })
  })

  it('of which nothing is known when its time is over is unknown, not failed', () => {
    expect(outcome(new Undelivered('unknown', 'cut'), { idempotency: 'native', remainingMs: 10 })).toMatchObject({
      kind: 'unknown',
    })
  })

  it('tells no secret, and nothing of a bug', () => {
    expect(outcome(new Undelivered('rejected', 'bad token hush-hush'))).toMatchObject({
      failure: { detail: 'bad token ****' },
    })
    expect(JSON.stringify(outcome(new TypeError('x is hush-hush')))).not.toContain('hush')
  })
})

describe('pauses', () => {
  it('grow to their limit, half by chance', () => {
    const backoff = { firstMs: 1000, maxMs: 300_000 }
    expect([1, 2, 3, 9, 50].map((failures) => pauseMs(failures, backoff, () => 1))).toEqual([
      1000, 2000, 4000, 256_000, 300_000,
    ])
    expect(pauseMs(1, backoff, () => 0)).toBe(500)
  })
})

describe('the pace of an account', () => {
  it('lets a burst through and then one for each share of the time', () => {
    let now = 0
    const pace = new Pace([{ scope: 'account', max: 2, perMs: 1000 }], () => now)
    expect([pace.available(), pace.take('a', 0), pace.take('b', 0), pace.available()]).toEqual([2, 0, 0, 0])
    expect(pace.take('c', 0)).toBe(500)
    now = 500
    expect([pace.available(), pace.take('c', 0), pace.available()]).toEqual([1, 0, 0])
    now = 10_000
    expect(pace.available()).toBe(2)
  })

  it('counts each peer by itself, and makes those wait who have patience, one behind the other', () => {
    const pace = new Pace([{ scope: 'peer', max: 1, perMs: 1000 }], () => 0)
    expect([pace.take('a', 5000), pace.take('b', 5000)]).toEqual([0, 0])
    expect([pace.take('a', 5000), pace.take('a', 5000)]).toEqual([1000, 2000])
    expect([pace.take('a', 100), pace.take('a', 5000)]).toEqual([3000, 3000])
    expect(pace.available()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a redactor', () => {
  it('cleans sentences, fields, errors and their causes', () => {
    const { text, value } = redactorOf(['s3cret-token', 'whsec_QUJDREVGR0g='])
    expect(text('GET /bots3cret-token/getMe')).toBe('GET /bot****/getMe')
    expect(text('key QUJDREVGR0g= and QUJDREVGR0g%3D')).not.toContain('QUJDREVGR0g')
    const error = new Error('outer s3cret-token', { cause: new TypeError('inner s3cret-token') })
    const clean = value({ err: error, deep: [{ at: 's3cret-token' }] }) as { err: Error; deep: unknown }
    expect(
      [clean.err.message, clean.err.stack, (clean.err.cause as Error).message, JSON.stringify(clean.deep)].join(),
    ).not.toContain('s3cret')
    expect((clean.err.cause as Error).name).toBe('TypeError')
  })
})

describe('a file at an address', () => {
  const url = 'https://files.example/1'
  const silent = { call: async () => undefined, close: () => {} }
  const kinds: Record<string, (fetching: Fetching) => Promise<unknown>> = {
    'qq-official': (fetching) => new QqConnector({ appId: '1', appSecret: 's' }, {} as Hub).media({ url }, fetching),
    'qq-onebot': (fetching) => fetchFile({ kind: 'file', url, peer: 'private:1' }, silent, fetching),
    'wechat-ilink': (fetching) => download({ url }, {}, fetching),
  }
  const refusal = (kind: string, status: number) => {
    const fetch = async () => new Response('no', { status })
    return kinds[kind]?.({ fetch, signal: AbortSignal.timeout(5000) }).catch((error: unknown) => error)
  }

  it.each(Object.keys(kinds))('of %s is gone for good when it is refused, but not by what passes', async (kind) => {
    for (const status of [403, 404, 410]) expect(await refusal(kind, status)).toBeInstanceOf(FileGone)
    for (const status of [408, 429, 500, 503]) {
      const error = await refusal(kind, status)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(FileGone)
    }
  })
})
