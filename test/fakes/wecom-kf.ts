/**
 * WeCom's side of a corporation's customer service, by its documentation: calls with sealed XML that says only that there is something, hands
 * out what was said by cursor, a few entries at a time, takes answers while the customer's conversation lets it.
 * https://developer.work.weixin.qq.com/document/path/94638
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { wecomKf } from '../../src/connectors/wecom-kf/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'
import { bytesOf, type Call, cdata, fileIn, forgeries, newAesKey, post, sealed, sha1 } from './wechat-seal.ts'

export const farEnd: ConnectorUnderTest = {
  kind: wecomKf as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'close-window', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file', 'location', 'link'],
  async open() {
    const platform = new WecomKf()
    await platform.start()
    return platform
  },
}

const refusals: Partial<Record<Manner, object>> = {
  'refuse-for-ever': { errcode: 45002, errmsg: 'content size out of limit' },
  'refuse-for-now': { errcode: -1, errmsg: 'system busy' },
  'limit-for-an-hour': { errcode: 45009, errmsg: 'api freq out of limit' },
  'close-window': { errcode: 95001, errmsg: 'send msg count limit' },
}

const entriesAtOnce = 3

export class WecomKf implements FarEnd {
  readonly corpId = `ww${randomBytes(8).toString('hex')}`
  readonly openKfId = `wk${randomBytes(12).toString('base64url')}`
  readonly #secret = randomBytes(32).toString('base64url')
  readonly #token = randomBytes(8).toString('hex')
  readonly #aesKey = newAesKey()
  readonly #more: object
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #recalled: string[] = []
  readonly #uploads = new Map<string, string>()
  /** What was said on each account; a cursor is how many of it are known. */
  readonly #said = new Map<string, { id: string; entry: object }[]>([[this.openKfId, []]])
  readonly #known = new Map<string, number>()
  readonly #words = new Set<string>()
  #accessToken = ''
  #place: Place | undefined
  /** What the interfaces answer instead, by path; undefined for as usual. */
  readonly answers = new Map<string, object | ((asked: Asked) => object | undefined)>()
  /** Every question to sync_msg, in order. */
  readonly questions: Asked[] = []
  /** Who has the conversation of a customer, by their id; 0 unless said. */
  readonly states = new Map<string, number>()
  /** What customers were greeted with. */
  readonly greetings: { code: string; msgid: string; text: string }[] = []
  /** No call reaches the hub. */
  isSilent = false
  uploads = 0

  constructor(settings: object = {}) {
    this.#more = settings
  }

  get settings() {
    const { port } = this.#server.address() as AddressInfo
    return {
      corpId: this.corpId,
      secret: this.#secret,
      token: this.#token,
      encodingAesKey: this.#aesKey,
      // The suite's customers write at once, perhaps before the channel has looked for the first time.
      backfillDays: 1,
      apiRoot: `http://127.0.0.1:${port}`,
      ...this.#more,
    }
  }

  get secrets() {
    return [this.#secret, this.#token, this.#aesKey, this.#accessToken]
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  /** Another account of the corporation. */
  addAccount(): string {
    const id = `wk${randomBytes(12).toString('base64url')}`
    this.#said.set(id, [])
    return id
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    await this.tell({ msgid: id, external_userid: peer, origin: 3, ...wireOf(parts[0]) })
  }

  /** Something happens on an account, and the hub is called. Resolves when the hub has asked for what comes after it. */
  async tell(
    fields: { readonly msgid: string; readonly [field: string]: unknown },
    openKfId = this.openKfId,
  ): Promise<void> {
    const said = this.#said.get(openKfId)
    if (said === undefined) throw new Error('There is no such account.')
    said.push({ id: fields.msgid, entry: { open_kfid: openKfId, send_time: Math.floor(Date.now() / 1000), ...fields } })
    const upTo = said.length
    if (!this.isSilent) await this.call(openKfId)
    await eventually(() => (this.#known.get(openKfId) ?? 0) >= upTo)
  }

  /** Says that there is something to ask for. */
  async call(openKfId = this.openKfId): Promise<void> {
    const { status, body } = await post(this.#place?.hookUrl, this.#envelope(this.#callXml(openKfId)))
    if (status !== 200 || body !== 'success') throw new Error(`the hub answered ${status} ${body}`)
  }

  /** Asks the hub whether the address is ours, as the page does when it is saved. */
  async prove(echo: string): Promise<{ status: number; body: string }> {
    const inner = sealed(echo, this.#aesKey, this.corpId)
    const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomBytes(5).toString('hex')]
    const msg_signature = sha1(this.#token, timestamp, nonce, inner)
    const asked = new URLSearchParams({ msg_signature, timestamp, nonce, echostr: inner })
    const response = await fetch(`${this.#place?.hookUrl}?${asked}`)
    return { status: response.status, body: await response.text() }
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  recalled(): readonly string[] {
    return this.#recalled
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  forgetToken(): void {
    this.#accessToken = ''
  }

  forgetUploads(): void {
    this.#uploads.clear()
  }

  async forge(_said: Said) {
    const calls = forgeries(this.#callXml(this.openKfId), (text, facts) => this.#envelope(text, facts))
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
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://wecom')
    const path = pathname.replace('/cgi-bin/', '')
    const body = await bytesOf(request)
    const answer = (value: object) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (path === 'gettoken') return answer(this.#tokenFor(searchParams))
    if (searchParams.get('access_token') !== this.#accessToken || this.#accessToken === '') {
      return answer(refusal(40014, 'invalid access_token'))
    }
    if (path === 'media/upload') return answer(await this.#keep(request, body))
    if (path === 'media/get') return this.#handOut(response, searchParams.get('media_id') ?? '')
    const asked = JSON.parse(body.toString()) as Asked
    const own = this.answers.get(path)
    const instead = typeof own === 'function' ? own(asked) : own
    if (instead !== undefined) return answer(instead)
    if (path === 'kf/send_msg') return this.#take(request, answer, asked as unknown as Native)
    answer(this.#answerTo(path, asked))
  }

  #answerTo(path: string, asked: Asked): object {
    switch (path) {
      case 'kf/account/list': {
        const account_list = [...this.#said.keys()].map((open_kfid) => ({
          open_kfid,
          name: '咨询',
          manage_privilege: true,
        }))
        return { errcode: 0, errmsg: 'ok', account_list: account_list.slice(asked.offset, asked.offset + asked.limit) }
      }
      case 'kf/sync_msg':
        return this.#handOver(asked)
      case 'kf/customer/batchget': {
        const named = (asked.external_userid_list ?? []).filter((id) => !id.startsWith('nameless'))
        const customer_list = named.map((external_userid) => ({ external_userid, nickname: `昵称 ${external_userid}` }))
        return { errcode: 0, errmsg: 'ok', customer_list, invalid_external_userid: [] }
      }
      case 'kf/recall_msg': {
        const { msgid } = asked
        if (!this.#taken.some(({ id }) => id === msgid)) return refusal(40058, 'invalid msgid')
        this.#recalled.push(msgid)
        return { errcode: 0, errmsg: 'ok' }
      }
      case 'kf/service_state/get':
        if (asked.external_userid === 'wm-nobody') return refusal(95000, 'invalid open_kfid')
        return { errcode: 0, errmsg: 'ok', service_state: this.states.get(asked.external_userid) ?? 0 }
      case 'kf/service_state/trans':
        this.states.set(asked.external_userid, asked.service_state)
        return { errcode: 0, errmsg: 'ok' }
      case 'kf/send_msg_on_event': {
        const { code, msgid, text } = asked
        this.greetings.push({ code, msgid, text: text?.content ?? '' })
        return { errcode: 0, errmsg: 'ok', msgid }
      }
      default:
        return refusal(48002, 'api forbidden')
    }
  }

  #handOver(asked: Asked): object {
    this.questions.push(asked)
    const { open_kfid, cursor, token } = asked
    if (token !== undefined && !this.#words.has(token)) return refusal(95007, 'invalid msg token')
    const said = this.#said.get(open_kfid)
    if (said === undefined) return refusal(95000, 'invalid open_kfid')
    const from = cursor === '' ? 0 : Number(cursor.replace('c', ''))
    this.#known.set(open_kfid, Math.max(from, this.#known.get(open_kfid) ?? 0))
    const page = said.slice(from, from + entriesAtOnce)
    // There may be more although there is none.
    const has_more = page.length > 0 ? 1 : 0
    return {
      errcode: 0,
      errmsg: 'ok',
      next_cursor: `c${from + page.length}`,
      has_more,
      msg_list: page.map(({ entry }) => entry),
    }
  }

  #tokenFor(asked: URLSearchParams): object {
    if (asked.get('corpid') !== this.corpId) return refusal(40013, 'invalid corpid')
    if (asked.get('corpsecret') !== this.#secret) return refusal(40001, 'invalid credential')
    if (this.#accessToken === '') this.#accessToken = `access-${randomBytes(32).toString('hex')}`
    return { errcode: 0, errmsg: 'ok', access_token: this.#accessToken, expires_in: 7200 }
  }

  async #keep(request: IncomingMessage, bytes: Buffer): Promise<object> {
    const file = await fileIn(request, bytes)
    if (file === undefined || file.bytes.length < 5) return refusal(41005, 'media data missing')
    const media_id = randomBytes(24).toString('base64url')
    this.uploads += 1
    this.#uploads.set(media_id, digestOf(file.bytes))
    return { errcode: 0, errmsg: '', type: 'file', media_id, created_at: String(Math.floor(Date.now() / 1000)) }
  }

  /** A file that came in is called by its name here. */
  #handOut(response: ServerResponse, mediaId: string): void {
    if (mediaId.startsWith('forgotten')) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(refusal(40007, 'invalid media_id')))
      return
    }
    const disposition = `attachment; filename="${mediaId}"`
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': disposition })
    response.end(sampleBytes(mediaId))
  }

  #take(request: IncomingMessage, answer: (value: object) => void, native: Native): void {
    const state = this.states.get(native.touser) ?? 0
    const manner = state > 1 ? undefined : this.#manners.shift()
    const part = this.#partOf(native)
    const wrong = state > 1 ? refusal(95018, 'send msg session status invalid') : manner && refusals[manner]
    if (wrong !== undefined || part === undefined) {
      answer(wrong ?? refusal(40007, 'invalid media_id'))
      return
    }
    this.#taken.push({ id: native.msgid, peer: native.touser, parts: [part] })
    if (manner === 'take-and-cut') request.socket.destroy()
    if (manner !== undefined) return
    answer({ errcode: 0, errmsg: 'ok', msgid: native.msgid })
  }

  #partOf(native: Native): Part | undefined {
    const { msgtype, text, location, msgmenu } = native
    if (msgtype === 'text') return { type: 'text', text: text?.content ?? '' }
    if (msgtype === 'location' && location !== undefined) {
      const { latitude: lat, longitude: lon, ...rest } = location
      return { type: 'location', lat, lon, ...rest }
    }
    if (msgtype === 'msgmenu') {
      const options = (msgmenu?.list ?? []).map(({ click: { id, content } }) => ({ id, label: content }))
      return { type: 'choice', prompt: msgmenu?.head_content ?? '', options }
    }
    const sha256 = this.#uploads.get(native[msgtype as 'image']?.media_id ?? '')
    if (sha256 === undefined) return undefined
    return { type: msgtype === 'voice' ? 'audio' : (msgtype as 'image'), blob: { locator: { sha256 } } }
  }

  /** The call, with a word that is good for as long as the platform runs. */
  #callXml(openKfId: string): string {
    const word = `ENC${randomBytes(20).toString('base64url')}`
    this.#words.add(word)
    const at = Math.floor(Date.now() / 1000)
    const head = `<ToUserName>${cdata(this.corpId)}</ToUserName><CreateTime>${at}</CreateTime><MsgType>${cdata('event')}</MsgType>`
    return `<xml>${head}<Event>${cdata('kf_msg_or_event')}</Event><Token>${cdata(word)}</Token><OpenKfId>${cdata(openKfId)}</OpenKfId></xml>`
  }

  #envelope(xml: string, facts: { at?: number; receiver?: string } = {}): Call {
    const timestamp = String(facts.at ?? Math.floor(Date.now() / 1000))
    const nonce = randomBytes(5).toString('hex')
    const inner = sealed(xml, this.#aesKey, facts.receiver ?? this.corpId)
    return {
      query: { timestamp, nonce, msg_signature: sha1(this.#token, timestamp, nonce, inner) },
      body: `<xml><ToUserName>${cdata(this.corpId)}</ToUserName><AgentID>${cdata('')}</AgentID><Encrypt>${cdata(inner)}</Encrypt></xml>`,
    }
  }
}

interface Asked {
  readonly offset: number
  readonly limit: number
  readonly cursor: string
  readonly token?: string
  readonly open_kfid: string
  readonly external_userid: string
  readonly external_userid_list?: readonly string[]
  readonly service_state: number
  readonly code: string
  readonly msgid: string
  readonly text?: { readonly content: string }
}

interface Native {
  readonly touser: string
  readonly open_kfid: string
  readonly msgid: string
  readonly msgtype: string
  readonly text?: { readonly content: string }
  readonly location?: { readonly latitude: number; readonly longitude: number; readonly name?: string }
  readonly msgmenu?: {
    readonly head_content: string
    readonly list: readonly { click: { id: string; content: string } }[]
  }
  readonly image?: { readonly media_id: string }
}

/** As WeCom's refusals end. */
function refusal(errcode: number, errmsg: string): object {
  const more = `hint: [1700000000], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=${errcode}`
  return { errcode, errmsg: `${errmsg}, ${more}` }
}

/** As the page on received messages shows it. */
function wireOf(part: Part | undefined): object {
  const typed = (msgtype: string, content: object) => ({ msgtype, [msgtype]: content })
  switch (part?.type) {
    case 'text':
      return typed('text', { content: part.text })
    case 'image':
    case 'video':
    case 'file':
      return typed(part.type, { media_id: part.blob.name })
    case 'audio':
      return typed('voice', { media_id: part.blob.name })
    case 'location':
      return typed('location', { latitude: part.lat, longitude: part.lon, name: part.name, address: part.address })
    case 'link':
      return typed('link', { title: part.title, desc: '', url: part.url, pic_url: '' })
    default:
      throw new Error(`This customer does not send ${part?.type}.`)
  }
}
