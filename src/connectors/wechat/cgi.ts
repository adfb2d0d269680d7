/**
 * Calls below /cgi-bin, as WeChat's and WeCom's servers take them: under a token that all nodes share, refused by number in an answer of
 * status 200, with files both ways. Nothing is tried twice but what a stale token stopped.
 */
import { buffer } from 'node:stream/consumers'
import {
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type OutgoingFile,
  type TokenWays,
  Undelivered,
  underToken,
} from '../contract.ts'

export type Answer = Readonly<Record<string, unknown>>

/** Whose server it is, and how it gives tokens. */
export interface CgiServer {
  /** As it is called in sentences. */
  readonly name: string
  /** Without /cgi-bin. */
  readonly root: string
  /** Asks for a token; `refused` is the one that was not taken any more. */
  mint(
    post: (path: string, body: object | undefined, query?: Query) => Promise<Answer>,
    refused?: string,
  ): Promise<Answer>
}

type Query = Readonly<Record<string, string>>

/** Said in an answer of status 200. https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html */
const staleToken = [40001, 40014, 42001]
const staleMedia = 40007
const hourMs = 3_600_000

/** The server answered, and refused. */
export class Refusal extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

export class CgiApi {
  readonly #server: CgiServer
  readonly #hub: Pick<Hub, 'fetch' | 'token'>

  constructor(server: CgiServer, hub: Pick<Hub, 'fetch' | 'token'>) {
    this.#server = server
    this.#hub = hub
  }

  /** One token in the whole cluster; minted by force only when it was refused. */
  token(signal: AbortSignal, refused?: string): Promise<string> {
    const post = (path: string, body: object | undefined, query: Query = {}) =>
      this.#ask(path, query, body === undefined ? undefined : JSON.stringify(body), signal)
    const mint = async () => {
      const { access_token, expires_in } = await this.#server.mint(post, refused)
      if (typeof access_token !== 'string' || typeof expires_in !== 'number') {
        throw new Error(`${this.#server.name} gave no token.`)
      }
      return { value: access_token, expiresAt: new Date(Date.now() + expires_in * 1000) }
    }
    return this.#hub.token('access', mint, refused)
  }

  /** POSTs JSON to a path below /cgi-bin, or GETs it without a body. Rejects with `Refusal`, with `NotAsked`, or with what `fetch` says. */
  call(path: string, body: object | undefined, signal: AbortSignal): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return this.#withToken(signal, (access_token) => this.#ask(path, { access_token }, text, signal))
  }

  /**
   * What the server calls a file of ours, for the three days that it keeps it; each content is uploaded once. `refused` is what it did not know any more.
   * https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia, https://developer.work.weixin.qq.com/document/path/90253
   */
  upload(file: OutgoingFile, kind: string, signal: AbortSignal, refused?: string): Promise<string> {
    const mint = async () => {
      const { body, type } = formOf(file, await buffer(await file.read()))
      const { media_id, created_at } = await this.#withToken(signal, (access_token) =>
        this.#ask('media/upload', { access_token, type: kind }, body, signal, type),
      )
      if (typeof media_id !== 'string') throw new Error(`${this.#server.name} gave no id for the file.`)
      const madeAt = Number(created_at) > 0 ? Number(created_at) * 1000 : Date.now()
      return { value: media_id, expiresAt: new Date(madeAt + 71 * hourMs) }
    }
    return this.#hub.token(`media:${kind}:${file.sha256}`, mint, refused)
  }

  /** The file of a part, by its `mediaId`. https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia: of a video perhaps only the address is told. */
  async media(locator: unknown, { fetch, signal }: Fetching): Promise<IncomingFile> {
    const { name } = this.#server
    const { mediaId } = locator as { mediaId?: unknown }
    if (typeof mediaId !== 'string' || mediaId === '') throw new FileGone(`${name} named no file.`)
    const answer = await this.#withToken(signal, async (access_token) => {
      const response = await fetch(this.#address('media/get', { access_token, media_id: mediaId }), { signal })
      const type = response.headers.get('content-type') ?? ''
      if (response.ok && !/json|text\/plain/.test(type)) return response
      // What is no answer of the API is a text file that somebody sent.
      if (response.ok && response.headers.has('content-disposition')) return response
      return this.#answerOf(await response.text(), response.status)
    }).catch((error: unknown) => {
      if (isStaleMedia(error)) throw new FileGone(`${name} keeps it no longer.`)
      throw error
    })
    const response = answer instanceof Response ? answer : await fetch(String(answer.video_url), { signal })
    if (response.ok && response.body !== null) {
      const called = nameIn(response.headers.get('content-disposition'))
      return { body: response.body, ...(called !== undefined && { name: called }) }
    }
    await response.body?.cancel().catch(() => {})
    throw new Error(`${name} did not hand the file out (${response.status}).`)
  }

  #withToken<T>(signal: AbortSignal, ask: (token: string) => Promise<T>): Promise<T> {
    const ways: TokenWays = {
      name: this.#server.name,
      token: (refused) => this.token(signal, refused),
      isRefusal: (error) => error instanceof Refusal,
      isStale: (error) => error instanceof Refusal && staleToken.includes(error.code),
    }
    return underToken(ways, ask)
  }

  async #ask(
    path: string,
    query: Query,
    body: string | Buffer | undefined,
    signal: AbortSignal,
    type = 'application/json',
  ): Promise<Answer> {
    const post = { method: 'POST', headers: { 'content-type': type }, body: body as BodyInit, signal }
    const response = await this.#hub.fetch(this.#address(path, query), body === undefined ? { signal } : post)
    return this.#answerOf(await response.text(), response.status)
  }

  #address(path: string, query: Query): string {
    const asked = new URLSearchParams(query).toString()
    return `${this.#server.root}/cgi-bin/${path}${asked === '' ? '' : `?${asked}`}`
  }

  /** Throws a `Refusal` when it is one, and a plain Error, which says nothing of what happened, when it is no answer of the API. */
  #answerOf(text: string, status: number): Answer {
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch {
      answer = undefined
    }
    if (answer === null || typeof answer !== 'object') {
      throw new Error(`${this.#server.name} answered ${status} in words of no meaning.`)
    }
    const { errcode, errmsg } = answer as { errcode?: unknown; errmsg?: unknown }
    if (typeof errcode === 'number' && errcode !== 0) throw new Refusal(errcode, String(errmsg ?? '').slice(0, 300))
    if (status >= 400) throw new Error(`${this.#server.name} answered ${status}.`)
    return answer as Answer
  }
}

/**
 * The file of a part that goes out, at the server, before its message is sent. Whatever fails here, nothing has been said yet: `verdict` says
 * what a refusal means, everything else may be tried again.
 */
export async function uploaded(
  api: CgiApi,
  file: Promise<OutgoingFile>,
  kind: string,
  signal: AbortSignal,
  verdict: (error: unknown) => Undelivered | undefined,
  refused?: string,
): Promise<string> {
  const given = await file
  return api.upload(given, kind, signal, refused).catch((error: unknown) => {
    throw verdict(error) ?? new Undelivered('retry', 'The file could not be uploaded.', { cause: error })
  })
}

export function isStaleMedia(error: unknown): boolean {
  return error instanceof Refusal && error.code === staleMedia
}

/** A form with the file in its one field. The servers want to know its length beforehand. */
function formOf({ name, mediaType }: OutgoingFile, bytes: Buffer): { body: Buffer; type: string } {
  const boundary = `tributary${crypto.randomUUID().replaceAll('-', '')}`
  // Names are written as the bytes of UTF-8: what a customer is shown of a file is this.
  const filename = name.replace(/[\p{Cc}"\\]/gu, '_')
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="media"; filename="${filename}"; filelength=${bytes.length}\r\nContent-Type: ${mediaType}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { body, type: `multipart/form-data; boundary=${boundary}` }
}

/** What a Content-Disposition calls its file; undefined when it does not, or not in words that can be read. */
function nameIn(disposition: string | null): string | undefined {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? '')?.[1]
  const plain = /filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1]
  try {
    const name = decodeURIComponent(encoded ?? Buffer.from(plain ?? '', 'latin1').toString('utf8')).slice(0, 200)
    return name === '' ? undefined : name
  } catch {
    return undefined
  }
}
