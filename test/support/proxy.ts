/** A proxy for tests, HTTP CONNECT or SOCKS 5, with the login me:p@ss, that leads every name to this machine. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, connect as dial, type Socket } from 'node:net'

export interface Proxy {
  /** As it is written into settings. */
  readonly address: string
  /** Where it was asked to lead to, host:port. `greets.example` leads nowhere: it says hello in one breath with the proxy's yes. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export async function startProxy(scheme: 'http' | 'socks5'): Promise<Proxy> {
  const asked: string[] = []
  const open = new Set<Socket>()
  const lead = (socket: Socket, to: string, yes: Buffer) => {
    asked.push(to)
    if (to.startsWith('greets.example:')) return void socket.write(Buffer.concat([yes, Buffer.from('hello')]))
    const onward = dial(Number(to.slice(to.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      socket.write(yes)
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => {}).once('close', () => socket.destroy())
    socket.once('close', () => onward.destroy())
  }
  const server =
    scheme === 'http'
      ? createHttpServer().on('connect', ({ url = '', headers }, socket: Socket) => {
          const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
          if (headers['proxy-authorization'] === login) lead(socket, url, Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))
          else socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
        })
      : createTcpServer((socket) => void speakSocks(socket, lead).catch(() => socket.destroy()))
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `${scheme}://me:p%40ss@127.0.0.1:${port}`,
    asked,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** https://www.rfc-editor.org/rfc/rfc1928 https://www.rfc-editor.org/rfc/rfc1929 */
async function speakSocks(socket: Socket, lead: (socket: Socket, to: string, yes: Buffer) => void): Promise<void> {
  const counted = async () => take(socket, (await take(socket, 1)).readUInt8())
  await take(socket, 1)
  await counted()
  socket.write(Buffer.of(5, 2))
  await take(socket, 1)
  if (`${await counted()}:${await counted()}` !== 'me:p@ss') return void socket.end(Buffer.of(1, 1))
  socket.write(Buffer.of(1, 0))
  const isName = (await take(socket, 4)).readUInt8(3) === 3
  const host = isName ? String(await counted()) : [...(await take(socket, 4))].join('.')
  const port = (await take(socket, 2)).readUInt16BE()
  lead(socket, `${host}:${port}`, Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
}

async function take(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null
    if (bytes !== null) return bytes
    await once(socket, 'readable')
  }
}
