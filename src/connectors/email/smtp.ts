/** Hands one mail to the account's SMTP server, and says what the server's answer means. https://www.rfc-editor.org/rfc/rfc5321 */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import XOAuth2 from 'nodemailer/lib/xoauth2'
import { type Hub, Undelivered } from '../contract.ts'
import { GrantRefused, loginOf } from './oauth.ts'
import type { EmailSettings } from './settings.ts'

const connectMs = 10_000
/** A server may look through a large mail before it says yes: RFC 5321, 4.5.3.2.6 gives it ten minutes. */
export const sendMs = 120_000

/** How far a session got: what fails before `content` was certainly not taken. */
type Stage = 'connection' | 'login' | 'envelope' | 'content'

interface SmtpError extends Error {
  readonly code?: string
  readonly responseCode?: number
  readonly response?: string
}

/** Resolves when the server has taken the mail; rejects with `Undelivered`. */
export async function submit(
  settings: EmailSettings,
  hub: Hub,
  envelope: { readonly from: string; readonly to: readonly string[] },
  mail: () => AsyncIterable<Buffer>,
): Promise<void> {
  const session = new Session(settings, hub)
  try {
    await session.begin()
    await session.hand(envelope, mail)
  } catch (error) {
    throw session.verdict(error)
  } finally {
    session.end()
  }
}

/** Logs in and out again; rejects with `Undelivered`. */
export async function greet(settings: EmailSettings, hub: Hub): Promise<void> {
  const session = new Session(settings, hub)
  try {
    await session.begin()
  } catch (error) {
    throw session.verdict(error)
  } finally {
    session.end()
  }
}

class Session {
  readonly #settings: EmailSettings
  readonly #hub: Hub
  #stage: Stage = 'connection'
  #socket: Socket | undefined
  #smtp: SMTPConnection | undefined
  /** Rejects when the connection breaks. */
  #broken: Promise<never> = new Promise(() => {})
  readonly #onAbort = () => this.#socket?.destroy(new Error('The account is let go.'))

  constructor(settings: EmailSettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
  }

  async begin(): Promise<void> {
    const { smtpHost, smtpPort, smtpSecurity, certificate, address } = this.#settings
    const login = await loginOf(this.#settings, this.#hub)
    this.#hub.signal.throwIfAborted()
    const socket = await this.#hub.connect(smtpHost, smtpPort)
    this.#socket = socket
    this.#hub.signal.addEventListener('abort', this.#onAbort, { once: true })
    const smtp = new SMTPConnection({
      connection: socket,
      host: smtpHost,
      port: smtpPort,
      name: address.slice(address.lastIndexOf('@') + 1),
      secure: smtpSecurity === 'tls',
      requireTLS: smtpSecurity === 'starttls',
      ignoreTLS: smtpSecurity === 'none',
      greetingTimeout: connectMs,
      connectionTimeout: connectMs,
      socketTimeout: sendMs,
      tls: { servername: smtpHost, ...(certificate !== undefined && { ca: certificate }) },
    })
    this.#smtp = smtp
    this.#broken = new Promise((_, reject) => {
      smtp.once('error', reject)
      smtp.once('end', () => reject(new Error('The server closed the connection.')))
    })
    this.#broken.catch(() => {})
    await this.#step((done) => smtp.connect(done))
    if (login === undefined) return
    this.#stage = 'login'
    if ('pass' in login) return this.#step((done) => smtp.login({ credentials: login }, done))
    await this.#step((done) => smtp.login({ oauth2: new XOAuth2(login) }, done)).catch(async (error: unknown) => {
      // It may have been taken back before its time: the next attempt has another.
      if (verdictOf('login', (error as SmtpError).responseCode, undefined).kind === 'auth') {
        await loginOf(this.#settings, this.#hub, login.accessToken)
      }
      throw error
    })
  }

  async hand(envelope: { from: string; to: readonly string[] }, mail: () => AsyncIterable<Buffer>): Promise<void> {
    this.#stage = 'envelope'
    const content = Readable.from(
      // Begun only when the server has said that it waits for the mail.
      (async function* (session: Session) {
        session.#stage = 'content'
        yield* mail()
      })(this),
      { objectMode: false },
    )
    await this.#step((done) => this.#smtp?.send({ from: envelope.from, to: [...envelope.to] }, content, done))
  }

  end(): void {
    this.#hub.signal.removeEventListener('abort', this.#onAbort)
    if (this.#smtp === undefined) this.#socket?.destroy()
    // Also when it hangs: nobody waits for its goodbye.
    else this.#smtp.close()
    this.#socket?.destroySoon()
  }

  #step(step: (done: (error?: Error | null) => void) => void): Promise<void> {
    const taken = new Promise<void>((resolve, reject) => {
      step((error) => (error ? reject(error) : resolve()))
    })
    return Promise.race([taken, this.#broken])
  }

  /** What a failure at this stage means for the mail. */
  verdict(error: unknown): Undelivered {
    if (error instanceof Undelivered) return error
    if (error instanceof GrantRefused) return new Undelivered('auth', error.message)
    if ((error as { code?: unknown }).code === 'address-refused') {
      return new Undelivered('rejected', 'The SMTP server lies in a network that the hub must not call.')
    }
    const { responseCode, response, code } = error as SmtpError
    // What we had to say broke off before its end, so the server throws it away. RFC 5321, 4.1.1.4
    if (code === 'ESTREAM') return new Undelivered('retry', 'The mail could not be put together.', { cause: error })
    return verdictOf(this.#stage, responseCode, response, error)
  }
}

/** What a server's refusal, or its silence, means at that stage of a session. Pure. */
export function verdictOf(
  stage: Stage,
  code: number | undefined,
  response: string | undefined,
  cause?: unknown,
): Undelivered {
  const said = (response ?? '').replace(/\s+/g, ' ').trim().slice(0, 250)
  if (code === undefined || code < 400) {
    if (stage === 'content')
      return new Undelivered('unknown', 'The connection broke while the mail was handed over.', { cause })
    return new Undelivered('retry', `The SMTP server cannot be reached${detailOf(cause)}.`, { cause })
  }
  const text = `The SMTP server said: ${said}`
  // https://www.rfc-editor.org/rfc/rfc4954#section-6
  if (stage === 'login') return new Undelivered(code >= 500 ? 'auth' : 'retry', text)
  if (code < 500) return new Undelivered('retry', text)
  if (code === 530 || code === 535) return new Undelivered('auth', text)
  // https://www.rfc-editor.org/rfc/rfc3463#section-3.2
  if (/^\d{3}[ -]5\.1\.(?:1|2|3|6|10)\b/.test(said)) return new Undelivered('recipient-gone', text)
  return new Undelivered('rejected', text)
}

function detailOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code) ? ` (${code})` : ''
}
