/** Alipay's life account: whose calls are believed, what they say, what refusals mean. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AlipayConnector, Refusal, verdict } from '../../../src/connectors/alipay/connector.ts'
import { hear } from '../../../src/connectors/alipay/hook.ts'
import { canonical, privateKeyOf } from '../../../src/connectors/alipay/signing.ts'
import { fromFields } from '../../../src/connectors/alipay/translate.ts'
import { FileGone, type HookRequest, type Hub, textsInXml } from '../../../src/connectors/contract.ts'

const alipay = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 })
const base64 = (der: Buffer) => der.toString('base64')
const appId = '2014072300007148'
const settings = {
  appId,
  // As the tool for other languages than Java saves it.
  privateKey: base64(ours.privateKey.export({ format: 'der', type: 'pkcs1' })),
  alipayPublicKey: base64(alipay.publicKey.export({ format: 'der', type: 'spki' })),
}
const at = 1_790_000_000_000
/** In the order of the page on received messages. */
const said = (type: string, content: string, more = '') =>
  `<?xml version="1.0" encoding="gbk"?><XML><AppId><![CDATA[${appId}]]></AppId><FromAlipayUserId><![CDATA[2088102122485786]]></FromAlipayUserId><FromUserId><![CDATA[BM7PjM8f8]]></FromUserId><CreateTime><![CDATA[${at}]]></CreateTime><MsgType><![CDATA[${type}]]></MsgType><EventType></EventType><AgreementId></AgreementId><ActionParam>${more}</ActionParam><AccountNo></AccountNo><MsgId><![CDATA[1407040000000000001]]></MsgId>${content}<UserInfo><![CDATA[{"logon_id":"157****5623","user_name":"张*"}]]></UserInfo></XML>`

function call(fields: Record<string, Buffer>): HookRequest {
  const content = Object.keys(fields)
    .sort()
    .flatMap((name, index) => [Buffer.from(`${index > 0 ? '&' : ''}${name}=`), fields[name] ?? Buffer.alloc(0)])
  const signature = Buffer.from(base64(sign('sha256', Buffer.concat(content), alipay.privateKey)))
  const escaped = (bytes: Buffer) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  const body = Object.entries({ ...fields, sign: signature }).map(([name, value]) => `${name}=${escaped(value)}`)
  return {
    method: 'POST',
    path: '',
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.from(body.join('&')),
    remoteAddress: '',
    at,
  }
}
const form = (service: string, content: Buffer) =>
  call({
    service: Buffer.from(service),
    charset: Buffer.from('GBK'),
    sign_type: Buffer.from('RSA2'),
    biz_content: content,
  })

describe('a call of Alipay', () => {
  it('that asks whether the address is ours is told our public key, signed', () => {
    const xml = `<XML><AppId><![CDATA[${appId}]]></AppId><MsgType><![CDATA[event]]></MsgType><EventType><![CDATA[verifygw]]></EventType></XML>`
    const { reply, events } = hear(form('alipay.service.check', Buffer.from(xml)), settings)
    const key = base64(ours.publicKey.export({ format: 'der', type: 'spki' }))
    const response = `<success>true</success><biz_content>${key}</biz_content>`
    expect(String(reply.body)).toContain(`<response>${response}</response>`)
    const [, signature = ''] = /<sign>(.*?)<\/sign>/.exec(String(reply.body)) ?? []
    expect(verify('sha256', Buffer.from(response), ours.publicKey, Buffer.from(signature, 'base64'))).toBe(true)
    expect(events).toEqual([])
  })

  it('is read in GBK, as it was signed', () => {
    const xml = said('text', '<Text><Content><![CDATA[@@]]></Content></Text>').split('@@')
    const bytes = Buffer.concat([
      Buffer.from(xml[0] ?? ''),
      Buffer.from([0xc4, 0xe3, 0xba, 0xc3]),
      Buffer.from(xml[1]?.replace('张*', 'Z*') ?? ''),
    ])
    const { events, reply } = hear(form('alipay.mobile.public.message.notify', bytes), settings)
    expect(reply.status).toBe(200)
    expect(events).toMatchObject([{ peer: '2088102122485786', parts: [{ type: 'text', text: '你好' }] }])
  })
})

describe('a call about somebody whom only the older field names', () => {
  it('is acknowledged to them', () => {
    const xml = said('text', '<Text><Content>hi</Content></Text>')
      .replace('<![CDATA[2088102122485786]]>', '')
      .replace('BM7PjM8f8', '2088000000000001')
      .replace('张*', 'Z*')
    const { events, reply } = hear(form('alipay.mobile.public.message.notify', Buffer.from(xml)), settings)
    expect(events).toMatchObject([{ peer: '2088000000000001' }])
    expect(String(reply.body)).toContain('<ToUserId><![CDATA[2088000000000001]]></ToUserId>')
  })
})

describe('what people say', () => {
  it.each([
    ['text', '<Text><Content><![CDATA[hi]]></Content></Text>', { type: 'text', text: 'hi' }],
    [
      'image',
      '<Image><MediaId><![CDATA[L21]]></MediaId><Format><![CDATA[jpg]]></Format></Image>',
      {
        type: 'image',
        blob: { locator: { mediaId: 'L21' }, name: 'image.jpg', expiresAt: '2026-09-24T14:13:20.000Z' },
      },
    ],
    ['event', '', { type: 'unsupported', native: 'event', fallback: 'menu' }],
  ])('of type %s is read as documented', (type, content, part) => {
    expect(fromFields(textsInXml(said(type, content, 'menu')) ?? new Map(), appId)).toMatchObject({
      key: 'message:1407040000000000001',
      from: { kind: 'alipay', scope: appId, address: '2088102122485786', name: '张*' },
      parts: [part],
    })
  })
})

describe('a request of ours', () => {
  it('is signed over its fields by name, without those that are empty', () => {
    expect(canonical({ method: 'm', app_id: '1', sign: 'x', version: '', charset: 'utf-8' })).toBe(
      'app_id=1&charset=utf-8&method=m',
    )
    expect(privateKeyOf(settings.privateKey).equals(ours.privateKey)).toBe(true)
  })

  it.each([
    ['20000', 'isp.unknow-error', 'unknown'],
    ['20000', 'isp.service-unavailable', 'retry'],
    ['40002', 'isv.invalid-signature', 'auth'],
    ['40006', 'isv.insufficient-isv-permissions', 'auth'],
    ['40004', 'isv.app-call-limited', 'rate-limited'],
    ['40004', 'USER_NOT_FOLLOW', 'recipient-gone'],
    ['40004', 'INVALID_PARAMETER', 'rejected'],
  ])('that is refused with %s %s means %s', (code, subCode, kind) => {
    expect(verdict(new Refusal(code, subCode, 'x')).kind).toBe(kind)
  })
})

describe('a file', () => {
  const hub = {} as Hub
  const refusal = (code: string, sub_code: string) => {
    const answer = JSON.stringify({ error_response: { code, sub_code, msg: 'x' } })
    const fetch = async () => new Response(answer, { headers: { 'content-type': 'application/json' } })
    const fetching = { fetch, signal: AbortSignal.timeout(5000) }
    return new AlipayConnector(settings, hub).media({ mediaId: 'L21' }, fetching).catch((error: unknown) => error)
  }

  it('that Alipay does not have is gone', async () => {
    expect(await refusal('40004', 'INVALID_PARAMETER')).toBeInstanceOf(FileGone)
  })

  it.each([
    ['20000', 'isp.unknow-error'],
    ['20000', 'isp.service-unavailable'],
    ['40004', 'isv.app-call-limited'],
    ['40002', 'isv.invalid-signature'],
  ])('that is refused with %s %s may still come', async (code, subCode) => {
    const error = await refusal(code, subCode)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(FileGone)
  })
})
