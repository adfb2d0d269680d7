/** QQ's API for one bot: the token that all nodes share, calls, files. https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/api-use.html */
import {
  type Hub,
  NotAsked,
  type OutgoingFile,
  objectIn,
  type TokenWays,
  Undelivered,
  underToken,
} from '../contract.ts'
import { type Fields, word } from './translate.ts'

export interface ApiSettings {
  readonly appId: string
  readonly appSecret: string
  readonly apiRoot?: string
}

const tokenRoot = 'https://bots.qq.com'
const publicRoot = 'https://api.sgroup.qq.com'
/** The token is not known, or has run out. https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/error-trace/openapi.html */
const staleToken = [11243, 11244]
/** QQ could not fetch or change a file that it had taken. */
const staleMedia = [304082, 304083]
const longLifeMs = 30 * 86_400_000

/** QQ answered, and refused. */
export class Refusal extends Error {
  readonly code: number
  readonly status: number

  constructor(code: number, status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.status = status
  }
}

export class QqApi {
  readonly #settings: ApiSettings
  readonly #hub: Pick<Hub, 'fetch' | 'token'>

  constructor(settings: ApiSettings, hub: Pick<Hub, 'fetch' | 'token'>) {
    this.#settings = settings
    this.#hub = hub
  }

  /** One in the whole cluster, for at most two hours. */
  token(signal: AbortSignal, refused?: string): Promise<string> {
    const { appId, appSecret: clientSecret, apiRoot = tokenRoot } = this.#settings
    const mint = async () => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ appId, clientSecret })
      const init = { method: 'POST', headers, body, signal }
      const response = await this.#hub.fetch(`${apiRoot}/app/getAppAccessToken`, init)
      const { access_token, expires_in } = await answerOf(response)
      const seconds = Number(expires_in)
      if (typeof access_token !== 'string' || !(seconds > 0)) throw new Error('QQ gave no token.')
      return { value: access_token, expiresAt: new Date(Date.now() + seconds * 1000) }
    }
    return this.#hub.token('access', mint, refused)
  }

  /** Rejects with `Refusal`, with `NotAsked`, or with what `fetch` says. Asks once more where only the token was refused. */
  async call(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<Fields> {
    const ask = async (token: string) => {
      const headers = { authorization: `QQBot ${token}`, 'content-type': 'application/json' }
      const init = { method, headers, signal, ...(body !== undefined && { body: JSON.stringify(body) }) }
      return answerOf(await this.#hub.fetch(`${this.#settings.apiRoot ?? publicRoot}${path}`, init))
    }
    const ways: TokenWays = {
      name: 'QQ',
      token: (refused) => this.token(signal, refused),
      isRefusal: (error) => error instanceof Refusal,
      isStale: (error) => error instanceof Refusal && staleToken.includes(error.code),
    }
    return underToken(ways, ask)
  }

  /**
   * What QQ calls a file of ours, as long as it says; each content is given once for people and once for groups. QQ fetches it by its address.
   * `refused` is what it could not send.
   */
  upload(file: OutgoingFile, fileType: number, path: string, signal: AbortSignal, refused?: string): Promise<string> {
    const mint = async () => {
      const asked = { file_type: fileType, url: file.link, srv_send_msg: false }
      const { file_info, ttl } = await this.call('POST', `${path}/files`, asked, signal)
      if (typeof file_info !== 'string' || file_info === '') throw new Error('QQ gave no name for the file.')
      const seconds = Number(ttl)
      // Zero stands for ever.
      const lifeMs = seconds > 0 ? seconds * 1000 : longLifeMs
      return { value: file_info, expiresAt: new Date(Date.now() + lifeMs) }
    }
    const kind = path.startsWith('/v2/groups/') ? 'group' : 'user'
    return this.#hub.token(`media:${kind}:${fileType}:${file.sha256}`, mint, refused)
  }
}

/** Rejects with `Refusal` when it is one; with a plain Error, which says nothing of what happened, when it is no answer of the API. */
async function answerOf(response: Response): Promise<Fields> {
  const { status } = response
  const body = await response.text()
  const answer = objectIn(body)
  if (answer === undefined) {
    if (status < 300 && body === '') return {}
    if (status === 429) throw new Refusal(0, status, 'Too many calls.')
    throw new Error(`QQ answered ${status} in words of no meaning.`)
  }
  const code = Number(answer.code)
  // 202 and its like: taken, to be looked at by people before it is shown.
  const isTaken = status < 300 && (code === 304023 || code === 304024)
  if (isTaken || (status < 300 && !(code > 0))) return answer
  if (status >= 500 && !(code > 0)) throw new Error(`QQ answered ${status}.`)
  throw new Refusal(code || 0, status, word(answer.message).slice(0, 200) || `QQ answered ${status}.`)
}

export function isStaleMedia(error: unknown): boolean {
  return error instanceof Refusal && staleMedia.includes(error.code)
}

/** This message was sent before, under the same number of its answer: 消息被去重. */
export function isRepeated(error: unknown): boolean {
  return error instanceof Refusal && error.code === 40054005
}

/** What can be done about a refusal, in a sentence; undefined where only QQ's own words are known. */
export function mendOf({ code, message }: Refusal): string | undefined {
  switch (code) {
    case 10004:
    case 100007:
    case 11251:
      return 'QQ does not know the AppID, or the bot is banned: copy it from 开发设置 at q.qq.com.'
    case 100016:
      return 'AppID or AppSecret is wrong: copy both from 开发设置 at q.qq.com.'
    case 11298: {
      const seen = /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec(message)?.[0]
      return `The hub’s outgoing address${seen === undefined ? '' : ` (${seen})`} is not in the IP 白名单 (开发设置 at q.qq.com): add it, or set a proxy whose address is there.`
    }
    case 11265:
      return 'QQ has banned the bot: see its notices at q.qq.com.'
    case 11253:
    case 11254:
      return 'The bot has no permission for this interface: apply for it at q.qq.com.'
    case 304003:
      return 'Addresses have to be listed before they may be sent: 开发设置 → 消息URL配置 at q.qq.com.'
    default:
      return undefined
  }
}

const tooFast = [20028, 100001, 1100100, 1100308, 304045]
const tryAgain = [11242, 11252, 11263, 11281, 304082, 304083, 1100300]
const tooLate = [22009, 304026, 304027, 304028, 40034024]
const gone = [10001, 1100104, 1100301]
const credentials = [10004, 100007, 100016, 11241, 11243, 11244, 11251, 11253, 11254, 11261, 11265, 11275, 11298]

/** What a send that failed means; undefined when QQ has not said anything. */
export function verdict(error: unknown): Undelivered | undefined {
  if (error instanceof NotAsked) return new Undelivered('retry', 'QQ gave no token.', { cause: error })
  if (!(error instanceof Refusal)) return undefined
  const { code, status, message } = error
  const sentence = `QQ refused it (${code || status}): ${mendOf(error) ?? message}`
  if (credentials.includes(code) || (status === 401 && !tooLate.includes(code))) {
    return new Undelivered('auth', sentence)
  }
  if (status === 429 || tooFast.includes(code)) return new Undelivered('rate-limited', sentence)
  if (tryAgain.includes(code)) return new Undelivered('retry', sentence)
  if (tooLate.includes(code)) return new Undelivered('window-closed', sentence)
  if (gone.includes(code)) return new Undelivered('recipient-gone', sentence)
  // It may have got further than the gate that answers for it.
  if (status >= 500) return new Undelivered('unknown', sentence)
  return new Undelivered('rejected', sentence)
}
