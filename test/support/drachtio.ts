/** SIP servers for tests beside the hub's process: a real drachtio-server where one is named, else our stand-in in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { drachtioUrl } from './services.ts'
import { freeUdpPort } from './udp-ports.ts'

/** Where applications come, by which secret, and where phones and trunks do. */
export interface SipServerAddress {
  readonly host: string
  readonly port: number
  readonly secret: string
  readonly sipPort: number
}

/** Of `drachtio://:secret@host:9022/5060`, whose path is the port of SIP, on this machine. */
export function addressOf(url: string): SipServerAddress {
  const { hostname, port, password, pathname } = new URL(url)
  return { host: hostname, port: Number(port || 9022), secret: password, sipPort: Number(pathname.slice(1) || 5060) }
}

export interface OutsideSipServer extends SipServerAddress {
  /** Ours alone: it is killed, and another takes its place. */
  readonly restart?: () => Promise<void>
  close(): void
}

export async function openOutsideSipServer(): Promise<OutsideSipServer> {
  if (drachtioUrl !== undefined) return { ...addressOf(drachtioUrl), close() {} }
  const address = { host: '127.0.0.1', port: await freeTcpPort(), secret: 'cymru', sipPort: await freeUdpPort() }
  let child = await start(address)
  return {
    ...address,
    async restart() {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      child = await start(address)
    },
    close: () => child.kill('SIGKILL'),
  }
}

async function start({ port, secret, sipPort }: SipServerAddress): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'stand-in-child.ts'), [String(port), secret, String(sipPort)])
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', () => reject(new Error('The SIP server did not start.')))
  })
  return child
}

function freeTcpPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
