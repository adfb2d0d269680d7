/**
 * A hub's HTTP and WebSocket interface in memory, on a real socket: enough of it to drive the built pages, with the same
 * Content-Security-Policy. It promises nothing about durability; flows use the hub itself.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { WebSocketServer } from 'ws'
import { callHub } from './hub-routes.ts'
import { HubState, Refusal } from './hub-state.ts'

const dist = join(import.meta.dirname, '../../web/dist')
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; frame-ancestors *; base-uri 'none'; object-src 'none'"

export interface FakeHub {
  /** Where it is; ends without a slash. */
  readonly url: string
  readonly state: HubState
  /** Cuts all sockets and refuses every request until `mend`. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Starts one on a free port of loopback. */
export async function startFakeHub(): Promise<FakeHub> {
  const state = new HubState()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'tributary.v1' })
  let isCut = false

  const server = createServer((request, response) => {
    if (isCut) return void request.socket.destroy()
    answer(state, request, response).catch((error: unknown) => {
      const { status, code } = error instanceof Refusal ? error : { status: 500, code: 'fake-broken' }
      if (!(error instanceof Refusal)) console.error(error)
      response.writeHead(status, { 'Content-Type': 'application/problem+json' })
      response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail: code }))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '', 'http://fake')
    const visitor = url.pathname === '/v1/visitor/stream'
    const protocols = String(request.headers['sec-websocket-protocol'] ?? '')
    const who = visitor ? state.visitorOf(/bearer\.(tbv_\w+)/.exec(protocols)?.[1]) : state.memberOf(cookieOf(request))
    if (isCut || !who) return void socket.destroy()
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const since = url.searchParams.get('since')
      const forget = state.connect(who, visitor, since, (frame) => ws.send(JSON.stringify(frame)))
      ws.on('message', (data) =>
        state.hear(who, visitor, JSON.parse(String(data)), (frame) => ws.send(JSON.stringify(frame))),
      )
      ws.on('close', forget)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    cut() {
      isCut = true
      for (const ws of sockets.clients) ws.terminate()
      server.closeAllConnections()
    },
    mend() {
      isCut = false
    },
    async close() {
      for (const ws of sockets.clients) ws.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(state: HubState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://fake')
  if (!url.pathname.startsWith('/v1/')) return serve(url.pathname, response)
  // The look of its channel says nothing.
  if (/^\/v1\/visitor\/looks\/\w+\/\w+\.css$/.test(url.pathname)) {
    response.writeHead(200, { 'Content-Type': 'text/css' })
    return void response.end()
  }
  const body = await bodyOf(request)
  const bearer = request.headers.authorization?.replace('Bearer ', '')
  const path = url.pathname.slice('/v1/'.length)
  const key = request.headers['idempotency-key']
  const { status, result, cookie } = callHub(state, {
    call: `${request.method} ${path.replace(/\b(cnv|ctc|ofr)_\w+/, ':id')}`,
    id: /\b(?:cnv|ctc|ofr)_\w+/.exec(path)?.[0] ?? '',
    query: url.searchParams,
    body,
    key: typeof key === 'string' ? key : undefined,
    ifMatch: request.headers['if-match'],
    memberId: state.memberOf(cookieOf(request)),
    visitorId: state.visitorOf(bearer),
  })
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (cookie !== undefined) headers['Set-Cookie'] = `tributary_session=${cookie}; HttpOnly; SameSite=Lax; Path=/`
  response.writeHead(status, headers)
  response.end(result === undefined ? '' : JSON.stringify(result))
}

async function serve(path: string, response: ServerResponse): Promise<void> {
  const file = path.endsWith('/') ? `${path}index.html` : path
  const content = file.includes('..') ? undefined : await readFile(join(dist, file)).catch(() => undefined)
  response.writeHead(content ? 200 : 404, {
    'Content-Type': `${types[extname(file)] ?? 'application/octet-stream'}; charset=utf-8`,
    'Content-Security-Policy': policy,
  })
  response.end(content)
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

const cookieOf = (request: IncomingMessage): string | undefined =>
  /tributary_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
