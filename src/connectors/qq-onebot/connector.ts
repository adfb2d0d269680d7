/** One QQ account behind a gateway: what it says comes in, what we say goes out, and how it is doing. */
import { buffer } from 'node:stream/consumers'
import type { Inbound, Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type OutgoingFile,
  type Receipt,
  type SentMessage,
  textIn,
  Undelivered,
  within,
} from '../contract.ts'
import { type Action, inWords, largestInline, type Source, target, toAction } from './compose.ts'
import { type Gateway, Refused } from './gateway.ts'
import { latestOf, missedSince } from './history.ts'
import { Intake } from './intake.ts'
import { Login } from './login.ts'
import { fetchFile } from './media.ts'
import { forwardsIn, type Locator } from './parts.ts'
import { segmentsIn } from './segments.ts'
import type { OnebotSettings } from './settings.ts'
import { type Event, fromEvent, peerOf, type Reading } from './translate.ts'

/** Within the hub's own limit on a send, so that it is us who say what a silence means. */
const answerMs = 12_000
const uploadMs = 100_000
const askMs = 5000
/** How often it is noted up to when everything has come in. */
const noteEveryMs = 10_000
/** What the gateway is, for hooks on other nodes. */
export const gatewayNote = 'gateway'
const seenNote = 'seen'
/** Since when it is asked, as long as the answer is not there. */
const askingNote = 'asking'

/** Those which tell of files by a notice and by nothing else. */
export function tellsFilesByNotice(gateway: unknown): boolean {
  return /go-cqhttp|lagrange/i.test(String(gateway))
}

export class OnebotConnector implements Connector {
  readonly #settings: OnebotSettings
  readonly #hub: Hub
  readonly #gateway: Gateway
  readonly #intake: Intake
  readonly #login: Login
  readonly #titles = new Map<string, string>()
  /** What the account has said lately, as the gateway tells it: by whom it went, in the order of their coming. */
  readonly #said: { peer: string; words: string; id: string; at: number }[] = []
  #self = ''
  #fileNotices = false
  #seen = 0
  #notedAt = 0

  constructor(settings: OnebotSettings, hub: Hub, gateway: Gateway) {
    this.#settings = settings
    this.#hub = hub
    this.#gateway = gateway
    this.#login = new Login(hub, gateway)
    this.#intake = new Intake({
      hub,
      read: (event) => this.#read(event),
      kept: (events) => this.#kept(events),
    })
  }

  /** Takes an event of the gateway; resolves when there is room for another. */
  async hear(event: Event): Promise<void> {
    this.#login.heard()
    if (event.post_type === 'meta_event') return this.#login.hearMeta(event)
    if (event.post_type === 'notice' && event.notice_type === 'bot_offline')
      return this.#login.lost(textIn(event.message))
    if (event.post_type === 'message_sent') return this.#noteOwn(event)
    await this.#intake.add(event)
  }

  /** Resolves when it is known whose account it is; rejects when the gateway does not say, or it is another than it should be. */
  async start(): Promise<void> {
    const missed = Promise.withResolvers<void>()
    // What comes in the meantime waits for what was missed.
    this.#intake.after(missed.promise)
    try {
      const info = (await this.#ask('get_login_info').catch((error: unknown) => {
        if (error instanceof Refused) return undefined
        throw error
      })) as { user_id?: unknown } | undefined
      this.#self = textIn(info?.user_id, 64)
      if (this.#settings.account !== undefined && this.#self !== '' && this.#self !== this.#settings.account) {
        throw new Error(`The gateway is logged in as ${this.#self}, not as ${this.#settings.account}.`)
      }
      const version = (await this.#ask('get_version_info').catch(() => undefined)) as { app_name?: unknown } | undefined
      this.#fileNotices = tellsFilesByNotice(version?.app_name)
      await this.#hub.memory.set(gatewayNote, { name: textIn(version?.app_name, 100), self: this.#self })
      await this.#login.look()
    } catch (error) {
      missed.resolve()
      throw error
    }
    void this.#fetchMissed().finally(missed.resolve)
    this.#login.watch()
  }

  async send(message: Outbound): Promise<Receipt> {
    if (target(message.peer) === undefined) throw new Undelivered('rejected', 'That is no chat of QQ.')
    await this.#login.require()
    const [part] = message.parts
    const file = part !== undefined && 'blob' in part ? await this.#hub.file(part.blob) : undefined
    const source = file === undefined ? undefined : await sourceOf(file)
    const startedAt = Date.now()
    try {
      return await this.#act(toAction(message, source), message, file === undefined ? answerMs : uploadMs)
    } catch (error) {
      if (part?.type === 'file' && file !== undefined && error instanceof Refused && error.isUnknownAction) {
        return this.#act(inWords(message, file), message, answerMs).catch((again: unknown) => {
          throw verdict(again)
        })
      }
      const judged = await this.#judge(error)
      const own = judged.kind === 'unknown' ? this.#ownSince(message, startedAt) : undefined
      if (own === undefined) throw judged
      return { externalId: own }
    }
  }

  /** https://github.com/botuniverse/onebot-11/blob/master/api/public.md#delete_msg-撤回消息 */
  async recall({ externalId }: SentMessage): Promise<void> {
    const message_id = Number(externalId)
    if (!Number.isSafeInteger(message_id)) throw new Undelivered('rejected', 'QQ takes no file back.')
    await this.#ask('delete_msg', { message_id }).catch(async (error: unknown) => {
      throw await this.#judge(error)
    })
  }

  /**
   * To people; groups are shown nothing. An extension of NapCat, which LLBot has too, and which a gateway without it refuses:
   * https://github.com/NapNeko/NapCatQQ/blob/main/src/onebot/action/extends/SetInputStatus.ts
   */
  async typing(peer: string): Promise<void> {
    const to = target(peer)
    if (to === undefined || 'group_id' in to) return
    await this.#ask('set_input_status', { ...to, event_type: 1 })
  }

  media(locator: unknown, fetching: Fetching): Promise<IncomingFile> {
    const { kind } = locator as Locator
    if (kind === undefined) return Promise.reject(new FileGone('The gateway named no file.'))
    return fetchFile(locator as Locator, this.#gateway, fetching)
  }

  async close(): Promise<void> {
    this.#login.stop()
    this.#gateway.close()
    await this.#note().catch(() => {})
  }

  async #act({ action, params }: Action, message: Outbound, ms: number): Promise<Receipt> {
    const signal = within(ms, this.#hub.signal)
    const data = (await this.#gateway.call(action, params, signal)) as { message_id?: unknown; file_id?: unknown }
    return { externalId: textIn(data?.message_id, 255) || textIn(data?.file_id, 255) || message.id }
  }

  /** What is refused while the account is logged out will be taken later. */
  async #judge(error: unknown): Promise<Undelivered> {
    const judged = verdict(error)
    const isOut = judged.kind === 'rejected' && !(await this.#login.look().catch(() => true))
    if (!isOut) return judged
    return new Undelivered('retry', 'The account is not logged in at the gateway.', { cause: error })
  }

  /** A silence may be broken by what the gateway tells of the account's own messages: the id of this one, if it is there. */
  #ownSince({ peer, parts: [part] }: Outbound, startedAt: number): string | undefined {
    const words = part?.type === 'text' ? part.text : undefined
    const at = this.#said.findIndex((one) => one.peer === peer && one.words === words && one.at >= startedAt)
    return at < 0 ? undefined : this.#said.splice(at, 1)[0]?.id
  }

  async #read(event: Event): Promise<Inbound | undefined> {
    const forwards = new Map<string, unknown>()
    for (const id of forwardsIn(event.message ?? event.raw_message).slice(0, 3)) {
      const found = (await this.#ask('get_forward_msg', { id, message_id: id }).catch(() => undefined)) as
        | { messages?: unknown; message?: unknown }
        | undefined
      forwards.set(id, found?.messages ?? found?.message)
    }
    const group = textIn(event.group_id, 64)
    if (group !== '' && event.group_name === undefined) this.#askTitle(group)
    return fromEvent(event, { ...this.#reading(), forwards })
  }

  #reading(): Reading {
    return {
      self: this.#self,
      groups: this.#settings.groups ?? 'mentioned',
      fileNotices: this.#fileNotices,
      titleOf: (group) => this.#titles.get(group),
    }
  }

  /** Known for the next message of the group; nothing waits for it. */
  #askTitle(group: string): void {
    if (this.#titles.has(group)) return
    this.#titles.set(group, '')
    this.#ask('get_group_info', { group_id: Number(group) })
      .then((info) => this.#titles.set(group, textIn((info as { group_name?: unknown })?.group_name, 255)))
      .catch(() => {})
  }

  #kept(events: readonly Inbound[]): void {
    this.#seen = latestOf(events, this.#seen)
    if (this.#settings.markRead === true) {
      for (const event of events) {
        if (event.kind !== 'message' || event.externalId === undefined) continue
        // Of go-cqhttp, which others have as well; nothing hangs on it.
        this.#ask('mark_msg_as_read', { message_id: Number(event.externalId) }).catch(() => {})
      }
    }
    if (Date.now() - this.#notedAt > noteEveryMs) this.#note().catch(() => {})
  }

  async #note(): Promise<void> {
    if (this.#seen === 0) return
    this.#notedAt = Date.now()
    await this.#hub.memory.set(seenNote, this.#seen)
  }

  /** Never rejects: what cannot be fetched is told as a gap. */
  async #fetchMissed(): Promise<void> {
    try {
      const since = await this.#hub.memory.get(seenNote)
      if (typeof since !== 'number') return
      this.#seen = since
      const { memory, signal } = this.#hub
      // An answer that ended the connection once would end it again and again.
      const wasAsked = (await memory.get(askingNote)) === since
      await memory.set(askingNote, since)
      const { events, gap } = wasAsked
        ? { events: [], gap: 'The connection broke while the gateway told what was said meanwhile.' }
        : await missedSince(since, this.#gateway, signal)
      if (signal.aborted) return
      await memory.set(askingNote, null)
      const said: Inbound[] = []
      for (const event of events) {
        const read = await this.#read(event)
        if (read !== undefined) said.push(read)
      }
      await this.#intake.keep(said)
      if (gap !== undefined) await this.#hub.gap(new Date(since), new Date(), gap)
    } catch (err) {
      this.#hub.log.warn({ err }, 'what was missed could not be fetched')
    }
  }

  #noteOwn(event: Event): void {
    const peer = peerOf({ ...event, user_id: event.target_id ?? event.user_id })
    if (peer === undefined) return
    const words = segmentsIn(event.message).flatMap(({ type, data }) =>
      type === 'text' ? textIn(data.text, 20_000) : [],
    )
    this.#said.push({ peer, words: words.join(''), id: textIn(event.message_id, 100), at: Date.now() })
    if (this.#said.length > 50) this.#said.shift()
  }

  #ask(action: string, params: object = {}): Promise<unknown> {
    return this.#gateway.call(action, params, within(askMs, this.#hub.signal))
  }
}

async function sourceOf(file: OutgoingFile): Promise<Source> {
  const { name, size, link } = file
  if (size > largestInline) return { name, file: link }
  return { name, file: `base64://${(await buffer(await file.read())).toString('base64')}` }
}

/** What a send that failed means. Codes: https://github.com/botuniverse/onebot-11/blob/master/communication/ws.md */
function verdict(error: unknown): Undelivered {
  if (error instanceof Undelivered) return error
  if (!(error instanceof Refused)) return new Undelivered('unknown', 'The gateway failed.', { cause: error })
  const { code, message } = error
  if (code === 1401 || code === 1403) return new Undelivered('auth', 'The gateway refuses the access token.')
  // NapCat calls it a failure when QQ itself was silent: https://github.com/NapNeko/NapCatQQ/issues/1967. There is no number for it.
  if (/timeout|超时/i.test(message)) return new Undelivered('unknown', `The gateway heard nothing of QQ: ${message}`)
  return new Undelivered('rejected', `The gateway refused it (${code}): ${message}`)
}
