/** One connection to the account's IMAP server. Nothing that is read is marked as read by reading. https://www.rfc-editor.org/rfc/rfc9051 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { connect as secured } from 'node:tls'
import { ImapFlow, type ImapTransport } from 'imapflow'
import type { Hub } from '../contract.ts'
import { GrantRefused, loginOf } from './oauth.ts'
import { isLoginRefused, isNo, isUnavailable, MailRefused, saidBy } from './refusals.ts'
import type { EmailSettings } from './settings.ts'
import { briefly, type Sight, sightOf } from './sight.ts'

/** The server refuses name or password: trying again would only lock the account. */
export class LoginRefused extends Error {}

const connectMs = 15_000
/** Shorter than the patience of routers that forget silent connections, and than the 29 minutes of RFC 2177. */
const idleMs = 240_000
const headBytes = 256 * 1024
/** So many of the newest mails are asked for, at most, to see whether a server that refuses one hands out any. */
const witnesses = 5

export class Mailbox {
  readonly #client: ImapFlow
  #hasNews = false
  #wake: () => void = () => {}

  /** Connected and logged in. Rejects with `LoginRefused`, or with what stands against it. */
  static async open(settings: EmailSettings, hub: Hub): Promise<Mailbox> {
    const { imapHost, imapPort, imapSecurity, certificate } = settings
    const attempt = async (refused?: string) => {
      const login = await loginOf(settings, hub, refused).catch((error) => {
        throw error instanceof GrantRefused ? new LoginRefused(error.message) : error
      })
      if (login === undefined) throw new LoginRefused('Neither a password nor an OAuth grant is set.')
      const socket = await hub.connect(imapHost, imapPort)
      const client = new ImapFlow({
        host: imapHost,
        port: imapPort,
        transport: over(socket),
        secure: imapSecurity === 'tls',
        ...(imapSecurity !== 'tls' && { doSTARTTLS: imapSecurity === 'starttls' }),
        auth: login,
        tls: { ...(certificate !== undefined && { ca: certificate }) },
        clientInfo: { name: 'Tributary' },
        logger: false,
        connectionTimeout: connectMs,
        greetingTimeout: connectMs,
        maxIdleTime: idleMs,
        autoIdleDelay: 100,
      })
      return { client, login }
    }
    let { client, login } = await attempt()
    try {
      await connected(client, hub.signal)
    } catch (error) {
      if (!isLoginRefused(error)) throw error
      // A token may have been taken back before its time: one more, freshly minted.
      if (!('accessToken' in login)) throw refusal(error)
      client = (await attempt(login.accessToken)).client
      await connected(client, hub.signal).catch((again) => {
        throw isLoginRefused(again) ? refusal(again) : again
      })
    }
    return new Mailbox(client)
  }

  private constructor(client: ImapFlow) {
    this.#client = client
    client.on('exists', () => this.#noteNews())
    client.on('close', () => this.#wake())
  }

  get isOpen(): boolean {
    return this.#client.usable
  }

  #noteNews(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** The folder's numbering, and the number that the next mail will have. */
  async select(folder: string): Promise<{ uidValidity: string; nextUid: number }> {
    const { uidValidity, uidNext } = await this.#client.mailboxOpen(folder)
    return { uidValidity: String(uidValidity), nextUid: uidNext }
  }

  /** Whether the folder is there; it is not opened for writing. */
  async look(folder: string): Promise<{ messages: number; uidValidity: string }> {
    const { exists, uidValidity } = await this.#client.mailboxOpen(folder, { readOnly: true })
    return { messages: exists, uidValidity: String(uidValidity) }
  }

  /** What is there from that number on, ascending. Words of news that came before are answered by it. */
  async uidsFrom(uid: number, since?: Date): Promise<number[]> {
    this.#hasNews = false
    const found = await this.#client.search({ uid: `${uid}:*`, ...(since && { since }) }, { uid: true })
    // `n:*` always holds the last one. https://www.rfc-editor.org/rfc/rfc9051#section-9 (seq-range)
    return (found || []).filter((one) => one >= uid).sort((a, b) => a - b)
  }

  /** Those of them that are still there, ascending; each that the server refuses says so. Rejects when it is the server that does not serve. */
  async sights(uids: readonly number[]): Promise<Sight[]> {
    if (uids.length === 0) return []
    try {
      const seen = await this.#client.fetchAll(uids.join(','), { ...briefly, bodyStructure: true }, { uid: true })
      // What the client cannot parse it leaves out; what was deleted meanwhile is left out once more.
      const left = uids.filter((uid) => !seen.some((one) => one.uid === uid))
      const unread = left.length === 0 ? [] : await this.#client.fetchAll(left.join(','), briefly, { uid: true })
      const silent = left.filter((uid) => !unread.some((one) => one.uid === uid))
      const refused: Sight[] = []
      for (const uid of await this.#present(silent)) refused.push(sightOf({ uid }, await this.#refusal(uid)))
      return [...[...seen, ...unread].map((one) => sightOf(one)), ...refused].sort((a, b) => a.uid - b.uid)
    } catch (error) {
      if (!isNo(error)) throw error
      const found: Sight[] = []
      for (const uid of uids)
        found.push(...(uids.length > 1 ? await this.sights([uid]) : [await this.#refused(uid, error)]))
      return found
    }
  }

  /** One that is not described. When it came the server may say all the same: it need not open the mail for that. */
  async #refused(uid: number, no: unknown): Promise<Sight> {
    const refused = await this.#refusal(uid, no)
    const known = await this.#client.fetchOne(String(uid), briefly, { uid: true }).catch(unlessNo)
    return sightOf(known || { uid }, refused)
  }

  /**
   * That a mail is refused, by a NO or by an answer without it. A server that hands out none of the newest others does not serve just now: that
   * rejects, as what it is, and says nothing of the mail. https://www.rfc-editor.org/rfc/rfc5530#section-3
   */
  async #refusal(uid: number, no?: unknown): Promise<MailRefused> {
    const others = (await this.#search('1:*')).filter((one) => one !== uid).slice(-witnesses)
    for (const other of others) {
      const found = await this.#client
        .fetchOne(String(other), { uid: true, bodyParts: [{ key: '1', start: 0, maxLength: 1 }] }, { uid: true })
        .catch(unlessNo)
      if (found) return new MailRefused(uid, saidBy(no))
    }
    if (others.length > 0 || isUnavailable(no)) throw no ?? new Error('The IMAP server hands out no mail.')
    return new MailRefused(uid, saidBy(no))
  }

  /** Those that the folder still has. */
  async #present(uids: readonly number[]): Promise<number[]> {
    return uids.length === 0 ? [] : await this.#search(uids.join(','))
  }

  async #search(uid: string): Promise<number[]> {
    const found = await this.#client.search({ uid }, { uid: true })
    if (!found) throw new Error('The IMAP server does not say which mails there are.')
    return found
  }

  /** The bytes of the head and of those parts, each cut at its limit; undefined when the mail is gone. Rejects with `MailRefused`, or as `sights` does. */
  async read(
    uid: number,
    parts: readonly { readonly part: string; readonly maxBytes: number }[],
  ): Promise<{ head: Buffer; parts: ReadonlyMap<string, Buffer> } | undefined> {
    const wanted = [{ key: 'header', start: 0, maxLength: headBytes }]
    for (const { part, maxBytes } of parts) wanted.push({ key: part, start: 0, maxLength: maxBytes })
    const found = await this.#client
      .fetchOne(String(uid), { uid: true, bodyParts: wanted }, { uid: true })
      .catch(async (error: unknown) => {
        throw isNo(error) ? await this.#refusal(uid, error) : error
      })
    if (!found) {
      if ((await this.#present([uid])).length > 0) throw await this.#refusal(uid)
      return undefined
    }
    const bytes = [...(found.bodyParts ?? [])].flatMap(([name, value]) =>
      value === null ? [] : [[name.toLowerCase(), value] as const],
    )
    return { head: found.headers ?? Buffer.alloc(0), parts: new Map(bytes) }
  }

  /** A file of a mail as it comes, byte by byte as it was sent (texts `asWords`: in UTF-8); undefined when it is gone. */
  async file(uid: number, part: string, asWords: boolean): Promise<Readable | undefined> {
    const found = await this.#client.download(String(uid), part, { uid: true, decodeText: asWords })
    return 'content' in found ? found.content : undefined
  }

  /** The number of a mail of the open folder, by its Message-ID. */
  async find(messageId: string): Promise<number | undefined> {
    const found = await this.#client.search({ header: { 'message-id': `<${messageId}>` } }, { uid: true })
    return (found || [])[0]
  }

  async markSeen(uids: readonly number[]): Promise<void> {
    if (uids.length > 0) await this.#client.messageFlagsAdd(uids.join(','), ['\\Seen'], { uid: true })
  }

  /** Where sent mail lies; undefined where the server does not say. */
  async sentFolder(): Promise<string | undefined> {
    const folders = await this.#client.list()
    return folders.find(({ specialUse }) => specialUse === '\\Sent')?.path
  }

  /** Whether a mail of that Message-ID lies in the folder. */
  async holds(folder: string, messageId: string): Promise<boolean> {
    await this.look(folder)
    return (await this.find(messageId)) !== undefined
  }

  /** Keeps a mail that was sent. */
  async keep(folder: string, mail: Buffer): Promise<void> {
    await this.#client.append(folder, mail, ['\\Seen'])
  }

  /** Resolves when there is something new, after some minutes at most; at once if there was since `uidsFrom`. Rejects when the connection is gone. */
  async change(signal: AbortSignal): Promise<void> {
    if (!this.#hasNews && this.isOpen && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, idleMs)
        this.#wake = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', this.#wake)
          resolve()
        }
        signal.addEventListener('abort', this.#wake, { once: true })
      })
    }
    if (!this.isOpen && !signal.aborted) throw new Error('The IMAP server closed the connection.')
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#client.close()
  }
}

/** The session runs over a connection that is open already, by whatever way it was reached. */
function over(socket: Socket): ImapTransport {
  return {
    connect({ secure, host, servername, tls }, onConnect) {
      if (secure) return secured({ ...tls, host, servername, socket }, onConnect)
      setImmediate(onConnect)
      return socket
    },
    upgrade: (_plain, { host, servername, tls }, onSecure) => secured({ ...tls, host, servername, socket }, onSecure),
  }
}

async function connected(client: ImapFlow, signal: AbortSignal): Promise<void> {
  // Without a listener an error that nobody waits for would end the process; what waits is rejected anyway.
  client.on('error', () => {})
  const onAbort = () => client.close()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await client.connect()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  signal.throwIfAborted()
}

function unlessNo(error: unknown): undefined {
  if (!isNo(error)) throw error
}

function refusal(error: unknown): LoginRefused {
  const { responseText } = error as { responseText?: string }
  return new LoginRefused(
    `The IMAP server refuses the login${responseText === undefined ? '.' : `: ${responseText.slice(0, 200)}`}`,
  )
}
