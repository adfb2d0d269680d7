/**
 * The hub's way out to addresses that somebody configured: a `fetch` that cannot be turned against our own network.
 *
 * Three walls (api.md 2.4, measured there): the URL is read as browsers read it, so that 0x7f.1 and full-width digits are
 * what they are; a literal address is judged before any connection; a name's addresses are judged at the moment of
 * connecting, which a name that changes its mind (DNS rebinding) cannot evade. Redirects are answers, never followed.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { Agent, buildConnector, type Dispatcher, type RequestInit, fetch as undiciFetch } from 'undici'
import { Fault } from '../../core/platform/errors.ts'
import type { PlatformSocket } from '../contract.ts'
import { addressRule } from './addresses.ts'
import { dialSocket } from './sockets.ts'
import { bare, dialled, tunnelled } from './tunnel.ts'

export interface EgressOptions {
  /** CIDR ranges that may be called although they are not public: `127.0.0.0/8` on a laptop, a CRM's net on premises. */
  readonly allow: readonly string[]
  /** Longer bodies break off with an error. */
  readonly maxResponseBytes: number
  /** The same for files that are fetched; as above unless said. */
  readonly maxFileBytes?: number
  /** To connect. */
  readonly timeoutMs: number
  /** Until an answer begins, and between two pieces of it: platforms hold a question open until there is something to say. As above unless said. */
  readonly holdMs?: number
}

/** Ways out that go through one dispatcher. */
export type Ways = Pick<Egress, 'fetch' | 'fetchFile' | 'dial' | 'connect'>

export interface Egress {
  /** As the standard's, but for the walls above. Rejects with a Fault `address-refused` before anything is sent. */
  readonly fetch: typeof fetch
  /** The same, for answers as large as a file may be. */
  readonly fetchFile: typeof fetch
  /** A WebSocket to a ws: or wss: address, within the same walls. */
  dial(url: string, headers: Readonly<Record<string, string>>): Promise<PlatformSocket>
  /** A TCP connection, for protocols other than HTTP; paused until somebody reads it. Rejects as `fetch` does. */
  connect(host: string, port: number): Promise<Socket>
  /**
   * The same through a proxy that somebody configured, `http://name:password@host:port` or `socks5://…`: the proxy's address is judged as any
   * other, and so are literal addresses behind it; names behind it are the proxy's to look up. Kept open until `close`.
   */
  through(proxy: string): Ways
  /**
   * The IP address of a host, for what is not TCP or connects by itself: give it what it answers, not the name, which may mean another address
   * a moment later. Rejects as `fetch` does.
   */
  resolve(host: string): Promise<string>
  /** The Fault that `fetch` would reject with for what the URL says by itself; undefined when it may be tried. */
  refusal(url: string): Fault | undefined
  close(): Promise<void>
}

/**
 * Many servers close an idle connection after five seconds (Node's do), and what is sent at that very moment has no outcome: so it is we
 * who close it, long before.
 */
const idle = { keepAliveTimeout: 1500, keepAliveTimeoutThreshold: 3500 }
/** The longest message of a WebSocket that we dial: a file in base64, at most. */
const webSocket = { maxPayloadSize: 64 * 1024 * 1024 }

/** Throws a TypeError when `allow` is not CIDR. */
export function openEgress(options: EgressOptions): Egress {
  const allowed = addressRule(options.allow)
  const lookupAllowed = filtered(allowed)
  const connect = buildConnector({ timeout: options.timeoutMs, lookup: lookupAllowed })
  const { maxResponseBytes, maxFileBytes = maxResponseBytes, holdMs = options.timeoutMs } = options
  const agentOf = (connectBy: buildConnector.connector) =>
    new Agent({
      connect: connectBy,
      ...idle,
      webSocket,
      headersTimeout: holdMs,
      bodyTimeout: holdMs,
      maxResponseSize: Math.max(maxResponseBytes, maxFileBytes),
    })
  const reach = { lookup: lookupAllowed, timeoutMs: options.timeoutMs }
  const isRefused = (host: string) => isIP(bare(host)) !== 0 && !allowed(bare(host))
  // A literal never meets the lookup filter, whatever way it came here.
  const agent = agentOf((target, callback) => {
    if (isRefused(target.hostname)) callback(refused(), null)
    else connect(target, callback)
  })

  const refusal = (url: string): Fault | undefined => refusalOf(url, allowed)

  const guarded =
    (maxBytes: number, dispatcher: Dispatcher, barred?: Fault) =>
    async (input: string | URL | Request, init: globalThis.RequestInit = {}) => {
      if (typeof input === 'object' && 'url' in input) throw new TypeError('Pass the URL and the options apart.')
      const fault = barred ?? refusal(String(input))
      if (fault) throw fault
      try {
        const given = { ...init, redirect: 'manual', dispatcher } as RequestInit
        const response = await undiciFetch(String(input), given)
        return limited(response as unknown as Response, maxBytes)
      } catch (error) {
        throw refusedWithin(error) ?? error
      }
    }
  const ways = (dispatcher: Dispatcher, open: Ways['connect'], barred?: Fault): Ways => ({
    fetch: guarded(maxResponseBytes, dispatcher, barred),
    fetchFile: guarded(maxFileBytes, dispatcher, barred),
    async dial(url: string, headers: Readonly<Record<string, string>>) {
      const fault = barred ?? refusal(url.replace(/^ws/i, 'http'))
      if (fault) throw fault
      // When connecting is refused, a socket does not say why.
      if (dispatcher === agent) await resolve(new URL(url).hostname)
      return dialSocket(url, headers, dispatcher)
    },
    async connect(host, port) {
      if (barred !== undefined || isRefused(host)) throw barred ?? refused()
      return open(host, port)
    },
  })
  const proxies = new Map<string, { agent: Agent; ways: Ways }>()
  const through = (address: string) => {
    const known = proxies.get(address)
    if (known !== undefined) return known.ways
    const proxy = new URL(address)
    const open = (host: string, port: number) => tunnelled(proxy, host, port, reach)
    const opened = agentOf((target, callback) => {
      const isSecure = target.protocol === 'https:'
      open(target.hostname, Number(target.port || (isSecure ? 443 : 80))).then(
        (socket) => {
          if (isSecure) connect({ ...target, httpSocket: socket }, callback)
          else callback(null, socket)
        },
        (error: Error) => callback(error, null),
      )
    })
    const made = { agent: opened, ways: ways(opened, open, refusal(`http://${proxy.host}`)) }
    proxies.set(address, made)
    return made.ways
  }
  const resolve = async (host: string): Promise<string> => {
    if (isIP(bare(host)) === 0)
      return new Promise((done, reject) => {
        lookupAllowed(host, {}, (error, address) => (error ? reject(error) : done(String(address))))
      })
    if (!allowed(bare(host))) throw refused()
    return bare(host)
  }
  return {
    ...ways(agent, (host, port) => dialled(host, port, reach)),
    through,
    resolve,
    refusal,
    async close() {
      await Promise.all([agent, ...[...proxies.values()].map((proxy) => proxy.agent)].map((one) => one.destroy()))
    },
  }
}

function refusalOf(text: string, allowed: (address: string) => boolean): Fault | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return refused('It is not a URL.')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refused('Only http and https are spoken.')
  if (url.username !== '' || url.password !== '') return refused('A URL must not carry a name or password.')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (port !== 80 && port !== 443 && port < 1024) return refused('That port belongs to another protocol.')
  const host = bare(url.hostname)
  if (isIP(host) !== 0 && !allowed(host)) return refused()
  return undefined
}

/** Resolves as usual, and keeps what may be called; a name that has nothing else is refused. */
function filtered(allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '')
      const kept = found.filter(({ address }) => allowed(address))
      const [first] = kept
      if (first === undefined) return callback(refused() as NodeJS.ErrnoException, '')
      if (options.all === true) return callback(null, kept)
      callback(null, first.address, first.family)
    })
  }
}

/** The same answer, whose body breaks off after so many bytes: the parser counts what travels, this what unpacks from it. */
function limited(response: Response, maxBytes: number): Response {
  if (response.body === null) return response
  let seen = 0
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      seen += chunk.byteLength
      if (seen > maxBytes) controller.error(new Fault('too-large', 'response-too-large', 'The answer is too large.'))
      else controller.enqueue(chunk)
    },
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(counting), { status, statusText, headers })
}

function refusedWithin(error: unknown): Fault | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Fault && at.code === 'address-refused') return at
  }
  return undefined
}

/** Why a request got no answer, in general words: they are shown to whoever configured the address. */
export function failureOf(error: unknown, timedOut: boolean): string {
  if (timedOut) return 'No answer came in time.'
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Fault) return at.message
    const { code } = at as { code?: unknown }
    if (typeof code === 'string') return `The connection failed: ${code}.`
  }
  return 'The connection failed.'
}

function refused(why = 'It lies in a network that the hub must not call.'): Fault {
  return new Fault('forbidden', 'address-refused', `The address may not be called: ${why}`)
}
