/** WeChat: what it seals, says and hears. */
import { describe, expect, it } from 'vitest'
import { checkInbound, type HookRequest, textsInXml } from '../../../src/connectors/contract.ts'
import { Refusal } from '../../../src/connectors/wechat/cgi.ts'
import { seal, signatureOf, unseal } from '../../../src/connectors/wechat/envelope.ts'
import { toXml } from '../../../src/connectors/wechat/xml.ts'
import { verdict } from '../../../src/connectors/wechat-official/api.ts'
import { type HookSettings, hear } from '../../../src/connectors/wechat-official/hook.ts'
import { toMessage, toPassive } from '../../../src/connectors/wechat-official/translate.ts'
import type { Inbound, Outbound, Part } from '../../../src/core/conversations/model.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** Made with wechatpy 1.8.18 (its WeChatCrypto over pycryptodome), with its random words fixed. */
const vectors = [
  {
    text: '<xml><Content><![CDATA[你好，世界 👋]]></Content></xml>',
    key: 'MehGAkWvj7FAc9QeWJKY40uvSwMFLZDe1f8rESQedUA',
    token: 'StPKR0Cs',
    appId: 'wxcb0eb53f16947ccf',
    random: 'fkCzJr4i0B3JrTAw',
    timestamp: '1400000001',
    nonce: 'nonce1',
    sealed:
      '5MXKXAJaHFI6918E0S6qoC74oue+z2bi4MDfA/LGmaTfS4w6PZFUtKbSEKDvgM25TjWviuzpMUpwkkCUBSVinB11dasPohJaxeTMSDBT01LFM+Pk/YzBKkGM4S11dz3MPl6rQz3Rdt5eaJknQaoGkYy5psUT1liivDf8VZ94hdI=',
    signature: '0bbf9d560f003c8164c3ff8a49107447308dc588',
  },
  {
    text: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    key: 'MxEhh2FDEEtfjgVvVqE1SkHbn88HxjSI6bWHtP3fS2A',
    token: 'qHx6kwXo',
    appId: 'wxa767c76fb008f86b',
    random: 'CZ7Uw9xfogoEmvnE',
    timestamp: '1400000003',
    nonce: 'nonce3',
    sealed:
      '030e/ygzZSFkHNi82MxX4o5yz5w6ey55eII/8sxRF47Crq757yQ9jPATlkgMR+kLFks0iIEBOUq23eaPznl+ocUPOBh33GPuwlGPvcUbi6sLgNKNxQ1QKnmkfek3AOtR',
    signature: '22e8fb97fe42664cf6adaec9291d0402c87cd478',
  },
  {
    text: 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy',
    key: 'N5N1aE6PwZPf1Qh6yYTWmE4lBYOvfZ8UzDzV8fUkkiA',
    token: 'bjL5DZPj',
    appId: 'wxfb440034d6608697',
    random: 'WLuqIA1id6Vw5DQL',
    timestamp: '1400000004',
    nonce: 'nonce4',
    sealed:
      'TviowHQbr6S7iNvuP8p7K9Vgg27/SeLvccmZXZ4c854/AJduWrnW2ZUHt/iI2cSE5H2wqGld7saxSn8q52HFa4ON9l1C0yi9GpmbO2Nl3VYCDRlkAvhRadRS+BZcKQQZ',
    signature: '2ec51a71e4a46e5682b3edb9bb0f0b882e302f56',
  },
  {
    text: 'zzzzzzzzzzzz',
    key: '05HA064GiIjHGb3CXlMaXZjljENUhJduRHHJEYXg4JA',
    token: 'dpmrcXgG',
    appId: 'wxe02ea68ef786e4d3',
    random: 'zCueQpBenQtYh5Xj',
    timestamp: '1400000005',
    nonce: 'nonce5',
    sealed: 'Ae+00c1lhSqA8h1ZcWg6713PZ7P4SnH8JvgyFBQozzdYPIfxS6WdWFikWf+r/gnsYVpkqN/zO0h2EOPwbE22xw==',
    signature: '32749d5a8bedf0688f245bb1c22cec5b25dfe6c7',
  },
]

describe('what WeChat seals', () => {
  it.each(vectors)('is unsealed and sealed as an independent implementation does: $text', (vector) => {
    const { text, key, token, appId, random, timestamp, nonce, sealed, signature } = vector
    expect(unseal(sealed, key, appId)).toBe(text)
    expect(seal(text, key, appId, Buffer.from(random))).toBe(sealed)
    expect(signatureOf(token, timestamp, nonce, sealed)).toBe(signature)
  })

  it('says nothing when it was sealed for another account, with another key, or is broken', () => {
    const [{ sealed, key, appId } = { sealed: '', key: '', appId: '' }, other] = vectors
    expect(unseal(sealed, key, 'wx0000000000000000')).toBeUndefined()
    expect(unseal(sealed, other?.key ?? '', appId)).toBeUndefined()
    expect(unseal(sealed.slice(0, -8), key, appId)).toBeUndefined()
    expect(unseal('', key, appId)).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64')
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(unseal(changed.toString('base64'), key, appId)).not.toBe(vectors[0]?.text)
    }
  })
})

describe('WeChat’s XML', () => {
  it('is read by the paths of its fields; what stands in a text is none', () => {
    const xml = `<xml><A><![CDATA[1 < 2 <B>x</B>]]></A><Scan><B><![CDATA[y]]></B></Scan><C>3 &lt; 4</C><D/></xml>`
    expect([...(textsInXml(xml) ?? [])]).toEqual([
      ['A', '1 < 2 <B>x</B>'],
      ['Scan/B', 'y'],
      ['Scan', ''],
      ['C', '3 < 4'],
      ['D', ''],
    ])
  })

  it.each([
    ['a document type', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>1</A></xml>'],
    ['an entity of its own', '<xml><A>&a;</A></xml>'],
    ['an end too few', '<xml><A>1</A>'],
    ['no XML at all', 'hello'],
    ['nothing', ''],
  ])('with %s is not read', (_, xml) => {
    expect(textsInXml(xml)).toBeUndefined()
  })

  it('cannot be broken out of by what an agent writes', () => {
    const said = `]]></Content><MsgType>x</MsgType> ]]> & <`
    expect(textsInXml(toXml({ Content: said, Count: 2 }))?.get('Content')).toBe(said)
  })
})

const settings: HookSettings = { appId: 'wx1234567890abcdef', appSecret: 's'.repeat(32), token: 'token' }
const at = 1_790_000_000_000

function call(xml: string, facts: Partial<HookRequest> & { query?: URLSearchParams } = {}): HookRequest {
  const timestamp = String(at / 1000)
  const signed = { timestamp, nonce: 'n', signature: signatureOf('token', timestamp, 'n') }
  return {
    method: 'POST',
    path: '',
    query: new URLSearchParams(signed),
    headers: {},
    body: Buffer.from(xml),
    remoteAddress: '',
    at,
    ...facts,
  }
}
/** In the order and with the fields of the vendor's page on ordinary messages. */
const said = (fields: string, id = '<MsgId>1234567890123456</MsgId>') =>
  `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oABC1234]]></FromUserName><CreateTime>1790000000</CreateTime>${fields}${id}</xml>`
const heard = (xml: string, facts: Partial<HookSettings> = {}) =>
  hear(call(xml), { ...settings, ...facts }).events[0] as InboundMessage | undefined

describe('a call of WeChat', () => {
  it('without a body proves the address, once it is signed', () => {
    const asked = call('', { method: 'GET' })
    asked.query.set('echostr', '5838479218127813673')
    expect(hear(asked, settings).reply).toMatchObject({ status: 200, body: '5838479218127813673' })
    asked.query.set('signature', '0'.repeat(40))
    expect(hear(asked, settings).reply.status).toBe(403)
  })

  it('that comes too late is refused, however well it is signed', () => {
    expect(hear(call(said(''), { at: at + 601_000 }), settings).reply.status).toBe(403)
    expect(hear(call(said(''), { at: at - 601_000 }), settings).reply.status).toBe(403)
  })

  it('that is not sealed is not believed by a channel with a key', () => {
    const text = said('<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content>')
    expect(hear(call(text), { ...settings, encodingAesKey: 'a'.repeat(43) }).reply.status).toBe(403)
    expect(hear(call('{"json":1}'), settings).reply.status).toBe(400)
  })

  it('is a message of a person whom WeChat gives no name, with five answers in two days', () => {
    const text = said('<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[在吗 ]]></Content>')
    expect(hear(call(text), settings)).toMatchObject({ reply: { status: 200, body: 'success' } })
    expect(heard(text)).toEqual({
      kind: 'message',
      key: 'message:1234567890123456',
      externalId: '1234567890123456',
      peer: 'oABC1234',
      at: '2026-09-21T14:13:20.000Z',
      from: { kind: 'wechat', scope: settings.appId, address: 'oABC1234', name: '微信用户 1234', verified: true },
      parts: [{ type: 'text', text: '在吗 ' }],
      ticket: { kind: 'message', uses: 5, expiresAt: '2026-09-23T14:13:20.000Z' },
    })
  })

  it.each([
    [
      'voice',
      '<MediaId><![CDATA[m]]></MediaId><Format><![CDATA[amr]]></Format><Recognition><![CDATA[你好]]></Recognition>',
      { type: 'audio', transcript: '你好', blob: { locator: { mediaId: 'm' }, name: 'voice.amr' } },
    ],
    [
      'shortvideo',
      '<MediaId><![CDATA[m]]></MediaId><ThumbMediaId><![CDATA[t]]></ThumbMediaId>',
      { type: 'video', blob: { expiresAt: '2026-09-24T14:13:20.000Z' } },
    ],
    [
      'location',
      '<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label><![CDATA[天河]]></Label>',
      { type: 'location', lat: 23.134521, lon: 113.358803, name: '天河' },
    ],
    [
      'link',
      '<Title><![CDATA[公众平台]]></Title><Description><![CDATA[官网]]></Description><Url><![CDATA[https://example.com]]></Url>',
      { type: 'link', url: 'https://example.com', title: '公众平台', description: '官网' },
    ],
    ['transfer', '', { type: 'unsupported', native: 'transfer' }],
  ])('of type %s is a part', (type, fields, part) => {
    expect(heard(said(`<MsgType><![CDATA[${type}]]></MsgType>${fields}`))?.parts[0]).toMatchObject(part)
  })

  const event = (name: string, key = '', more = '') =>
    said(
      `<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${name}]]></Event><EventKey><![CDATA[${key}]]></EventKey>${more}`,
      '',
    )

  it('that a button, a follower or a code makes begins a conversation where that is wanted, with three answers in a minute', () => {
    const ticket = { kind: 'event', uses: 3, expiresAt: '2026-09-21T14:14:20.000Z' }
    expect(heard(event('CLICK', '人工客服'))).toMatchObject({ parts: [{ type: 'text', text: '人工客服' }], ticket })
    expect(heard(event('CLICK', '人工客服'))?.key).toBe('event:oABC1234:1790000000:CLICK:人工客服')
    expect(heard(event('subscribe', 'qrscene_7'))).toBeUndefined()
    const all = { opensOn: ['subscribe', 'scan'] as const }
    expect(heard(event('subscribe', 'qrscene_7'), all)?.parts).toMatchObject([{ fallback: '关注了公众号：7' }])
    expect(heard(event('SCAN', '7'), all)?.parts).toMatchObject([{ fallback: '扫描了二维码：7' }])
    for (const name of ['unsubscribe', 'VIEW', 'LOCATION', 'TEMPLATESENDJOBFINISH'])
      expect(heard(event(name), all)).toBeUndefined()
  })

  // As https://developers.weixin.qq.com/doc/service/guide/product/menu/Custom_Menu_Push_Events.html shows them.
  it.each<[string, string, string, object, boolean]>([
    [
      'scancode_push',
      '6',
      '<ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult></ScanCodeInfo>',
      { type: 'text', text: '1' },
      true,
    ],
    [
      'scancode_waitmsg',
      '6',
      '<ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[2]]></ScanResult></ScanCodeInfo>',
      { type: 'text', text: '2' },
      true,
    ],
    [
      'pic_sysphoto',
      '6',
      '<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum><![CDATA[1b5f7c23b5bf75682a53e7b6d163e185]]></PicMd5Sum></item></PicList></SendPicsInfo>',
      { type: 'unsupported', native: 'pic_sysphoto', fallback: '通过菜单发送了 1 张图片：6' },
      false,
    ],
    [
      'pic_photo_or_album',
      '6',
      '<SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum><![CDATA[5a75aaca956d97be686719218f275c6b]]></PicMd5Sum></item></PicList></SendPicsInfo>',
      { native: 'pic_photo_or_album', fallback: '通过菜单发送了 2 张图片：6' },
      false,
    ],
    [
      'pic_weixin',
      '6',
      '<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum><![CDATA[5a75aaca956d97be686719218f275c6b]]></PicMd5Sum></item></PicList></SendPicsInfo>',
      { native: 'pic_weixin', fallback: '通过菜单发送了 1 张图片：6' },
      false,
    ],
    [
      'location_select',
      '6',
      '<SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[ 广州市海珠区客村艺苑路 106号]]></Label><Poiname><![CDATA[]]></Poiname></SendLocationInfo>',
      { type: 'location', lat: 23, lon: 113, name: '广州市海珠区客村艺苑路 106号' },
      false,
    ],
    [
      'view_miniprogram',
      'pages/index/index',
      '<MenuId>MENUID</MenuId>',
      { native: 'view_miniprogram', fallback: '打开了小程序：pages/index/index' },
      false,
    ],
    ['VIEW', 'www.qq.com', '<MenuId>MENUID</MenuId>', { native: 'view', fallback: '打开了链接：www.qq.com' }, false],
  ])('that the button %s of a menu makes is read as such', (name, key, more, part, mayBeAnswered) => {
    const pressed = event(name, key, more)
    const message = heard(pressed, { opensOn: [name.toLowerCase()] })
    expect(message?.parts[0]).toMatchObject(part)
    expect(message?.ticket?.uses).toBe(mayBeAnswered ? 3 : undefined)
    expect(message && checkInbound(message)).toBeDefined()
    // Without a word in the settings a scanned code begins a conversation; what comes as a message of its own, or is only looked at, does not.
    expect(heard(pressed) !== undefined).toBe(mayBeAnswered)
  })

  it('that a button makes without what belongs to it is told as far as it goes', () => {
    for (const [name, part] of [
      ['scancode_waitmsg', { type: 'unsupported', fallback: '扫描了二维码：6' }],
      ['location_select', { type: 'unsupported', fallback: '[位置]' }],
      ['pic_weixin', { type: 'unsupported', fallback: '通过菜单发送了 1 张图片：6' }],
    ] as const) {
      expect(heard(event(name, '6'), { opensOn: [name] })?.parts).toMatchObject([part])
    }
  })

  it('of an account that answers in it is held open, with one answer in five seconds', () => {
    const text = said('<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content>')
    const result = hear(call(text), { ...settings, replies: 'passive' })
    expect(result.open).toEqual({ name: 'message:1234567890123456', forMs: 4200 })
    expect(result.events[0]).toMatchObject({
      ticket: { kind: 'passive', uses: 1, reference: { call: 'message:1234567890123456', self: 'gh_1' } },
    })
  })
})

describe('what is sent', () => {
  const outbound = (part: Part): Outbound => ({
    id: 'msg_1',
    attempt: 1,
    peer: 'o1',
    conversationId: 'cnv_1',
    messageId: 'msg_1',
    parts: [part],
    author: {},
  })

  it.each([
    [
      { type: 'text', text: '好' },
      { touser: 'o1', msgtype: 'text', text: { content: '好' } },
      { MsgType: 'text', Content: '好' },
    ],
    [
      { type: 'image', blob: {} },
      { touser: 'o1', msgtype: 'image', image: { media_id: 'm' } },
      { MsgType: 'image', Image: { MediaId: 'm' } },
    ],
    [
      { type: 'link', url: 'https://example.com', title: 'A' },
      {
        touser: 'o1',
        msgtype: 'news',
        news: { articles: [{ title: 'A', description: '', url: 'https://example.com', picurl: '' }] },
      },
      {
        MsgType: 'news',
        ArticleCount: 1,
        Articles: [{ Title: 'A', Description: '', PicUrl: '', Url: 'https://example.com' }],
      },
    ],
    [
      { type: 'choice', prompt: '满意吗', options: [{ id: '1', label: '是' }] },
      {
        touser: 'o1',
        msgtype: 'msgmenu',
        msgmenu: { head_content: '满意吗', list: [{ id: '1', content: '是' }], tail_content: '' },
      },
      { MsgType: 'text', Content: '满意吗\n1. 是' },
    ],
  ] as [Part, object, object][])('is as the interface and the call want it', (part, message, passive) => {
    expect(toMessage(outbound(part), 'm')).toEqual(message)
    expect(toPassive(outbound(part), 'm')).toEqual(passive)
  })

  it.each([
    [-1, 'retry'],
    [40001, 'auth'],
    [40164, 'auth'],
    [40003, 'recipient-gone'],
    [43004, 'recipient-gone'],
    [45002, 'rejected'],
    [45009, 'rate-limited'],
    [45015, 'window-closed'],
    [45047, 'window-closed'],
    [48001, 'rejected'],
  ])('a refusal of number %i means %s', (code, kind) => {
    expect(verdict(new Refusal(code, 'words'))?.kind).toBe(kind)
  })

  it('a refused address is named, with what to do about it', () => {
    expect(verdict(new Refusal(40164, 'invalid ip 203.0.113.9 ipv6, not in whitelist'))?.message).toContain(
      '203.0.113.9',
    )
  })
})
