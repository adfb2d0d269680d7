/** WeChat's server API for one account: the token that all nodes share, calls, files both ways. Nothing is tried twice but what a stale token or file id stopped. */
import { buffer } from 'node:stream/consumers'
import { type Fetching, FileGone, type Hub, type IncomingFile, type OutgoingFile, Undelivered } from '../contract.ts'
import type { MediaKind } from './translate.ts'

export interface ApiSettings {
  readonly appId: string
  readonly appSecret: string
  readonly apiRoot?: string
}

const publicRoot = 'https://api.weixin.qq.com'
/** Said in an answer of status 200. https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html */
const staleToken = [40001, 40014, 42001]
const staleMedia = 40007
const hourMs = 3_600_000

/** WeChat answered, and refused. */
export class Refusal extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

/** Nothing was asked of WeChat yet that could have an effect: the next attempt is as good. */
export class NotAsked extends Error {}

type Answer = Readonly<Record<string, unknown>>

export class WechatApi {
  readonly #settings: ApiSettings
  readonly #hub: Pick<Hub, 'fetch' | 'token'>

  constructor(settings: ApiSettings, hub: Pick<Hub, 'fetch' | 'token'>) {
    this.#settings = settings
    this.#hub = hub
  }

  /**
   * One token in the whole cluster, by the stable interface, which never takes the old one from a node that still uses it. Minted by force only when it was refused.
   * https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
   */
  token(signal: AbortSignal, refused?: string): Promise<string> {
    const { appId: appid, appSecret: secret } = this.#settings
    const mint = async () => {
      const asked = { grant_type: 'client_credential', appid, secret, force_refresh: refused !== undefined }
      const { access_token, expires_in } = await this.#post('stable_token', {}, JSON.stringify(asked), signal)
      if (typeof access_token !== 'string' || typeof expires_in !== 'number') throw new Error('WeChat gave no token.')
      return { value: access_token, expiresAt: new Date(Date.now() + expires_in * 1000) }
    }
    return this.#hub.token('access', mint, refused)
  }

  /** POSTs JSON to a path below /cgi-bin. Rejects with `Refusal`, with `NotAsked`, or with what `fetch` says. */
  call(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    return this.#withToken(signal, (access_token) => this.#post(path, { access_token }, JSON.stringify(body), signal))
  }

  /**
   * What WeChat calls a file of ours, for the three days that it keeps it; each content is uploaded once. `refused` is what it did not know any more.
   * https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia
   */
  upload(file: OutgoingFile, kind: MediaKind, signal: AbortSignal, refused?: string): Promise<string> {
    const mint = async () => {
      const { body, type } = formOf(file, await buffer(await file.read()))
      const { media_id, created_at } = await this.#withToken(signal, (access_token) =>
        this.#post('media/upload', { access_token, type: kind }, body, signal, type),
      )
      if (typeof media_id !== 'string') throw new Error('WeChat gave no id for the file.')
      const madeAt = typeof created_at === 'number' ? created_at * 1000 : Date.now()
      return { value: media_id, expiresAt: new Date(madeAt + 71 * hourMs) }
    }
    return this.#hub.token(`media:${kind}:${file.sha256}`, mint, refused)
  }

  /** https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia: of a video only the address is told. */
  async download(mediaId: string, { fetch, signal }: Fetching): Promise<IncomingFile> {
    const answer = await this.#withToken(signal, async (access_token) => {
      const response = await fetch(this.#address('media/get', { access_token, media_id: mediaId }), { signal })
      const type = response.headers.get('content-type') ?? ''
      if (response.ok && !/json|text\/plain/.test(type)) return response
      return answerOf(await response.text(), response.status)
    }).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === staleMedia) throw new FileGone('WeChat keeps it no longer.')
      throw error
    })
    const response = answer instanceof Response ? answer : await fetch(String(answer.video_url), { signal })
    if (response.ok && response.body !== null) return { body: response.body }
    await response.body?.cancel().catch(() => {})
    throw new Error(`WeChat did not hand the file out (${response.status}).`)
  }

  async #withToken<T>(signal: AbortSignal, ask: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#asked(this.token(signal))
    try {
      return await ask(token)
    } catch (error) {
      if (!(error instanceof Refusal) || !staleToken.includes(error.code)) throw error
      return ask(await this.#asked(this.token(signal, token)))
    }
  }

  async #asked(token: Promise<string>): Promise<string> {
    return token.catch((cause: unknown) => {
      throw cause instanceof Refusal ? cause : new NotAsked('WeChat gave no token.', { cause })
    })
  }

  async #post(
    path: string,
    query: Readonly<Record<string, string>>,
    body: string | Buffer,
    signal: AbortSignal,
    type = 'application/json',
  ): Promise<Answer> {
    const init = { method: 'POST', headers: { 'content-type': type }, body: body as BodyInit, signal }
    const response = await this.#hub.fetch(this.#address(path, query), init)
    return answerOf(await response.text(), response.status)
  }

  #address(path: string, query: Readonly<Record<string, string>>): string {
    const asked = new URLSearchParams(query).toString()
    return `${this.#settings.apiRoot ?? publicRoot}/cgi-bin/${path}${asked === '' ? '' : `?${asked}`}`
  }
}

/** Rejects with `Refusal` when it is one; throws a plain Error, which says nothing of what happened, when it is no answer of the API. */
function answerOf(text: string, status: number): Answer {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    answer = undefined
  }
  if (answer === null || typeof answer !== 'object')
    throw new Error(`WeChat answered ${status} in words of no meaning.`)
  const { errcode, errmsg } = answer as { errcode?: unknown; errmsg?: unknown }
  if (typeof errcode === 'number' && errcode !== 0) throw new Refusal(errcode, String(errmsg ?? '').slice(0, 200))
  if (status >= 400) throw new Error(`WeChat answered ${status}.`)
  return answer as Answer
}

/** A form with the file in its one field. WeChat wants to know its length beforehand. */
function formOf({ name, mediaType }: OutgoingFile, bytes: Buffer): { body: Buffer; type: string } {
  const boundary = `tributary${crypto.randomUUID().replaceAll('-', '')}`
  const filename = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="media"; filename="${filename}"\r\nContent-Type: ${mediaType}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { body, type: `multipart/form-data; boundary=${boundary}` }
}

/** What can be done about a refusal, by its number, in a sentence; undefined where only WeChat's own words are known. */
export function mendOf({ code, message }: Refusal): string | undefined {
  switch (code) {
    case 40013:
      return 'WeChat does not know the AppID: copy it from 设置与开发 → 基本配置.'
    case 40125:
    case 41004:
      return 'The AppSecret is wrong, or was reset: copy it from 设置与开发 → 基本配置.'
    case 40164: {
      const address = /invalid ip ([0-9a-f.:]+)/i.exec(message)?.[1] ?? 'this hub'
      return `Add the address ${address} to the IP 白名单 under 设置与开发 → 基本配置, or set a proxy whose address is there.`
    }
    case 48001:
      return 'The account has no permission for this interface: an unverified or personal account answers only in the call itself; set replies to passive.'
    case 50002:
      return 'WeChat has restricted the account: see its notices.'
    default:
      return undefined
  }
}

/** What a send that failed means. https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage */
export function verdict(error: unknown): Undelivered | undefined {
  if (error instanceof NotAsked) return new Undelivered('retry', 'WeChat gave no token.', { cause: error })
  if (!(error instanceof Refusal)) return undefined
  const { code, message } = error
  const sentence = `WeChat refused it (${code}): ${mendOf(error) ?? message}`
  switch (code) {
    case -1:
    case 45011:
      return new Undelivered('retry', sentence)
    case 45009:
      return new Undelivered('rate-limited', sentence, { afterMs: hourMs })
    case 45015:
    case 45047:
      return new Undelivered('window-closed', sentence)
    case 40003:
    case 43004:
    case 43019:
      return new Undelivered('recipient-gone', sentence)
    case 40001:
    case 40013:
    case 40014:
    case 40125:
    case 40164:
    case 41004:
    case 42001:
    case 50002:
      return new Undelivered('auth', sentence)
    default:
      return new Undelivered('rejected', sentence)
  }
}

export function isStaleMedia(error: unknown): boolean {
  return error instanceof Refusal && error.code === staleMedia
}
