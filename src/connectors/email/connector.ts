/** One mailbox, being served: waits for mail by IDLE, answers by SMTP. */
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type Receipt,
  Undelivered,
} from '../contract.ts'
import { bytesOf } from './bytes.ts'
import { type Draft, toDraft } from './compose.ts'
import { Inbox } from './inbox.ts'
import { Mailbox } from './mailbox.ts'
import { MailRefused } from './refusals.ts'
import { addressesOf, type EmailSettings } from './settings.ts'
import { submit } from './smtp.ts'
import { Threads } from './threads.ts'
import type { FilePosition } from './translate.ts'

/** A copy in the folder of sent mail is made in memory; of larger mails none is kept. */
const copyBytes = 10 * 1024 * 1024

export class EmailConnector implements Connector {
  readonly #settings: EmailSettings
  readonly #hub: Hub
  readonly #threads: Threads
  readonly #key: Buffer
  readonly #inbox: Inbox
  readonly #stop = new AbortController()
  /** Copies that are being kept. */
  readonly #keeping = new Set<Promise<void>>()
  #mailbox: Mailbox
  #following: Promise<void> = Promise.resolve()

  /** Connected, and taking in what is new. Rejects with `LoginRefused`, or with what stands against it. */
  static async open(settings: EmailSettings, hub: Hub): Promise<EmailConnector> {
    const threads = new Threads(hub.memory)
    const key = await threads.key()
    const mailbox = await Mailbox.open(settings, hub)
    const connector = new EmailConnector(settings, hub, mailbox, threads, key)
    try {
      await connector.#inbox.open(mailbox)
    } catch (error) {
      await mailbox.close()
      throw error
    }
    connector.#following = connector.#follow()
    return connector
  }

  private constructor(settings: EmailSettings, hub: Hub, mailbox: Mailbox, threads: Threads, key: Buffer) {
    this.#settings = settings
    this.#hub = hub
    this.#mailbox = mailbox
    this.#threads = threads
    this.#key = key
    const own = { key, addresses: addressesOf(settings), authservId: settings.authservId }
    this.#inbox = new Inbox(settings, hub, own, threads)
  }

  async send(message: Outbound): Promise<Receipt> {
    const draft = await this.#draftOf(message)
    const blobs = message.parts.flatMap((part) => ('blob' in part ? [part.blob] : []))
    const files = await Promise.all(blobs.map((blob) => this.#hub.file(blob)))
    const bytes = () => bytesOf(draft, files, this.#settings)
    await submit(this.#settings, this.#hub, draft.envelope, bytes)
    const total = files.reduce((sum, { size }) => sum + size, 0)
    if (this.#settings.saveSent && total <= copyBytes) this.#keepCopy(bytes)
    return { externalId: draft.messageId }
  }

  /** Fetched over a connection of its own, so that what comes in meanwhile does not wait behind it. */
  async media(locator: unknown, { signal }: Fetching): Promise<IncomingFile> {
    const { uidValidity, uid, part, messageId, asWords } = locator as FilePosition
    const mailbox = await Mailbox.open(this.#settings, this.#hub)
    const close = () => void mailbox.close()
    signal.addEventListener('abort', close, { once: true })
    try {
      const folder = await mailbox.look(this.#settings.folder)
      const now = folder.uidValidity === uidValidity ? uid : messageId && (await mailbox.find(messageId))
      const body = now ? await mailbox.file(now, part, asWords === true) : undefined
      if (body === undefined) throw new FileGone('The mail was taken out of the mailbox before its file was fetched.')
      body.once('close', close)
      return { body }
    } catch (error) {
      close()
      throw error
    }
  }

  /** A server that keeps sent mail by itself tells whether it has this one; that it has not tells nothing. */
  async reconcile(message: Outbound): Promise<Receipt | 'absent' | 'unknown'> {
    const { messageId } = await this.#draftOf(message)
    const mailbox = await Mailbox.open(this.#settings, this.#hub)
    try {
      const folder = await this.#sentFolder(mailbox)
      if (folder === undefined || !(await mailbox.holds(folder, messageId))) return 'unknown'
      return { externalId: messageId }
    } finally {
      await mailbox.close()
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#keeping)
    await this.#mailbox.close()
    await this.#following
  }

  async #draftOf(message: Outbound): Promise<Draft> {
    const { address, name, subject, plusAddresses } = this.#settings
    const answered = await this.#threads.answered(message.peer, message.replyTo)
    const writer = { key: this.#key, address, name, subject: subject ?? name ?? address, plusAddresses }
    return toDraft(message, answered, writer)
  }

  async #sentFolder(mailbox: Mailbox): Promise<string | undefined> {
    return this.#settings.sentFolder ?? (await mailbox.sentFolder())
  }

  /** Beside the sending: a mail that was taken is sent, whether its copy is kept or not. */
  #keepCopy(bytes: () => Readable): void {
    const keeping = (async () => {
      const folder = await this.#sentFolder(this.#mailbox)
      if (folder !== undefined) await this.#mailbox.keep(folder, await buffer(bytes()))
    })()
      .catch((err: unknown) => this.#hub.log.warn({ err }, 'the copy of a mail that was sent could not be kept'))
      .finally(() => this.#keeping.delete(keeping))
    this.#keeping.add(keeping)
  }

  /** Never rejects: whatever ends it is a loss, and the hub opens the mailbox anew. */
  async #follow(): Promise<void> {
    const signal = AbortSignal.any([this.#hub.signal, this.#stop.signal])
    try {
      while (!signal.aborted) {
        await this.#inbox.drain(this.#mailbox)
        await this.#mailbox.change(signal)
      }
    } catch (error) {
      if (signal.aborted) return
      this.#hub.log.debug({ err: error }, 'the mailbox is lost')
      const isRefused = error instanceof MailRefused
      this.#hub.lost(isRefused ? error : new Error('The connection to the IMAP server was lost.', { cause: error }))
    }
  }
}

/** How long a refused login rests before it is tried once more: providers lock accounts that knock too often. */
const restMs = 1_800_000

/** A mailbox whose login is refused: it takes nothing in, sends nothing, and is opened anew in half an hour or when its settings change. */
export function locked(reason: string, hub: Hub): Connector {
  hub.report({ state: 'needs-login', detail: reason })
  const timer = setTimeout(() => hub.lost(new Error(reason)), restMs)
  return {
    async send() {
      throw new Undelivered('auth', reason)
    },
    async close() {
      clearTimeout(timer)
    },
  }
}
