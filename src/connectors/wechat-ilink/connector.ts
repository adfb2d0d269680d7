/** One bot of a personal WeChat account: logs in by a scanned code, then asks for what is new, and asks for the next only when it is durable here. */
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  type Hub,
  type IncomingFile,
  type Receipt,
  Undelivered,
  within,
} from '../contract.ts'
import {
  type Answer,
  answerMs,
  call,
  download,
  HttpRefusal,
  type Login,
  Refusal,
  staleLogin,
  upload,
  verdict,
} from './api.ts'
import { type LoginSettings, logIn } from './login.ts'
import { fromMessage, mediaKindOf, toMessage } from './translate.ts'

export interface IlinkSettings extends LoginSettings {
  readonly windowHours?: number
  readonly replies?: number
}

/** WeChat holds a question for as long as it says, else for so long; then it is asked again. */
const holdMs = 35_000
const patienceMs = 10_000
const uploadMs = 50_000

export class IlinkConnector implements Connector {
  readonly #settings: IlinkSettings
  readonly #hub: Hub
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #login: Login | undefined
  #living: Promise<void> = Promise.resolve()

  constructor(settings: IlinkSettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
    this.#signal = AbortSignal.any([this.#stop.signal, hub.signal])
  }

  /** Begins to ask; somebody may have to log in first, so it waits for nothing. */
  async start(): Promise<void> {
    this.#login = ((await this.#hub.memory.get('login')) as Login | null | undefined) ?? undefined
    // Never rejects: whatever ends it is a loss, and the hub opens the account anew.
    this.#living = this.#live().catch((error: unknown) => {
      if (!this.#signal.aborted) this.#hub.lost(sentence(error))
    })
  }

  async send(message: Outbound): Promise<Receipt> {
    const login = this.#login
    if (login === undefined) throw new Undelivered('retry', 'Nobody is logged in: the code has to be scanned.')
    const { token, baseUrl } = login
    const [part] = message.parts
    const kind = mediaKindOf(part)
    const file =
      kind === undefined || part === undefined || !('blob' in part)
        ? undefined
        : await upload(
            await this.#hub.file(part.blob),
            kind,
            message.peer,
            login,
            this.#settings,
            this.#hub.fetch,
            within(uploadMs, this.#hub.signal),
          )
    const body = toMessage(message, file)
    const answer = await call(this.#hub.fetch, baseUrl, 'sendmessage', within(answerMs, this.#hub.signal), {
      token,
      body,
    }).catch(async (error: unknown) => {
      if (isStale(error)) await this.#forget()
      throw verdict(error)
    })
    return { externalId: String(answer.message_id ?? message.id) }
  }

  media(locator: unknown, fetching: Fetching): Promise<IncomingFile> {
    return download(locator, this.#settings, fetching)
  }

  /** Needs a ticket of the chat, which is asked for with it. */
  async typing(peer: string): Promise<void> {
    if (this.#login === undefined) return
    const { token, baseUrl } = this.#login
    const signal = within(answerMs, this.#hub.signal)
    const asked = { ilink_user_id: peer }
    const { typing_ticket } = await call(this.#hub.fetch, baseUrl, 'getconfig', signal, { token, body: asked })
    if (typeof typing_ticket !== 'string' || typing_ticket === '') return
    const body = { ...asked, typing_ticket, status: 1 }
    await call(this.#hub.fetch, baseUrl, 'sendtyping', signal, { token, body })
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#living
  }

  async #live(): Promise<void> {
    while (!this.#signal.aborted) {
      if (this.#login === undefined) {
        this.#login = await logIn(this.#settings, this.#hub, this.#signal)
        await this.#tellGap()
      }
      this.#hub.report({ state: 'online' })
      await this.#poll(this.#login).catch(async (error: unknown) => {
        if (!isStale(error)) throw error
        await this.#forget()
      })
    }
  }

  async #poll({ token, baseUrl, botId }: Login): Promise<void> {
    const { windowHours = 24, replies = 10 } = this.#settings
    // Of that bot alone: whoever scans the next code may be somebody else.
    const place = `cursor:${botId}`
    const kept = await this.#hub.memory.get(place)
    let cursor = typeof kept === 'string' ? kept : ''
    let heldMs = holdMs
    while (!this.#signal.aborted && this.#login !== undefined) {
      const answer = await this.#ask(cursor, heldMs, { token, baseUrl })
      if (answer === undefined) continue
      const told = Array.isArray(answer.msgs) ? (answer.msgs as Answer[]) : []
      const events = told.flatMap((message) => fromMessage(message, botId, { windowHours, replies }) ?? [])
      if (events.length > 0) await this.#hub.receive(events)
      // The next question acknowledges: only after all of it is durable.
      const next = typeof answer.get_updates_buf === 'string' ? answer.get_updates_buf : cursor
      if (next !== cursor && next !== '') {
        cursor = next
        await this.#hub.memory.set(place, cursor)
      }
      const asked = answer.longpolling_timeout_ms
      if (typeof asked === 'number' && asked >= 1000 && asked <= 120_000) heldMs = asked
    }
  }

  /** Undefined when it was held for longer than WeChat said, which is no answer. */
  async #ask(
    cursor: string,
    heldMs: number,
    { token, baseUrl }: Pick<Login, 'token' | 'baseUrl'>,
  ): Promise<Answer | undefined> {
    const timeout = AbortSignal.timeout(heldMs + patienceMs)
    const body = { get_updates_buf: cursor }
    const signal = AbortSignal.any([timeout, this.#signal])
    return call(this.#hub.fetch, baseUrl, 'getupdates', signal, { token, body }).catch((error: unknown) => {
      if (timeout.aborted && !this.#signal.aborted) return undefined
      throw error
    })
  }

  /** The log-in counts no more. Whatever was said until somebody logs in again may never come. */
  async #forget(): Promise<void> {
    if (this.#login === undefined) return
    this.#login = undefined
    await this.#hub.memory.set('login', null)
    await this.#hub.memory.set('forgotAt', Date.now())
  }

  async #tellGap(): Promise<void> {
    const forgotAt = await this.#hub.memory.get('forgotAt')
    if (typeof forgotAt !== 'number') return
    await this.#hub.gap(new Date(forgotAt), new Date(), 'Nobody was logged in.')
    await this.#hub.memory.set('forgotAt', null)
  }
}

function isStale(error: unknown): boolean {
  return (
    (error instanceof Refusal && error.code === staleLogin) || (error instanceof HttpRefusal && error.status === 401)
  )
}

function sentence(error: unknown): Error {
  if (error instanceof Refusal) return new Error(`WeChat says ${error.code}: ${error.message}`)
  if (error instanceof HttpRefusal) return error
  return new Error('WeChat cannot be reached.', { cause: error })
}
