/** QQ's words and ours, and its signatures, without a socket. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hub } from '../../../src/connectors/contract.ts'
import { type HookSettings, hear } from '../../../src/connectors/qq-official/hook.ts'
import { probe } from '../../../src/connectors/qq-official/probe.ts'
import { isSigned, proofOf, seedOf } from '../../../src/connectors/qq-official/signature.ts'
import { fromEvent } from '../../../src/connectors/qq-official/translate.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'

const reading = { appId: '11111111', opensOn: [] }
const settings: HookSettings = { appId: '11111111', appSecret: 'DG5g3B4j9X2KOErG' }
const call = (body: object | string, headers: Record<string, string> = {}) =>
  hear(
    {
      method: 'POST',
      path: '',
      query: new URLSearchParams(),
      headers: { 'x-bot-appid': '11111111', ...headers },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      remoteAddress: '203.0.113.9',
      at: 1_725_442_341_000,
    },
    settings,
  )

describe('signatures', () => {
  it('make a key of the secret, repeated until it is long enough', () => {
    expect(seedOf('naOC0ocQE3shWLAfffVLB1rhYPG7').toString()).toBe('naOC0ocQE3shWLAfffVLB1rhYPG7naOC')
    expect(seedOf('DG5g3B4j9X2KOErG').toString()).toBe('DG5g3B4j9X2KOErGDG5g3B4j9X2KOErG')
    expect(seedOf('x'.repeat(40))).toHaveLength(32)
  })

  // https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html
  it('answer the validation of the address as the documentation shows it', () => {
    const asked = { d: { plain_token: 'Arq0D5A61EgUu4OxUvOp', event_ts: '1725442341' }, op: 13 }
    const { reply, events } = call(asked)
    expect([reply.status, events]).toEqual([200, []])
    expect(JSON.parse(String(reply.body))).toEqual({
      plain_token: 'Arq0D5A61EgUu4OxUvOp',
      signature:
        '87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706',
    })
  })

  it('are made of letters and digits alone, so that nobody can have a call signed', () => {
    const forged = JSON.stringify({ op: 0, t: 'C2C_MESSAGE_CREATE', d: {} })
    for (const [token, at] of [
      [forged, '1725442341'],
      ['abc', `1725442341${forged}`],
      ['', '1'],
      ['a b', '1'],
      ['abc', 1],
      [undefined, undefined],
    ]) {
      expect(proofOf({ appSecret: 'secret' }, token, at)).toBeUndefined()
      expect(call({ op: 13, d: { plain_token: token, event_ts: at } }).reply.status).toBe(400)
    }
    fc.assert(
      fc.property(fc.string(), fc.string(), (token, at) => {
        const proof = proofOf(settings, token, at)
        // What was signed can be no call: a time and a JSON object.
        if (proof !== undefined) expect(`${at}${token}`).not.toMatch(/[{[]/)
      }),
    )
  })

  it('of anything else are none', () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    expect(createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).asymmetricKeyType).toBe('ed25519')
    for (const signature of ['', 'zz', '00'.repeat(64), 'f'.repeat(128)])
      expect(isSigned({ appSecret: 'secret' }, '1', Buffer.from('{}'), signature)).toBe(false)
  })
})

describe('events', () => {
  const message = {
    author: { user_openid: 'E4F4AEA33253A2797FB897C50B81D7ED' },
    content: '123',
    id: 'ROBOT1.0_.b6nx.CVryAO0nR58RXuU6SC.m92gc19j02qKqdm8ek!',
    timestamp: '2023-11-06T13:37:18+08:00',
  }
  const heard = (fields: object) => fromEvent('C2C_MESSAGE_CREATE', { ...message, ...fields }, 'e', reading)

  it('of a person can be answered five times within an hour', () => {
    expect(heard({})).toEqual({
      kind: 'message',
      key: `message:${message.id}`,
      externalId: message.id,
      peer: 'user:E4F4AEA33253A2797FB897C50B81D7ED',
      at: '2023-11-06T05:37:18.000Z',
      from: {
        kind: 'qq-official',
        scope: '11111111',
        address: 'E4F4AEA33253A2797FB897C50B81D7ED',
        name: 'QQ用户 D7ED',
        verified: true,
      },
      parts: [{ type: 'text', text: '123' }],
      ticket: { kind: 'message', reference: { msgId: message.id }, uses: 5, expiresAt: '2023-11-06T06:37:18.000Z' },
    })
  })

  it('of a group can be answered five times within five minutes, and come from a member', () => {
    const event = { ...message, author: { member_openid: 'MEMBER' }, group_openid: 'GROUP', content: ' 123' }
    expect(fromEvent('GROUP_AT_MESSAGE_CREATE', event, 'e', reading)).toMatchObject({
      peer: 'group:GROUP',
      from: { address: 'MEMBER' },
      chat: { kind: 'group' },
      parts: [{ type: 'text', text: '123' }],
      ticket: { uses: 5, expiresAt: '2023-11-06T05:42:18.000Z' },
    })
  })

  it('carry files with what is known of them, and faces by name', () => {
    const voice = {
      content_type: 'voice',
      filename: 'a.amr',
      url: 'x.qq.com/a',
      voice_wav_url: 'https://x.qq.com/a.wav',
      asr_refer_text: '我想退货',
    }
    const picture = {
      content_type: 'image/png',
      filename: '../../b.png',
      width: 6,
      height: 4,
      size: 9,
      url: '//x.qq.com/b?c',
    }
    const ext = Buffer.from('{"text":"[微笑]"}').toString('base64')
    const said = heard({
      content: `hi <faceType=1,faceId="14",ext="${ext}"><faceType=1,faceId="9",ext="x">`,
      attachments: [voice, picture, { content_type: 'file', url: 'file:///etc/passwd' }, null],
    })
    expect(said?.parts).toEqual([
      { type: 'text', text: 'hi [微笑][表情 9]' },
      {
        type: 'audio',
        blob: { locator: { url: 'https://x.qq.com/a.wav' }, name: 'a.amr', mediaType: 'audio/amr' },
        transcript: '我想退货',
      },
      {
        type: 'image',
        blob: {
          locator: { url: 'https://x.qq.com/b?c' },
          name: 'b.png',
          mediaType: 'image/png',
          size: 9,
          width: 6,
          height: 4,
        },
      },
      { type: 'unsupported', native: 'file', fallback: '[附件]' },
    ])
  })

  it('of a pressed button and of arrivals are answered by the event', () => {
    const button = {
      ...{ id: 'i-1', chat_type: 2, user_openid: 'U', timestamp: '2023-11-06T13:37:18+08:00' },
      data: { resolved: { button_data: '查订单', button_id: '21' }, type: 11 },
    }
    expect(fromEvent('INTERACTION_CREATE', button, 'e', reading)).toMatchObject({
      peer: 'user:U',
      parts: [{ type: 'text', text: '查订单' }],
      ticket: { kind: 'event', reference: { eventId: 'i-1' }, uses: 1 },
    })
    const added = { openid: 'U', timestamp: 1_699_240_365 }
    expect(fromEvent('FRIEND_ADD', added, 'FRIEND_ADD:1', reading)).toBeUndefined()
    const opening = { ...reading, opensOn: ['friend-add', 'group-add'] }
    expect(fromEvent('FRIEND_ADD', added, 'FRIEND_ADD:1', opening)).toMatchObject({
      key: 'event:FRIEND_ADD:1',
      peer: 'user:U',
      parts: [{ type: 'unsupported', native: 'FRIEND_ADD' }],
    })
    const joined = { group_openid: 'G', op_member_openid: 'M', timestamp: 1_699_240_365 }
    expect(fromEvent('GROUP_ADD_ROBOT', joined, 'GROUP_ADD_ROBOT:1', opening)).toMatchObject({
      peer: 'group:G',
      from: { address: 'M' },
    })
  })

  it('that say nothing are none', () => {
    for (const fields of [{ id: '' }, { author: {} }, { timestamp: 'x' }, { content: '' }])
      expect(heard(fields)).toBeUndefined()
    for (const type of ['FRIEND_DEL', 'C2C_MSG_REJECT', 'AT_MESSAGE_CREATE', '']) {
      expect(fromEvent(type, message, 'e', reading)).toBeUndefined()
    }
  })

  it('of any shape are taken by the hub, or are none', () => {
    const fields = fc.record(
      {
        id: fc.oneof(fc.string(), fc.constant('i'.repeat(400))),
        author: fc.record({ user_openid: fc.oneof(fc.string(), fc.constant('u'.repeat(400))), username: fc.string() }),
        content: fc.oneof(fc.string(), fc.jsonValue()),
        timestamp: fc.oneof(fc.constant('2023-11-06T13:37:18+08:00'), fc.string()),
        attachments: fc.array(
          fc.dictionary(fc.constantFrom('content_type', 'url', 'filename', 'size'), fc.jsonValue()),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fields, (event) => {
        const said = fromEvent('C2C_MESSAGE_CREATE', { ...message, ...event }, 'e', reading)
        if (said !== undefined) checkInbound(said)
      }),
    )
  })
})

describe('the test of the connection', () => {
  it.each([
    ['https://hub.example/hooks/x', true],
    ['https://hub.example:8443/hooks/x', true],
    ['http://hub.example/hooks/x', false],
    ['https://hub.example:9443/hooks/x', false],
    ['https://localhost/hooks/x', false],
    ['https://10.1.2.3/hooks/x', false],
    ['https://172.16.0.1/hooks/x', false],
    ['https://172.31.255.1/hooks/x', false],
    ['https://172.32.0.1/hooks/x', true],
    ['https://[2001:db8::1]/hooks/x', false],
  ])('says of %s that QQ can call it: %s', async (hookUrl, ok) => {
    for await (const check of probe(settings, { hookUrl } as Hub)) {
      expect(check).toMatchObject({ name: 'Address for QQ', ok })
      break
    }
  })
})
