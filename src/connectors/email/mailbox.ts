/** One connection to the account's IMAP server. Nothing that is read is marked as read by reading. https://www.rfc-editor.org/rfc/rfc9051 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { connect as secured } from 'node:tls'
import { ImapFlow, type ImapTransport, type MessageStructureObject } from 'imapflow'
import type { Hub } from '../contract.ts'
import { GrantRefused, loginOf } from './oauth.ts'
import type { EmailSettings } from './settings.ts'
import type { MimeNode } from './structure.ts'

/** The server refuses name or password: trying again would only lock the account. */
export class LoginRefused extends Error {}

/** A mail as the server describes it, before anything of it was read. */
export interface Sight {
  readonly uid: number
  readonly bytes: number
  readonly receivedAt: Date
  readonly isAnswered: boolean
  /** Undefined where the description cannot be read, as where a hundred parts lie within each other. */
  readonly structure: MimeNode | undefined
}

const connectMs = 15_000
/** Shorter than the patience of routers that forget silent connections, and than the 29 minutes of RFC 2177. */
const idleMs = 240_000
const headBytes = 256 * 1024

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

  /** Those of them that are still there, ascending. */
  async sights(uids: readonly number[]): Promise<Sight[]> {
    if (uids.length === 0) return []
    const query = { uid: true, size: true, internalDate: true, flags: true, bodyStructure: true }
    const seen = await this.#client.fetchAll(uids.join(','), query, { uid: true })
    // What the client cannot parse it leaves out; what was deleted meanwhile is left out once more.
    const left = uids.filter((uid) => !seen.some((one) => one.uid === uid))
    const { bodyStructure: _, ...plain } = query
    const unread = left.length === 0 ? [] : await this.#client.fetchAll(left.join(','), plain, { uid: true })
    return [...seen, ...unread]
      .map(({ uid, size, internalDate, flags, bodyStructure }): Sight => {
        const receivedAt = new Date(internalDate ?? Date.now())
        const isAnswered = flags?.has('\\Answered') === true
        return { uid, bytes: size ?? 0, receivedAt, isAnswered, structure: bodyStructure && nodeOf(bodyStructure) }
      })
      .sort((a, b) => a.uid - b.uid)
  }

  /** The bytes of the head and of those parts, each cut at its limit; undefined when the mail is gone. */
  async read(
    uid: number,
    parts: readonly { readonly part: string; readonly maxBytes: number }[],
  ): Promise<{ head: Buffer; parts: ReadonlyMap<string, Buffer> } | undefined> {
    const wanted = [{ key: 'header', start: 0, maxLength: headBytes }]
    for (const { part, maxBytes } of parts) wanted.push({ key: part, start: 0, maxLength: maxBytes })
    const found = await this.#client.fetchOne(String(uid), { uid: true, bodyParts: wanted }, { uid: true })
    if (!found) return undefined
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

/** https://www.rfc-editor.org/rfc/rfc5530#section-3: a server that cannot tell just now says UNAVAILABLE. */
function isLoginRefused(error: unknown): boolean {
  const { authenticationFailed, serverResponseCode } = error as {
    authenticationFailed?: boolean
    serverResponseCode?: string
  }
  return authenticationFailed === true && serverResponseCode !== 'UNAVAILABLE'
}

function refusal(error: unknown): LoginRefused {
  const { responseText } = error as { responseText?: string }
  return new LoginRefused(
    `The IMAP server refuses the login${responseText === undefined ? '.' : `: ${responseText.slice(0, 200)}`}`,
  )
}

function nodeOf(node: MessageStructureObject): MimeNode {
  return {
    type: node.type.toLowerCase(),
    ...(node.part !== undefined && { part: node.part }),
    ...(node.parameters && { parameters: node.parameters }),
    ...(node.disposition && { disposition: node.disposition.toLowerCase() }),
    ...(node.dispositionParameters && { dispositionParameters: node.dispositionParameters }),
    ...(node.id && { id: node.id }),
    ...(node.encoding && { encoding: node.encoding.toLowerCase() }),
    ...(node.size !== undefined && { size: node.size }),
    ...(node.childNodes && { childNodes: node.childNodes.map(nodeOf) }),
  }
}
