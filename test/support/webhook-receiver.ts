/** The far end of webhooks, on a real socket: keeps what it is told and answers as it is asked to. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly event: { readonly type: string; readonly subject: string; readonly actor: string; readonly data: unknown }
  readonly status: number
}

/** How a request is answered; `hang`: not at all. */
export type Manner = { readonly status: number; readonly headers?: Record<string, string> } | 'hang'

export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** Decides on each request, by what it says and how many came before it; 204 unless changed. */
  answer: (event: Received['event'], before: number) => Manner
  close(): Promise<void>
}

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString('utf8')
      const event = JSON.parse(body) as Received['event']
      const manner = receiver.answer(event, received.length)
      const status = manner === 'hang' ? 0 : manner.status
      received.push({ id: String(request.headers['webhook-id']), headers: request.headers, body, event, status })
      if (manner !== 'hang') response.writeHead(manner.status, manner.headers ?? {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: () => ({ status: 204 }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}
