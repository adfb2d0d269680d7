/**
 * A QQ account behind a gateway that speaks OneBot v11, by its documentation, with what NapCat has beyond it. It dials the hub, is dialled, or calls and
 * is called, as its channel is set. https://github.com/botuniverse/onebot-11
 */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { WebSocket, WebSocketServer } from 'ws'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { qqOnebot } from '../../src/connectors/qq-onebot/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'
import { type Answer, type Fields, handOut, ok, partsOf, refusal, wireOf } from './qq-onebot-words.ts'

export const farEnd: ConnectorUnderTest = {
  kind: qqOnebot as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'take-and-cut', 'hang'],
  drops: true,
  signs: false,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file', 'sticker', 'location', 'link', 'forward'],
  async open() {
    const gateway = new Onebot()
    await gateway.start()
    return gateway
  },
}

interface Facts {
  readonly connection?: 'reverse-websocket' | 'websocket' | 'http'
  readonly settings?: object
  readonly heartbeatMs?: number
  /** Actions that this gateway has not got. */
  readonly lacks?: readonly string[]
}

interface Call {
  readonly action: string
  readonly params: Fields
  readonly echo?: unknown
}

const redialMs = 50

export class Onebot implements FarEnd {
  readonly self = 3889000770
  readonly #facts: Facts
  readonly #token = randomBytes(18).toString('base64url')
  readonly #secret = randomBytes(18).toString('base64url')
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #wss = new WebSocketServer({ noServer: true })
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #peers = new Map<string, number>()
  readonly #ids = new Map<string, number>()
  readonly #read = new Map<number, number>()
  readonly #forwards = new Map<string, unknown>()
  /** What was said while nobody was there, for who asks. */
  readonly history: Fields[] = []
  /** Every action that was asked. */
  readonly asked: Call[] = []
  /** Every time that it dialled: where, whether it was let in, and what it heard if not. */
  readonly dialled: { readonly address: string; isIn: boolean; said: string }[] = []
  #addresses: readonly string[] = []
  #place: Place | undefined
  #socket: WebSocket | undefined
  #lastId = 100
  #closed = false
  /** Answers to the next questions for the status. */
  readonly #statuses: boolean[] = []
  online = true
  beats = true
  #beating: NodeJS.Timeout | undefined

  constructor(facts: Facts = {}) {
    this.#facts = facts
  }

  get #connection() {
    return this.#facts.connection ?? 'reverse-websocket'
  }

  get filesAt() {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get settings() {
    const address = this.filesAt
    return {
      connection: this.#connection,
      accessToken: this.#token,
      markRead: true,
      ...(this.#connection === 'websocket' && { address: address.replace('http', 'ws') }),
      ...(this.#connection === 'http' && { address, secret: this.#secret }),
      ...this.#facts.settings,
    }
  }

  get secrets() {
    return [this.#token, this.#secret]
  }

  async start(): Promise<void> {
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.headers.authorization !== `Bearer ${this.#token}`) {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
        return
      }
      this.#wss.handleUpgrade(request, socket, head, (opened) => this.#connected(opened))
    })
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  /** `elsewhere`: further addresses of the hub, which it dials in turn. */
  serve(place: Place, elsewhere: readonly string[] = []): void {
    this.#place = place
    this.#addresses = [place.hookUrl, ...elsewhere]
    if (this.#connection === 'reverse-websocket') this.dial()
  }

  /** Dials the hub, and again whenever the newest connection ends: an older one has been replaced, and stays closed. */
  dial(): void {
    if (this.#closed) return
    const address = this.#addresses[this.dialled.length % this.#addresses.length] ?? ''
    const call = { address, isIn: false, said: '' }
    this.dialled.push(call)
    const socket = new WebSocket(address.replace(/^http/, 'ws'), {
      headers: {
        authorization: `Bearer ${this.#token}`,
        'x-self-id': String(this.self),
        'x-client-role': 'Universal',
        'user-agent': 'OneBot/11',
      },
    })
    this.#socket = socket
    socket.on('open', () => {
      call.isIn = true
      this.#connected(socket)
    })
    socket.on('error', ({ message }) => {
      call.said = message
    })
    socket.on('close', () =>
      setTimeout(() => {
        if (this.#socket === socket) this.dial()
      }, redialMs),
    )
  }

  /** Dials once, as somebody else might: the status of the answer, 101 for a socket. */
  dialOnce(hookUrl: string, headers: Record<string, string>): Promise<number> {
    const socket = new WebSocket(hookUrl.replace(/^http/, 'ws'), { headers })
    socket.on('error', () => {})
    return new Promise((resolve) => {
      socket.on('open', () => {
        resolve(101)
        socket.terminate()
      })
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0)
        response.resume()
        socket.terminate()
      })
    })
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    const messageId = this.#ids.get(id) ?? ++this.#lastId
    this.#ids.set(id, messageId)
    const before = this.#read.get(messageId) ?? 0
    const event = this.message(peer, wireOf(parts[0], this.filesAt, this.#forwards), { message_id: messageId })
    await this.tell(event)
    if (this.#connection !== 'http') await eventually(() => (this.#read.get(messageId) ?? 0) > before)
  }

  /** The segments of that part; what it forwards is there for who asks. */
  wire(part: Part): unknown {
    return wireOf(part, this.filesAt, this.#forwards)
  }

  /** A message of that person, as an event. */
  message(peer: string, message: unknown, fields: Fields = {}): Fields {
    const user_id = this.user(peer)
    return this.event({
      post_type: 'message',
      message_type: 'private',
      sub_type: 'friend',
      message_id: ++this.#lastId,
      user_id,
      message,
      raw_message: '',
      font: 0,
      sender: { user_id, nickname: '韩梅梅', sex: 'unknown', age: 0 },
      ...fields,
    })
  }

  event(fields: Fields): Fields {
    return { time: Math.floor(Date.now() / 1000), self_id: this.self, ...fields }
  }

  user(peer: string): number {
    const known = this.#peers.get(peer) ?? 10_000 + this.#peers.size
    this.#peers.set(peer, known)
    return known
  }

  /** Tells the hub of an event. Rejects when it does not take it, where it says so. */
  async tell(event: Fields): Promise<void> {
    if (this.#connection !== 'http') {
      await eventually(() => this.#socket?.readyState === WebSocket.OPEN)
      this.raw(JSON.stringify(event))
      return
    }
    const status = await this.post(JSON.stringify(event))
    if (status !== 204) throw new Error(`the hub answered ${status}`)
  }

  /** A frame, whatever it is. */
  raw(frame: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  /** Posts what is said, signed unless told otherwise. */
  async post(body: string, signature = this.sign(body)): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'x-self-id': String(this.self),
      ...(signature !== '' && { 'x-signature': signature }),
    }
    const response = await fetch(this.#place?.hookUrl ?? '', { method: 'POST', headers, body })
    await response.text()
    return response.status
  }

  sign(body: string): string {
    return `sha1=${createHmac('sha1', this.#secret).update(body).digest('hex')}`
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  recalled(): readonly string[] {
    return this.asked.flatMap(({ action, params }) => (action === 'delete_msg' ? [String(params.message_id)] : []))
  }

  typed(): readonly string[] {
    return this.asked.flatMap(({ action, params }) => (action === 'set_input_status' ? [String(params.user_id)] : []))
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  drop(): void {
    this.#socket?.terminate()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#beating)
    this.drop()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #connected(socket: WebSocket): void {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const call = JSON.parse(String(data)) as Call
      const answer = this.#answer(call)
      if (answer !== undefined) socket.send(JSON.stringify({ ...answer, echo: call.echo }))
    })
    this.raw(JSON.stringify(this.event({ post_type: 'meta_event', meta_event_type: 'lifecycle', sub_type: 'connect' })))
    clearInterval(this.#beating)
    const interval = this.#facts.heartbeatMs ?? 5000
    const beat = () => {
      if (this.beats && socket.readyState === WebSocket.OPEN) this.beat(interval)
    }
    this.#beating = setInterval(beat, interval)
  }

  beat(interval = this.#facts.heartbeatMs ?? 5000): void {
    const status = { online: this.online, good: this.online }
    this.raw(JSON.stringify(this.event({ post_type: 'meta_event', meta_event_type: 'heartbeat', interval, status })))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = /^\/files\/([^/]+)$/.exec(request.url ?? '')?.[1]
    if (file !== undefined) {
      if (file.startsWith('expired')) response.writeHead(404).end()
      else response.writeHead(200).end(sampleBytes(file))
      return
    }
    if (request.headers.authorization !== `Bearer ${this.#token}`) {
      response.writeHead(403).end()
      return
    }
    const params = JSON.parse(await textOf(request)) as Fields
    const answer = this.#answer({ action: (request.url ?? '/').slice(1), params })
    if (answer === undefined) return
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  #answer(call: Call): Answer {
    const { action, params } = call
    this.asked.push(call)
    if (this.#facts.lacks?.includes(action)) return refusal(1404, '不支持的Api')
    switch (action) {
      case 'get_login_info':
        return ok({ user_id: this.self, nickname: '小店' })
      case 'get_version_info':
        return ok({ app_name: 'NapCat.Onebot', app_version: '4.18.13', protocol_version: 'v11' })
      case 'get_status': {
        const online = this.#statuses.shift() ?? this.online
        return ok({ online, good: online })
      }
      case 'mark_msg_as_read': {
        const id = Number(params.message_id)
        this.#read.set(id, (this.#read.get(id) ?? 0) + 1)
        return ok(null)
      }
      case 'delete_msg':
      case 'set_input_status':
        return ok(null)
      case 'get_group_info':
        return ok({ group_id: params.group_id, group_name: '老客户群' })
      case 'get_forward_msg':
        return ok({ messages: this.#forwards.get(String(params.id)) ?? [] })
      case 'get_recent_contact':
        return ok(this.#recent())
      case 'get_friend_msg_history':
        return ok({
          messages: this.history.filter(
            ({ user_id, group_id }) => user_id === params.user_id && group_id === undefined,
          ),
        })
      case 'get_group_msg_history':
        return ok({ messages: this.history.filter(({ group_id }) => group_id === params.group_id) })
      case 'get_image':
      case 'get_record':
      case 'get_file':
        return handOut(String(params.file_id ?? params.file))
      case 'get_private_file_url':
        return refusal(1200, '文件已失效')
      case 'send_private_msg':
      case 'send_group_msg':
      case 'upload_private_file':
      case 'upload_group_file':
        return this.#take(action, params)
      default:
        return refusal(1404, '不支持的Api')
    }
  }

  #recent(): Fields[] {
    return this.history.map(({ user_id, group_id, time }) => ({
      peerUin: String(group_id ?? user_id),
      chatType: group_id === undefined ? 1 : 2,
      msgTime: String(time),
    }))
  }

  #take(action: string, params: Fields): Answer {
    const manner = this.#manners.shift()
    if (manner === 'refuse-for-ever') return refusal(1200, 'EventChecker Failed: 发送失败，不是好友')
    if (manner === 'refuse-for-now') {
      this.#statuses.push(false)
      return refusal(1200, 'EventChecker Failed: 已掉线')
    }
    const message_id = ++this.#lastId
    const [peer = `group:${params.group_id}`] = [...this.#peers].find(([, id]) => id === params.user_id) ?? []
    this.#taken.push({ id: String(message_id), peer, parts: partsOf(action, params) })
    if (manner === 'take-and-cut') {
      this.drop()
      this.#server.closeAllConnections()
    }
    return manner === undefined ? ok({ message_id }) : undefined
  }
}
