/** WeCom's customer service: what entries say, what goes out, what refusals mean. */
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/connectors/wechat/cgi.ts'
import { seenFrom, verdict } from '../../../src/connectors/wecom-kf/api.ts'
import { type Entry, fromEntry, greetingIn, nameOf, toMessage } from '../../../src/connectors/wecom-kf/translate.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'
import type { Outbound, Part } from '../../../src/core/conversations/model.ts'

const reading = {
  corpId: 'ww1234567890',
  openKfId: 'wkAJ2GCAAAZSfhHCt7IFSvLKtMPxyAAA',
  customers: new Map(),
  isHistory: false,
}
/** As the page on received messages begins each of its examples. */
const entry = (msgtype: string, content: object, more: Partial<Entry> = {}): Entry => ({
  msgid: 'from_msgid_4622416642169452483',
  open_kfid: reading.openKfId,
  external_userid: 'wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw',
  send_time: 1_615_478_585,
  origin: 3,
  msgtype,
  [msgtype]: content,
  ...more,
})
const read = (said: Entry) => {
  const event = fromEntry(said, reading)
  return event === undefined ? undefined : checkInbound(event)
}
const blob = (media_id: string, more: object) => ({
  locator: { mediaId: media_id },
  expiresAt: '2021-03-14T16:03:05.000Z',
  ...more,
})

describe('an entry of what was said', () => {
  it('says who, where, when, and how long it may be answered', () => {
    expect(read(entry('text', { content: 'hello world', menu_id: '101' }))).toMatchObject({
      kind: 'message',
      key: 'msgid:from_msgid_4622416642169452483',
      peer: 'wkAJ2GCAAAZSfhHCt7IFSvLKtMPxyAAA/wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw',
      at: '2021-03-11T16:03:05.000Z',
      from: {
        kind: 'wecom',
        scope: 'ww1234567890',
        address: 'wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw',
        name: '微信用户 koAw',
      },
      ticket: { kind: 'message', uses: 5, expiresAt: '2021-03-13T16:03:05.000Z' },
    })
  })

  it.each<[string, object, Part]>([
    ['text', { content: 'hi' }, { type: 'text', text: 'hi' }],
    [
      'image',
      { media_id: '2iSLeVyqzk' },
      { type: 'image', blob: blob('2iSLeVyqzk', { name: 'image.jpg', mediaType: 'image/jpeg' }) },
    ],
    [
      'voice',
      { media_id: '2iSLeVyqzk' },
      { type: 'audio', blob: blob('2iSLeVyqzk', { name: 'voice.amr', mediaType: 'audio/amr' }) },
    ],
    [
      'video',
      { media_id: '2iSLeVyqzk' },
      { type: 'video', blob: blob('2iSLeVyqzk', { name: 'video.mp4', mediaType: 'video/mp4' }) },
    ],
    ['file', { media_id: '2iSLeVyqzk' }, { type: 'file', blob: blob('2iSLeVyqzk', { name: 'file' }) }],
    [
      'location',
      {
        latitude: 23.106021881103501,
        longitude: 113.320503234863,
        name: '广州国际媒体港',
        address: '广东省广州市海珠区',
      },
      {
        type: 'location',
        lat: 23.106021881103501,
        lon: 113.320503234863,
        name: '广州国际媒体港',
        address: '广东省广州市海珠区',
      },
    ],
    [
      'location',
      { latitude: 200, longitude: 0, name: 'nowhere' },
      { type: 'unsupported', native: 'location', fallback: 'nowhere' },
    ],
    [
      'link',
      { title: 'TITLE', desc: 'DESC', url: 'https://work.weixin.qq.com', pic_url: 'PIC_URL' },
      { type: 'link', url: 'https://work.weixin.qq.com', title: 'TITLE', description: 'DESC' },
    ],
    ['business_card', { userid: 'zhangsan' }, { type: 'contact', name: 'zhangsan' }],
    [
      'miniprogram',
      { title: 'TITLE', appid: 'APPID', pagepath: 'PAGE_PATH' },
      { type: 'card', title: 'TITLE', fallback: 'TITLE' },
    ],
    [
      'channels_shop_order',
      { order_id: '111', product_titles: '鞋', price_wording: '¥7', state: '待付款', shop_nickname: '店' },
      {
        type: 'card',
        title: '鞋',
        fallback: '[视频号订单] 鞋',
        fields: [
          { name: '订单', value: '111' },
          { name: '价格', value: '¥7' },
          { name: '状态', value: '待付款' },
        ],
      },
    ],
    [
      'merged_msg',
      {
        title: '聊天记录',
        item: [
          { sender_name: '张三', msgtype: 'text', msg_content: '{"text":{"content":"hi"}}' },
          { msgtype: 'image', msg_content: '{' },
        ],
      },
      {
        type: 'forward',
        items: [
          { from: '张三', parts: [{ type: 'text', text: 'hi' }] },
          { parts: [{ type: 'text', text: '[image]' }] },
        ],
      },
    ],
    ['meeting', {}, { type: 'unsupported', native: 'meeting', fallback: '[meeting]' }],
  ])('of type %s is read as documented', (type, content, part) => {
    expect(read(entry(type, content))).toMatchObject({ parts: [part] })
  })

  it.each<[string, Entry]>([
    ['what WeCom’s own people said', entry('text', { content: 'hi' }, { origin: 5 })],
    ['nobody', entry('text', { content: 'hi' }, { external_userid: '' })],
    ['somebody whose name is none', entry('text', { content: 'hi' }, { external_userid: 'a/b' })],
    ['no time', entry('text', { content: 'hi' }, { send_time: '1' })],
    ['no name', entry('text', { content: 'hi' }, { msgid: '' })],
    ['an event of WeCom’s rota', entry('event', { event_type: 'servicer_status_change' }, { origin: 4 })],
    ['an event without its content', { ...entry('event', {}, { origin: 4 }), event: null }],
  ])('with %s says nothing', (_, said) => {
    expect(read(said)).toBeUndefined()
  })

  it('greets whoever may be greeted, for twenty seconds', () => {
    const enters = entry('event', { event_type: 'enter_session', welcome_code: 'aaaa' }, { origin: 4 })
    expect(greetingIn(enters)).toEqual({
      code: 'aaaa',
      msgid: expect.stringMatching(/^[\w-]{32}$/),
      until: 1_615_478_605_000,
    })
    expect(greetingIn(entry('event', { event_type: 'enter_session', welcome_code: '' }, { origin: 4 }))).toBeUndefined()
  })
})

describe('what goes out', () => {
  const out = (part: Part, mediaId?: string) =>
    toMessage({ id: 'msg_01', peer: 'wk1/wm1', parts: [part] } as unknown as Outbound, mediaId)

  it('names the account, the customer and our name of the message', () => {
    expect(out({ type: 'text', text: '你好' })).toEqual({
      open_kfid: 'wk1',
      touser: 'wm1',
      msgid: 'msg_01',
      msgtype: 'text',
      text: { content: '你好' },
    })
    expect(nameOf('msg_01h0000000000000000000000_12')).toBe('msg_01h0000000000000000000000_12')
    expect(nameOf('msg_01h00000000000000000000000_12')).toMatch(/^[\w-]{32}$/)
  })

  it('is a menu as long as it fits, and lines of text else', () => {
    const options = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `${at}`, label: `L${at}` }))
    expect(out({ type: 'choice', prompt: 'Which?', options: options(2) })).toMatchObject({
      msgtype: 'msgmenu',
      msgmenu: { head_content: 'Which?', list: [{ type: 'click', click: { id: '0', content: 'L0' } }, {}] },
    })
    expect(out({ type: 'choice', prompt: 'Which?', options: options(11) })).toMatchObject({
      text: { content: expect.stringMatching(/^Which\?\n1\. L0\n[\s\S]*\n11\. L10$/) },
    })
  })
})

describe('a refusal', () => {
  it.each([
    [-1, 'retry'],
    [45009, 'rate-limited'],
    [95001, 'window-closed'],
    [95002, 'window-closed'],
    [40096, 'recipient-gone'],
    [60020, 'auth'],
    [42001, 'auth'],
    [95017, 'auth'],
    [95000, 'rejected'],
    [45002, 'rejected'],
  ])('%i means %s', (code, kind) => {
    expect(verdict(new Refusal(code, 'x'))?.kind).toBe(kind)
  })

  it('names the address that WeCom saw', () => {
    const { message } = new Refusal(
      60020,
      'not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at https://x',
    )
    expect(seenFrom(new Refusal(60020, message))).toBe('203.0.113.7')
    expect(verdict(new Refusal(60020, message))?.message).toContain('203.0.113.7')
    expect(seenFrom(new Refusal(1, 'no address'))).toBeUndefined()
  })
})
