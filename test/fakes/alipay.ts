/**
 * Alipay's side of one life account, by its documentation: calls with a form in GBK signed by its key and wants the answer signed by ours,
 * takes messages as signed forms and signs what it answers. https://opendocs.alipay.com/fw/01kc83
 */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { alipay } from '../../src/connectors/alipay/index.ts'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { sampleBytes } from '../conformance/connector-samples.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: alipay as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'close-window', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  filesVanish: true,
  carriesIn: ['text', 'image'],
  async open() {
    const platform = new Alipay()
    await platform.start()
    return platform
  },
}

const refusals: Partial<Record<Manner, object>> = {
  'refuse-for-ever': { code: '40004', msg: 'Business Failed', sub_code: 'INVALID_PARAMETER', sub_msg: '参数有误' },
  'refuse-for-now': { code: '20000', msg: 'Service Currently Unavailable', sub_code: 'isp.service-unavailable' },
  'limit-for-an-hour': { code: '40004', msg: 'Business Failed', sub_code: 'isv.app-call-limited' },
  'close-window': { code: '40004', msg: 'Business Failed', sub_code: 'MESSAGE_TIME_EXPIRED', sub_msg: '超过48小时' },
}

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

export class Alipay implements FarEnd {
  readonly appId = `20${String(Date.now()).padStart(14, '1')}`
  readonly #ours = pair()
  readonly #theirs = pair()
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #users = new Map<string, string>()
  readonly #saidAt = new Map<string, number>()
  #place: Place | undefined

  get settings() {
    const { port } = this.#server.address() as AddressInfo
    const alipayPublicKey = this.#ours.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    const root = `http://127.0.0.1:${port}/gateway.do`
    return { appId: this.appId, privateKey: this.#key, alipayPublicKey, apiRoot: root, fileRoot: root }
  }

  get #key(): string {
    return this.#theirs.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
  }

  get secrets() {
    return [this.#key]
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say(said: Said): Promise<void> {
    const { status, body } = await this.#call(this.#form(this.#xmlOf(said)))
    if (status !== 200 || !body.includes('<![CDATA[ack]]>')) throw new Error(`the hub answered ${status} ${body}`)
  }

  /** Asks whether the address is ours, as the page does when it is saved. Answers with the public key that it was told. */
  async check(): Promise<{ status: number; body: string }> {
    const xml = `<XML><AppId>${cdata(this.appId)}</AppId><CreateTime>${Date.now()}</CreateTime><MsgType>${cdata('event')}</MsgType><EventType>${cdata('verifygw')}</EventType></XML>`
    return this.#call(this.#form(xml, { service: 'alipay.service.check' }))
  }

  /** The public half of the application's key. */
  get publicKey(): string {
    return createPublicKey(this.#theirs.privateKey).export({ format: 'der', type: 'spki' }).toString('base64')
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  async forge(said: Said) {
    const xml = this.#xmlOf(said)
    const honest = this.#form(xml)
    const forgeries: Record<string, string> = {
      'a letter of the content': honest.replace(escaped(Buffer.from('MsgType')), escaped(Buffer.from('MsgTypE'))),
      'no signature': honest.replace(/&sign=[^&]*/, ''),
      'signed by somebody else': this.#form(xml, {}, this.#theirs.privateKey),
      'another field': `${honest}&more=1`,
      'for another account': this.#form(xml.replace(this.appId, '2088000000000000')),
      'with a document type': this.#form(`<!DOCTYPE XML [<!ENTITY a "b">]>${xml}`),
      'with an entity of its own': this.#form(xml.replace('</XML>', '<More>&a;</More></XML>')),
      'in a charset that nobody knows': this.#form(xml, { charset: 'EBCDIC' }),
      'an old time, well signed': this.#form(
        xml.replace(/<CreateTime>.*?<\/CreateTime>/, '<CreateTime>1400000000000</CreateTime>'),
      ),
      'more than 64 KB': this.#form(xml.replace('</XML>', `<More>${'x'.repeat(70_000)}</More></XML>`)),
      'no form': 'hello',
    }
    const answers: { forged: string; status: number }[] = []
    for (const [forged, body] of Object.entries(forgeries)) {
      answers.push({ forged, status: (await this.#call(body)).status })
    }
    return answers
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Delivered again it is the same message, of the same moment. People have numbers. */
  #xmlOf({ id, peer, parts: [part] }: Said): string {
    const at = this.#saidAt.get(id) ?? Date.now()
    this.#saidAt.set(id, at)
    const user =
      [...this.#users].find(([, name]) => name === peer)?.[0] ?? `2088${String(this.#users.size + 1).padStart(12, '0')}`
    this.#users.set(user, peer)
    const [type, content] =
      part?.type === 'text'
        ? ['text', `<Text><Content>${cdata(part.text.replaceAll('\u0000', '\ufffd').toWellFormed())}</Content></Text>`]
        : [
            'image',
            `<Image><MediaId>${cdata(part !== undefined && 'blob' in part ? part.blob.name : '')}</MediaId><Format>${cdata('jpg')}</Format></Image>`,
          ]
    const info = JSON.stringify({ logon_id: '157****5623', user_name: '李*' })
    return `<XML><AppId>${cdata(this.appId)}</AppId><FromAlipayUserId>${cdata(user)}</FromAlipayUserId><FromUserId>${cdata('openid')}</FromUserId><CreateTime>${cdata(at)}</CreateTime><MsgType>${cdata(type)}</MsgType><EventType></EventType><ActionParam></ActionParam><MsgId>${cdata(id)}</MsgId>${content}<UserInfo>${cdata(info)}</UserInfo></XML>`
  }

  #form(xml: string, more: Record<string, string> = {}, key = this.#ours.privateKey): string {
    const fields: Record<string, Buffer> = {}
    const words = {
      service: 'alipay.mobile.public.message.notify',
      charset: 'GBK',
      sign_type: 'RSA2',
      version: '1.0',
      ...more,
    }
    for (const [name, value] of Object.entries(words)) fields[name] = Buffer.from(value)
    fields.biz_content = gbk(`<?xml version="1.0" encoding="GBK"?>${xml}`)
    const content = Object.keys(fields)
      .sort()
      .flatMap((name, index) => [Buffer.from(`${index > 0 ? '&' : ''}${name}=`), fields[name] ?? Buffer.alloc(0)])
    fields.sign = Buffer.from(sign('sha256', Buffer.concat(content), key).toString('base64'))
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${escaped(value)}`)
      .join('&')
  }

  async #call(body: string): Promise<{ status: number; body: string }> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=GBK' }
    const response = await fetch(this.#place?.hookUrl ?? '', { method: 'POST', headers, body })
    const answer = await response.text()
    const [, said = '', signature = ''] = /<response>([\s\S]*)<\/response><sign>(.*?)<\/sign>/.exec(answer) ?? []
    const isOurs = verify('sha256', Buffer.from(said), this.#theirs.publicKey, Buffer.from(signature, 'base64'))
    if (response.status === 200 && !isOurs) throw new Error('the answer is not signed')
    return { status: response.status, body: answer }
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    const said = Object.keys(form)
      .filter((name) => name !== 'sign')
      .sort()
      .map((name) => `${name}=${form[name]}`)
      .join('&')
    const isTheirs = verify('sha256', Buffer.from(said), this.#theirs.publicKey, Buffer.from(form.sign ?? '', 'base64'))
    const name = `${form.method?.replaceAll('.', '_')}_response`
    const answer = (value: object) => {
      const body = JSON.stringify(value)
      const signature = sign('sha256', Buffer.from(body), this.#ours.privateKey).toString('base64')
      response
        .writeHead(200, { 'content-type': 'text/html;charset=utf-8' })
        .end(`{"${name}":${body},"sign":"${signature}"}`)
    }
    if (!isTheirs || form.app_id !== this.appId) {
      return answer({ code: '40002', msg: 'Invalid Arguments', sub_code: 'isv.invalid-signature', sub_msg: '验签出错' })
    }
    const content = JSON.parse(form.biz_content ?? '{}') as Native & { mediaId?: string }
    if (content.mediaId !== undefined) {
      if (content.mediaId.startsWith('forgotten')) {
        response.writeHead(200, { 'content-type': 'text/plain' }).end('{"error_response":{"code":"40004"}}')
        return
      }
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end(sampleBytes(content.mediaId))
      return
    }
    if (form.method !== 'alipay.open.public.message.custom.send') return answer({ code: '10000', msg: 'Success' })
    const manner = this.#manners.shift()
    const refusal = manner && refusals[manner]
    if (refusal !== undefined) return answer(refusal)
    const peer = this.#users.get(content.to_user_id) ?? content.to_user_id
    this.#taken.push({ id: `alipay-${this.#taken.length + 1}`, peer, parts: [partOf(content)] })
    if (manner === 'take-and-cut') request.socket.destroy()
    else if (manner === undefined) answer({ code: '10000', msg: 'Success' })
  }
}

interface Native {
  readonly to_user_id: string
  readonly text?: { readonly content: string }
  readonly articles?: readonly { readonly title: string; readonly url: string }[]
}

function partOf({ text: said, articles }: Native): Part {
  const [article] = articles ?? []
  if (article === undefined) return { type: 'text', text: said?.content ?? '' }
  return { type: 'link', url: article.url, title: article.title }
}

function cdata(value: unknown): string {
  return `<![CDATA[${String(value ?? '').replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

function escaped(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

let table: Map<string, Buffer> | undefined

/** In GBK, and what GBK has no word for as GB18030 writes it: found by reading every code there is. */
function gbk(words: string): Buffer {
  table ??= codes()
  const known = table
  return Buffer.concat(
    [...words].map((letter) => {
      const at = (letter.codePointAt(0) ?? 0) - 0x10000
      if (letter < '\u0080') return Buffer.from(letter)
      return at >= 0 ? fourBytes(at + 189_000) : (known.get(letter) ?? Buffer.from('?'))
    }),
  )
}

function fourBytes(at: number): Buffer {
  return Buffer.from([
    0x81 + Math.floor(at / 12_600),
    0x30 + (Math.floor(at / 1260) % 10),
    0x81 + (Math.floor(at / 10) % 126),
    0x30 + (at % 10),
  ])
}

function codes(): Map<string, Buffer> {
  const all: Buffer[] = []
  for (let at = 0; at < 39_420; at++) all.push(fourBytes(at))
  for (let lead = 0x81; lead < 0xff; lead++) {
    for (let trail = 0x40; trail < 0xff; trail++) if (trail !== 0x7f) all.push(Buffer.from([lead, trail]))
  }
  const decoder = new TextDecoder('gbk')
  return new Map(all.map((code) => [decoder.decode(code), code]))
}
