/** One account behind a puppet of wechaty's: hears what the puppet's process says, and lets go of it when it dies. */
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { Inbound, Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  FileGone,
  type Hub,
  type IncomingFile,
  type Receipt,
  type SentMessage,
  Undelivered,
} from '../contract.ts'
import { OwnMessages } from './own.ts'
import { Passage } from './passage.ts'
import type { FromChild } from './protocol.ts'
import { type Ask, PuppetProcess, PuppetRefusal } from './puppet.ts'
import { fromSaid } from './translate.ts'

export interface WechatySettings {
  readonly puppet?: string
  readonly token: string
  readonly endpoint?: string
  readonly caCertificate?: string
  readonly serverName?: string
  readonly proxy?: string
}

/** Where wechaty's packages are installed, by those who want them. */
export const packages = join(import.meta.dirname, '../../../packages/wechaty')
const answerMs = 12_000
const fileMs = 50_000
const noteEveryMs = 30_000
/** How many messages are handed over at once, at most. */
const atOnce = 100
/** How often they are, where they cannot be kept: nobody tells them again. */
const handings = 8

export class WechatyConnector implements Connector {
  readonly #settings: WechatySettings
  readonly #hub: Hub
  #puppet: PuppetProcess | undefined
  #passage: Passage | undefined
  readonly #own = new OwnMessages()
  #isLoggedIn = false
  #isClosed = false
  #noting: NodeJS.Timeout | undefined
  #receiving: Promise<void> = Promise.resolve()
  /** Heard, and not handed over yet. */
  #heard: Inbound[] = []
  #seenAt = 0
  /** Since when something that was heard is lost. */
  #lostSince: number | undefined

  constructor(settings: WechatySettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
  }

  /** Resolves when the puppet has started; somebody may have to log in first. Rejects when it cannot. */
  async start(): Promise<void> {
    const { puppet: module = 'wechaty-puppet-service' } = this.#settings
    const settings = await this.#puppetSettings()
    await new Promise<void>((resolve, reject) => {
      const hear = (message: FromChild) => {
        if (message.kind === 'started') resolve()
        else this.#hear(message)
      }
      this.#puppet = new PuppetProcess({ module, directory: packages, settings }, hear, (reason) => {
        reject(reason)
        if (!this.#isClosed) this.#hub.lost(reason)
      })
    }).catch(async (error: unknown) => {
      await this.close()
      throw error
    })
    this.#noting = setInterval(() => void this.#note(), noteEveryMs)
  }

  async send(message: Outbound): Promise<Receipt> {
    if (!this.#isLoggedIn) throw new Undelivered('retry', 'Nobody is logged in: the code has to be scanned.')
    const [part] = message.parts
    const to = message.peer
    if (part?.type === 'text') return this.#say(message, { kind: 'text', to, text: part.text }, answerMs)
    if (part?.type === 'link') {
      const { url, title = url, description } = part
      return this.#say(
        message,
        { kind: 'link', to, link: { url, title, ...(description !== undefined && { description }) } },
        answerMs,
      )
    }
    if (part === undefined || !('blob' in part))
      throw new TypeError(`A part of type ${part?.type} is none of the puppet's.`)
    const file = await this.#hub.file(part.blob)
    const bytes = await buffer(await file.read())
    return this.#say(message, { kind: 'file', to, name: file.name, bytes }, fileMs)
  }

  async recall({ externalId, messageId }: SentMessage): Promise<void> {
    // Where the puppet named no id, the message went by ours.
    if (externalId.startsWith(messageId))
      throw new Undelivered('rejected', 'The puppet did not say how it calls the message.')
    await this.#ask({ kind: 'recall', messageId: externalId }, answerMs).catch((error: unknown) => {
      throw verdict(error)
    })
  }

  async media(locator: unknown): Promise<IncomingFile> {
    const { messageId } = locator as { messageId?: unknown }
    if (typeof messageId !== 'string') throw new FileGone('The puppet named no file.')
    const bytes = await this.#ask({ kind: 'fetch', messageId }, fileMs)
    if (!(bytes instanceof Uint8Array)) throw new FileGone('The puppet has no such file.')
    return { body: bytes }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#noting)
    await this.#receiving.catch(() => {})
    if (this.#isLoggedIn) await this.#note()
    await this.#puppet?.stop()
    await this.#passage?.close()
  }

  #hear(message: FromChild): void {
    if (this.#isClosed) return
    switch (message.kind) {
      case 'scan':
        this.#isLoggedIn = false
        this.#hub.report({ state: 'needs-login', detail: 'Scan the code with WeChat.', scan: message.qrcode })
        break
      case 'login':
        this.#isLoggedIn = true
        this.#seenAt = Date.now()
        this.#hub.report({ state: 'online', ...(message.name !== '' && { detail: `Logged in as ${message.name}.` }) })
        this.#then(() => this.#tellGap())
        break
      case 'logout':
        this.#isLoggedIn = false
        this.#then(() => this.#note())
        this.#hub.report({ state: 'needs-login', detail: 'The account was logged out.' })
        break
      case 'alive':
        // It beats while nobody is logged in, too, and nothing comes in then.
        if (this.#isLoggedIn) this.#seenAt = Date.now()
        break
      case 'message': {
        this.#seenAt = Date.now()
        const event = fromSaid(message.message, Date.now())
        if (event === undefined) break
        // What comes while others are being kept goes along with the next.
        if (this.#heard.push(event) === 1) {
          const since = Date.now()
          this.#then(() => this.#receive(since))
        }
        break
      }
      case 'own':
        this.#own.hear(message.message)
        break
      case 'missed':
        this.#then(() =>
          this.#hub.gap(new Date(), new Date(), `The puppet could not read message ${message.messageId}.`),
        )
        break
      case 'failed':
        this.#hub.lost(new Error(`The puppet says: ${message.reason}`))
    }
  }

  /** One after the other, in the order in which it was heard. */
  #then(act: () => Promise<void>): void {
    this.#receiving = this.#receiving.then(act).catch((error: unknown) => {
      if (!this.#isClosed) this.#hub.lost(error instanceof Error ? error : new Error('What came in could not be kept.'))
    })
  }

  /** What in the end cannot be kept is lost: the gap says so. */
  async #receive(since: number): Promise<void> {
    const events = this.#heard
    this.#heard = []
    try {
      for (let from = 0; from < events.length; from += atOnce) await this.#keep(events.slice(from, from + atOnce))
    } catch (error) {
      this.#lostSince ??= since
      throw error
    }
  }

  async #keep(events: readonly Inbound[]): Promise<void> {
    for (let handing = 1; ; handing += 1) {
      try {
        return await this.#hub.receive(events)
      } catch (error) {
        if (handing === handings) throw error
        await pause(2 ** handing * 50, undefined, { signal: this.#hub.signal })
      }
    }
  }

  /** Until when nothing was missed. */
  async #note(): Promise<void> {
    const at = this.#lostSince ?? this.#seenAt
    if (at > 0) await this.#hub.memory.set('seenAt', at).catch(() => {})
  }

  async #tellGap(): Promise<void> {
    const seenAt = await this.#hub.memory.get('seenAt')
    if (typeof seenAt === 'number') await this.#hub.gap(new Date(seenAt), new Date(), 'The puppet was not connected.')
    await this.#note()
  }

  async #say(message: Outbound, question: Ask, ms: number): Promise<Receipt> {
    const startedAt = performance.now()
    const { signal } = this.#hub
    const id = await this.#ask(question, ms).catch(async (error: unknown) => {
      const judged = verdict(error)
      const own = judged.kind === 'unknown' ? await this.#own.idOf(message, startedAt, signal) : undefined
      if (own === undefined) throw judged
      return own
    })
    const named = typeof id === 'string' ? id : await this.#own.idOf(message, startedAt, signal)
    if (named !== undefined) this.#own.know(named)
    return { externalId: named ?? message.id }
  }

  #ask(question: Ask, ms: number): Promise<string | Uint8Array | undefined> {
    const puppet = this.#puppet
    if (puppet === undefined) return Promise.reject(new Error('The puppet has not started.'))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('The puppet does not answer.')), ms)
      puppet
        .ask(question)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  async #puppetSettings(): Promise<Record<string, unknown>> {
    const { token, endpoint, caCertificate: caCert, serverName, proxy } = this.#settings
    const tls = { ...(caCert !== undefined && { caCert }), ...(serverName !== undefined && { serverName }) }
    if (endpoint === undefined) return { token }
    const at = endpoint.lastIndexOf(':')
    const name = endpoint.slice(0, at)
    const given = { token, ...(Object.keys(tls).length > 0 && { tls }) }
    if (proxy !== undefined) {
      this.#passage = await Passage.open(this.#hub, name, Number(endpoint.slice(at + 1)))
      return { ...given, endpoint: this.#passage.address }
    }
    const address = await this.#hub.resolve(name)
    const host = address.includes(':') ? `[${address}]` : address
    return { ...given, endpoint: `${host}${endpoint.slice(at)}` }
  }
}

/** 3 invalid, 5 unknown, 7 forbidden, 9 not now, 12 not known there: https://grpc.io/docs/guides/status-codes/ */
function verdict(error: unknown): Undelivered {
  if (error instanceof PuppetRefusal && [3, 5, 7, 9, 12].includes(error.code ?? -1)) {
    return new Undelivered('rejected', `The puppet refused it: ${error.message}`)
  }
  return new Undelivered('unknown', 'The puppet did not say what became of it.', { cause: error })
}
