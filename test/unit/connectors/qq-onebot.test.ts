/** OneBot's words and ours, without a gateway. */
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectorKind, HookHub } from '../../../src/connectors/contract.ts'
import { target, toAction } from '../../../src/connectors/qq-onebot/compose.ts'
import { hear } from '../../../src/connectors/qq-onebot/hook.ts'
import { qqOnebot } from '../../../src/connectors/qq-onebot/index.ts'
import { partsOf } from '../../../src/connectors/qq-onebot/parts.ts'
import { segmentsIn } from '../../../src/connectors/qq-onebot/segments.ts'
import { fromEvent, type Reading } from '../../../src/connectors/qq-onebot/translate.ts'
import { registryOf } from '../../../src/connectors/registry.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'

const hearing = { self: '10001', peer: 'private:20002' }
const heard = (message: unknown) => partsOf(message, hearing).parts
const text = (words: string) => ({ type: 'text', data: { text: words } })
const reading: Reading = { self: '10001', groups: 'mentioned', fileNotices: false }
const message = (fields: object) => ({
  time: 1_764_350_000,
  self_id: 10001,
  post_type: 'message',
  message_type: 'private',
  sub_type: 'friend',
  message_id: -2_147_483_648,
  user_id: 20002,
  message: [text('你好')],
  sender: { user_id: 20002, nickname: '李雷' },
  ...fields,
})
const inGroup = (segments: unknown[], fields: object = {}) =>
  message({ message_type: 'group', sub_type: 'normal', group_id: 30003, message: segments, ...fields })

describe('CQ codes', () => {
  it('are read with their escapes, between words with theirs', () => {
    expect(
      segmentsIn(
        '[CQ:share,title=a&#44;b &#91;c&#93; &amp;,url=https://x.cn/?a=1&amp;b=2] 1 &#91;CQ:face&#93; &amp;amp;',
      ),
    ).toEqual([
      { type: 'share', data: { title: 'a,b [c] &', url: 'https://x.cn/?a=1&b=2' } },
      text(' 1 [CQ:face] &amp;'),
    ])
    expect(segmentsIn('[CQ:shake]')).toEqual([{ type: 'shake', data: {} }])
  })

  it('that are broken are words', () => {
    for (const words of ['[CQ:face,id=1', '[CQ:]', '[cq:face,id=1]', '[CQ:face id=1]'])
      expect(segmentsIn(words)).toEqual([text(words)])
  })

  it('never stand in what goes out: whatever is said stays the text of one segment', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('[CQ:at,qq=all]', '&#91;CQ:at,qq=all&#93;')), (words) => {
        const outbound = { id: 'm', attempt: 1, peer: 'group:30003', conversationId: '', messageId: '', author: {} }
        const sent = toAction({ ...outbound, parts: [{ type: 'text', text: words }] })
        expect(sent).toEqual({ action: 'send_group_msg', params: { group_id: 30003, message: [text(words)] } })
      }),
    )
  })

  it('come out of a string as from the array, whatever words are in it', () => {
    const escaped = (words: string) =>
      words.replaceAll('&', '&amp;').replaceAll('[', '&#91;').replaceAll(']', '&#93;').replaceAll(',', '&#44;')
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (words) => {
        expect(segmentsIn(`[CQ:share,url=u,title=${escaped(words)}]${escaped(words)}`)).toEqual([
          { type: 'share', data: { url: 'u', title: words } },
          text(words),
        ])
      }),
    )
  })
})

describe('segments', () => {
  it.each([
    ['face', [{ type: 'face', data: { id: '14' } }], [{ type: 'text', text: '[表情 14]' }]],
    [
      'face with its name',
      [{ type: 'face', data: { id: '14', raw: { faceText: '/微笑' } } }],
      [{ type: 'text', text: '[微笑]' }],
    ],
    ['at', [{ type: 'at', data: { qq: 'all' } }, text('hi')], [{ type: 'text', text: '@全体成员 hi' }]],
    ['at of the account', [{ type: 'at', data: { qq: 10001 } }, text(' hi')], [{ type: 'text', text: 'hi' }]],
    [
      'rps and dice',
      [
        { type: 'rps', data: {} },
        { type: 'dice', data: { result: '6' } },
      ],
      [{ type: 'text', text: '[猜拳][骰子 6]' }],
    ],
    ['shake', [{ type: 'shake', data: {} }], [{ type: 'unsupported', native: 'shake', fallback: '[窗口抖动]' }]],
    [
      'poke',
      [{ type: 'poke', data: { type: '1', id: '2' } }],
      [{ type: 'unsupported', native: 'poke', fallback: '[戳一戳]' }],
    ],
    ['anonymous', [{ type: 'anonymous', data: {} }, text('hi')], [{ type: 'text', text: 'hi' }]],
    [
      'share',
      [{ type: 'share', data: { url: 'https://x.cn/', title: 'T', content: 'D' } }],
      [{ type: 'link', url: 'https://x.cn/', title: 'T', description: 'D' }],
    ],
    [
      'share of no address',
      [{ type: 'share', data: { url: 'javascript:1', title: 'T' } }],
      [{ type: 'unsupported', native: 'share', fallback: 'T' }],
    ],
    ['contact', [{ type: 'contact', data: { type: 'group', id: 5 } }], [{ type: 'contact', name: 'QQ群 5' }]],
    [
      'location',
      [{ type: 'location', data: { lat: '31.2', lon: '121.5', title: '外滩' } }],
      [{ type: 'location', lat: 31.2, lon: 121.5, name: '外滩' }],
    ],
    [
      'location off the map',
      [{ type: 'location', data: { lat: '91', lon: 'x' } }],
      [{ type: 'unsupported', native: 'location', fallback: '[位置]' }],
    ],
    [
      'music',
      [{ type: 'music', data: { type: '163', id: '28949129' } }],
      [{ type: 'unsupported', native: 'music', fallback: '[音乐] 163 28949129' }],
    ],
    [
      'music of one’s own',
      [{ type: 'music', data: { type: 'custom', url: 'https://x.cn/s', title: 'S' } }],
      [{ type: 'link', url: 'https://x.cn/s', title: 'S' }],
    ],
    [
      'xml',
      [{ type: 'xml', data: { data: '<msg brief="[文章] A &amp; B" url="x"/>' } }],
      [{ type: 'card', fallback: '[文章] A & B' }],
    ],
    [
      'json',
      [{ type: 'json', data: { data: '{"prompt":"[红包]","meta":{"a":{"title":"T"}}}' } }],
      [{ type: 'card', fallback: '[红包]', title: 'T' }],
    ],
    [
      'json of a place',
      [{ type: 'json', data: { data: '{"meta":{"Location.Search":{"lat":"31.2","lng":"121.5","name":"外滩"}}}' } }],
      [{ type: 'location', lat: 31.2, lon: 121.5, name: '外滩' }],
    ],
    [
      'json that is none',
      [{ type: 'json', data: { data: '{' } }],
      [{ type: 'unsupported', native: 'json', fallback: '[卡片]' }],
    ],
    ['what nobody knows', [{ type: 'gift', data: {} }], [{ type: 'unsupported', native: 'gift', fallback: '[gift]' }]],
    ['what is no segment', [null, 7, { data: {} }, text('hi')], [{ type: 'text', text: 'hi' }]],
  ])('%s', (_, segments, parts) => {
    expect(heard(segments)).toEqual(parts)
  })

  it('with a file name it, and how it is asked for', () => {
    const [sticker] = heard([
      { type: 'image', data: { file: 'A.gif', url: 'https://q.cn/A', sub_type: 1, file_size: '9' } },
    ])
    expect(sticker).toEqual({
      type: 'sticker',
      blob: {
        locator: { kind: 'image', peer: 'private:20002', url: 'https://q.cn/A', file: 'A.gif', size: 9 },
        name: 'A.gif',
        mediaType: 'image/jpeg',
        size: 9,
      },
    })
    const [file] = heard([{ type: 'file', data: { file: 'file:///etc/passwd', name: '../../passwd' } }])
    expect(file).toMatchObject({ type: 'file', blob: { name: 'passwd' } })
  })

  it('of a forwarded message are its items, with files by name and forwards within laid flat', () => {
    const nodes = [
      { sender: { nickname: '李雷' }, message: [text('a'), { type: 'image', data: { file: 'b.jpg' } }] },
      { type: 'node', data: { user_id: 5, content: '[CQ:forward,id=2]' } },
      'nonsense',
    ]
    const forwards = new Map<string, unknown>([['1', nodes]])
    expect(partsOf('[CQ:forward,id=1]', { ...hearing, forwards }).parts).toEqual([
      {
        type: 'forward',
        items: [
          {
            from: '李雷',
            parts: [
              { type: 'text', text: 'a' },
              { type: 'text', text: '[b.jpg]' },
            ],
          },
          { from: '5', parts: [{ type: 'unsupported', native: 'forward', fallback: '[合并转发]' }] },
        ],
      },
    ])
    expect(heard('[CQ:forward,id=1]')).toEqual([{ type: 'unsupported', native: 'forward', fallback: '[合并转发]' }])
  })

  it('of any shape make an event that the hub takes, or none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: fc.string(), data: fc.dictionary(fc.string(), fc.jsonValue()) })),
        (segments) => {
          const event = fromEvent(message({ message: segments }), reading)
          if (event !== undefined) checkInbound(event)
        },
      ),
    )
    const known = [
      'text',
      'face',
      'image',
      'record',
      'video',
      'file',
      'at',
      'reply',
      'share',
      'location',
      'contact',
      'music',
      'json',
      'xml',
      'forward',
      'poke',
      'mface',
    ]
    const names = [
      'text',
      'id',
      'url',
      'file',
      'qq',
      'title',
      'content',
      'lat',
      'lon',
      'data',
      'type',
      'name',
      'file_size',
      'raw',
      'summary',
    ]
    const segment = fc.record({
      type: fc.constantFrom(...known),
      data: fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), fc.constant('长'.repeat(21_000)))),
    })
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 60, size: 'large' }), (segments) => {
        const event = fromEvent(message({ message: segments }), reading)
        if (event !== undefined) checkInbound(event)
      }),
      { numRuns: 40 },
    )
  })
})

describe('events', () => {
  it('of a person come from a QQ number, under a key of their own', () => {
    expect(fromEvent(message({}), reading)).toEqual({
      kind: 'message',
      key: 'message:private:20002:-2147483648:1764350000',
      peer: 'private:20002',
      at: '2025-11-28T17:13:20.000Z',
      externalId: '-2147483648',
      from: { kind: 'qq', scope: '', address: '20002', verified: true, name: '李雷' },
      parts: [{ type: 'text', text: '你好' }],
    })
  })

  it('of a person whom a group makes known are answered through the group', () => {
    const event = message({ sub_type: 'group', sender: { group_id: 30003, nickname: 'x' } })
    expect(fromEvent(event, reading)?.peer).toBe('temp:30003:20002')
    expect(target('temp:30003:20002')).toEqual({ group_id: 30003, user_id: 20002 })
  })

  it('of a group are for us when we are called, unless all are', () => {
    const called = inGroup([{ type: 'at', data: { qq: '10001' } }, text(' 在吗')], { group_name: '老客户' })
    expect(fromEvent(called, reading)).toMatchObject({
      peer: 'group:30003',
      parts: [{ type: 'text', text: '在吗' }],
      chat: { kind: 'group', title: '老客户' },
    })
    const silent = inGroup([{ type: 'at', data: { qq: '10001' } }])
    expect(fromEvent(silent, reading)).toMatchObject({ parts: [{ type: 'text', text: '@' }] })
    expect(fromEvent(inGroup([text('hi')]), reading)).toBeUndefined()
    expect(fromEvent(inGroup([text('hi')]), { ...reading, groups: 'all' })).toBeDefined()
    expect(fromEvent(called, { ...reading, groups: 'none' })).toBeUndefined()
  })

  it('of our own account, of no time and of no chat are nothing', () => {
    for (const fields of [
      { user_id: 10001 },
      { time: 'x' },
      { time: 1e12 },
      { user_id: undefined },
      { message_id: {} },
      { message: [] },
    ])
      expect(fromEvent(message(fields), reading)).toBeUndefined()
  })

  it('of a recall change the message, or fail one of ours', () => {
    const recall = { time: 1_764_350_009, post_type: 'notice', message_id: 7 }
    expect(fromEvent({ ...recall, notice_type: 'friend_recall', user_id: 20002 }, reading)).toMatchObject({
      kind: 'edit',
      peer: 'private:20002',
      externalId: '7',
      parts: [{ type: 'unsupported', native: 'recall' }],
    })
    const byOwner = { ...recall, notice_type: 'group_recall', group_id: 30003, user_id: 10001, operator_id: 5 }
    expect(fromEvent(byOwner, reading)).toMatchObject({
      kind: 'receipt',
      peer: 'group:30003',
      externalId: '7',
      state: 'failed',
    })
  })

  it('of a file are a message where the gateway tells of it in no other way', () => {
    const upload = {
      ...{ time: 1_764_350_000, post_type: 'notice', notice_type: 'offline_file', user_id: 20002 },
      file: { name: 'a.pdf', size: 5, url: 'https://q.cn/a' },
    }
    expect(fromEvent(upload, reading)).toBeUndefined()
    expect(fromEvent(upload, { ...reading, fileNotices: true })).toMatchObject({
      peer: 'private:20002',
      parts: [{ type: 'file', blob: { name: 'a.pdf', size: 5 } }],
    })
  })
})

it('settings name what does not fit, and never show a token', () => {
  const form = registryOf([qqOnebot as unknown as ConnectorKind]).formOf('qq-onebot')
  expect(form.checked({ accessToken: 'abcdefghijkl' })).toMatchObject({
    connection: 'reverse-websocket',
    groups: 'mentioned',
  })
  expect(() => form.checked({ accessToken: 'short', address: 'ftp://x' })).toThrowError(
    expect.objectContaining({
      code: 'channel-settings-invalid',
      errors: [
        expect.objectContaining({ pointer: '/settings/accessToken' }),
        expect.objectContaining({ pointer: '/settings/address' }),
      ],
    }),
  )
})

describe('what is posted', () => {
  const settings = { connection: 'http', address: 'http://gateway.example', accessToken: 'token', secret: 's' } as const
  const post = (event: object) => {
    const read: string[] = []
    const get = async (name: string) => {
      read.push(name)
      return { name: 'go-cqhttp' }
    }
    const body = Buffer.from(JSON.stringify(event))
    const request = {
      method: 'POST',
      path: '',
      query: new URLSearchParams(),
      headers: { 'x-signature': `sha1=${createHmac('sha1', 's').update(body).digest('hex')}` },
      body,
      remoteAddress: '',
      at: 1_764_350_000_000,
    }
    return hear(request, settings, { memory: { get } } as unknown as HookHub).then(({ events }) => ({ events, read }))
  }

  it('needs no note but where a notice tells of a file', async () => {
    const said = await post(message({}))
    expect([said.events.length, said.read]).toEqual([1, []])
    const file = { id: 'f', name: 'a.pdf', size: 1 }
    const notice = { post_type: 'notice', notice_type: 'offline_file', user_id: 20002, file, time: 1_764_350_000 }
    const told = await post(notice)
    expect([told.events.length, told.read.length]).toEqual([1, 1])
  })
})
