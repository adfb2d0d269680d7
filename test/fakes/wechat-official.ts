/**
 * WeChat's side of one official account, by its documentation: pushes sealed XML and pushes it again when it is not answered with success,
 * takes customer-service messages under a token of two hours, keeps media by number.
 * https://developers.weixin.qq.com/doc/service/guide/
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { wechatOfficial } from '../../src/connectors/wechat-official/index.ts'
import type { MenuButton } from '../../src/connectors/wechat-official/menu.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'
import { bytesOf, type Call, cdata, fileIn, forgeries, newAesKey, post, sealed, sha1, unsealed } from './wechat-seal.ts'

export const farEnd: ConnectorUnderTest = {
  kind: wechatOfficial as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'close-window', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'link'],
  async open() {
    const platform = new Wechat()
    await platform.start()
    return platform
  },
}

const refusals: Partial<Record<Manner, object>> = {
  'refuse-for-ever': { errcode: 45002, errmsg: 'content size out of limit' },
  'refuse-for-now': { errcode: -1, errmsg: 'system error' },
  'limit-for-an-hour': { errcode: 45009, errmsg: 'reach max api daily quota limit' },
  'close-window': { errcode: 45015, errmsg: 'response out of time limit or subscription is canceled' },
}

export class Wechat implements FarEnd {
  readonly appId = `wx${randomBytes(8).toString('hex')}`
  readonly #appSecret = randomBytes(16).toString('hex')
  readonly #token = randomBytes(8).toString('hex')
  /** Undefined for 明文模式. */
  readonly #aesKey: string | undefined
  readonly #more: object
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  /** How often a day the account may call what; none: it is not told. */
  readonly quotas = new Map<string, number>()
  readonly #taken: Taken[] = []
  readonly #typed: string[] = []
  readonly #manners: Manner[] = []
  readonly #uploads = new Map<string, string>()
  readonly #numbers = new Map<string, { id: string; at: number }>()
  #accessToken = ''
  #place: Place | undefined
  #lastId = 24_000_000_000_000_000n
  /** How many tokens it gave. */
  tokens = 0
  /** How many files it was given. */
  uploads = 0
  #tokenRefusal: object | undefined
  /** What the interfaces answer instead, by path. */
  readonly answers = new Map<string, object>()
  /** The menus it was given, one after the other; null where it was deleted. */
  readonly menus: (readonly MenuButton[] | null)[] = []

  constructor(facts: { plain?: boolean; settings?: object } = {}) {
    this.#aesKey = facts.plain === true ? undefined : newAesKey()
    this.#more = facts.settings ?? {}
  }

  get settings() {
    const { port } = this.#server.address() as AddressInfo
    return {
      appId: this.appId,
      appSecret: this.#appSecret,
      token: this.#token,
      ...(this.#aesKey !== undefined && { encodingAesKey: this.#aesKey }),
      apiRoot: `http://127.0.0.1:${port}`,
      ...this.#more,
    }
  }

  get secrets() {
    return [this.#appSecret, this.#token, this.#aesKey ?? this.#token, this.#accessToken]
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    // Pushed again it is the same message, of the same second.
    const known = this.#numbers.get(id) ?? { id: String(++this.#lastId), at: Math.floor(Date.now() / 1000) }
    this.#numbers.set(id, known)
    const { status, body } = await this.push(messageXml(this.appId, peer, known, parts[0]))
    if (status !== 200 || body !== 'success') throw new Error(`the hub answered ${status} ${body}`)
  }

  /** Pushes what is said, signed and sealed as the account is set up. Answers with the hub's answer, unsealed. */
  async push(xml: string): Promise<{ status: number; body: string }> {
    const { status, body } = await post(this.#place?.hookUrl, this.#envelope(xml))
    const inner = /<Encrypt><!\[CDATA\[(.+?)\]\]>/.exec(body)?.[1]
    return { status, body: inner === undefined ? body : unsealed(inner, this.#aesKey ?? '') }
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  typed(): readonly string[] {
    return this.#typed
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  /** From now on the token that everybody has is not known any more. */
  forgetToken(): void {
    this.#accessToken = ''
  }

  /** From now on it gives no token, and says so. */
  refuseTokens(refusal: object): void {
    this.#tokenRefusal = refusal
    this.#accessToken = ''
  }

  /** From now on no file that was uploaded is known any more. */
  forgetUploads(): void {
    this.#uploads.clear()
  }

  async forge({ id, peer, parts }: Said) {
    const known = { id: id.length.toString(), at: Math.floor(Date.now() / 1000) }
    const xml = messageXml(this.appId, peer, known, parts[0])
    const honest = this.#envelope(xml)
    const signature = (value: string): Call => ({ ...honest, query: { ...honest.query, signature: value } })
    const calls = {
      ...forgeries(xml, (text, facts) => this.#envelope(text, facts)),
      'a bit of the signature': signature(`${honest.query.signature?.slice(0, -1)}g`),
      'no signature at all': signature(''),
    }
    const answers: { forged: string; status: number }[] = []
    for (const [forged, call] of Object.entries(calls))
      answers.push({ forged, status: (await post(this.#place?.hookUrl, call)).status })
    return answers
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://wechat')
    const path = pathname.replace('/cgi-bin/', '')
    const body = await bytesOf(request)
    const answer: Answering = (value) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (path === 'stable_token') return answer(this.#tokenFor(JSON.parse(body.toString())))
    if (searchParams.get('access_token') !== this.#accessToken || this.#accessToken === '') {
      return answer({ errcode: 40001, errmsg: 'invalid credential, access_token is invalid or not latest' })
    }
    const own = this.answers.get(path)
    if (own !== undefined) return answer(own)
    if (path === 'media/upload') return answer(await this.#keep(request, body))
    if (path === 'media/get') return this.#handOut(response, searchParams.get('media_id') ?? '', answer)
    if (path === 'message/custom/send') return this.#take(request, answer, JSON.parse(body.toString()) as Native)
    if (path === 'openapi/quota/get' && this.quotas.size > 0) {
      const { cgi_path } = JSON.parse(body.toString()) as { cgi_path: string }
      const daily_limit = this.quotas.get(cgi_path)
      if (daily_limit === undefined)
        return answer({ errcode: 76022, errmsg: 'could not use this cgi_path, no permission' })
      return answer({ errcode: 0, errmsg: 'ok', quota: { daily_limit, used: 0, remain: daily_limit } })
    }
    if (path.startsWith('menu/')) return answer(this.#menu(`${request.method} ${path}`, body))
    if (path === 'message/custom/typing') {
      this.#typed.push((JSON.parse(body.toString()) as Native).touser)
      return answer({ errcode: 0, errmsg: 'ok' })
    }
    answer({ errcode: 48001, errmsg: 'api unauthorized' })
  }

  #tokenFor({ appid, secret, force_refresh }: { appid: string; secret: string; force_refresh: boolean }): object {
    if (this.#tokenRefusal !== undefined) return this.#tokenRefusal
    if (appid !== this.appId || secret !== this.#appSecret) return { errcode: 40125, errmsg: 'invalid appsecret' }
    if (this.#accessToken === '' || force_refresh) {
      this.tokens += 1
      this.#accessToken = `access-${randomBytes(16).toString('hex')}`
    }
    return { access_token: this.#accessToken, expires_in: 7200 }
  }

  /** https://developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu and the pages beside it. */
  #menu(asked: string, body: Buffer): object {
    const shown = this.menus.at(-1) ?? null
    if (asked === 'POST menu/create') {
      const { button } = JSON.parse(body.toString()) as { button: readonly MenuButton[] }
      if (button.length < 1 || button.length > 3) return { errcode: 40016, errmsg: 'invalid button size' }
      if (button.some(({ name }) => Buffer.byteLength(name) > 16))
        return { errcode: 40018, errmsg: 'invalid button name size' }
      this.menus.push(button)
      return { errcode: 0, errmsg: 'ok' }
    }
    if (asked === 'GET menu/delete') {
      this.menus.push(null)
      return { errcode: 0, errmsg: 'ok' }
    }
    if (asked !== 'GET menu/get') return { errcode: 43001, errmsg: 'require GET method' }
    if (shown === null) return { errcode: 46003, errmsg: 'menu no exist' }
    return { menu: { button: shown.map((one) => ({ sub_button: [], ...one })) } }
  }

  async #keep(request: IncomingMessage, bytes: Buffer): Promise<object> {
    const file = await fileIn(request, bytes)
    if (file === undefined) return { errcode: 41005, errmsg: 'media data missing' }
    const media_id = randomBytes(24).toString('base64url')
    this.uploads += 1
    this.#uploads.set(media_id, digestOf(file.bytes))
    return { type: 'image', media_id, created_at: Math.floor(Date.now() / 1000) }
  }

  /** A file that came in is called by its name here; of a film only an address is told. */
  #handOut(response: ServerResponse, mediaId: string, answer: Answering): undefined {
    if (mediaId.startsWith('forgotten')) return answer({ errcode: 40007, errmsg: 'invalid media_id' })
    if (mediaId.endsWith('.mp4') && !mediaId.startsWith('film-')) {
      const { port } = this.#server.address() as AddressInfo
      const film = `media_id=film-${mediaId}&access_token=${this.#accessToken}`
      return answer({ video_url: `http://127.0.0.1:${port}/cgi-bin/media/get?${film}` })
    }
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(sampleBytes(mediaId.replace('film-', '')))
  }

  #take(request: IncomingMessage, answer: Answering, native: Native): undefined {
    const manner = this.#manners.shift()
    const refusal = manner && refusals[manner]
    if (refusal !== undefined) return answer(refusal)
    const part = this.#partOf(native)
    if (part === undefined) return answer({ errcode: 40007, errmsg: 'invalid media_id' })
    this.#taken.push({ id: `wx-${this.#taken.length + 1}`, peer: native.touser, parts: [part] })
    if (manner === 'take-and-cut') request.socket.destroy()
    if (manner !== undefined) return
    answer({ errcode: 0, errmsg: 'ok' })
  }

  #partOf(native: Native): Part | undefined {
    const { msgtype, text, news, msgmenu } = native
    if (msgtype === 'text') return { type: 'text', text: text?.content ?? '' }
    if (msgtype === 'news') {
      const { title = '', description = '', url = '' } = news?.articles[0] ?? {}
      return { type: 'link', url, title, ...(description !== '' && { description }) }
    }
    if (msgtype === 'msgmenu') {
      const options = (msgmenu?.list ?? []).map(({ id, content }) => ({ id, label: content }))
      return { type: 'choice', prompt: msgmenu?.head_content ?? '', options }
    }
    const sha256 = this.#uploads.get(native[msgtype]?.media_id ?? '')
    if (sha256 === undefined) return undefined
    return { type: msgtype === 'voice' ? 'audio' : msgtype, blob: { locator: { sha256 } } }
  }

  #envelope(xml: string, facts: { at?: number; receiver?: string } = {}): Call {
    const timestamp = String(facts.at ?? Math.floor(Date.now() / 1000))
    const nonce = randomBytes(5).toString('hex')
    const query = { timestamp, nonce, signature: sha1(this.#token, timestamp, nonce), openid: 'o' }
    if (this.#aesKey === undefined) return { query, body: xml }
    const inner = sealed(xml, this.#aesKey, facts.receiver ?? this.appId)
    return {
      query: { ...query, encrypt_type: 'aes', msg_signature: sha1(this.#token, timestamp, nonce, inner) },
      body: `<xml><ToUserName><![CDATA[gh_shop]]></ToUserName><Encrypt><![CDATA[${inner}]]></Encrypt></xml>`,
    }
  }
}

type Answering = (value: object) => undefined

interface Native {
  readonly touser: string
  readonly msgtype: 'text' | 'news' | 'msgmenu' | 'image' | 'voice' | 'video'
  readonly text?: { readonly content: string }
  readonly news?: { readonly articles: readonly { title: string; description: string; url: string }[] }
  readonly msgmenu?: { readonly head_content: string; readonly list: readonly { id: string; content: string }[] }
  readonly image?: { readonly media_id: string }
  readonly voice?: { readonly media_id: string }
  readonly video?: { readonly media_id: string }
}

/** As the page on ordinary messages shows it. */
export function messageXml(
  self: string,
  peer: string,
  { id, at }: { id: string; at: number },
  part: Part | undefined,
): string {
  const head = `<ToUserName>${cdata(self)}</ToUserName><FromUserName>${cdata(peer)}</FromUserName><CreateTime>${at}</CreateTime>`
  return `<xml>${head}${inner(part)}<MsgId>${id}</MsgId></xml>`
}

function inner(part: Part | undefined): string {
  const typed = (type: string, rest: string) => `<MsgType>${cdata(type)}</MsgType>${rest}`
  const media = (name: unknown) => `<MediaId>${cdata(name)}</MediaId>`
  switch (part?.type) {
    case 'text':
      return typed('text', `<Content>${cdata(part.text.replaceAll('\u0000', '\ufffd').toWellFormed())}</Content>`)
    case 'image':
      return typed('image', `<PicUrl>${cdata('http://mmbiz.qpic.cn/x')}</PicUrl>${media(part.blob.name)}`)
    case 'audio':
      return typed(
        'voice',
        `${media(part.blob.name)}<Format>${cdata('amr')}</Format><Recognition>${cdata(part.transcript)}</Recognition>`,
      )
    case 'video':
      return typed('video', `${media(part.blob.name)}<ThumbMediaId>${cdata('thumb')}</ThumbMediaId>`)
    case 'file':
      // People send no files to accounts; a forgotten picture is as good.
      return typed('image', media(part.blob.name))
    case 'location':
      return typed(
        'location',
        `<Location_X>${part.lat}</Location_X><Location_Y>${part.lon}</Location_Y><Scale>20</Scale><Label>${cdata(part.name)}</Label>`,
      )
    case 'link':
      return typed(
        'link',
        `<Title>${cdata(part.title)}</Title><Description>${cdata('')}</Description><Url>${cdata(part.url)}</Url>`,
      )
    default:
      throw new Error(`This customer does not send ${part?.type}.`)
  }
}
