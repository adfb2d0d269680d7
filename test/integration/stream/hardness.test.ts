import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emitAll } from '../../../src/core/events/outbox.ts'
import { eventually } from '../../support/eventually.ts'
import { type Client, startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk({ patienceMs: 1000 })
})
beforeEach(async () => {
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const listen = async (token = shop.agent.token): Promise<Client> => {
  const client = await talk.open('/v1/stream', token)
  await client.ready
  return client
}
const closing = (client: Client) => eventually(() => client.closed)
const refused = (client: Client) => client.frames.filter((frame) => frame.type === 'refused')

test.each([
  ['not JSON', 'hello', 'frame-malformed'],
  ['cut off', '{"type":"ping"', 'frame-malformed'],
  ['no object', '[1,2]', 'frame-malformed'],
  ['null', 'null', 'frame-malformed'],
  ['binary', Buffer.from([0, 255, 254, 1]), 'frame-malformed'],
  ['without a type', '{}', 'frame-unknown'],
  ['of a type that is no text', '{"type":{"a":1}}', 'frame-unknown'],
  ['of an unknown type', '{"type":"shutdown"}', 'frame-unknown'],
  ['of a type that every object has', '{"type":"constructor"}', 'frame-unknown'],
  ['of a type that reaches for the prototype', '{"type":"__proto__"}', 'frame-unknown'],
  ['of a type that only visitors send', '{"type":"message","clientId":"x","parts":[]}', 'frame-unknown'],
  ['with an unknown member', '{"type":"ping","more":1}', 'frame-invalid'],
  ['with a wrong id', '{"type":"typing","conversationId":"1; drop"}', 'frame-invalid'],
  [
    'with a number that is none',
    '{"type":"read","conversationId":"cnv_00000000000000000000000000","number":"1"}',
    'frame-invalid',
  ],
])('a frame that is %s is refused in fixed words, and the socket goes on', async (_, frame, code) => {
  const client = await listen()
  client.socket.send(frame)
  expect(await client.frame('refused')).toEqual({ v: 1, type: 'refused', ref: null, code, detail: expect.any(String) })
  expect(refused(client)[0]?.detail).not.toMatch(/error|stack|ajv|\bat\b|src\//i)
  client.send({ type: 'ping' })
  await client.frame('pong')
})

test('what may not be read is refused with its reference', async () => {
  const client = await listen()
  const other = await talk.hear(await talk.shop(), 'ann', 'hello')
  client.send({ type: 'read', conversationId: other.id, number: 1, ref: 'r7' })
  expect(await client.frame('refused')).toMatchObject({ ref: 'r7', code: 'conversation-unknown' })
})

test('whoever sends nothing but garbage is shown out', async () => {
  const client = await listen()
  for (let i = 0; i < 25; i++) client.send('garbage')
  expect(await closing(client)).toMatchObject({ code: 4400 })
})

test('a flood is shown out, and others do not notice', async () => {
  const [flood, quiet] = [await listen(), await listen(shop.admin.token)]
  for (let i = 0; i < 500; i++) flood.send({ type: 'ping' })
  expect(await closing(flood)).toMatchObject({ code: 4008 })
  expect(refused(flood)).toMatchObject([{ code: 'frames-too-many' }])
  quiet.send({ type: 'ping' })
  await quiet.frame('pong')
})

test('a frame over the limit ends the socket', async () => {
  const client = await listen()
  client.send(JSON.stringify({ type: 'ping', filler: 'x'.repeat(70_000) }))
  expect((await closing(client)).code).toBe(1009)
})

test('frames that are not WebSocket at all end the socket and nothing else', async () => {
  const client = await listen()
  const { port, hostname } = new URL(talk.origin)
  const raw = connect(Number(port), hostname)
  raw.write(
    `GET /v1/stream HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
      `sec-websocket-protocol: tributary.v1, bearer.${shop.agent.token}\r\n\r\n`,
  )
  let text = ''
  raw.on('data', (data) => {
    text += data.toString('latin1')
  })
  raw.on('error', () => {})
  await eventually(() => text.includes('101 Switching Protocols'))
  // Unmasked, reserved bits, an unknown operation, and no end.
  raw.write(Buffer.from([0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]))
  await eventually(() => raw.closed || raw.readableEnded)
  client.send({ type: 'ping' })
  await client.frame('pong')
})

test.each([
  [
    'logs out',
    async () =>
      void (await talk.read(shop.tenant.id, (tx) => tx.run('delete from sessions where tenant_id = $1', tx.tenantId))),
  ],
  [
    'is disabled',
    async () =>
      void (await talk.read(shop.tenant.id, (tx) =>
        tx.run(`update members set disabled_at = now() where tenant_id = $1 and role = 'agent'`, tx.tenantId),
      )),
  ],
  [
    'gets another role',
    async () =>
      void (await talk.read(shop.tenant.id, (tx) =>
        tx.run(`update members set role = 'supervisor' where tenant_id = $1 and role = 'agent'`, tx.tenantId),
      )),
  ],
])('the streams of a member who %s end', async (_, end) => {
  const client = await listen()
  await talk.streams.caretaker.check()
  expect(client.closed).toBeUndefined()
  await end()
  await talk.streams.caretaker.check()
  expect(await closing(client)).toMatchObject({ code: 4401 })
})

test('the stream of a key that is revoked ends, that of another goes on', async () => {
  const [one, two] = [await talk.key(shop.tenant.id, ['stream:read']), await talk.key(shop.tenant.id, ['stream:read'])]
  const [gone, stays] = [await listen(one), await listen(two)]
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      'update api_keys set revoked_at = now() where tenant_id = $1 and lookup = $2',
      tx.tenantId,
      one.slice(4, 12),
    ),
  )
  await talk.streams.caretaker.check()
  expect(await closing(gone)).toMatchObject({ code: 4401 })
  stays.send({ type: 'ping' })
  await stays.frame('pong')
})

test('the stream of a visitor ends with their session and with their channel', async () => {
  const begin = async () =>
    (await talk.ask('POST', '/v1/visitor/sessions', { body: { channelId: shop.channelId } })).json().token
  const [one, two] = [await begin(), await begin()]
  const clients = [await talk.open('/v1/visitor/stream', one), await talk.open('/v1/visitor/stream', two)]
  await Promise.all(clients.map((client) => client.ready))
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update visitor_tokens set expires_at = now() - interval '1 minute' where tenant_id = $1 and visitor_id =
         (select min(visitor_id) from visitor_tokens where tenant_id = $1)`,
      tx.tenantId,
    ),
  )
  await talk.streams.caretaker.check()
  await eventually(() => clients.filter((client) => client.closed?.code === 4401).length === 1)
  await talk.ask('PATCH', `/v1/channels/${shop.channelId}`, { token: shop.admin.token, body: { enabled: false } })
  await talk.streams.caretaker.check()
  await eventually(() => clients.filter((client) => client.closed?.code === 4401).length === 2)
})

test('a page of another origin opens no socket with the console’s cookie, nor with a token', async () => {
  const { WebSocket } = await import('ws')
  const status = (headers: Record<string, string>, protocols: string[]) =>
    new Promise<number>((resolve, reject) => {
      const socket = new WebSocket(`${talk.origin.replace('http', 'ws')}/v1/stream`, protocols, { headers })
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      socket.on('open', () => {
        socket.terminate()
        resolve(101)
      })
      socket.on('error', reject)
    })
  const cookie = `tributary_session=${shop.agent.token}`
  const own = new URL(talk.origin).origin
  expect(await status({ cookie, origin: 'https://evil.example' }, ['tributary.v1'])).toBe(403)
  expect(await status({ cookie }, ['tributary.v1'])).toBe(403)
  expect(await status({ cookie, origin: own }, ['tributary.v1'])).toBe(101)
  expect(await status({ origin: 'https://evil.example' }, ['tributary.v1', `bearer.${shop.agent.token}`])).toBe(403)
})

test('a reader who takes nothing is let go, and the others are not held up', async () => {
  const [slow, quick] = [await listen(shop.admin.token), await listen(shop.supervisor.token)]
  slow.socket.pause()
  const reason = 'x'.repeat(50_000)
  const { id: memberId } = shop.agent.member
  for (let round = 0; round < 8; round++) {
    await talk.read(shop.tenant.id, (tx) =>
      emitAll(
        tx,
        Array.from({ length: 60 }, () => ({
          type: 'member.presence',
          tenantId: tx.tenantId,
          subject: memberId,
          data: { memberId, state: 'online', reason, used: 0, capacity: 5 },
        })),
      ),
    )
    talk.parts.wake.hint('outbox')
    await eventually(() => quick.events.length >= (round + 1) * 60)
  }
  await eventually(
    () => ![...talk.streams.hub.subscriptions].some(({ reader }) => reader.principal.id === shop.admin.member.id),
  )
  expect(quick.closed).toBeUndefined()
  slow.socket.resume()
  expect((await closing(slow)).code).toSatisfy((code: number) => code === 4008 || code === 1006)
  const again = await talk.open('/v1/stream', shop.admin.token, {
    since: `${slow.events.at(-1)?.epoch}:${slow.events.at(-1)?.seq}`,
  })
  expect((await again.ready).recovered).toBe(true)
  expect(slow.events.length + again.events.length).toBe(quick.events.length)
})

test.each([
  ['a place that is none', '/v1/stream?since=yesterday', 400, 'request-invalid'],
  ['an unknown parameter', '/v1/stream?from=1', 400, 'request-invalid'],
  ['plain HTTP', '/v1/stream', 415, 'stream-protocol-unsupported'],
])('the stream refuses %s', async (_, path, status, code) => {
  const answer = await talk.ask('GET', path, { token: shop.agent.token })
  expect([answer.statusCode, answer.json().code]).toEqual([status, code])
})
