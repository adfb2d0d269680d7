/** One bot: answers to what people and groups have said to it. */
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  fileAt,
  type Hub,
  type IncomingFile,
  type Receipt,
  type SentMessage,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { type ApiSettings, isRepeated, isStaleMedia, QqApi, verdict } from './api.ts'
import { type Fields, fileTypes, pathOf, toMessage, word } from './translate.ts'

/** Within the hub's own limit on a send, so that it is us who say what a silence means. A file goes before its message. */
const answerMs = 12_000
const uploadMs = 40_000

export class QqConnector implements Connector {
  readonly #hub: Hub
  readonly #api: QqApi

  constructor(settings: ApiSettings, hub: Hub) {
    this.#hub = hub
    this.#api = new QqApi(settings, hub)
  }

  async send(message: Outbound): Promise<Receipt> {
    const path = pathOf(message.peer)
    if (path === undefined) throw new Undelivered('rejected', 'That is no chat of a bot.')
    const fileInfo = await this.#uploaded(message, path)
    try {
      return await this.#say(message, path, fileInfo)
    } catch (error) {
      if (fileInfo === undefined || !isStaleMedia(error)) throw verdict(error) ?? undelivered(error)
      const again = await this.#uploaded(message, path, fileInfo)
      return this.#say(message, path, again).catch((last: unknown) => {
        throw verdict(last) ?? undelivered(last)
      })
    }
  }

  /** https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/send-receive/reset.html */
  async recall({ peer, externalId }: SentMessage): Promise<void> {
    const path = pathOf(peer)
    if (path === undefined) throw new Undelivered('rejected', 'That is no chat of a bot.')
    const signal = within(answerMs, this.#hub.signal)
    await this.#api
      .call('DELETE', `${path}/messages/${encodeURIComponent(externalId)}`, undefined, signal)
      .catch((error: unknown) => {
        throw verdict(error) ?? undelivered(error)
      })
  }

  async media(locator: unknown, fetching: Fetching): Promise<IncomingFile> {
    const { url } = locator as { url?: unknown }
    if (typeof url !== 'string') throw new FileGone('QQ named no file.')
    const { body } = await fileAt('QQ', url, fetching)
    if (body === null) throw new Error('QQ handed out a file without bytes.')
    return { body }
  }

  async close(): Promise<void> {}

  async #say(message: Outbound, path: string, fileInfo: string | undefined): Promise<Receipt> {
    const body = toMessage(message, fileInfo)
    const answer = await this.#api
      .call('POST', `${path}/messages`, body, within(answerMs, this.#hub.signal))
      .catch((error: unknown): Fields => {
        // An earlier attempt has arrived after all. At a first attempt the number would be somebody else's.
        if (isRepeated(error) && message.attempt > 1) return {}
        throw error
      })
    return { externalId: word(answer.id).slice(0, 255) || message.id }
  }

  /** The file of the message, at QQ; undefined when it has none. Whatever fails here, nothing has been said yet. */
  async #uploaded({ parts: [part] }: Outbound, path: string, refused?: string): Promise<string | undefined> {
    const fileType = fileTypes[part?.type ?? '']
    if (part === undefined || fileType === undefined || !('blob' in part)) return undefined
    const file = await this.#hub.file(part.blob)
    return this.#api
      .upload(file, fileType, path, within(uploadMs, this.#hub.signal), refused)
      .catch((error: unknown) => {
        throw verdict(error) ?? new Undelivered('retry', 'The file could not be given to QQ.', { cause: error })
      })
  }
}
