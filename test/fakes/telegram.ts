/**
 * Telegram's Bot API for one bot, by its documentation: holds questions for updates, takes each update for known once a later one is
 * asked for, and hands the same ones out again otherwise. https://core.telegram.org/bots/api
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { telegram } from '../../src/connectors/telegram/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: telegram as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'take-and-cut', 'hang'],
  drops: true,
  signs: false,
  filesVanish: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file', 'sticker', 'location', 'contact'],
  async open() {
    const platform = new BotApi()
    await platform.start()
    return platform
  },
}

interface Refusal {
  readonly error_code: number
  readonly description: string
  readonly parameters?: { readonly retry_after: number }
}

const refusals: Partial<Record<Manner, Refusal>> = {
  'refuse-for-ever': { error_code: 400, description: 'Bad Request: message text is empty' },
  'refuse-for-now': {
    error_code: 429,
    description: 'Too Many Requests: retry after 0',
    parameters: { retry_after: 0 },
  },
  'limit-for-an-hour': {
    error_code: 429,
    description: 'Too Many Requests: retry after 3600',
    parameters: { retry_after: 3600 },
  },
}

interface Update {
  readonly update_id: number
}

export class BotApi implements FarEnd {
  readonly #token = `7654321:${randomBytes(24).toString('base64url')}`
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #recalled: string[] = []
  readonly #typed: string[] = []
  readonly #messageIds = new Map<string, number>()
  readonly #chats = new Map<string, number>()
  #place: Place | undefined
  /** Set, it calls instead of being asked. */
  #hook: { url: string; secret: string } | undefined
  readonly #more: object
  #updates: Update[] = []
  #lastUpdate = 100
  #lastMessage = 0
  /** The question that is held, if one is. */
  #held: { answer(): void; response: ServerResponse } | undefined

  get settings() {
    return {
      ...this.#more,
      token: this.#token,
      apiRoot: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
    }
  }

  get secrets() {
    return [this.#token, this.#token.slice(8)]
  }

  constructor(settings: object = {}) {
    this.#more = settings
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    const messageId = this.#messageIds.get(id) ?? ++this.#lastMessage
    this.#messageIds.set(id, messageId)
    const update_id = this.tell(peer, { message_id: messageId, ...wireOf(parts[0]) })
    await eventually(() => !this.#updates.some((update) => update.update_id === update_id))
  }

  /** Hands a message of that person to the bot, with those fields. Answers with the number of the update. */
  tell(peer: string, fields: object): number {
    const { from, chat } = this.person(peer)
    return this.happen({ message: { date: Math.floor(Date.now() / 1000), from, chat, ...fields } })
  }

  /** Somebody, as updates name them. */
  person(peer: string) {
    const id = this.#chatOf(peer)
    return {
      from: { id, is_bot: false, first_name: 'Li', last_name: 'Lei', language_code: 'zh-hans' },
      chat: { id, type: 'private', first_name: 'Li' },
    }
  }

  /** Hands out an update, or calls with it. Answers with its number. */
  happen(what: object): number {
    const update = { update_id: ++this.#lastUpdate, ...what }
    this.#updates.push(update)
    if (this.#hook === undefined) this.#held?.answer()
    else void this.#push(update)
    return update.update_id
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  recalled(): readonly string[] {
    return this.#recalled
  }

  typed(): readonly string[] {
    return this.#typed
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  drop(): void {
    this.#held?.response.socket?.destroy()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, held, file = ''] = /^\/file\/bot([^/]+)\/files\/([^/]+)$/.exec(request.url ?? '') ?? []
    if (held === this.#token) return void response.writeHead(200).end(sampleBytes(file))
    const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? []
    const given = await paramsOf(request)
    if (token !== this.#token) return refuse(response, { error_code: 401, description: 'Unauthorized' })
    if (method === 'getMe')
      return accept(response, { id: 7654321, is_bot: true, first_name: 'Shop', username: 'shop_bot' })
    if (method === 'getWebhookInfo') return accept(response, { url: '', pending_update_count: this.#updates.length })
    if (method === 'setWebhook') {
      this.#hook = { url: given.url ?? '', secret: given.secret_token ?? '' }
      return accept(response, true)
    }
    if (method === 'getFile') return handOut(response, given.file_id ?? '')
    if (method === 'getUpdates') return this.#answerQuestion(response, given)
    if (method === 'deleteMessage') {
      this.#recalled.push(`${given.chat_id}:${given.message_id}`)
      return accept(response, true)
    }
    if (method === 'sendChatAction') {
      this.#typed.push(given.chat_id ?? '')
      return accept(response, true)
    }
    if (method?.startsWith('send')) return this.#take(request, response, given)
    refuse(response, { error_code: 404, description: 'Not Found: method not found' })
  }

  /** Calls until it is answered with 200. */
  async #push(update: Update, attempts = 20): Promise<void> {
    const status = await this.call(update)
    if (status === 200) this.#updates = this.#updates.filter((one) => one !== update)
    else if (attempts > 1) setTimeout(() => void this.#push(update, attempts - 1), 100)
  }

  /** One call with an update; the status of the hub's answer. The address is the bench's, whatever the hub is called outside. */
  async call(update: object, secret = this.#hook?.secret ?? ''): Promise<number> {
    const response = await fetch(this.#place?.hookUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
      body: JSON.stringify(update),
    })
    await response.text()
    return response.status
  }

  #answerQuestion(response: ServerResponse, { offset, timeout }: Params): void {
    if (this.#held !== undefined) {
      const description = 'Conflict: terminated by other getUpdates request'
      refuse(this.#held.response, { error_code: 409, description })
    }
    if (offset !== undefined) this.#updates = this.#updates.filter(({ update_id }) => update_id >= Number(offset))
    const answer = () => {
      clearTimeout(timer)
      if (this.#held?.response === response) this.#held = undefined
      accept(response, this.#updates.slice(0, 100))
    }
    const timer = setTimeout(answer, Number(timeout ?? 0) * 1000)
    response.once('close', () => {
      clearTimeout(timer)
      if (this.#held?.response === response) this.#held = undefined
    })
    this.#held = { answer, response }
    if (this.#updates.length > 0) answer()
  }

  #take(request: IncomingMessage, response: ServerResponse, given: Params): void {
    const manner = this.#manners.shift()
    const refusal = manner && refusals[manner]
    if (refusal !== undefined) {
      refuse(response, refusal)
      return
    }
    const message_id = ++this.#lastMessage
    const [peer = ''] = [...this.#chats].find(([, id]) => String(id) === given.chat_id) ?? []
    this.#taken.push({ id: `${given.chat_id}:${message_id}`, peer, parts: [partOf(given)] })
    if (manner === 'take-and-cut') request.socket.destroy()
    if (manner !== undefined) return
    accept(response, { message_id, date: 0, chat: { id: Number(given.chat_id), type: 'private' } })
  }

  #chatOf(peer: string): number {
    const known = this.#chats.get(peer) ?? 1000 + this.#chats.size
    this.#chats.set(peer, known)
    return known
  }
}

type Params = Readonly<Record<string, string | undefined>>

/** A file's number is its name here. */
function handOut(response: ServerResponse, file_id: string): void {
  if (file_id === 'forgotten.pdf') {
    const description = 'Bad Request: wrong file_id or the file is temporarily unavailable'
    refuse(response, { error_code: 400, description })
    return
  }
  accept(response, { file_id, file_unique_id: file_id, file_path: `files/${file_id}` })
}

function wireOf(part: Part | undefined): object {
  if (part !== undefined && 'blob' in part) {
    const { name = '', mediaType, size } = part.blob
    const file = { file_id: name, file_unique_id: name, file_size: size }
    const caption = part.caption === undefined ? {} : { caption: part.caption }
    const named = { ...file, file_name: name, mime_type: mediaType }
    switch (part.type) {
      case 'image':
        return {
          photo: [
            { ...file, file_id: 'small', width: 3, height: 2 },
            { ...file, width: 6, height: 4 },
          ],
          ...caption,
        }
      case 'audio':
        return { audio: { ...named, duration: 1 }, ...caption }
      case 'video':
        return { video: { ...named, width: 6, height: 4, duration: 1 }, ...caption }
      case 'file':
        return { document: named, ...caption }
      case 'sticker':
        return { sticker: { ...file, type: 'regular', width: 6, height: 4, is_animated: false, is_video: false } }
    }
  }
  switch (part?.type) {
    case 'text':
      return { text: part.text }
    case 'location': {
      const location = { latitude: part.lat, longitude: part.lon }
      return { location, venue: { location, title: part.name, address: part.address } }
    }
    case 'contact': {
      const { name: first_name, phones = [], emails = [] } = part
      const vcard = ['BEGIN:VCARD', ...emails.map((email) => `EMAIL:${email}`), 'END:VCARD'].join('\n')
      return { contact: { phone_number: phones[0], first_name, vcard } }
    }
    default:
      throw new Error(`This customer does not send ${part?.type}.`)
  }
}

/** What a form brought in its one field with a file. */
const uploads: Readonly<Record<string, 'image' | 'audio' | 'video' | 'file' | 'sticker'>> = {
  photo: 'image',
  animation: 'image',
  voice: 'audio',
  audio: 'audio',
  video: 'video',
  document: 'file',
  sticker: 'sticker',
}

function partOf(given: Params): Part {
  const { text, reply_markup, latitude, longitude, title, address, caption } = given
  const [field, type] = Object.entries(uploads).find(([name]) => given[name] !== undefined) ?? []
  if (field !== undefined && type !== undefined) {
    const blob = { locator: { sha256: given[field] } }
    return { type, blob, ...(caption !== undefined && { caption }) }
  }
  const { phone_number, first_name = '', vcard = '' } = given
  if (phone_number !== undefined) {
    const emails = [...vcard.matchAll(/^EMAIL:(.+)$/gm)].map(([, email = '']) => email)
    return { type: 'contact', name: first_name, phones: [phone_number], emails }
  }
  if (latitude !== undefined) {
    return {
      type: 'location',
      lat: Number(latitude),
      lon: Number(longitude),
      ...(title !== undefined && { name: title }),
      ...(address !== undefined && { address }),
    }
  }
  if (reply_markup === undefined) return { type: 'text', text: text ?? '' }
  const keyboard = JSON.parse(reply_markup) as { inline_keyboard: { text: string; callback_data: string }[][] }
  const options = keyboard.inline_keyboard.flat().map((button) => ({ id: button.callback_data, label: button.text }))
  return { type: 'choice', prompt: text ?? '', options }
}

async function paramsOf(request: IncomingMessage): Promise<Params> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  if (request.headers['content-type']?.startsWith('multipart/')) return formOf(bytes, request.headers['content-type'])
  const body = bytes.toString()
  if (request.headers['content-type']?.includes('json')) {
    const given = JSON.parse(body === '' ? '{}' : body) as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    )
  }
  return Object.fromEntries(new URLSearchParams(body))
}

/** The fields of a form; of a file its digest. */
async function formOf(bytes: Buffer, type: string): Promise<Params> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  const fields = [...form].map(async ([name, value]) => [
    name,
    typeof value === 'string' ? value : digestOf(new Uint8Array(await value.arrayBuffer())),
  ])
  return Object.fromEntries(await Promise.all(fields))
}

function accept(response: ServerResponse, result: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, result }))
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response
    .writeHead(refusal.error_code, { 'content-type': 'application/json' })
    .end(JSON.stringify({ ok: false, ...refusal }))
}
