import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ConnectorKind, HookReply, HookRequest, HookResult } from '../../../src/connectors/contract.ts'
import { registryOf } from '../../../src/connectors/registry.ts'
import { type Caller, Doors } from '../../../src/connectors/runtime/doors.ts'
import { openEgress } from '../../../src/connectors/runtime/egress.ts'
import { hooks } from '../../../src/connectors/runtime/hooks.ts'
import { createChannel } from '../../../src/core/conversations/channels.ts'
import type { LogRecord } from '../../../src/core/events/bus.ts'
import { PostgresBus } from '../../../src/core/events/postgres-bus.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Vault } from '../../../src/core/platform/secrets.ts'
import { openTestFiles } from '../../support/files.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

/** A kind whose hook does as its test wants, and remembers what it was asked. */
class Scripted {
  asked: HookRequest[] = []
  dialled = true
  answer: (request: HookRequest) => Promise<HookResult> = async () => ({ events: [], reply: { status: 204 } })

  readonly kind = {
    kind: 'scripted',
    title: 'Scripted',
    config: Type.Object({}, { additionalProperties: false }),
    capabilities: {
      parts: { text: {} },
      carries: 'part',
      text: {},
      initiate: 'always',
      idempotency: 'none',
      receipts: { delivered: false, read: false },
      typing: { in: false, out: false },
    },
    exclusive: true,
    open: () => Promise.reject(new Error('not here')),
    accept: {
      applies: () => this.dialled,
      refuse: ({ headers }: HookRequest): HookReply | undefined =>
        headers.authorization === 'Bearer ours' ? undefined : { status: 401, body: 'not ours' },
      open: () => Promise.reject(new Error('not here')),
    },
    hook: (request: HookRequest) => {
      this.asked.push(request)
      return this.answer(request)
    },
  } as unknown as ConnectorKind
}

class SwitchableBus extends PostgresBus {
  away = false

  override async publish(topic: string, records: readonly LogRecord[]): Promise<void> {
    if (this.away) throw new Fault('unavailable', 'log-unavailable', 'The log is away: broker.internal:9092')
    await super.publish(topic, records)
  }
}

const event = (key: string) => ({
  kind: 'message' as const,
  key,
  peer: 'p',
  at: '2026-01-02T03:04:05Z',
  from: { kind: 'test', scope: '', address: 'a' },
  parts: [{ type: 'text' as const, text: 'hi' }],
})

describe('hooks', () => {
  const scripted = new Scripted()
  let ground: Ground
  let shop: Shop
  let app: FastifyInstance
  let bus: SwitchableBus
  let url: string
  const egress = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 1000 })
  const files = openTestFiles()
  const doors = new Doors()

  beforeAll(async () => {
    ground = await openGround()
    shop = await makeShop(ground.db)
    bus = new SwitchableBus({ db: ground.db, log: silentLog })
    await bus.start()
    const vault = new Vault(randomBytes(32))
    const registry = registryOf([scripted.kind])
    const { id } = await ground.db.transaction(shop.actor, (tx) =>
      createChannel(tx, vault, registry.formOf('scripted'), { name: 'S', settings: {} }),
    )
    url = `/hooks/scripted/${id}`
    app = Fastify({ logger: false })
    app.post('/elsewhere', async (request) => request.body)
    const { db, wake } = ground
    const publicUrl = 'https://hub.example'
    await app.register(websocket)
    await app.register(
      hooks({ db, bus, wake, vault, egress, doors, files, publicUrl, registry, log: silentLog, clock: () => 12_345 }),
    )
  })
  afterAll(async () => {
    await app?.close()
    await bus?.stop()
    await egress.close()
    files.close()
    await ground?.close()
  })

  const count = async () =>
    (await ground.db.ground<{ count: number }>(`select count(*) from bus_records where topic = 'inbound'`))[0]?.count ??
    0

  it('hand the kind the call as it came, whatever its body is', async () => {
    scripted.asked = []
    const payload = Buffer.from([0xff, 0x00, 0x7b])
    await app.inject({
      method: 'POST',
      url: `${url}/deep/path?a=1&a=2&echo=%E4%BD%A0`,
      headers: { 'content-type': 'application/json', 'X-Signature': 'abc' },
      payload,
    })
    await app.inject({ method: 'PUT', url, payload: Buffer.from('no type') })
    await app.inject({ method: 'GET', url: `${url}/` })
    const [first, second, third] = scripted.asked
    expect(first).toMatchObject({ method: 'POST', path: '/deep/path', body: payload, at: 12_345 })
    expect(first?.query.getAll('a')).toEqual(['1', '2'])
    expect(first?.query.get('echo')).toBe('你')
    expect(first?.headers['x-signature']).toBe('abc')
    expect(second).toMatchObject({ method: 'PUT', path: '', body: Buffer.from('no type') })
    expect(third).toMatchObject({ method: 'GET', path: '/', body: Buffer.alloc(0) })
  })

  it('let a platform that dials in where its account is held, and send it away everywhere else', async () => {
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const dial = async (authorization: string, path = url) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}${path}`, { headers: { authorization } })
      socket.on('error', () => {})
      const status = await new Promise((resolve) => {
        socket.on('open', () => resolve(101))
        socket.on('unexpected-response', (_request, { statusCode, headers }) =>
          resolve([statusCode, headers['retry-after']]),
        )
      })
      return { socket, status }
    }
    const ours = 'Bearer ours'
    expect((await dial('')).status).toEqual([401, undefined])
    expect((await dial(ours, '/hooks/scripted/chn_nonsense')).status).toEqual([404, undefined])
    expect((await dial(ours)).status).toEqual([503, '1'])
    const callers: Caller[] = []
    const leave = doors.open(url.split('/').at(-1) ?? '', (caller) => callers.push(caller))
    const { socket, status } = await dial(ours)
    expect(status).toBe(101)
    socket.send('first')
    socket.send('second')
    const [caller] = callers
    const frames = caller?.socket.frames[Symbol.asyncIterator]()
    expect([(await frames?.next())?.value, (await frames?.next())?.value]).toEqual(['first', 'second'])
    const answered = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
    expect(caller?.socket.send('answer')).toBe(true)
    expect(await answered).toBe('answer')
    const ended = frames?.next()
    socket.terminate()
    expect((await ended)?.done).toBe(true)
    expect(caller?.socket.send('too late')).toBe(false)
    scripted.dialled = false
    expect((await dial(ours)).status).toEqual([404, undefined])
    leave()
  })

  it('leave the bodies of other routes alone', async () => {
    const response = await app.inject({ method: 'POST', url: '/elsewhere', payload: { a: 1 } })
    expect(response.json()).toEqual({ a: 1 })
  })

  it('answer as the kind says, once what came in is durable', async () => {
    const before = await count()
    scripted.answer = async () => ({
      events: [event('one')],
      reply: { status: 200, headers: { 'content-type': 'text/xml', 'x-own': 'a' }, body: '<ok/>' },
    })
    const response = await app.inject({ method: 'POST', url, payload: 'x' })
    expect([response.statusCode, response.headers['content-type'], response.headers['x-own'], response.body]).toEqual([
      200,
      'text/xml',
      'a',
      '<ok/>',
    ])
    expect(await count()).toBe(before + 1)
  })

  it('answer 503 and when to come again while the log is away', async () => {
    const before = await count()
    bus.away = true
    scripted.answer = async () => ({ events: [event('two')], reply: { status: 200, body: 'taken' } })
    const response = await app.inject({ method: 'POST', url, payload: 'x' })
    bus.away = false
    expect(response.statusCode).toBe(503)
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(response.json()).toMatchObject({ code: 'log-unavailable' })
    expect(await count()).toBe(before)
  })

  it('answer 500 in fixed words when the kind fails, and 400 when it hands over nonsense', async () => {
    scripted.answer = () => Promise.reject(new Error('password is hunter2'))
    const failed = await app.inject({ method: 'POST', url, payload: 'x' })
    expect([failed.statusCode, failed.json().code]).toEqual([500, 'internal'])
    expect(failed.body).not.toContain('hunter2')
    scripted.answer = async () => ({ events: [{ ...event('three'), peer: '' }], reply: { status: 200 } })
    const nonsense = await app.inject({ method: 'POST', url, payload: 'x' })
    expect(nonsense.json()).toMatchObject({ status: 400, code: 'inbound-invalid', errors: [{ pointer: '/peer' }] })
  })

  it('refuse a body over 1 MB before the kind sees it', async () => {
    scripted.asked = []
    const response = await app.inject({ method: 'POST', url, payload: Buffer.alloc(1024 * 1024 + 1) })
    expect([response.statusCode, response.json().code]).toEqual([413, 'body-too-large'])
    expect(scripted.asked).toEqual([])
  })

  it.each([
    ['/hooks/scripted/chn_00000000000000000000000000'],
    ['/hooks/scripted/nonsense'],
    ['/hooks/nonsense/chn_00000000000000000000000000'],
    ['/hooks/__proto__/constructor'],
  ])('know nothing at %s', async (address) => {
    const response = await app.inject({ method: 'POST', url: address, payload: 'x' })
    expect([response.statusCode, response.json().code]).toEqual([404, 'route-unknown'])
  })
})
