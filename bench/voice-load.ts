/**
 * Telephones, many of them, in one process: each leg says 20 ms of G.711 fifty times a second and counts what its other side said. Each packet
 * carries when it was sent. Told by IPC: `legs` (where each is to send to), then `measure` for so many ms; answers with what came.
 */
import { createSocket, type Socket } from 'node:dgram'

export type LoadOrder =
  | { readonly do: 'open'; readonly legs: number }
  | { readonly do: 'send'; readonly to: readonly number[] }
  | { readonly do: 'measure'; readonly ms: number }
export type LoadAnswer =
  | { readonly ports: readonly number[] }
  | { readonly sent: number; readonly received: number; readonly latencies: readonly number[]; readonly lateMs: number }
  | null

interface Leg {
  readonly socket: Socket
  to: number
  sequence: number
  readonly packet: Buffer
}

let legs: Leg[] = []
let received = 0
let sent = 0
let lateMs = 0
let latencies: number[] = []
let isMeasuring = false

async function open(count: number): Promise<readonly number[]> {
  for (const { socket } of legs) socket.close()
  legs = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 })
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
      socket.on('error', () => {})
      socket.on('message', hear)
      const packet = Buffer.alloc(172)
      packet.writeUInt16BE(0x8000, 0)
      packet.writeUInt32BE(index + 1, 8)
      return { socket, to: 0, sequence: 0, packet }
    }),
  )
  return legs.map(({ socket }) => socket.address().port)
}

function hear(bytes: Buffer): void {
  if (!isMeasuring || bytes.length !== 172) return
  received += 1
  // One in seven is enough to know how long they take.
  if (received % 7 === 0) latencies.push(performance.now() - bytes.readDoubleBE(12))
}

/** Each leg has its own millisecond of the twenty, as telephones have. */
function send(slot: number): void {
  for (let index = slot; index < legs.length; index += 20) {
    const leg = legs[index]
    if (leg === undefined || leg.to === 0) continue
    leg.sequence += 1
    leg.packet.writeUInt16BE(leg.sequence & 0xffff, 2)
    leg.packet.writeUInt32BE((leg.sequence * 160) >>> 0, 4)
    leg.packet.writeDoubleBE(performance.now(), 12)
    leg.socket.send(leg.packet, leg.to, '127.0.0.1')
    if (isMeasuring) sent += 1
  }
}

let due = performance.now()
let slot = 0
function beat(): void {
  const now = performance.now()
  lateMs = Math.max(lateMs, now - due)
  while (due <= now) {
    send(slot)
    slot = (slot + 1) % 20
    due += 1
  }
  setTimeout(beat, 0)
}
beat()

async function measure(ms: number): Promise<LoadAnswer> {
  const pause = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))
  ;[received, sent, lateMs, latencies, isMeasuring] = [0, 0, 0, [], true]
  await pause(ms)
  const all = sent
  // What was sent last is given a moment to arrive; what is sent in that moment is not counted.
  await pause(0)
  isMeasuring = false
  return { sent: all, received, latencies, lateMs }
}

process.on('message', async (order: LoadOrder) => {
  if (order.do === 'send') for (const [index, leg] of legs.entries()) leg.to = order.to[index] ?? 0
  const answer: LoadAnswer =
    order.do === 'open' ? { ports: await open(order.legs) } : order.do === 'measure' ? await measure(order.ms) : null
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
