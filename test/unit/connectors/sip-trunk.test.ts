/** What a trunk's registrar, an rtpengine and the business's own address answer, and what the hub makes of it; its words to callers. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEgress } from '../../../src/connectors/runtime/egress.ts'
import { lookUp } from '../../../src/connectors/sip/lookup.ts'
import { NgClient } from '../../../src/connectors/sip/ng.ts'
import { addressAt, registeredBy, standingAfter } from '../../../src/connectors/sip/registration.ts'
import { lastWordOf, waitingWordOf, wordsAround } from '../../../src/connectors/sip/words.ts'
import { type CallRecord, newCall } from '../../../src/core/calls/record.ts'

describe('a registration', () => {
  const answer = (status: number, more: { granted?: number; least?: number } = {}) => ({
    status,
    granted: 600,
    least: 0,
    ...more,
  })

  test('is renewed before it runs out, however short it is', () => {
    for (const granted of [1, 2, 60, 3600]) {
      const { outcome, waitMs } = registeredBy(answer(200, { granted }), 600, 3)
      expect(outcome).toBe('registered')
      expect(waitMs).toBeLessThanOrEqual(Math.max(1000, granted * 1000))
    }
  })

  test('is asked for longer where the registrar wants that (423), once', () => {
    expect(registeredBy(answer(423, { least: 1800 }), 600, 0)).toEqual({ outcome: 'failed', waitMs: 0, seconds: 1800 })
    expect(registeredBy(answer(423, { least: 600 }), 600, 0).waitMs).toBeGreaterThan(0)
    expect(registeredBy(answer(423, { least: 1e9 }), 600, 0).seconds).toBe(600)
  })

  test('that fails is tried less and less often; one that is refused says so', () => {
    const waits = Array.from({ length: 20 }, (_, failures) => registeredBy(answer(0), 600, failures).waitMs)
    expect(waits).toEqual([...waits].sort((a, b) => a - b))
    expect([waits[0], waits.at(-1)]).toEqual([5000, 300_000])
    for (const status of [401, 403, 404, 407]) expect(registeredBy(answer(status), 600, 0).outcome).toBe('refused')
    for (const status of [0, 408, 500, 503]) expect(registeredBy(answer(status), 600, 0).outcome).toBe('failed')
  })
})

describe('where a trunk is that we are registered with', () => {
  const at = { address: '192.0.2.7', granted: 60 }
  const registered = standingAfter(undefined, { outcome: 'registered' }, at, 1000)

  test('is known to the end of what was granted, also when a renewal fails or is refused, and no longer', () => {
    for (const outcome of ['failed', 'refused'] as const) {
      const after = standingAfter(registered, { outcome }, { address: '', granted: 600 }, 50_000)
      expect(addressAt(after, 60_999)).toBe('192.0.2.7')
      expect(addressAt(after, 61_000)).toBeUndefined()
    }
  })

  test('is the newer one from a renewal on', () => {
    const after = standingAfter(registered, { outcome: 'registered' }, { address: '192.0.2.8', granted: 60 }, 50_000)
    expect([addressAt(after, 50_000), addressAt(after, 109_999)]).toEqual(['192.0.2.8', '192.0.2.8'])
  })

  test('is not known before the first registration', () => {
    expect(addressAt(standingAfter(undefined, { outcome: 'failed' }, at, 1000), 1000)).toBeUndefined()
  })
})

describe('commands to an rtpengine that is gone', () => {
  test('fail together with the first that is not answered, and later ones at once, so that nothing waits for it', async () => {
    const silent = createSocket('udp4')
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
    let heard = 0
    silent.on('message', () => {
      heard += 1
    })
    let told = 0
    const ng = new NgClient('127.0.0.1', silent.address().port, () => {
      told += 1
    })
    const failures = await Promise.allSettled([ng.ask('ping'), ng.ask('delete', { 'call-id': 'a' })])
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const before = heard
    await expect(ng.ask('delete', { 'call-id': 'b' })).rejects.toThrow('does not answer')
    expect([told, heard]).toEqual([1, before])
    ng.close()
    silent.close()
  })
})

describe('who calls, asked of the business', () => {
  let base: string
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://x')
    if (pathname === '/slow') return
    if (pathname === '/moved') return void response.writeHead(302, { location: '/found' }).end()
    if (pathname === '/unknown') return void response.writeHead(404).end()
    const bodies: Record<string, string> = {
      '/found': JSON.stringify({ title: '陈', link: 'https://crm.example/1', fields: [], more: { secret: 1 } }),
      '/text': 'hello',
      '/script': JSON.stringify({ link: 'javascript:alert(1)' }),
      '/long': JSON.stringify({ title: 'x'.repeat(20_000) }),
    }
    response.end(bodies[pathname])
  })
  const egress = openEgress({ allow: ['127.0.0.0/8'], maxResponseBytes: 100_000, timeoutMs: 5000 })
  const walled = openEgress({ allow: [], maxResponseBytes: 100_000, timeoutMs: 5000 })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await egress.close()
    await walled.close()
    server.closeAllConnections()
    server.close()
  })
  const ask = (path: string, fetch = egress.fetch) =>
    lookUp(fetch, { lookupUrl: `${base}${path}` }, { callId: 'cal_a', number: '+8613800138000', dialled: '9000' })

  test('is a record, nobody, or why it is not known; never more than was agreed', async () => {
    expect(await ask('/found')).toEqual({ state: 'found', title: '陈', link: 'https://crm.example/1', fields: [] })
    expect(await ask('/unknown')).toEqual({ state: 'unknown' })
    expect(await ask('/moved')).toEqual({ state: 'failed', detail: 'It answers with 302.' })
    for (const path of ['/text', '/script', '/long']) expect(await ask(path)).toMatchObject({ state: 'failed' })
    expect(await ask('/slow')).toEqual({ state: 'failed', detail: 'It does not answer in time.' })
  })

  test('is not asked at an address that the hub may not call', async () => {
    expect(await ask('/found', walled.fetch)).toEqual({ state: 'failed', detail: 'The hub may not call its address.' })
  })
})

describe('the words to a caller', () => {
  const record = (change: Partial<CallRecord>): CallRecord => ({ ...newCall(0), ...change })
  const ended = (change: Partial<CallRecord>) => record({ state: 'ended', endedBy: 'hub', ...change })

  test('at the end say what has become of the call, and nothing twice', () => {
    expect(lastWordOf(ended({ end: 'voicemail' }))).toBe('message-after')
    expect(lastWordOf(ended({ end: 'voicemail', endedBy: 'caller' }))).toBeUndefined()
    expect(lastWordOf(ended({ end: 'callback', endedBy: 'caller' }))).toBe('callback-after')
    expect(lastWordOf(ended({ end: 'completed', leftBy: 'agent', score: 5 }))).toBe('survey-after')
    expect(lastWordOf(ended({ end: 'completed', leftBy: 'agent' }))).toBe('goodbye')
    const thanks = { survey: { thanks: { fileId: 'fil_a' } } }
    expect(lastWordOf(ended({ end: 'completed', leftBy: 'agent', score: 5, plan: thanks }))).toBeUndefined()
    expect(lastWordOf(ended({ end: 'rejected' }))).toBe('goodbye')
    expect(lastWordOf(ended({ end: 'rejected', detail: 'told' }))).toBeUndefined()
    expect(lastWordOf(ended({ end: 'completed' }))).toBeUndefined()
    expect(lastWordOf(ended({ end: 'interrupted' }))).toBeUndefined()
    expect(lastWordOf(ended({ end: 'failed', direction: 'out' }))).toBeUndefined()
  })

  test('of a question are the plan’s, and ours where it has none', () => {
    const menu = (more: object, menus = {}) =>
      record({ question: { kind: 'menu', menu: 'main', tries: 1, ...more }, plan: { menus } })
    expect(wordsAround(menu({}))).toEqual({ otherwise: 'beep' })
    expect(wordsAround(menu({ wrong: true }))).toEqual({ before: 'menu-invalid', otherwise: 'beep' })
    const own = { main: { again: { fileId: 'fil_a' }, keys: {}, otherwise: { to: 'queue' } } }
    expect(wordsAround(menu({ wrong: true }, own))).toEqual({ otherwise: 'beep' })
    const survey = (scale: number) => record({ question: { kind: 'survey', tries: 0 }, plan: { scale } })
    expect(wordsAround(survey(5))).toEqual({ otherwise: 'survey' })
    expect(wordsAround(survey(9))).toEqual({ otherwise: 'beep' })
  })

  test('on the way to somebody else say so', () => {
    expect(waitingWordOf(record({ state: 'queued' }))).toBeUndefined()
    expect(waitingWordOf(record({ state: 'forwarding' }))).toBe('transfer')
    expect(waitingWordOf(record({ state: 'queued', answeredAt: 1 }))).toBe('transfer')
  })
})
