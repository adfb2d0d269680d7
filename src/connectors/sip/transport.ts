/** SIP over UDP and TCP (RFC 3261, 18): bytes in and out. Says nothing of what they mean. */
import { createSocket, type Socket as Udp } from 'node:dgram'
import { createServer, type Server, Socket as Tcp } from 'node:net'
import { maxMessageBytes, type Target } from './message.ts'

export interface Transport {
  /** Where it listens, on both. */
  readonly port: number
  /** Sends; what cannot be sent is lost, as on the wire: timers notice. */
  send(bytes: Buffer, to: Target): void
  close(): Promise<void>
}

/** A connection that says nothing is closed after this long. */
const idleMs = 600_000
const maxConnections = 500

/**
 * Listens on one port for both. `heard` gets whole messages as far as framing tells; keep-alives are answered here (RFC 5626, 3.5.1).
 * Rejects when the port is taken.
 */
export async function openTransport(
  host: string,
  port: number,
  heard: (bytes: Buffer, from: Target) => void,
): Promise<Transport> {
  const connections = new Map<string, Tcp>()
  const server = createServer((socket) => {
    if (connections.size >= maxConnections) socket.destroy()
    else keep(socket, heard, connections)
  })
  await listening(server, host, port)
  const bound = (server.address() as { port: number }).port
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  udp.on('message', (bytes, from) => {
    // Phones keep the way through their router open by empty lines.
    if (bytes.length > 4) heard(bytes, { transport: 'udp', host: from.address, port: from.port })
  })
  try {
    await bind(udp, host, bound)
  } catch (error) {
    server.close()
    throw error
  }
  udp.on('error', () => {})
  return {
    port: bound,
    send(bytes, to) {
      if (to.transport === 'udp') {
        udp.send(bytes, to.port, to.host, () => {})
        return
      }
      const known = connections.get(nameOf(to))
      const socket = known ?? keep(new Tcp().connect(to.port, to.host), heard, connections, to)
      socket.write(bytes)
    },
    async close() {
      for (const socket of connections.values()) socket.destroy()
      server.close()
      await new Promise<void>((resolve) => udp.close(() => resolve()))
    },
  }
}

function nameOf({ host, port }: Target): string {
  return `${host} ${port}`
}

/** Reads messages off a connection by their Content-Length (RFC 3261, 18.3). */
function keep(socket: Tcp, heard: (bytes: Buffer, from: Target) => void, all: Map<string, Tcp>, to?: Target): Tcp {
  const peer = (): Target => ({
    transport: 'tcp',
    host: to?.host ?? socket.remoteAddress?.replace(/^::ffff:/, '') ?? '',
    port: to?.port ?? socket.remotePort ?? 0,
  })
  const from = peer()
  all.set(nameOf(from), socket)
  let waiting = Buffer.alloc(0)
  socket.setTimeout(idleMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    if (all.get(nameOf(from)) === socket) all.delete(nameOf(from))
  })
  socket.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes])
    for (;;) {
      while (waiting.subarray(0, 2).toString() === '\r\n') {
        if (waiting.subarray(0, 4).toString() === '\r\n\r\n') socket.write('\r\n')
        waiting = waiting.subarray(2)
      }
      const end = waiting.indexOf('\r\n\r\n')
      if (waiting.length > maxMessageBytes * 2 || (end < 0 && waiting.length > maxMessageBytes)) {
        socket.destroy()
        return
      }
      if (end < 0) return
      const length = /^(?:content-length|l)\s*:\s*(\d{1,6})\s*$/im.exec(waiting.toString('latin1', 0, end))?.[1]
      const total = end + 4 + Number(length ?? 0)
      if (waiting.length < total) return
      const message = waiting.subarray(0, total)
      waiting = waiting.subarray(total)
      heard(message, from)
    }
  })
  return socket
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

function bind(udp: Udp, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    udp.once('error', reject)
    udp.bind(port, host, () => resolve())
  })
}
