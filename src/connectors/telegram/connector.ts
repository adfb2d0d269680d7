/** One bot, by long polling: asks for what is new, and asks for the next only when it is durable here. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Api, InputFile, NetworkError, TelegramApiError } from 'node-telegram-bot-api'
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type Receipt,
  type SentMessage,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { type Call, fromUpdate, idOf, toCall, understood } from './translate.ts'

export interface TelegramSettings {
  readonly token: string
  readonly apiRoot?: string
  readonly updates?: 'poll' | 'webhook'
}

/** How long Telegram holds a question to which there is no answer yet. https://core.telegram.org/bots/api#getupdates */
const holdSeconds = 25
/** Within the hub's own limit on a send, so that it is us who say what a silence means. A file takes its time. */
const answerMs = 12_000
const uploadMs = 55_000
const apiAddress = 'https://api.telegram.org'
const updatesAtOnce = 100

/** The Bot API behind that token. It never tries again by itself: a message sent twice is two. */
export function apiOf({ token, apiRoot }: TelegramSettings, hub: Pick<Hub, 'fetch'>): Api {
  return new Api(token, { fetch: hub.fetch, maxRetries: 0, ...(apiRoot !== undefined && { apiRoot }) })
}

/** What Telegram shows with each call, and nobody else can know: made of the token, so that there is no secret more to keep. */
export function hookSecret({ token }: Pick<TelegramSettings, 'token'>): string {
  return createHash('sha256').update(`hook of ${token}`).digest('hex')
}

export class TelegramConnector implements Connector {
  readonly #api: Api
  readonly #settings: TelegramSettings
  readonly #hub: Hub
  readonly #stop = new AbortController()
  #polling: Promise<void> = Promise.resolve()

  constructor(settings: TelegramSettings, hub: Hub) {
    this.#api = apiOf(settings, hub)
    this.#settings = settings
    this.#hub = hub
  }

  /** Resolves when the bot is known to be ours; rejects with what Telegram says against it. */
  async start(): Promise<void> {
    const signal = within(answerMs, this.#hub.signal)
    try {
      await this.#api.getMe(signal)
      if (this.#settings.updates === 'webhook') {
        await this.#api.setWebhook(
          { url: this.#hub.hookUrl, secret_token: hookSecret(this.#settings), allowed_updates: understood },
          signal,
        )
        return
      }
      // While a hook is set nothing can be asked for; what waits there is kept.
      const { url } = await this.#api.getWebhookInfo(signal)
      if (url !== '') await this.#api.deleteWebhook({ drop_pending_updates: false }, signal)
    } catch (error) {
      throw sentence(error)
    }
    this.#polling = this.#poll()
  }

  async send(message: Outbound): Promise<Receipt> {
    const call = toCall(message)
    const signal = within('blob' in call ? uploadMs : answerMs, this.#hub.signal)
    try {
      const sent = await this.#call(call, signal)
      return { externalId: idOf(message.peer, sent.message_id) }
    } catch (error) {
      throw verdict(error)
    }
  }

  /** https://core.telegram.org/bots/api#deletemessage */
  async recall({ externalId }: SentMessage): Promise<void> {
    const [chat_id = '', message_id] = externalId.split(':')
    await this.#api
      .deleteMessage({ chat_id, message_id: Number(message_id) }, within(answerMs, this.#hub.signal))
      .catch((error: unknown) => {
        const isGone = error instanceof TelegramApiError && error.description.includes('message to delete not found')
        if (!isGone) throw verdict(error)
      })
  }

  /** https://core.telegram.org/bots/api#sendchataction: for five seconds, or until a message comes. */
  async typing(peer: string): Promise<void> {
    await this.#api.sendChatAction({ chat_id: peer, action: 'typing' }, within(answerMs, this.#hub.signal))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#polling
  }

  async #call(call: Call, signal: AbortSignal): Promise<{ message_id: number }> {
    switch (call.method) {
      case 'sendMessage':
        return this.#api.sendMessage(call.params, signal)
      case 'sendLocation':
        return this.#api.sendLocation(call.params, signal)
      case 'sendVenue':
        return this.#api.sendVenue(call.params, signal)
      case 'sendContact':
        return this.#api.sendContact(call.params, signal)
      default:
        return this.#upload(call, signal)
    }
  }

  async #upload({ method, blob, params }: Extract<Call, { blob: unknown }>, signal: AbortSignal) {
    const { name: filename, mediaType: contentType, read } = await this.#hub.file(blob)
    const input = new InputFile(async () => Readable.toWeb(await read()) as ReadableStream<Uint8Array>, {
      filename,
      contentType,
    })
    switch (method) {
      case 'sendPhoto':
        return this.#api.sendPhoto({ ...params, photo: input }, signal)
      case 'sendAnimation':
        return this.#api.sendAnimation({ ...params, animation: input }, signal)
      case 'sendVoice':
        return this.#api.sendVoice({ ...params, voice: input }, signal)
      case 'sendAudio':
        return this.#api.sendAudio({ ...params, audio: input }, signal)
      case 'sendVideo':
        return this.#api.sendVideo({ ...params, video: input }, signal)
      case 'sendSticker':
        return this.#api.sendSticker({ ...params, sticker: input }, signal)
      case 'sendDocument':
        return this.#api.sendDocument({ ...params, document: input }, signal)
    }
  }

  /** https://core.telegram.org/bots/api#getfile: at most 20 MB, by an address that has the token in it and so leaves nobody's hands. */
  async media(locator: unknown, { fetch, signal }: Fetching): Promise<IncomingFile> {
    const { fileId } = locator as { fileId: string }
    const path = await this.#pathOf(fileId, signal)
    const { apiRoot = apiAddress, token } = this.#settings
    const inPieces = path.split('/').map(encodeURIComponent).join('/')
    const response = await fetch(`${apiRoot}/file/bot${token}/${inPieces}`, { signal }).catch(() => undefined)
    if (response?.ok && response.body !== null) return { body: response.body }
    await response?.body?.cancel().catch(() => {})
    throw new Error(`Telegram did not hand the file out (${response?.status ?? 'no answer'}).`)
  }

  async #pathOf(file_id: string, signal: AbortSignal): Promise<string> {
    const { file_path } = await this.#api.getFile({ file_id }, signal).catch((error: unknown) => {
      if (error instanceof TelegramApiError && error.errorCode === 400) {
        const isLarge = error.description.includes('too big')
        throw new FileGone(isLarge ? 'Telegram hands bots no file above 20 MB.' : 'Telegram does not have the file.')
      }
      throw sentence(error)
    })
    // A Bot API server in local mode names a place on its own disk.
    if (file_path === undefined || /^([a-z]:|[/\\])/i.test(file_path)) {
      throw new FileGone('The Bot API server keeps its files to itself: run it without --local.')
    }
    return file_path
  }

  /** Never rejects: whatever ends it is a loss, and the hub opens the bot anew. */
  async #poll(): Promise<void> {
    const signal = AbortSignal.any([this.#hub.signal, this.#stop.signal])
    try {
      const kept = await this.#hub.memory.get('offset')
      let offset = typeof kept === 'number' ? kept : undefined
      while (!signal.aborted) {
        const updates = await this.#api.getUpdates(
          {
            timeout: holdSeconds,
            limit: updatesAtOnce,
            allowed_updates: understood,
            ...(offset !== undefined && { offset }),
          },
          signal,
        )
        const last = updates.at(-1)
        if (last === undefined) continue
        await this.#hub.receive(updates.flatMap((update) => fromUpdate(update) ?? []))
        // The next question acknowledges: only after all of it is durable.
        offset = last.update_id + 1
        await this.#hub.memory.set('offset', offset)
        for (const update of updates) if ('callback_query' in update) this.#release(update.callback_query.id, signal)
      }
    } catch (error) {
      if (!signal.aborted) this.#hub.lost(sentence(error))
    }
  }

  /** A pressed button turns until somebody says that it was noticed. Nothing hangs on it. */
  #release(callback_query_id: string, signal: AbortSignal): void {
    this.#api.answerCallbackQuery({ callback_query_id }, signal).catch(() => {})
  }
}

/** What Telegram's answer to a send means. https://core.telegram.org/api/errors */
export function verdict(error: unknown): Undelivered {
  if (error instanceof TelegramApiError) {
    const { errorCode, description, retryAfter, migrateToChatId } = error
    if (migrateToChatId !== undefined) return new Undelivered('moved', description, { peer: String(migrateToChatId) })
    if (errorCode === 429) {
      return new Undelivered(
        'rate-limited',
        description,
        retryAfter === undefined ? {} : { afterMs: retryAfter * 1000 },
      )
    }
    if (errorCode === 401 || errorCode === 404) return new Undelivered('auth', 'Telegram does not know the token.')
    if (errorCode === 403) return new Undelivered('recipient-gone', description)
    // It may have got further than the gate that answers for it.
    if (errorCode >= 500) return new Undelivered('unknown', description)
    return new Undelivered('rejected', description)
  }
  return error instanceof NetworkError ? undelivered(error.cause ?? error) : undelivered(error)
}

/** A reason without what a program's error may carry along. */
function sentence(error: unknown): Error {
  if (!(error instanceof TelegramApiError)) return new Error('Telegram cannot be reached.')
  if (error.errorCode === 409) return new Error('Another program asks for the messages of this bot.')
  if (error.errorCode === 401 || error.errorCode === 404) return new Error('Telegram does not know the token.')
  return new Error(`Telegram answered ${error.errorCode}: ${error.description}`)
}
