/**
 * WeChat's side of one bot, as @tencent-weixin/openclaw-weixin 2.4.9 speaks to it: a code that is scanned at once unless told otherwise,
 * questions that are held, messages handed out until a later cursor is shown, files that are sealed.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { wechatIlink } from '../../src/connectors/wechat-ilink/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: wechatIlink as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-a-while', 'close-window', 'take-and-cut', 'hang'],
  drops: true,
  signs: false,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file'],
  async open() {
    const platform = new Ilink()
    await platform.start()
    return platform
  },
}

const refusals: Partial<Record<Manner, object>> = {
  'refuse-for-ever': { ret: -3, errmsg: 'invalid argument' },
  'refuse-for-now': { ret: -1, errmsg: 'busy' },
  'close-window': { ret: -2, errmsg: 'context' },
}

const holdMs = 2000

export class Ilink implements FarEnd {
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #more: object
  readonly #taken: Taken[] = []
  readonly #typed: string[] = []
  readonly #manners: Manner[] = []
  readonly #messages: string[] = []
  readonly #ids = new Map<string, { id: string; at: number }>()
  readonly #files = new Map<string, Buffer>()
  readonly #contexts = new Set<string>()
  #token = ''
  #known = 0
  #lastId = 9_007_199_254_740_993n
  /** How many codes it has shown. */
  codes = 0
  /** What it says of a code that is shown. */
  status: string = 'confirmed'
  /** As whom whoever scans is logged in. */
  botId = 'bot@im.bot'
  /** Where each question for messages began. */
  readonly cursors: string[] = []
  /** Every pairing code that it was told. */
  readonly pairings: string[] = []

  constructor(settings: object = {}) {
    this.#more = settings
  }

  get #root(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get settings() {
    return { apiRoot: this.#root, cdnRoot: `${this.#root}/c2c`, ...this.#more }
  }

  get secrets() {
    return [this.#token]
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(_place: Place): void {}

  async say({ id, peer, parts }: Said): Promise<void> {
    const known = this.#ids.get(id) ?? { id: String(++this.#lastId), at: Date.now() }
    this.#ids.set(id, known)
    await this.tell(known.id, { from_user_id: peer, create_time_ms: known.at, item_list: [this.#itemOf(parts[0])] })
  }

  /** Somebody's message, by its number, which has more digits than a number of JavaScript's. Resolves when a later cursor was shown. */
  async tell(messageId: string, fields: object): Promise<void> {
    const context_token = randomBytes(12).toString('base64url')
    this.#contexts.add(context_token)
    const rest = {
      message_type: 1,
      message_state: 2,
      to_user_id: 'bot@im.bot',
      session_id: 's',
      context_token,
      ...fields,
    }
    const upTo = this.#messages.push(
      `{"seq":${this.#messages.length},"message_id":${messageId},${JSON.stringify(rest).slice(1)}`,
    )
    await eventually(() => this.#known >= upTo)
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

  drop(): void {
    this.#server.closeAllConnections()
  }

  /** Nobody is logged in any more. */
  forgetLogin(): void {
    this.#token = ''
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#root)
    const body = await buffer(request).catch(() => Buffer.alloc(0))
    const answer = (text: string) => void response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    if (pathname === '/c2c/upload') {
      const param = randomBytes(12).toString('base64url')
      this.#files.set(param, body)
      response.writeHead(200, { 'x-encrypted-param': param }).end()
      return
    }
    if (pathname === '/c2c/download') {
      const file = this.#files.get(searchParams.get('encrypted_query_param') ?? '')
      response.writeHead(file === undefined ? 404 : 200).end(file)
      return
    }
    const path = pathname.replace('/ilink/bot/', '')
    if (path === 'get_bot_qrcode') {
      this.codes += 1
      return answer(
        JSON.stringify({ qrcode: `code-${this.codes}`, qrcode_img_content: `https://weixin.example/x/${this.codes}` }),
      )
    }
    if (path === 'get_qrcode_status') {
      // Held for a moment, as it is for long by the platform.
      setTimeout(() => answer(JSON.stringify(this.#statusOf(searchParams))), 50)
      return
    }
    if (this.#token === '' || request.headers.authorization !== `Bearer ${this.#token}`) {
      return answer('{"ret":-14,"errcode":-14,"errmsg":"session timeout"}')
    }
    const asked = JSON.parse(body.toString()) as Asked
    if (path === 'getupdates') return answer(await this.#updates(asked.get_updates_buf))
    if (path === 'getuploadurl') return answer(JSON.stringify({ upload_param: 'up' }))
    if (path === 'sendmessage') {
      if (this.#manners[0] !== 'limit-for-a-while') return this.#take(request, answer, asked.msg)
      this.#manners.shift()
      return void response.writeHead(429).end()
    }
    if (path === 'sendtyping' && asked.typing_ticket === 't') this.#typed.push(asked.ilink_user_id ?? '')
    answer('{"ret":0,"typing_ticket":"t"}')
  }

  #statusOf(asked: URLSearchParams): object {
    const code = asked.get('verify_code')
    if (code !== null) this.pairings.push(code)
    const status = this.status === 'need_verifycode' && code !== null ? 'confirmed' : this.status
    if (status !== 'confirmed') return { status }
    this.#token = `ilink-${randomBytes(16).toString('hex')}`
    return {
      status,
      bot_token: this.#token,
      baseurl: this.#root,
      ilink_bot_id: this.botId,
      ilink_user_id: 'owner1234@im.wechat',
    }
  }

  async #updates(cursor: string): Promise<string> {
    this.cursors.push(cursor)
    const from = cursor === '' ? 0 : Number(Buffer.from(cursor, 'base64').toString())
    this.#known = Math.max(this.#known, from)
    const token = this.#token
    const until = Date.now() + holdMs
    await eventually(() => this.#messages.length > from || token !== this.#token || Date.now() > until)
    if (token !== this.#token) return '{"ret":-14,"errcode":-14,"errmsg":"session timeout"}'
    const page = this.#messages.slice(from, from + 10)
    const next = Buffer.from(String(from + page.length)).toString('base64')
    return `{"ret":0,"msgs":[${page.join(',')}],"get_updates_buf":"${next}","longpolling_timeout_ms":${holdMs}}`
  }

  #take(request: IncomingMessage, answer: (text: string) => void, message: Native): void {
    const manner = this.#manners.shift()
    const isOver = !this.#contexts.has(message.context_token)
    const refusal = isOver ? { ret: -2, errmsg: 'context' } : manner && refusals[manner]
    if (refusal !== undefined) {
      answer(JSON.stringify(refusal))
      return
    }
    const [item] = message.item_list
    this.#taken.push({
      id: message.client_id,
      peer: message.to_user_id,
      parts: item === undefined ? [] : [this.#partOf(item)],
    })
    if (manner === 'take-and-cut') request.socket.destroy()
    if (manner !== undefined) return
    answer(`{"ret":0,"message_id":${++this.#lastId}}`)
  }

  #partOf(item: Item): Part {
    if (item.text_item !== undefined) return { type: 'text', text: item.text_item.text }
    const { media } = item.image_item ?? item.video_item ?? item.file_item ?? {}
    const key = Buffer.from(Buffer.from(media?.aes_key ?? '', 'base64').toString(), 'hex')
    const decipher = createDecipheriv('aes-128-ecb', key, null)
    const sealed = this.#files.get(media?.encrypt_query_param ?? '') ?? Buffer.alloc(0)
    const sha256 = digestOf(Buffer.concat([decipher.update(sealed), decipher.final()]))
    const type = item.image_item ? 'image' : item.video_item ? 'video' : 'file'
    return { type, blob: { locator: { sha256 } } }
  }

  #itemOf(part: Part | undefined): object {
    if (part?.type === 'text') return { type: 1, text_item: { text: part.text } }
    if (part === undefined || !('blob' in part)) throw new Error(`This customer does not send ${part?.type}.`)
    const { name = '' } = part.blob
    const key = createHash('md5').update(name).digest()
    const media = {
      encrypt_query_param: name,
      aes_key: Buffer.from(key.toString('hex')).toString('base64'),
      encrypt_type: 0,
    }
    if (!name.startsWith('forgotten')) {
      const cipher = createCipheriv('aes-128-ecb', key, null)
      this.#files.set(name, Buffer.concat([cipher.update(sampleBytes(name)), cipher.final()]))
    }
    switch (part.type) {
      case 'image':
        return {
          type: 2,
          image_item: { media: { ...media, aes_key: key.toString('base64') }, aeskey: key.toString('hex') },
        }
      case 'audio':
        return { type: 3, voice_item: { media, encode_type: 5, playtime: 1000, text: part.transcript } }
      case 'video':
        return { type: 5, video_item: { media } }
      default:
        return { type: 4, file_item: { media, file_name: name, len: '1' } }
    }
  }
}

interface Asked {
  readonly get_updates_buf: string
  readonly typing_ticket?: string
  readonly ilink_user_id?: string
  readonly msg: Native
}

interface Item {
  readonly text_item?: { readonly text: string }
  readonly image_item?: { readonly media: Media }
  readonly video_item?: { readonly media: Media }
  readonly file_item?: { readonly media: Media }
}

interface Media {
  readonly encrypt_query_param: string
  readonly aes_key: string
}

interface Native {
  readonly client_id: string
  readonly to_user_id: string
  readonly context_token: string
  readonly item_list: readonly Item[]
}
