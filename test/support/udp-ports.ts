/** UDP ports for far ends of calls. SIPp and rtpengine bind with SO_REUSEADDR, so two of them on one port do not notice, and voices go astray. */
import { createSocket, type Socket } from 'node:dgram'

/** They lie below those that the system hands out by itself, and below the hub's own for voices (20000). */
const [first, count, width] = [10_000, 50, 200]

/** What this process holds, until it ends: the first port of each slice. */
const held: Socket[] = []
let next = 0
let end = 0

/** Resolves with the first and the last port of a slice that no other process has while this one lives. */
export async function ownUdpSlice(): Promise<readonly [number, number]> {
  const from = Math.floor(Math.random() * count)
  for (let n = 0; n < count; n++) {
    const start = first + ((from + n) % count) * width
    const socket = await bound(start)
    if (socket === undefined) continue
    held.push(socket.unref())
    return [start + 2, start + width - 1]
  }
  throw new Error('No slice of UDP ports is free.')
}

/** An even port that is free, and so are those `beside` it, as offsets up to 2. This process is never given it again. */
export async function freeUdpPort(beside: readonly number[] = []): Promise<number> {
  for (;;) {
    if (next + 4 > end) [next, end] = await ownUdpSlice()
    const port = next
    next += 4
    if ((await Promise.all([0, ...beside].map((offset) => isFree(port + offset)))).every(Boolean)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const socket = await bound(port)
  await new Promise<void>((resolve) => (socket === undefined ? resolve() : socket.close(() => resolve())))
  return socket !== undefined
}

function bound(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.on('error', () => resolve(undefined))
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(socket))
  })
}
