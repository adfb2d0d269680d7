/** Telephones of one tone on real sockets, and sounds of one. */
import { createSocket, type Socket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decoded, encode } from '../../src/connectors/sip/g711.ts'
import { RtpStream, readRtp } from '../../src/connectors/sip/rtp.ts'
import { eventually } from './eventually.ts'
import { strengthOf } from './sipp.ts'

/** A telephone: says its tone fifty times a second, and remembers what it heard. */
export class TonePhone {
  readonly socket: Socket = createSocket('udp4')
  readonly heard: {
    samples: number[]
    payloadType: number
    sequence: number
    ssrc: number
    timestamp: number
    bytes: Buffer
  }[] = []
  readonly #stream = new RtpStream(Math.floor(Math.random() * 2 ** 32))
  readonly #frames: Buffer[]
  readonly codec: 0 | 8
  #timer: NodeJS.Timeout | undefined
  #port = 0
  #count = 0
  /** Of its packets every so many-th never leaves; none unless said. */
  losesEvery = 0

  constructor(hertz: number, codec: 0 | 8 = 0) {
    this.codec = codec
    // 20 whole milliseconds of a tone whose period fits 400 ms: it goes on without a click.
    this.#frames = Array.from({ length: 20 }, (_, frame) =>
      Buffer.from(
        Array.from({ length: 160 }, (_, n) =>
          encode(codec, 8000 * Math.sin((2 * Math.PI * hertz * (frame * 160 + n)) / 8000)),
        ),
      ),
    )
    this.socket.on('message', (bytes) => {
      const packet = readRtp(bytes)
      if (packet === undefined) return
      const samples = [...packet.payload].map((byte) => decoded[codec][byte] ?? 0)
      const { payloadType, sequence, ssrc, timestamp, payload } = packet
      this.heard.push({ samples, payloadType, sequence, ssrc, timestamp, bytes: Buffer.from(payload) })
    })
  }

  async bind(): Promise<number> {
    await new Promise<void>((resolve) => this.socket.bind(0, '127.0.0.1', resolve))
    return this.socket.address().port
  }

  talkTo(port: number): void {
    this.#port = port
    this.#timer ??= setInterval(() => {
      const index = this.#count++
      const payload = this.#frames[index % 20] ?? Buffer.alloc(160)
      if (this.losesEvery > 0 && index % this.losesEvery === this.losesEvery - 1) return
      this.say(this.#port, this.codec, payload, index)
    }, 20)
  }

  /** Speaks to another port from now on. */
  turnTo(port: number): void {
    this.#port = port
  }

  say(port: number, payloadType: number, payload: Buffer, index: number): void {
    const packet = { payloadType, marker: false, sequence: index & 0xffff, timestamp: index * 160, payload }
    this.socket.send(this.#stream.next(packet, 1, payloadType), port, '127.0.0.1')
  }

  /** How strong a tone is in what is heard from now on. */
  async hears(...tones: number[]): Promise<number[]> {
    const from = this.heard.length
    await eventually(() => this.heard.length >= from + 25 || undefined)
    const samples = this.heard.slice(from).flatMap((packet) => packet.samples)
    return tones.map((hertz) => strengthOf(hertz, samples))
  }

  close(): void {
    clearInterval(this.#timer)
    this.socket.close()
  }
}

/** A sound with a tone, as engines play it. */
export function toneFile(folder: string, name: string, hertz: number, seconds: number): string {
  const path = join(folder, `${name}.wav`)
  const samples = Array.from({ length: 8000 * seconds }, (_, n) => 8000 * Math.sin((2 * Math.PI * hertz * n) / 8000))
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  for (const [at, value] of [
    [16, 16],
    [24, 8000],
    [28, 8000],
    [40, samples.length],
  ] as const)
    header.writeUInt32LE(value, at)
  for (const [at, value] of [
    [20, 7],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const)
    header.writeUInt16LE(value, at)
  header.write('data', 36)
  writeFileSync(path, Buffer.concat([header, Buffer.from(samples.map((sample) => encode(0, sample)))]))
  return path
}
