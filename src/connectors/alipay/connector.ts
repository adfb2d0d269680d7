/** One life account: a signed form for each call to the open platform's gateway. https://opendocs.alipay.com/common/02kf5q */

import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type Receipt,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { alipayKey, canonical, isSigned, ownKey, signed } from './signing.ts'
import { toNative } from './translate.ts'

export interface AlipaySettings {
  readonly appId: string
  readonly privateKey: string
  readonly alipayPublicKey: string
  readonly apiRoot?: string
  readonly fileRoot?: string
}

/** Within the hub's own limit on a send, so that it is us who say what a silence means. */
const answerMs = 12_000
const publicRoot = 'https://openapi.alipay.com/gateway.do'
const publicFileRoot = 'https://openfile.alipay.com/chat/multimedia.do'

/** The gateway answered, and refused: https://opendocs.alipay.com/common/02km9f */
export class Refusal extends Error {
  readonly code: string
  /** As `isv.invalid-signature`; empty where there is none. */
  readonly subCode: string

  constructor(code: string, subCode: string, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.subCode = subCode
  }
}

export class AlipayConnector implements Connector {
  readonly #settings: AlipaySettings
  readonly #hub: Hub

  constructor(settings: AlipaySettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
  }

  async send(message: Outbound): Promise<Receipt> {
    const signal = within(answerMs, this.#hub.signal)
    await call(
      this.#settings,
      this.#hub.fetch,
      'alipay.open.public.message.custom.send',
      toNative(message),
      signal,
    ).catch((error: unknown) => {
      throw verdict(error)
    })
    // Alipay gives messages no name.
    return { externalId: message.id }
  }

  /** https://opendocs.alipay.com/apis/api_6/alipay.mobile.public.multimedia.download: the bytes, or a refusal as of every call. */
  async media(locator: unknown, { fetch, signal }: Fetching): Promise<IncomingFile> {
    const { mediaId } = locator as { mediaId?: unknown }
    if (typeof mediaId !== 'string' || mediaId === '') throw new FileGone('Alipay named no file.')
    const { fileRoot = publicFileRoot } = this.#settings
    const response = await post(
      fileRoot,
      this.#settings,
      fetch,
      'alipay.mobile.public.multimedia.download',
      { mediaId },
      signal,
    )
    const isFile = response.ok && /^(image|application\/octet)/.test(response.headers.get('content-type') ?? '')
    if (isFile && response.body !== null) return { body: response.body }
    const said = await response.text().catch(() => '')
    const refusal = response.ok ? refusalIn(said) : undefined
    // A refusal that would leave a message waiting leaves the file waiting, too.
    const passes = refusal === undefined || ['rate-limited', 'retry', 'unknown', 'auth'].includes(verdict(refusal).kind)
    if (!passes) throw new FileGone('Alipay does not have the file.')
    const why = refusal === undefined ? response.status : refusal.subCode || refusal.code
    throw new Error(`Alipay did not hand the file out (${why}).`)
  }

  async close(): Promise<void> {}
}

function post(
  root: string,
  settings: AlipaySettings,
  fetch: Hub['fetch'],
  method: string,
  content: object,
  signal: AbortSignal,
): Promise<Response> {
  const fields = {
    app_id: settings.appId,
    method,
    format: 'JSON',
    charset: 'utf-8',
    sign_type: 'RSA2',
    // In China's time, whatever ours is.
    timestamp: new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
    version: '1.0',
    biz_content: JSON.stringify(content),
  }
  const body = new URLSearchParams({ ...fields, sign: signed(canonical(fields), ownKey(settings)) })
  return fetch(root, {
    method: 'POST',
    body: body.toString(),
    signal,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  })
}

/** One call. Resolves when Alipay says that it is done; rejects with `Refusal`, or with what says nothing of what happened. */
export async function call(
  settings: AlipaySettings,
  fetch: Hub['fetch'],
  method: string,
  content: object,
  signal: AbortSignal,
): Promise<void> {
  const response = await post(settings.apiRoot ?? publicRoot, settings, fetch, method, content, signal)
  const text = await response.text()
  const answer = answerIn(text, method)
  if (!response.ok || answer === undefined)
    throw new Error(`Alipay answered ${response.status} in words of no meaning.`)
  const { code = '', sub_code = '', msg = '', sub_msg = msg } = answer.said
  // A refusal may be unsigned, where it is our own key that is not known.
  if (code === '10000' && !isSigned(Buffer.from(answer.text), answer.sign, alipayKey(settings))) {
    throw new Error('The answer is not signed with the public key of Alipay.')
  }
  if (code !== '10000') throw new Refusal(code, sub_code, sub_msg.slice(0, 200))
}

/** What an answer refuses that brings no answer of its own. */
function refusalIn(text: string): Refusal | undefined {
  const said = answerIn(text, '')?.said
  if (said === undefined || said === null || typeof said !== 'object') return undefined
  const { code, sub_code, sub_msg, msg } = said
  return new Refusal(String(code ?? ''), String(sub_code ?? ''), String(sub_msg ?? msg ?? '').slice(0, 200))
}

/** What the answer says, and the text of it that is signed: exactly as it stands there. */
function answerIn(
  text: string,
  method: string,
): { said: Record<string, string>; text: string; sign: string } | undefined {
  try {
    const whole = JSON.parse(text) as Record<string, unknown>
    const name = [`${method.replaceAll('.', '_')}_response`, 'error_response'].find((one) => one in whole) ?? ''
    const from = text.indexOf('{', text.indexOf(`"${name}"`))
    const to = text.lastIndexOf('}', text.lastIndexOf('"sign"'))
    const sign = typeof whole.sign === 'string' ? whole.sign : ''
    return { said: whole[name] as Record<string, string>, text: text.slice(from, to + 1), sign }
  } catch {
    return undefined
  }
}

/** What a send that failed means, by https://opendocs.alipay.com/common/02km9f. */
export function verdict(error: unknown): Undelivered {
  if (!(error instanceof Refusal)) return undelivered(error)
  const { code, subCode, message } = error
  const sentence = `Alipay refused it (${subCode || code}): ${message}`
  if (/call-limited|call_limited|too.?frequent/i.test(subCode)) {
    return new Undelivered('rate-limited', sentence, { afterMs: 3_600_000 })
  }
  if (subCode === 'isp.service-unavailable') return new Undelivered('retry', sentence)
  // It may have got further than the gate that answers for it.
  if (code === '20000') return new Undelivered('unknown', sentence)
  const isKey = /signature|app-id|sign-type|permissions|app-unauthorized/.test(subCode)
  if (code === '20001' || code === '40006' || isKey) return new Undelivered('auth', sentence)
  if (/NOT_FOLLOW|USER_NOT_EXIST/i.test(subCode)) return new Undelivered('recipient-gone', sentence)
  if (/TIME_?OUT|EXPIRE|48/i.test(subCode)) return new Undelivered('window-closed', sentence)
  return new Undelivered('rejected', sentence)
}
