/** The platform of example-connector/, on a real socket: calls the hub, signed, and takes messages. TODO by its documentation. */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { connector } from './example-connector/kind.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: connector as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  carriesIn: ['text'],
  async open() {
    const platform = new Platform()
    await platform.start()
    return platform
  },
}

const statuses: Partial<Record<Manner, number>> = {
  'refuse-for-ever': 422,
  'refuse-for-now': 503,
  'limit-for-an-hour': 429,
}

class Platform implements FarEnd {
  readonly secrets = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #saidAt = new Map<string, number>()
  #place: Place | undefined

  get settings() {
    const [accessToken = '', signingSecret = ''] = this.secrets
    return { apiRoot: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`, accessToken, signingSecret }
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say(said: Said): Promise<void> {
    const status = await this.#call(this.#bodyOf(said))
    if (status !== 200) throw new Error(`the hub answered ${status}`)
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  async forge(said: Said) {
    const body = this.#bodyOf(said)
    const old = Math.floor(Date.now() / 1000) - 400
    return [
      { forged: 'a letter of the body', status: await this.#call(body, { sent: body.replace('"chat"', '"chaT"') }) },
      { forged: 'an old time, well signed', status: await this.#call(body, { at: old }) },
      { forged: 'no signature', status: await this.#call(body, { signature: '' }) },
      { forged: 'not JSON, well signed', status: await this.#call('hello') },
    ]
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Delivered again it is the same message, of the same moment. */
  #bodyOf({ id, peer, parts: [part] }: Said): string {
    const at = this.#saidAt.get(id) ?? Date.now()
    this.#saidAt.set(id, at)
    return JSON.stringify({ id, chat: peer, name: 'Li Lei', at, text: part?.type === 'text' ? part.text : '' })
  }

  async #call(body: string, facts: { sent?: string; at?: number; signature?: string } = {}): Promise<number> {
    const time = String(facts.at ?? Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', this.secrets[1] ?? '')
      .update(`${time}.${body}`)
      .digest('hex')
    const response = await fetch(this.#place?.hookUrl ?? '', {
      method: 'POST',
      headers: { 'x-timestamp': time, 'x-signature': facts.signature ?? signature },
      body: facts.sent ?? body,
    })
    await response.text()
    return response.status
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const isOurs = request.headers.authorization === `Bearer ${this.secrets[0]}`
    if (!isOurs || request.url === '/me') return void response.writeHead(isOurs ? 200 : 401).end()
    const manner = this.#manners.shift()
    const status = manner && statuses[manner]
    if (status !== undefined) {
      return void response.writeHead(status, status === 429 ? { 'retry-after': '3600' } : {}).end()
    }
    const { chat, text: words } = JSON.parse(body) as { chat: string; text: string }
    const id = `example-${this.#taken.length + 1}`
    this.#taken.push({ id, peer: chat, parts: [{ type: 'text', text: words }] })
    if (manner === 'take-and-cut') return void request.socket.destroy()
    if (manner === undefined) response.writeHead(200).end(JSON.stringify({ id }))
  }
}
