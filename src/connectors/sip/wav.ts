/**
 * A talk on the disk as it goes on: WAV, 16 bits, 8 kHz, the caller on the left and the agent on the right. The header is brought up to date
 * with every flush, so what a crash leaves is a recording that ends a second earlier.
 */
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { decoded } from './g711.ts'
import type { RtpPacket } from './rtp.ts'

const rate = 8000
const frameBytes = 4
const headerBytes = 44
/** How late a packet may be and still have its place. */
const lateMs = 300
/** Samples of each side that are held until they are written. */
const window = rate * 2
/** A source whose clock is further from ours than this has begun anew. */
const driftSamples = rate / 2

export type Side = 'caller' | 'agent'

interface Voice {
  ssrc: number | undefined
  /** Sample of the recording minus its RTP timestamp. */
  shift: number
  readonly held: Int16Array
}

export class Recording {
  readonly #file: number
  readonly #startedAt: number
  readonly #voices: Readonly<Record<Side, Voice>> = { caller: newVoice(), agent: newVoice() }
  /** Samples of each side on the disk. */
  #written = 0

  /** `now` in ms on a clock that never goes back. */
  constructor(path: string, now: number) {
    this.#file = openSync(path, 'w', 0o600)
    this.#startedAt = now
    writeSync(this.#file, headerOf(0))
  }

  /** Puts what one side said to its time. G.711 alone is sound. */
  hear(side: Side, { payloadType, timestamp, ssrc, payload }: RtpPacket, now: number): void {
    if (payloadType !== 0 && payloadType !== 8) return
    const voice = this.#voices[side]
    const arrived = this.#samplesUntil(now)
    let at = (timestamp + voice.shift) >>> 0
    if (voice.ssrc !== ssrc || Math.abs(at - arrived) > driftSamples) {
      voice.ssrc = ssrc
      voice.shift = arrived - timestamp
      at = arrived
    }
    const table = decoded[payloadType]
    for (let index = 0; index < payload.length; index++) {
      const place = at + index
      if (place < this.#written || place >= this.#written + window) continue
      voice.held[place % window] = table[payload[index] ?? 0] ?? 0
    }
  }

  /** Writes what nothing can be added to any more. */
  flush(now: number): void {
    this.#writeUntil(this.#samplesUntil(now - lateMs))
  }

  /** Ends it; answers with how long it is. */
  close(now: number): number {
    this.#writeUntil(this.#samplesUntil(now))
    closeSync(this.#file)
    return Math.round((this.#written * 1000) / rate)
  }

  #samplesUntil(now: number): number {
    return Math.max(0, Math.round(((now - this.#startedAt) * rate) / 1000))
  }

  #writeUntil(until: number): void {
    while (this.#written < until) {
      const count = Math.min(until - this.#written, window)
      const frames = Buffer.allocUnsafe(count * frameBytes)
      for (let index = 0; index < count; index++) {
        const place = (this.#written + index) % window
        frames.writeInt16LE(this.#voices.caller.held[place] ?? 0, index * frameBytes)
        frames.writeInt16LE(this.#voices.agent.held[place] ?? 0, index * frameBytes + 2)
        this.#voices.caller.held[place] = 0
        this.#voices.agent.held[place] = 0
      }
      writeSync(this.#file, frames, 0, frames.length, headerBytes + this.#written * frameBytes)
      this.#written += count
    }
    writeSync(this.#file, headerOf(this.#written), 0, headerBytes, 0)
  }
}

/** Makes the header of what a crash left agree with its length; answers with how long it is, 0 for what holds no sound. */
export async function repairRecording(path: string): Promise<number> {
  const frames = Math.floor((statSync(path).size - headerBytes) / frameBytes)
  if (frames <= 0) return 0
  const handle = await open(path, 'r+')
  try {
    ftruncateSync(handle.fd, headerBytes + frames * frameBytes)
    await handle.write(headerOf(frames), 0, headerBytes, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return Math.round((frames * 1000) / rate)
}

function newVoice(): Voice {
  return { ssrc: undefined, shift: 0, held: new Int16Array(window) }
}

/** RIFF, PCM, two channels of 16 bits. */
function headerOf(frames: number): Buffer {
  const bytes = Buffer.alloc(headerBytes)
  const length = frames * frameBytes
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + length, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(2, 22)
  bytes.writeUInt32LE(rate, 24)
  bytes.writeUInt32LE(rate * frameBytes, 28)
  bytes.writeUInt16LE(frameBytes, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(length, 40)
  return bytes
}

/** The samples of a WAV of one channel at 8 kHz: PCM of 16 bits, or G.711. Throws for every other. */
export function samplesIn(wav: Buffer): Int16Array {
  const unfit = new Error('Not a WAV of one channel, 8 kHz, PCM of 16 bits or G.711.')
  if (wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 8, 12) !== 'WAVE') throw unfit
  let format = ''
  for (let at = 12; at + 8 <= wav.length; ) {
    const name = wav.toString('latin1', at, at + 4)
    const length = wav.readUInt32LE(at + 4)
    const body = wav.subarray(at + 8, at + 8 + length)
    if (name === 'fmt ' && body.length >= 16) {
      format = [body.readUInt16LE(0), body.readUInt16LE(2), body.readUInt32LE(4), body.readUInt16LE(14)].join()
    }
    if (name === 'data') {
      if (format === '1,1,8000,16') {
        return Int16Array.from({ length: body.length >> 1 }, (_, index) => body.readInt16LE(index * 2))
      }
      const table = { '7,1,8000,8': decoded[0], '6,1,8000,8': decoded[8] }[format]
      if (table === undefined) throw unfit
      return Int16Array.from(body, (byte) => table[byte] ?? 0)
    }
    at += 8 + length + (length % 2)
  }
  throw unfit
}
