/** One phone of a call, as voices see it: our socket for it, and where it is. */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { isPrivate } from './dialogs.ts'
import { RtpStream } from './rtp.ts'
import type { Codec, Voice } from './sdp.ts'

/** Where one side's phone listens, and how it speaks. */
export interface Remote {
  readonly address: string
  readonly port: number
  readonly codec: Codec
  readonly events: number | null
}

/** Where that voice is, spoken to as `codec`. */
export function remoteOf({ address, port, events }: Voice, codec: Codec): Remote {
  return { address, port, codec, events }
}

export interface Party {
  readonly socket: Socket
  readonly port: number
  readonly out: RtpStream
  remote: Remote | undefined
  /** Where its voice really comes from: the first that speaks after it was connected. */
  source: { readonly address: string; readonly port: number } | undefined
}

/**
 * A phone behind a router is where its first packet comes from; one with a public address is nowhere else, unless it runs on this machine and
 * names another address of it: what comes from the loopback comes from nobody else (RFC 1122, 3.2.1.3).
 */
export function isFrom(party: Pick<Party, 'remote' | 'source'>, from: { address: string; port: number }): boolean {
  const { remote, source } = party
  if (source !== undefined) return source.address === from.address && source.port === from.port
  if (remote === undefined) return false
  if (from.address !== remote.address && !isPrivate(remote.address) && !isLoopback(from.address)) return false
  party.source = { address: from.address, port: from.port }
  return true
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/** Opens a socket on a free even port of the range. Rejects when there is none. */
export async function openParty(host: string, [first, last]: readonly [number, number]): Promise<Party> {
  const even = Math.floor((last - first) / 2) + 1
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = first + 2 * Math.floor(Math.random() * even)
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const isBound = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false))
      socket.bind(port, host, () => resolve(true))
    })
    if (isBound) {
      const out = new RtpStream(randomBytes(4).readUInt32BE())
      return { socket, port, out, remote: undefined, source: undefined }
    }
    socket.close()
  }
  throw new Error('No port is free for a voice.')
}
