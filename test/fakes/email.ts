/**
 * Mail: a mailbox of a real Dovecot, answered over a real Exim. What the suite wants of them that they do not do when asked (refuse this one,
 * break off just now) is done on the wire between: SMTP goes through a hand that ends the TLS, IMAP through one that can let go.
 */
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { email } from '../../src/connectors/email/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import {
  customers,
  domain,
  haveMailServers,
  type MailServers,
  password,
  refusing,
  startMailServers,
} from '../support/mail-servers.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Said, Taken } from './far-end.ts'

let servers: Promise<MailServers> | undefined
let users = 0

export const farEnd: ConnectorUnderTest = {
  kind: email as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'take-and-cut', 'hang'],
  drops: true,
  signs: false,
  carriesIn: ['text', 'video', 'file'],
  ...(!haveMailServers && { needs: 'Dovecot and Exim' }),
  async open() {
    servers ??= startMailServers()
    users += 1
    const far = new MailFarEnd(await servers)
    await far.start()
    return far
  },
}

export class MailFarEnd implements FarEnd {
  readonly servers: MailServers
  readonly box: string
  readonly #manners: Manner[] = []
  readonly #imap = createServer((socket) => this.#pass(socket))
  readonly #smtp: ReturnType<typeof createTlsServer>
  readonly #open = new Set<Socket>()
  readonly #said = new Map<string, number>()
  /** How much more Dovecot may say before what is open is cut. */
  #left = Number.POSITIVE_INFINITY
  readonly secrets = [password]

  constructor(servers: MailServers) {
    this.servers = servers
    this.box = servers.takeBox()
    const { certificate, key } = servers
    this.#smtp = createTlsServer({ cert: certificate, key }, (socket) => this.#meddle(socket))
    this.#smtp.on('tlsClientError', () => {})
  }

  get address(): string {
    return `${this.box}@${domain}`
  }

  get settings() {
    const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port
    return {
      address: this.address,
      name: 'The Shop',
      password,
      imapHost: 'localhost',
      imapPort: portOf(this.#imap),
      smtpHost: 'localhost',
      smtpPort: portOf(this.#smtp),
      certificate: this.servers.certificate,
      plusAddresses: true,
    }
  }

  async start(): Promise<void> {
    for (const server of [this.#imap, this.#smtp]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    }
  }

  serve(): void {}

  async say({ id, peer, parts }: Said): Promise<void> {
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
    const attachments = parts.flatMap((part) => {
      if (!('blob' in part)) return []
      const { name = '', mediaType = '' } = part.blob
      return [{ filename: name, contentType: mediaType, content: sampleBytes(name) }]
    })
    const from = `Li Lei <${peer}@${customers}>`
    await this.mail({ from, text, attachments, messageId: `<${id}@${customers}>`, date: new Date(0) })
    const times = (this.#said.get(id) ?? 0) + 1
    this.#said.set(id, times)
    await eventually(async () => (await this.#seen(`<${id}@${customers}>`)) >= times)
  }

  /** A customer's server hands a mail in. */
  async mail(given: Parameters<ReturnType<typeof createTransport>['sendMail']>[0]): Promise<void> {
    const transport = createTransport({ host: '127.0.0.1', port: this.servers.smtpPort, ignoreTLS: true })
    await transport.sendMail({ to: this.address, textEncoding: 'base64', ...given })
  }

  /** How many mails of that Message-ID lie in the inbox, marked as read. */
  async #seen(messageId: string): Promise<number> {
    const folder = join(this.servers.maildir(this.box), 'cur')
    const names = (await readdir(folder).catch(() => [])).filter((name) => /:2,[A-Z]*S/.test(name))
    const mails = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
    return mails.filter((mail) => mail.toLowerCase().includes(`message-id: ${messageId.toLowerCase()}`)).length
  }

  /** What lies in the inbox and was not marked as read. */
  async unread(): Promise<string[]> {
    const inbox = this.servers.maildir(this.box)
    const mails = await Promise.all(
      ['new', 'cur'].map(async (folder) => {
        const names = await readdir(join(inbox, folder)).catch(() => [])
        const left = names.filter((name) => !/:2,[A-Z]*S/.test(name))
        return Promise.all(left.map((name) => readFile(join(inbox, folder, name), 'latin1').catch(() => '')))
      }),
    )
    return mails.flat()
  }

  async taken(): Promise<readonly Taken[]> {
    const mails = await Promise.all((await this.servers.sentToCustomers()).map((mail) => simpleParser(mail)))
    return mails
      .filter(({ from }) => from?.value[0]?.address === this.address)
      .map(({ messageId = '', headers, text = '', attachments }) => {
        const to = String(headers.get('envelope-to') ?? '')
        const said = text.trimEnd()
        const files = attachments.map(
          ({ content }): Part => ({ type: 'file', blob: { locator: { sha256: digestOf(content) } } }),
        )
        const parts: Part[] = [...(said === '' ? [] : [{ type: 'text', text: said } as const]), ...files]
        return { id: messageId, peer: to.slice(0, to.indexOf('@')), parts }
      })
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  drop(): void {
    for (const socket of this.#open) socket.destroy()
  }

  /** The same once Dovecot has said so many more things: in the middle of a mail, wherever that is. */
  dropAfter(answers: number): void {
    this.#left = answers
  }

  async close(): Promise<void> {
    this.drop()
    for (const server of [this.#imap, this.#smtp]) await new Promise((resolve) => server.close(resolve))
    users -= 1
    if (users > 0) return
    const running = servers
    servers = undefined
    await (await running)?.close()
  }

  #pass(socket: Socket): void {
    const dovecot = connect({ host: '127.0.0.1', port: this.servers.imapPort })
    this.#join(socket, dovecot)
    socket.pipe(dovecot)
    dovecot.on('data', (answer: Buffer) => {
      if (this.#left-- > 0) return void socket.write(answer)
      this.#left = Number.POSITIVE_INFINITY
      this.drop()
    })
  }

  #join(...sockets: readonly [Socket, Socket]): void {
    for (const [socket, other] of [sockets, [...sockets].reverse()] as [Socket, Socket][]) {
      this.#open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#open.delete(socket)
        other.destroy()
      })
    }
  }

  /** Lets a session through as it is, but for the one mail that a manner was asked for. */
  #meddle(socket: Socket): void {
    const exim = connect({ host: '127.0.0.1', port: this.servers.smtpPort })
    this.#join(socket, exim)
    let manner: Manner | undefined
    let isContent = false
    socket.on('data', (chunk: Buffer) => {
      if (isContent) return void exim.write(chunk)
      // Commands, perhaps several at once (RFC 2920).
      let commands = chunk.toString('latin1')
      if (/^RCPT TO:/im.test(commands)) {
        manner = this.#manners.shift()
        const refused = { 'refuse-for-ever': 'never', 'refuse-for-now': 'busy' }[String(manner)]
        if (refused !== undefined) commands = commands.replace(/^RCPT TO:<.*>/im, `RCPT TO:<${refused}@${refusing}>`)
      }
      isContent = /^DATA\r\n/im.test(commands)
      exim.write(commands, 'latin1')
    })
    exim.on('data', (chunk: Buffer) => {
      const isTaken = isContent && /^250 OK id=/.test(chunk.toString('latin1'))
      if (isTaken && manner === 'take-and-cut') socket.destroy()
      else if (!isTaken || manner !== 'hang') socket.write(chunk)
    })
  }
}
