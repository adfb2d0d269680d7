/** What two phones agree on (RFC 4566, RFC 3264), as far as we take part: one audio stream of G.711 and keys as events. Pure. */
import { parse, write } from 'sdp-transform'

/** G.711: PCMU and PCMA, by their static payload types (RFC 3551). */
export type Codec = 0 | 8

export interface Voice {
  readonly address: string
  readonly port: number
  /** In the order in which it is preferred; only those that we know. */
  readonly codecs: readonly Codec[]
  /** The payload type of RFC 4733 events; null where there are none. */
  readonly events: number | null
  readonly direction: Direction
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** What an SDP offers or answers; undefined for one without an audio stream that we can carry. */
export function voiceIn(sdp: string): Voice | undefined {
  if (sdp.length > 10_000) return undefined
  let read: ReturnType<typeof parse>
  try {
    read = parse(sdp)
  } catch {
    return undefined
  }
  const audio = read.media.find(({ type, port, protocol }) => type === 'audio' && port > 0 && protocol === 'RTP/AVP')
  const address = audio?.connection?.ip ?? read.connection?.ip
  if (audio === undefined || address === undefined || !/^[0-9A-Fa-f.:]{2,45}$/.test(address)) return undefined
  const types = String(audio.payloads ?? '')
    .split(' ')
    .map(Number)
  const codecs = types.filter((type): type is Codec => type === 0 || type === 8)
  if (codecs.length === 0) return undefined
  const events = (audio.rtp ?? []).find(
    ({ codec, rate }) => codec.toLowerCase() === 'telephone-event' && (rate ?? 8000) === 8000,
  )
  const direction = (audio.direction ?? read.direction ?? 'sendrecv') as Direction
  // An address of nought is how hold was said before (RFC 2543).
  const isHeld = address === '0.0.0.0'
  return {
    address,
    port: audio.port,
    codecs,
    events: events?.payload ?? null,
    direction: isHeld ? 'inactive' : direction,
  }
}

const names: Readonly<Record<Codec, string>> = { 0: 'PCMU', 8: 'PCMA' }

/** The SDP of what we offer or answer. Within a call `version` grows with each change, and `session` stays what it was. */
export function sdpOf({ address, port, codecs, events, direction }: Voice, version = 1, session = port): string {
  const payloads = [...codecs, ...(events === null ? [] : [events])]
  return write({
    version: 0,
    origin: {
      username: '-',
      sessionId: session,
      sessionVersion: version,
      netType: 'IN',
      ipVer: ipOf(address),
      address,
    },
    name: '-',
    connection: { version: ipOf(address), ip: address },
    timing: { start: 0, stop: 0 },
    media: [
      {
        type: 'audio',
        port,
        protocol: 'RTP/AVP',
        payloads: payloads.join(' '),
        rtp: [
          ...codecs.map((codec) => ({ payload: codec, codec: names[codec], rate: 8000 })),
          ...(events === null ? [] : [{ payload: events, codec: 'telephone-event', rate: 8000 }]),
        ],
        fmtp: events === null ? [] : [{ payload: events, config: '0-15' }],
        ptime: 20,
        direction,
      },
    ],
  })
}

/** What answers that direction (RFC 3264, 6.1). */
export function answerTo(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly'
  if (direction === 'recvonly') return 'sendonly'
  return direction
}

function ipOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}
