/** RTP (RFC 3550): packets read, and one unbroken stream made of what comes from several sources. */

export interface RtpPacket {
  readonly payloadType: number
  readonly marker: boolean
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly payload: Buffer
}

/** The packet; undefined for what is none. Padding and extensions are taken off. */
export function readRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < 12 || bytes.length > 1500 || (bytes.readUInt8(0) & 0xc0) !== 0x80) return undefined
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  let start = 12 + (first & 0x0f) * 4
  if (first & 0x10) {
    if (bytes.length < start + 4) return undefined
    start += 4 + bytes.readUInt16BE(start + 2) * 4
  }
  const padding = first & 0x20 ? bytes.readUInt8(bytes.length - 1) : 0
  const end = bytes.length - padding
  if (start > end) return undefined
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
  }
}

/**
 * What one side hears, as one stream of its own: whoever speaks next goes on where the last one stopped, so that a phone need not get used
 * to another source. Gaps and order within one source stay as they are.
 */
export class RtpStream {
  readonly #ssrc: number
  #source: number | undefined
  #sequenceShift = 0
  #timestampShift = 0
  #sequence: number
  #timestamp: number

  constructor(seed: number) {
    this.#ssrc = seed >>> 0
    this.#sequence = seed & 0x7fff
    this.#timestamp = (seed * 7919) >>> 0
  }

  /** The packet as this side gets it, under that payload type. `source` tells speakers apart. */
  next(packet: Omit<RtpPacket, 'ssrc'>, source: number, payloadType: number): Buffer {
    const isNew = this.#source !== source
    if (isNew) {
      this.#source = source
      this.#sequenceShift = this.#sequence + 1 - packet.sequence
      this.#timestampShift = this.#timestamp + 160 - packet.timestamp
    }
    const sequence = (packet.sequence + this.#sequenceShift) & 0xffff
    const timestamp = (packet.timestamp + this.#timestampShift) >>> 0
    if (((sequence - this.#sequence) & 0xffff) < 0x8000) this.#sequence = sequence
    if ((timestamp - this.#timestamp) >>> 0 < 0x80000000) this.#timestamp = timestamp
    const bytes = Buffer.allocUnsafe(12 + packet.payload.length)
    bytes.writeUInt8(0x80, 0)
    bytes.writeUInt8((isNew || packet.marker ? 0x80 : 0) | payloadType, 1)
    bytes.writeUInt16BE(sequence, 2)
    bytes.writeUInt32BE(timestamp, 4)
    bytes.writeUInt32BE(this.#ssrc, 8)
    packet.payload.copy(bytes, 12)
    return bytes
  }
}
