/**
 * Tencent's bot interface for personal WeChat: JSON over HTTPS, questions held open, files sealed on a CDN. Known from the package
 * @tencent-weixin/openclaw-weixin 2.4.9, which Tencent ships with its source; read, not used.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import {
  type Fetching,
  FileGone,
  fileAt,
  type Hub,
  type IncomingFile,
  type OutgoingFile,
  Undelivered,
  undelivered,
} from '../contract.ts'

export type Answer = Readonly<Record<string, unknown>>

/** Who we are to WeChat, once somebody has scanned the code. */
export interface Login {
  readonly token: string
  readonly baseUrl: string
  readonly botId: string
  readonly userId: string
}

export interface ApiSettings {
  readonly apiRoot?: string
  readonly cdnRoot?: string
}

export const publicRoot = 'https://ilinkai.weixin.qq.com'
const publicCdnRoot = 'https://novac2c.cdn.weixin.qq.com/c2c'
/** How long an answer may take, well within the hub's own limit on a send. */
export const answerMs = 12_000
/** The version of the interface that we speak, as its header says it: 2.4.9. */
const clientVersion = String((2 << 16) | (4 << 8) | 9)
const baseInfo = { channel_version: '2.4.9', bot_agent: 'Tributary/0.1' }

/** WeChat answered, and refused. */
export class Refusal extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

/** Nobody is logged in any more. */
export const staleLogin = -14
/** The permission to answer is used up or over, or the text is too long. */
const closedWindow = -2

/** A gateway on the way, or WeChat's, said no before anything was looked at. */
export class HttpRefusal extends Error {
  readonly status: number

  constructor(status: number) {
    super(`WeChat answered ${status}.`)
    this.name = 'HttpRefusal'
    this.status = status
  }
}

/** One call. Rejects with a refusal, or with what `fetch` says. Without a `body` it only asks. */
export async function call(
  fetch: Hub['fetch'],
  root: string,
  path: string,
  signal: AbortSignal,
  { token, body }: { token?: string; body?: object } = {},
): Promise<Answer> {
  const uin = Buffer.from(String(randomBytes(4).readUInt32BE())).toString('base64')
  const headers = {
    'iLink-App-Id': 'bot',
    'iLink-App-ClientVersion': clientVersion,
    ...(body !== undefined && {
      'content-type': 'application/json',
      AuthorizationType: 'ilink_bot_token',
      'X-WECHAT-UIN': uin,
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    }),
  }
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify({ ...body, base_info: baseInfo }) }
  const response = await fetch(`${root}/ilink/bot/${path}`, { ...init, headers, signal })
  const text = await response.text()
  if (!response.ok) throw new HttpRefusal(response.status)
  const answer = read(text)
  const code = [answer.errcode, answer.ret].find((one) => typeof one === 'number' && one !== 0)
  if (typeof code === 'number') throw new Refusal(code, String(answer.errmsg ?? '').slice(0, 200))
  return answer
}

/** JSON whose long numbers stay whole, as text: names of messages have 64 bits. */
export function read(text: string): Answer {
  const whole = (_: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^\d+$/.test(source ?? '') ? source : value
  try {
    const answer: unknown = JSON.parse(text, whole as Parameters<typeof JSON.parse>[1])
    if (answer !== null && typeof answer === 'object' && !Array.isArray(answer)) return answer as Answer
  } catch {}
  throw new Error('WeChat answered in words of no meaning.')
}

/** Where a file lies on the CDN, with its key. */
export interface CdnFile {
  readonly param: string
  /** 32 digits in hex. */
  readonly key: string
  readonly url?: string
}

const mediaTypes = { image: 1, video: 2, file: 3 } as const
export type MediaKind = keyof typeof mediaTypes

/** Puts a file where WeChat fetches it from, sealed with a key of its own. Nothing has been said yet when it rejects: with `Undelivered`. */
export async function upload(
  file: OutgoingFile,
  kind: MediaKind,
  to: string,
  login: Login,
  { cdnRoot = publicCdnRoot }: ApiSettings,
  fetch: Hub['fetch'],
  signal: AbortSignal,
): Promise<CdnFile & { rawSize: number; sealedSize: number }> {
  const raw = await buffer(await file.read())
  const key = randomBytes(16)
  const cipher = createCipheriv('aes-128-ecb', key, null)
  const sealed = Buffer.concat([cipher.update(raw), cipher.final()])
  const filekey = randomBytes(16).toString('hex')
  try {
    const asked = {
      filekey,
      media_type: mediaTypes[kind],
      to_user_id: to,
      rawsize: raw.length,
      rawfilemd5: createHash('md5').update(raw).digest('hex'),
      filesize: sealed.length,
      no_need_thumb: true,
      aeskey: key.toString('hex'),
    }
    const { token, baseUrl } = login
    const place = await call(fetch, baseUrl, 'getuploadurl', signal, { token, body: asked })
    const query = new URLSearchParams({ encrypted_query_param: String(place.upload_param ?? ''), filekey })
    const address =
      typeof place.upload_full_url === 'string' && place.upload_full_url !== ''
        ? place.upload_full_url
        : `${cdnRoot}/upload?${query}`
    const headers = { 'content-type': 'application/octet-stream' }
    const response = await fetch(address, { method: 'POST', headers, body: new Uint8Array(sealed), signal })
    await response.body?.cancel().catch(() => {})
    const param = response.headers.get('x-encrypted-param')
    if (!response.ok || param === null) throw new HttpRefusal(response.status)
    return { param, key: key.toString('hex'), rawSize: raw.length, sealedSize: sealed.length }
  } catch (error) {
    const known = verdict(error)
    if (known.kind !== 'unknown') throw known
    throw new Undelivered('retry', 'The file could not be given to WeChat.', { cause: error })
  }
}

/** A file of the CDN, opened. */
export async function download(
  locator: unknown,
  { cdnRoot = publicCdnRoot }: ApiSettings,
  fetching: Fetching,
): Promise<IncomingFile> {
  const { param = '', key = '', url } = locator as Partial<CdnFile>
  const address = url ?? `${cdnRoot}/download?${new URLSearchParams({ encrypted_query_param: param })}`
  const response = await fileAt('WeChat', address, fetching)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (key === '') return { body: bytes }
  try {
    const decipher = createDecipheriv('aes-128-ecb', Buffer.from(key, 'hex'), null)
    return { body: Buffer.concat([decipher.update(bytes), decipher.final()]) }
  } catch (cause) {
    throw new FileGone('The file does not fit its key.', { cause })
  }
}

/** What a send that failed means. */
export function verdict(error: unknown): Undelivered {
  if (error instanceof HttpRefusal) {
    const { status, message } = error
    if (status === 401 || status === 403) return new Undelivered('auth', message)
    if (status === 429) return new Undelivered('rate-limited', message, { afterMs: 60_000 })
    // It may have got further than the gate that answers for it.
    return new Undelivered(status >= 500 ? 'unknown' : 'rejected', message)
  }
  if (!(error instanceof Refusal)) return undelivered(error)
  const { code, message } = error
  if (code === staleLogin) return new Undelivered('auth', 'WeChat wants somebody to log in again.')
  if (code === closedWindow)
    return new Undelivered('window-closed', `WeChat takes no more answers now (${code}): ${message}`)
  if (code === -1) return new Undelivered('retry', `WeChat is busy (${code}): ${message}`)
  return new Undelivered('rejected', `WeChat refused it (${code}): ${message}`)
}
