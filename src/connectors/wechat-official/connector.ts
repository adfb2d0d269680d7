/** One official account: customer-service messages, or answers within the call that brought the message. */
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  type HookReply,
  type Hub,
  type IncomingFile,
  type Receipt,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { type CgiApi, isStaleMedia, Refusal, uploaded } from '../wechat/cgi.ts'
import { seal, signatureOf } from '../wechat/envelope.ts'
import { toXml } from '../wechat/xml.ts'
import { type ApiSettings, apiOf, mendOf, verdict } from './api.ts'
import type { Menu } from './menu.ts'
import { mediaKindOf, type OpenCall, toMessage, toPassive } from './translate.ts'

export interface WechatSettings extends ApiSettings {
  readonly token: string
  readonly encodingAesKey?: string
  readonly replies?: string
  readonly menu?: Menu
}

/** Within the hub's own limit on a send, so that it is us who say what a silence means. A file goes before its message. */
const answerMs = 12_000
const uploadMs = 40_000
/** Unverified and personal accounts answer only in the call itself. */
const mayNotSend = 48001

export class WechatConnector implements Connector {
  readonly #settings: WechatSettings
  readonly #hub: Hub
  readonly #api: CgiApi

  constructor(settings: WechatSettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
    this.#api = apiOf(settings, hub)
  }

  async send(message: Outbound): Promise<Receipt> {
    const mediaId = await this.#uploaded(message)
    if (message.ticket?.kind === 'passive') {
      return this.#answerCall(message, message.ticket.reference as OpenCall, mediaId)
    }
    try {
      await this.#say(message, mediaId).catch(async (error: unknown) => {
        this.#tellOfMissing(error)
        if (mediaId === undefined || !isStaleMedia(error)) throw error
        await this.#say(message, await this.#uploaded(message, mediaId))
      })
    } catch (error) {
      throw verdict(error) ?? undelivered(error)
    }
    // WeChat gives messages no name.
    return { externalId: message.id }
  }

  media(locator: unknown, fetching: Fetching): Promise<IncomingFile> {
    return this.#api.media(locator, fetching)
  }

  /** https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing: within thirty seconds of what somebody said; else refused, which does no harm. */
  async typing(touser: string): Promise<void> {
    if (this.#settings.replies === 'passive') return
    await this.#api.call('message/custom/typing', { touser, command: 'Typing' }, within(answerMs, this.#hub.signal))
  }

  async close(): Promise<void> {}

  /** An account that may not send at all is not well, whatever becomes of this message. */
  #tellOfMissing(error: unknown): void {
    if (!(error instanceof Refusal) || error.code !== mayNotSend) return
    const detail = mendOf(error)
    this.#hub.report({ state: 'degraded', ...(detail !== undefined && { detail }) })
  }

  async #say(message: Outbound, mediaId: string | undefined): Promise<void> {
    await this.#api.call('message/custom/send', toMessage(message, mediaId), within(answerMs, this.#hub.signal))
  }

  /** The file of the message, at WeChat; undefined when it has none. Whatever fails here, nothing has been said yet. */
  async #uploaded({ parts: [part] }: Outbound, refused?: string): Promise<string | undefined> {
    const kind = part === undefined ? undefined : mediaKindOf(part)
    if (part === undefined || kind === undefined || !('blob' in part)) return undefined
    return uploaded(this.#api, this.#hub.file(part.blob), kind, within(uploadMs, this.#hub.signal), verdict, refused)
  }

  async #answerCall(message: Outbound, { self, call }: OpenCall, mediaId: string | undefined): Promise<Receipt> {
    const { token, encodingAesKey, appId } = this.#settings
    const at = Math.floor(Date.now() / 1000)
    const xml = toXml({ ToUserName: message.peer, FromUserName: self, CreateTime: at, ...toPassive(message, mediaId) })
    const body = encodingAesKey === undefined ? xml : sealed(xml, { token, encodingAesKey, appId }, at)
    const reply: HookReply = { status: 200, headers: { 'content-type': 'application/xml; charset=utf-8' }, body }
    if (await this.#hub.answer(call, reply)) return { externalId: message.id }
    throw new Undelivered('window-closed', 'The account can answer within five seconds only, and once.')
  }
}

function sealed(
  xml: string,
  { token, encodingAesKey, appId }: { token: string; encodingAesKey: string; appId: string },
  at: number,
): string {
  const Encrypt = seal(xml, encodingAesKey, appId)
  const nonce = crypto.randomUUID()
  return toXml({ Encrypt, MsgSignature: signatureOf(token, String(at), nonce, Encrypt), TimeStamp: at, Nonce: nonce })
}
