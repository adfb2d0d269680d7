/** Connections through a proxy that somebody configured, by HTTP CONNECT or SOCKS 5, for whatever is spoken in them. */
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { SocksClient } from 'socks'

export interface Reach {
  /** Answers only addresses that may be called. */
  readonly lookup: LookupFunction
  readonly timeoutMs: number
}

/** The proxy was reached and does not lead there, or not in time: nothing was sent. Says nothing of its login. */
export class ProxyFailed extends Error {
  readonly code = 'proxy-failed'
}

/** A connection to a host, paused until somebody reads it. Rejects with what stands against it. A literal address is the caller's to judge. */
export function dialled(host: string, port: number, { lookup, timeoutMs }: Reach): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: bare(host), port, lookup })
    const late = () => socket.destroy(Object.assign(new Error('No answer came in time.'), { code: 'ETIMEDOUT' }))
    const timer = setTimeout(late, timeoutMs)
    // Stays: an error that comes while nobody listens would end the process.
    socket.on('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket.pause())
    })
  })
}

/** As `dialled`, by way of the proxy, which looks the host up. Rejects with `ProxyFailed` where it is the proxy that says no. */
export function tunnelled(proxy: URL, host: string, port: number, reach: Reach): Promise<Socket> {
  return proxy.protocol === 'socks5:' ? bySocks(proxy, host, port, reach) : byConnect(proxy, host, port, reach)
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 */
function byConnect(proxy: URL, host: string, port: number, { lookup, timeoutMs }: Reach): Promise<Socket> {
  const isSecure = proxy.protocol === 'https:'
  const path = `${host}:${port}`
  const { name, password } = loginOf(proxy)
  const token = Buffer.from(`${name}:${password}`).toString('base64')
  const at = bare(proxy.hostname)
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? overHttps : overHttp)({
      method: 'CONNECT',
      host: at,
      port: Number(proxy.port || (isSecure ? 443 : 80)),
      path,
      headers: { host: path, ...(name !== '' && { 'proxy-authorization': `Basic ${token}` }) },
      agent: false,
      lookup,
      // Else it would be taken from the head, which names the host behind.
      servername: isIP(at) === 0 ? at : '',
    })
    const timer = setTimeout(() => asked.destroy(new ProxyFailed('The proxy does not answer in time.')), timeoutMs)
    asked.once('close', () => clearTimeout(timer))
    asked.on('error', reject)
    asked.once('connect', ({ statusCode }, socket: Socket, head) => {
      clearTimeout(timer)
      socket.on('error', () => {})
      if (statusCode !== 200) {
        socket.destroy()
        reject(new ProxyFailed(`The proxy answered ${statusCode}.`))
        return
      }
      socket.pause()
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asked.end()
  })
}

/** https://www.rfc-editor.org/rfc/rfc1928 */
async function bySocks(proxy: URL, host: string, port: number, reach: Reach): Promise<Socket> {
  const at = { host: bare(proxy.hostname), port: Number(proxy.port || 1080) }
  const { name, password } = loginOf(proxy)
  // Connected by ourselves: which address may be called is judged on the way.
  const socket = await dialled(at.host, at.port, reach).catch((error) => {
    throw error.code === 'ETIMEDOUT' ? new ProxyFailed('The proxy does not answer in time.') : error
  })
  try {
    const leading = SocksClient.createConnection({
      proxy: { ...at, type: 5, ...(name !== '' && { userId: name, password }) },
      command: 'connect',
      destination: { host: bare(host), port },
      existing_socket: socket,
      timeout: reach.timeoutMs,
    })
    socket.resume()
    await leading
  } catch (error) {
    socket.destroy()
    // Without its cause, which carries the login.
    throw new ProxyFailed(`The proxy leads nowhere: ${(error as Error).message}.`)
  }
  // The library lets the socket flow a turn later, and says then what came with the proxy's answer: all of it is put back.
  const early: Buffer[] = []
  const keep = (bytes: Buffer) => early.push(bytes)
  socket.on('data', keep)
  await new Promise((resolve) => setImmediate(resolve))
  socket.pause().off('data', keep)
  if (early.length > 0) socket.unshift(Buffer.concat(early))
  return socket
}

function loginOf({ username, password }: URL): { name: string; password: string } {
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/** A host as it is connected to: an IPv6 address without its brackets. */
export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
