/**
 * QQ's side of one bot, by its documentation: signs its calls with the bot's secret, gives a token for two hours, takes answers to what was said and
 * nothing else, each number of an answer once. https://bot.q.qq.com/wiki/develop/api-v2/
 */
import { createPrivateKey, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { qqOfficial } from '../../src/connectors/qq-official/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { sampleBytes } from '../conformance/connector-samples.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: qqOfficial as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-a-while', 'close-window', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file'],
  async open() {
    const platform = new QqPlatform()
    await platform.start()
    return platform
  },
}

type Fields = Record<string, unknown>

interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
}

const refusals: Partial<Record<Manner, Refusal>> = {
  'refuse-for-ever': { status: 400, code: 50006, message: '消息为空' },
  'refuse-for-now': { status: 400, code: 1100300, message: '系统内部错误' },
  'limit-for-a-while': { status: 429, code: 1100308, message: '触发频控' },
  'close-window': { status: 400, code: 304027, message: '消息过期' },
}
const hasRunOut: Refusal = { status: 400, code: 40034024, message: '请求参数msg_id无效或越权' }
const answersToOne = 5

interface Signed {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export class QqPlatform implements FarEnd {
  readonly appId = String(100_000_000 + Math.floor(Math.random() * 1_000_000))
  readonly #secret = randomBytes(16).toString('hex')
  readonly #more: object
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #recalled: string[] = []
  /** What was said, by its id: what may be answered, and under which numbers it was. */
  readonly #said = new Map<string, { id: string; peer: string; answers: Map<number, string> }>()
  readonly #peers = new Map<string, string>()
  readonly #uploads = new Map<string, string>()
  #token = ''
  #place: Place | undefined
  /** How many tokens it gave, and files it fetched. */
  tokens = 0
  uploads = 0
  /** Awaited when it has taken an answer, before it says so. */
  onTaken: (() => Promise<void>) | undefined
  /** What the interfaces answer instead, by path. */
  readonly answers = new Map<string, Refusal>()

  constructor(settings: object = {}) {
    this.#more = settings
  }

  get settings() {
    return { appId: this.appId, appSecret: this.#secret, apiRoot: this.#address, ...this.#more }
  }

  get secrets() {
    return [this.#secret, this.#token]
  }

  get #address() {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    const { status, body } = await this.post(this.signed(this.message(id, peer, parts[0])))
    if (status !== 200 || (JSON.parse(body) as Fields).op !== 12) throw new Error(`the hub answered ${status} ${body}`)
  }

  /** Somebody's message as an event; of a group when its name begins so. */
  message(id: string, peer: string, part: Part | undefined, fields: Fields = {}): Fields {
    const openid = this.openid(peer)
    const known = this.#said.get(id) ?? {
      id: `ROBOT1.0_${randomBytes(12).toString('base64url')}!`,
      peer,
      answers: new Map(),
    }
    this.#said.set(id, known)
    const isGroup = peer.startsWith('group')
    return this.event(isGroup ? 'GROUP_AT_MESSAGE_CREATE' : 'C2C_MESSAGE_CREATE', {
      id: known.id,
      author: isGroup ? { member_openid: this.openid('member') } : { user_openid: openid },
      ...(isGroup && { group_openid: openid }),
      content: part?.type === 'text' ? part.text : '',
      timestamp: new Date().toISOString(),
      ...(part !== undefined && 'blob' in part && { attachments: [this.#attachmentOf(part)] }),
      ...fields,
    })
  }

  event(t: string, d: Fields): Fields {
    return { op: 0, id: `${t}:${crypto.randomUUID()}`, t, s: 1, d }
  }

  openid(peer: string): string {
    const known = this.#peers.get(peer) ?? randomBytes(16).toString('hex').toUpperCase()
    this.#peers.set(peer, known)
    return known
  }

  signed(payload: Fields | string, at = Math.floor(Date.now() / 1000), appId = this.appId): Signed {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'QQBot-Callback',
        'x-bot-appid': appId,
        'x-signature-timestamp': String(at),
        'x-signature-ed25519': this.#sign(`${at}${body}`),
      },
    }
  }

  async post({ body, headers }: Signed): Promise<{ status: number; body: string }> {
    const response = await fetch(this.#place?.hookUrl ?? '', { method: 'POST', headers, body })
    return { status: response.status, body: await response.text() }
  }

  async forge({ id, peer, parts }: Said) {
    const event = this.message(id, peer, parts[0])
    const honest = this.signed(event)
    const now = Math.floor(Date.now() / 1000)
    const headed = (name: string, value: string): Signed => ({
      ...honest,
      headers: { ...honest.headers, [name]: value },
    })
    const signature = honest.headers['x-signature-ed25519'] ?? ''
    const flipped = (signature.startsWith('0') ? '1' : '0') + signature.slice(1)
    const forgeries: Record<string, Signed> = {
      'a bit of the body': { ...honest, body: honest.body.replace('"op":0', '"op":0 ') },
      'another time': headed('x-signature-timestamp', String(now + 1)),
      'an old time, well signed': this.signed(event, now - 700),
      'a bit of the signature': headed('x-signature-ed25519', flipped),
      'half of the signature': headed('x-signature-ed25519', signature.slice(64)),
      'no signature': headed('x-signature-ed25519', ''),
      'for another bot': this.signed(event, now, '1'),
      'cut off, well signed': this.signed(honest.body.slice(0, -1)),
      'a list, well signed': this.signed(`[${honest.body}]`),
      'more than 64 KB, well signed': this.signed({ ...event, more: 'x'.repeat(70_000) }),
    }
    const answers: { forged: string; status: number }[] = []
    for (const [forged, call] of Object.entries(forgeries))
      answers.push({ forged, status: (await this.post(call)).status })
    return answers
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

  /** From now on the token that everybody has is not known any more. */
  forgetToken(): void {
    this.#token = ''
  }

  /** From now on no file that it fetched is known any more. */
  forgetUploads(): void {
    this.#uploads.clear()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #sign(message: string): string {
    const seed = Buffer.from(this.#secret.repeat(2)).subarray(0, 32)
    const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    return sign(null, Buffer.from(message), createPrivateKey({ key, format: 'der', type: 'pkcs8' })).toString('hex')
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const file = /^\/files\/([^/]+)$/.exec(path)?.[1]
    if (file !== undefined) {
      if (file.startsWith('forgotten')) response.writeHead(404).end()
      else response.writeHead(200).end(sampleBytes(file))
      return
    }
    const given = JSON.parse((await textOf(request)) || '{}') as Fields
    const instead = this.answers.get(path)
    if (instead !== undefined) return refuse(response, instead)
    if (path === '/app/getAppAccessToken') return this.#giveToken(response, given)
    if (this.#token === '' || request.headers.authorization !== `QQBot ${this.#token}`) {
      return refuse(response, { status: 401, code: 11244, message: 'token not exist or expire' })
    }
    if (path === '/users/@me') return answer(response, { id: '1', username: '小店机器人', bot: true })
    const gone = /^\/v2\/(?:users|groups)\/[^/]+\/messages\/([^/]+)$/.exec(path)?.[1]
    if (request.method === 'DELETE' && gone !== undefined) {
      this.#recalled.push(gone)
      return void response.writeHead(200).end()
    }
    const [, kind = '', openid = '', what] = /^\/v2\/(users|groups)\/([^/]+)\/(messages|files)$/.exec(path) ?? []
    if (what === 'files') return this.#fetch(response, kind, given)
    if (what === 'messages') return this.#take(request, response, kind, openid, given)
    refuse(response, { status: 404, code: 404, message: 'not found' })
  }

  #giveToken(response: ServerResponse, { appId, clientSecret }: Fields): undefined {
    if (appId !== this.appId || clientSecret !== this.#secret) {
      return refuse(response, { status: 200, code: 100016, message: 'invalid appid or secret' })
    }
    if (this.#token === '') {
      this.tokens += 1
      this.#token = `token-${randomBytes(18).toString('base64url')}`
    }
    answer(response, { access_token: this.#token, expires_in: '7200' })
  }

  /** It would fetch the address; here only its path says which file it is. */
  #fetch(response: ServerResponse, kind: string, { url, file_type, srv_send_msg }: Fields): undefined {
    const fileId = /\/v1\/media\/[^/]+\/([^/]+)\/link\?/.exec(String(url))?.[1]
    if (fileId === undefined || srv_send_msg !== false) {
      return refuse(response, { status: 400, code: 850026, message: '富媒体文件下载失败' })
    }
    this.uploads += 1
    const file_info = `${kind}:${file_type}:${randomBytes(12).toString('base64url')}`
    this.#uploads.set(file_info, fileId)
    answer(response, { file_uuid: 'f', file_info, ttl: 3600 })
  }

  async #take(request: IncomingMessage, response: ServerResponse, kind: string, openid: string, given: Fields) {
    const manner = this.#manners.shift()
    const refusal = manner && refusals[manner]
    if (refusal !== undefined) return refuse(response, refusal)
    const said = [...this.#said.values()].find(({ id }) => id === given.msg_id)
    const peer = [...this.#peers].find(([, one]) => one === openid)?.[0] ?? ''
    const isOwn = said?.peer === peer && peer.startsWith('group') === (kind === 'groups')
    if (said === undefined || !isOwn) return refuse(response, hasRunOut)
    const part = this.#partOf(kind, given)
    if (part === undefined) return refuse(response, { status: 400, code: 304082, message: 'upload media info fail' })
    const number = Number(given.msg_seq ?? 1)
    const before = said.answers.get(number)
    const id = before ?? `qq-${this.#taken.length + 1}`
    this.#taken.push({ id, peer, parts: [part] })
    if (before !== undefined) {
      return refuse(response, { status: 400, code: 40054005, message: '消息被去重，请检查请求msgseq' })
    }
    if (said.answers.size >= answersToOne)
      return refuse(response, { status: 400, code: 22009, message: 'msg limit exceed' })
    said.answers.set(number, id)
    await this.onTaken?.()
    if (manner === 'take-and-cut') request.socket.destroy()
    if (manner !== undefined) return
    answer(response, { id, timestamp: new Date().toISOString() })
  }

  #partOf(kind: string, { msg_type, content, media }: Fields): Part | undefined {
    if (msg_type === 0) return { type: 'text', text: String(content) }
    const { file_info = '' } = (media ?? {}) as { file_info?: string }
    const [scope, fileType] = file_info.split(':')
    const fileId = this.#uploads.get(file_info)
    if (fileId === undefined || scope !== kind || content !== ' ') return undefined
    const type = ({ 1: 'image', 2: 'video', 3: 'audio' } as const)[Number(fileType)]
    return type && { type, blob: { fileId } }
  }

  #attachmentOf({ type, blob }: Extract<Part, { blob: unknown }>): Fields {
    const { name = '', mediaType, size } = blob
    const types: Record<string, string> = { audio: 'voice', file: 'file' }
    return { content_type: types[type] ?? mediaType, filename: name, size, url: `${this.#address}/files/${name}` }
  }
}

function answer(response: ServerResponse, body: object): undefined {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): undefined {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ code, message, err_code: code, trace_id: '8cbfe05773d4402496e605e19336e396' }))
}
