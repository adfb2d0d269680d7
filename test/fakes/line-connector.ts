/**
 * A connector that lives outside the house, as `connectors.extra` loads them: a platform that speaks JSON lines over one
 * lasting TCP connection for each account, takes texts of sixty characters, and recognises nothing that it is sent twice.
 */
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type Static, Type } from 'typebox'
import {
  type Connector,
  type ConnectorKind,
  type Hub,
  type Receipt,
  secret,
  Undelivered,
} from '../../src/connectors/contract.ts'
import type { Outbound } from '../../src/core/conversations/model.ts'

const config = Type.Object(
  { port: Type.Integer({ minimum: 1, maximum: 65_535 }), token: secret({ title: 'Token' }) },
  { additionalProperties: false },
)

/** What the platform says, a line each. */
export type Line =
  | { readonly welcome: true }
  | { readonly event: { readonly id: string; readonly peer: string; readonly text: string } }
  | { readonly answer: number; readonly id?: string; readonly refused?: 'now' | 'ever' | 'limit' }

export const connector: ConnectorKind<typeof config> = {
  kind: 'line',
  title: 'Lines over TCP',
  config,
  capabilities: {
    parts: { text: {} },
    carries: 'part',
    text: { maxCharacters: 60 },
    initiate: 'always',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
    sendTimeoutMs: 1500,
  },
  exclusive: true,

  async open(settings, hub) {
    const line = new LineConnector(settings, hub)
    await line.greet()
    hub.report({ state: 'online' })
    return line
  },
}

class LineConnector implements Connector {
  readonly #socket: Socket
  readonly #hub: Hub
  readonly #settings: Static<typeof config>
  readonly #waiting = new Map<number, (line: Extract<Line, { answer: number }> | Undelivered) => void>()
  #welcomed: () => void = () => {}
  #sent = 0

  constructor(settings: Static<typeof config>, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
    this.#socket = createConnection(settings.port, '127.0.0.1')
    createInterface(this.#socket).on('line', (text) => void this.#hear(JSON.parse(text) as Line))
    this.#socket.on('error', () => {})
  }

  async greet(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#welcomed = resolve
      this.#socket.on('close', () => {
        const gone = new Error(`The connection with token ${this.#settings.token} was closed.`)
        reject(gone)
        for (const settle of this.#waiting.values()) settle(new Undelivered('unknown', 'The connection broke.'))
        this.#hub.lost(gone)
      })
      this.#write({ token: this.#settings.token })
    })
  }

  async send(message: Outbound): Promise<Receipt> {
    const [part] = message.parts
    if (part?.type !== 'text') throw new Undelivered('rejected', 'Only text is carried.')
    const number = ++this.#sent
    const answered = new Promise<Extract<Line, { answer: number }> | Undelivered>((resolve) => {
      this.#waiting.set(number, resolve)
    })
    this.#write({ send: number, peer: message.peer, text: part.text })
    const answer = await answered
    this.#waiting.delete(number)
    if (answer instanceof Undelivered) throw answer
    const { id, refused } = answer
    if (refused === 'ever') throw new Undelivered('rejected', `Refused, says the owner of ${this.#settings.token}.`)
    if (refused === 'now') throw new Undelivered('retry', 'Not now.')
    if (refused === 'limit') throw new Undelivered('rate-limited', 'Too fast.', { afterMs: 3_600_000 })
    if (id === undefined) throw new TypeError('an answer without an id')
    return { externalId: id }
  }

  async close(): Promise<void> {
    this.#socket.destroy()
  }

  async #hear(line: Line): Promise<void> {
    if ('welcome' in line) this.#welcomed()
    if ('answer' in line) this.#waiting.get(line.answer)?.(line)
    if (!('event' in line)) return
    const { id, peer, text } = line.event
    try {
      await this.#hub.receive([
        {
          kind: 'message',
          key: id,
          peer,
          at: new Date().toISOString(),
          externalId: id,
          from: { kind: 'line', scope: '', address: peer },
          parts: [{ type: 'text', text }],
        },
      ])
      this.#write({ ack: id })
    } catch (error) {
      this.#hub.lost(error as Error)
    }
  }

  #write(line: object): void {
    this.#socket.write(`${JSON.stringify(line)}\n`)
  }
}
