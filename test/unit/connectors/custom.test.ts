import { describe, expect, it } from 'vitest'
import { custom } from '../../../src/connectors/custom/index.ts'
import { refusalOf, secretPattern, signed } from '../../../src/connectors/custom/signature.ts'
import { BodyInvalid, fromBody, toBody } from '../../../src/connectors/custom/translate.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const other = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'
const at = 1_614_265_330

describe('a signature', () => {
  it('is that of the Standard Webhooks reference', () => {
    expect(signed([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}')).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  const body = Buffer.from('{"a":1}')
  const honest = signed([secret], 'evt_1', at, body)
  const judge = (headers: object, secrets = [secret], nowMs = at * 1000) =>
    refusalOf({ ...honest, ...headers }, body, secrets, nowMs)

  it('made with either of two secrets is believed, also beside others', () => {
    expect(judge({})).toBeUndefined()
    expect(judge({}, [other, secret])).toBeUndefined()
    expect(refusalOf(signed([other, secret], 'evt_1', at, body), body, [secret], at * 1000)).toBeUndefined()
    expect(judge({ 'webhook-signature': `v1a,xyz v1,AAAA ${honest['webhook-signature']}` })).toBeUndefined()
    expect(judge({}, [other])).toBe('signature-wrong')
  })

  it('holds for five minutes on either side of its time', () => {
    expect(judge({}, [secret], (at + 300) * 1000)).toBeUndefined()
    expect(judge({}, [secret], (at - 300) * 1000)).toBeUndefined()
    expect(judge({}, [secret], (at + 301) * 1000)).toBe('timestamp-old')
    expect(judge({}, [secret], (at - 301) * 1000)).toBe('timestamp-old')
  })

  it.each([
    [{ 'webhook-id': undefined }, 'signature-missing'],
    [{ 'webhook-timestamp': '' }, 'signature-missing'],
    [{ 'webhook-signature': undefined }, 'signature-missing'],
    [{ 'webhook-id': 'evt.1' }, 'signature-wrong'],
    [{ 'webhook-timestamp': '1e9' }, 'signature-wrong'],
    [{ 'webhook-timestamp': '-5' }, 'signature-wrong'],
    [{ 'webhook-timestamp': `${at}.0` }, 'signature-wrong'],
    [{ 'webhook-signature': 'v1,' }, 'signature-wrong'],
    [{ 'webhook-signature': 'nonsense' }, 'signature-wrong'],
    [{ 'webhook-signature': `v1,${'A'.repeat(43)}=` }, 'signature-wrong'],
  ])('with headers %j is refused as %s', (headers, refusal) => expect(judge(headers)).toBe(refusal))

  it('of a secret that is too short or no base64 cannot be set up', () => {
    const fits = new RegExp(secretPattern)
    expect(
      [secret, `whsec_${Buffer.alloc(32).toString('base64')}`, `whsec_${Buffer.alloc(64).toString('base64')}`].every(
        (one) => fits.test(one),
      ),
    ).toBe(true)
    expect(
      ['whsec_', 'whsec_c2hvcnQ=', secret.slice(6), `${secret}!`, `whsec_${Buffer.alloc(80).toString('base64')}`].some(
        (one) => fits.test(one),
      ),
    ).toBe(false)
  })
})

describe('a body', () => {
  const read = (body: unknown) => fromBody(Buffer.from(JSON.stringify(body)), 'chn_1', at * 1000)
  const message = { type: 'message', id: 'm1', peer: 'p1', from: { id: 'u1' }, text: 'hi' }

  it('of a message becomes an event that its id recognises', () => {
    expect(
      read({ ...message, from: { id: 'u1', name: 'Li', email: 'li@example.com' }, at: '2026-01-02T03:04:05Z' }),
    ).toEqual({
      kind: 'message',
      key: 'message:m1',
      peer: 'p1',
      at: '2026-01-02T03:04:05Z',
      externalId: 'm1',
      from: {
        kind: 'custom',
        scope: 'chn_1',
        address: 'u1',
        verified: true,
        name: 'Li',
        claims: { email: 'li@example.com' },
      },
      parts: [{ type: 'text', text: 'hi' }],
    })
    expect(read(message).at).toBe('2021-02-25T15:02:10.000Z')
  })

  it('of a receipt becomes an event that its state recognises', () => {
    expect(read({ type: 'receipt', externalId: 'x1', state: 'read' })).toMatchObject({
      kind: 'receipt',
      key: 'receipt:x1:read',
      peer: 'x1',
      externalId: 'x1',
      state: 'read',
    })
  })

  it('of an edit, a recall or a reaction becomes an event that is the same when it is posted again, and another with other words', () => {
    const when = { peer: 'p1', at: '2026-01-02T03:04:05Z' }
    const edit = { type: 'edit', id: 'm1', text: 'hello', ...when }
    expect(read(edit)).toMatchObject({
      kind: 'edit',
      externalId: 'm1',
      parts: [{ type: 'text', text: 'hello' }],
      ...when,
    })
    expect(read(edit)).toEqual(read(edit))
    expect(read({ ...edit, text: 'hello!' }).key).not.toBe(read(edit).key)
    expect(read({ type: 'recall', id: 'm1', peer: 'p1' })).toMatchObject({
      kind: 'edit',
      key: 'recall:m1',
      externalId: 'm1',
      parts: [{ type: 'unsupported', native: 'recall' }],
    })
    const reaction = { type: 'reaction', externalId: 'x1', from: { id: 'u1' }, emojis: ['👍'], ...when }
    const from = { kind: 'custom', scope: 'chn_1', address: 'u1' }
    expect(read(reaction)).toMatchObject({ kind: 'reaction', externalId: 'x1', emojis: ['👍'], from, ...when })
    expect(read({ ...reaction, emojis: [] })).toMatchObject({ emojis: [] })
  })

  it.each([
    ['not an object', 7, '/type'],
    ['of an edit without its time', { type: 'edit', id: 'm1', peer: 'p1', text: 'x' }, '/at'],
    ['of an edit that says nothing', { type: 'edit', id: 'm1', peer: 'p1', at: '2026-01-02T03:04:05Z' }, ''],
    ['of a recall with words', { type: 'recall', id: 'm1', peer: 'p1', text: 'x' }, '/text'],
    [
      'of a reaction of nobody',
      { type: 'reaction', externalId: 'x', peer: 'p', emojis: [], at: '2026-01-02T03:04:05Z' },
      '/from',
    ],
    ['of unknown type', { type: 'dance' }, '/type'],
    ['without a sender', { ...message, from: undefined }, '/from'],
    ['whose sender has no id', { ...message, from: {} }, '/from/id'],
    ['with a member too many', { ...message, colour: 'red' }, '/colour'],
    ['with a strange member of the sender', { ...message, from: { id: 'u', 'a/b': 1 } }, '/from/a~1b'],
    ['with text and parts', { ...message, parts: [{ type: 'text', text: 'a' }] }, ''],
    ['with neither text nor parts', { ...message, text: undefined }, ''],
    ['with empty text', { ...message, text: '' }, '/text'],
    ['with an unknown part', { ...message, text: undefined, parts: [{ type: 'hologram' }] }, '/parts/0/type'],
    ['with half a part', { ...message, text: undefined, parts: [{ type: 'location', lat: 1 }] }, '/parts/0'],
    ['with an id that is too long', { ...message, id: 'a'.repeat(181) }, '/id'],
    ['with a time that is none', { ...message, at: 'yesterday' }, '/at'],
    ['of a receipt in no state', { type: 'receipt', externalId: 'x', state: 'eaten' }, '/state'],
  ])('%s is refused by the name of the field', (_, body, pointer) => {
    expect(() => read(body)).toThrowError(BodyInvalid)
    try {
      read(body)
    } catch (error) {
      expect((error as BodyInvalid).pointer).toBe(pointer)
    }
  })

  it('that is not JSON in UTF-8 is refused', () => {
    expect(() => fromBody(Buffer.from('{'), 'chn_1', 0)).toThrow(BodyInvalid)
    expect(() => fromBody(Buffer.from([0x22, 0xff, 0x22]), 'chn_1', 0)).toThrow(BodyInvalid)
    expect(() => fromBody(Buffer.alloc(0), 'chn_1', 0)).toThrow(BodyInvalid)
  })

  it('to the program is the same for each attempt', () => {
    const outbound = { id: 'msg_1', peer: 'p', conversationId: 'cnv_1', messageId: 'msg_1', parts: [], author: {} }
    expect(toBody({ ...outbound, attempt: 1 })).toBe(toBody({ ...outbound, attempt: 2 }))
  })
})

describe('its hook', () => {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const hub = { hookUrl: '', channelId: 'chn_1', fetch, memory: { get: async () => undefined }, log }
  const call = (facts: object) =>
    custom.hook?.(
      {
        method: 'POST',
        path: '',
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.alloc(0),
        remoteAddress: '',
        at: at * 1000,
        ...facts,
      },
      { secret },
      hub,
    )
  const codeOf = (body: string | Buffer | undefined) => JSON.parse(String(body)).code

  it('knows one address and one method', async () => {
    const elsewhere = await call({ path: '/more' })
    expect([elsewhere?.reply.status, codeOf(elsewhere?.reply.body)]).toEqual([404, 'route-unknown'])
    const asked = await call({ method: 'GET' })
    expect([asked?.reply.status, asked?.reply.headers?.allow]).toEqual([405, 'POST'])
  })

  it('refuses before it reads, and names the field of what is signed but wrong', async () => {
    const unsigned = await call({ body: Buffer.from('{') })
    expect([unsigned?.reply.status, codeOf(unsigned?.reply.body)]).toEqual([401, 'signature-missing'])
    const body = Buffer.from('{"type":"message"}')
    const wrong = await call({ body, headers: signed([secret], 'evt_1', at, body) })
    expect(wrong?.events).toEqual([])
    expect(JSON.parse(String(wrong?.reply.body))).toMatchObject({
      status: 400,
      code: 'body-invalid',
      errors: [{ pointer: '/id', detail: 'is missing' }],
    })
  })
})
