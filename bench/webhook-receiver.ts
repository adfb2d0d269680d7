/** The far end of webhooks, a process of its own: takes what it is sent, and tells its parent when asked what came. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** By path: `/live/...` is answered, `/dead/...` never. */
let received = 0
let delays: number[] = []

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    if (request.url?.startsWith('/dead') === true) return
    const { timestamp, type } = JSON.parse(Buffer.concat(pieces).toString()) as { timestamp: string; type: string }
    if (type === 'member.presence') {
      received += 1
      delays.push(Date.now() - Date.parse(timestamp))
    }
    response.writeHead(204).end()
  })
})
server.keepAliveTimeout = 60_000

process.on('message', (word: 'tell' | 'forget') => {
  if (word === 'forget') {
    received = 0
    delays = []
  }
  process.send?.({ received, delays })
})
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
