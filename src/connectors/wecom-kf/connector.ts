/** The customer service of one corporation: asks for what was said, and answers as long as WeCom lets the interface answer. */
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  type Hub,
  type IncomingFile,
  type Receipt,
  type SentMessage,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { type CgiApi, isStaleMedia, Refusal, uploaded } from '../wechat/cgi.ts'
import { type ApiSettings, apiOf, mendOf, verdict } from './api.ts'
import type { HookSettings } from './hook.ts'
import { Sync, type SyncSettings } from './sync.ts'
import { addressIn, mediaKindOf, nameOf, toMessage } from './translate.ts'

export type KfSettings = ApiSettings & HookSettings & SyncSettings

/** Within the hub's own limit on a send, so that it is us who say what a silence means. A file goes before its message. */
const answerMs = 12_000
const uploadMs = 40_000
/** Somebody else than the interface has the conversation. */
const wrongState = 95018

export class WecomKfConnector implements Connector {
  readonly #hub: Hub
  readonly #api: CgiApi
  readonly #sync: Sync
  readonly #stop = new AbortController()
  #asking: Promise<void> = Promise.resolve()

  constructor(settings: KfSettings, hub: Hub) {
    this.#hub = hub
    this.#api = apiOf(settings, hub)
    this.#sync = new Sync(settings, this.#api, hub, AbortSignal.any([this.#stop.signal, hub.signal]))
  }

  /** Resolves when WeCom has told of its accounts; rejects with what it says against us. */
  async start(): Promise<void> {
    await this.#sync.start().catch((error: unknown) => {
      throw sentence(error)
    })
    // Never rejects: whatever ends it is a loss, and the hub opens the account anew.
    this.#asking = this.#sync.run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted && !this.#hub.signal.aborted) this.#hub.lost(sentence(error))
    })
  }

  async send(message: Outbound): Promise<Receipt> {
    const mediaId = await this.#uploaded(message)
    try {
      await this.#say(message, mediaId).catch((error: unknown) => this.#again(message, mediaId, error))
    } catch (error) {
      throw verdict(error) ?? undelivered(error)
    }
    return { externalId: nameOf(message.id) }
  }

  /** Within two minutes, as published clients of `kf/recall_msg` have it; it counts among the five all the same. */
  async recall({ peer, externalId: msgid }: SentMessage): Promise<void> {
    const { open_kfid } = addressIn(peer)
    await this.#api
      .call('kf/recall_msg', { open_kfid, msgid }, within(answerMs, this.#hub.signal))
      .catch((error: unknown) => {
        throw verdict(error) ?? undelivered(error)
      })
  }

  media(locator: unknown, fetching: Fetching): Promise<IncomingFile> {
    return this.#api.media(locator, fetching)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#asking
  }

  /** Once more, where a refusal can be mended: a file that WeCom keeps no longer, a conversation that nobody has yet. */
  async #again(message: Outbound, mediaId: string | undefined, error: unknown): Promise<void> {
    if (mediaId !== undefined && isStaleMedia(error)) {
      return this.#say(message, await this.#uploaded(message, mediaId))
    }
    if (!(error instanceof Refusal) || error.code !== wrongState) throw error
    await this.#takeUp(message)
    await this.#say(message, mediaId)
  }

  /**
   * Makes the conversation one that the interface may answer in, if nobody else has it. Rejects with `Undelivered` otherwise: it was not sent.
   * https://developer.work.weixin.qq.com/document/path/94669
   */
  async #takeUp({ peer }: Outbound): Promise<void> {
    const { open_kfid, touser: external_userid } = addressIn(peer)
    const asked = { open_kfid, external_userid }
    const signal = within(answerMs, this.#hub.signal)
    const ask = (path: string, body: object) =>
      this.#api.call(path, body, signal).catch((error: unknown) => {
        throw (
          verdict(error) ?? new Undelivered('retry', 'WeCom did not say who has the conversation.', { cause: error })
        )
      })
    const { service_state } = await ask('kf/service_state/get', asked)
    if (service_state === 4) throw new Undelivered('window-closed', 'The conversation is over at WeCom.')
    if (service_state === 2 || service_state === 3) {
      const who = service_state === 3 ? 'A person at WeCom has' : 'The queue of WeCom has'
      throw new Undelivered('rejected', `${who} the conversation: it has to be ended there first.`)
    }
    await ask('kf/service_state/trans', { ...asked, service_state: 1 })
  }

  async #say(message: Outbound, mediaId: string | undefined): Promise<void> {
    await this.#api.call('kf/send_msg', toMessage(message, mediaId), within(answerMs, this.#hub.signal))
  }

  async #uploaded({ parts: [part] }: Outbound, refused?: string): Promise<string | undefined> {
    const kind = mediaKindOf(part)
    if (part === undefined || kind === undefined || !('blob' in part)) return undefined
    return uploaded(this.#api, this.#hub.file(part.blob), kind, within(uploadMs, this.#hub.signal), verdict, refused)
  }
}

/** Why an account cannot be served, for administrators. */
function sentence(error: unknown): Error {
  if (error instanceof TypeError) return new Error('WeCom cannot be reached.', { cause: error })
  if (!(error instanceof Refusal)) return error instanceof Error ? error : new Error('WeCom cannot be reached.')
  return new Error(mendOf(error) ?? `WeCom says ${error.code}: ${error.message}`)
}
