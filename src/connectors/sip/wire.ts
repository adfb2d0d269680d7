/**
 * The protocol between drachtio-server and its applications, as far as drachtio-srf speaks it: `<bytes>#<id>|<command>|…`, and after a line
 * end the SIP message that is meant. https://drachtio.org
 */
import { randomUUID } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { readMessage, type SipMessage, type Target, writeMessage } from './message.ts'

export interface AppCommand {
  readonly id: string
  readonly name: string
  readonly tokens: readonly string[]
  readonly message: SipMessage | undefined
}

/** Of what a message goes by, or came by. */
export interface Meta {
  readonly source: 'network' | 'application'
  readonly peer: Target
  readonly transactionId: string
  readonly dialogId: string
}

export interface App {
  /** Tells of a message. */
  tell(message: SipMessage, meta: Meta): void
  /** What was asked is done, and this was sent. */
  done(command: AppCommand, message?: SipMessage, meta?: Meta): void
  failed(command: AppCommand, reason: string): void
}

/** The applications' door, on loopback: nobody comes in without the secret. */
export async function listenForApps(
  port: number,
  secret: string,
  address: string,
  heard: (app: App, command: AppCommand) => void,
  gone: (app: App) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const app = appOn(socket)
    let isKnown = false
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      gone(app)
    })
    readFrames(socket, (command) => {
      if (command.name === 'authenticate') {
        isKnown = command.tokens[0] === secret
        if (isKnown) send(socket, `response|${command.id}|OK|${address}|v0.9.0|${address}`)
        else socket.end()
      } else if (isKnown) heard(app, command)
    })
  })
  await listen(server, port)
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function appOn(socket: Socket): App {
  return {
    tell(message, meta) {
      const bytes = writeMessage(message)
      send(socket, `sip|${meta.source}|${tokensOf(bytes, meta)}|${meta.peer.host}|${meta.peer.port}|`, bytes)
    },
    done({ id }, message, meta) {
      if (message === undefined || meta === undefined) return send(socket, `response|${id}|OK`)
      const bytes = writeMessage(message)
      send(socket, `response|${id}|OK|${meta.source}|${tokensOf(bytes, meta)}`, bytes)
    },
    failed: ({ id }, reason) => send(socket, `response|${id}|NOK|${reason}`),
  }
}

function tokensOf(bytes: Buffer, { peer, transactionId, dialogId }: Meta): string {
  const time = new Date().toISOString()
  return [bytes.length, peer.transport, peer.host, peer.port, time, transactionId, dialogId].join('|')
}

function send(socket: Socket, leader: string, message?: Buffer): void {
  const head = Buffer.from(`${randomUUID()}|${leader}${message === undefined ? '' : '\r\n'}`)
  const body = message === undefined ? head : Buffer.concat([head, message])
  socket.write(Buffer.concat([Buffer.from(`${body.length}#`), body]))
}

function readFrames(socket: Socket, heard: (command: AppCommand) => void): void {
  let waiting = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes])
    for (;;) {
      const mark = waiting.indexOf('#')
      if (mark < 0) return
      const length = Number(waiting.toString('latin1', 0, mark))
      if (!Number.isInteger(length)) {
        socket.destroy()
        return
      }
      if (waiting.length < mark + 1 + length) return
      const frame = waiting.subarray(mark + 1, mark + 1 + length)
      waiting = waiting.subarray(mark + 1 + length)
      heard(commandOf(frame))
    }
  })
}

function commandOf(frame: Buffer): AppCommand {
  const end = frame.indexOf('\r\n')
  const [id = '', name = '', ...tokens] = frame.toString('utf8', 0, end < 0 ? frame.length : end).split('|')
  return { id, name, tokens, message: end < 0 ? undefined : readMessage(frame.subarray(end + 2)) }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
}
