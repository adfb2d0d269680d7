/** The platform of line-connector.ts: delivers again what was not acknowledged, to whoever connects next. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Said, Taken } from './far-end.ts'
import { connector } from './line-connector.ts'

export const farEnd: ConnectorUnderTest = {
  kind: connector as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'take-and-cut', 'hang'],
  drops: true,
  signs: false,
  carriesIn: ['text'],
  async open() {
    const platform = new Platform()
    await platform.start()
    return platform
  },
}

const refusals: Partial<Record<Manner, string>> = {
  'refuse-for-ever': 'ever',
  'refuse-for-now': 'now',
  'limit-for-an-hour': 'limit',
}

const token = 'a-token-that-nobody-may-read'

interface Command {
  readonly token?: string
  readonly ack?: string
  readonly send?: number
  readonly peer?: string
  readonly text?: string
}

class Platform implements FarEnd {
  readonly secrets = [token]
  readonly #server = createServer((socket) => this.#connected(socket))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #unacknowledged = new Map<string, object>()
  readonly #acknowledged = new Map<string, number>()
  readonly #sockets = new Set<Socket>()

  get settings() {
    return { port: (this.#server.address() as AddressInfo).port, token }
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  serve(): void {}

  async say({ id, peer, parts }: Said): Promise<void> {
    const [part] = parts
    const event = { id, peer, text: part?.type === 'text' ? part.text : '' }
    const before = this.#acknowledged.get(id) ?? 0
    this.#unacknowledged.set(id, event)
    for (const socket of this.#sockets) write(socket, { event })
    await eventually(() => (this.#acknowledged.get(id) ?? 0) > before)
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.drop()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #connected(socket: Socket): void {
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    createInterface(socket).on('line', (text) => this.#hear(socket, JSON.parse(text) as Command))
  }

  #hear(socket: Socket, command: Command): void {
    if (command.token !== undefined) {
      if (command.token !== token) return void socket.destroy()
      this.#sockets.add(socket)
      write(socket, { welcome: true })
      for (const event of this.#unacknowledged.values()) write(socket, { event })
    }
    if (command.ack !== undefined) {
      this.#unacknowledged.delete(command.ack)
      this.#acknowledged.set(command.ack, (this.#acknowledged.get(command.ack) ?? 0) + 1)
    }
    if (command.send !== undefined) this.#take(socket, command.send, command)
  }

  #take(socket: Socket, number: number, { peer = '', text = '' }: Command): void {
    const manner = this.#manners.shift()
    const refused = manner === undefined ? undefined : refusals[manner]
    if (refused !== undefined) {
      write(socket, { answer: number, refused })
      return
    }
    const id = `line-${this.#taken.length + 1}`
    this.#taken.push({ id, peer, parts: [{ type: 'text', text }] })
    if (manner === 'take-and-cut') socket.destroy()
    else if (manner !== 'hang') write(socket, { answer: number, id })
  }
}

function write(socket: Socket, line: object): void {
  socket.write(`${JSON.stringify(line)}\n`)
}
