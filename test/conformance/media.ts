/** What every engine of voices promises: who hears what, and what is recorded. Two phones on real sockets, each with a tone of its own. */
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decoded, encode } from '../../src/connectors/sip/g711.ts'
import type { CallMedia, MediaEngine } from '../../src/connectors/sip/media.ts'
import { RtpStream, readRtp } from '../../src/connectors/sip/rtp.ts'
import { eventually } from '../support/eventually.ts'
import { strengthOf } from '../support/sipp.ts'

/** A telephone: says its tone fifty times a second, and remembers what it heard. */
class TonePhone {
  readonly socket: Socket = createSocket('udp4')
  readonly heard: { samples: number[]; payloadType: number; sequence: number }[] = []
  readonly #stream = new RtpStream(Math.floor(Math.random() * 2 ** 32))
  readonly #frames: Buffer[]
  readonly codec: 0 | 8
  #timer: NodeJS.Timeout | undefined
  #count = 0

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
      this.heard.push({ samples, payloadType: packet.payloadType, sequence: packet.sequence })
    })
  }

  async bind(): Promise<number> {
    await new Promise<void>((resolve) => this.socket.bind(0, '127.0.0.1', resolve))
    return this.socket.address().port
  }

  talkTo(port: number): void {
    this.#timer = setInterval(() => {
      const index = this.#count++
      const payload = this.#frames[index % 20] ?? Buffer.alloc(160)
      this.say(port, this.codec, payload, index)
    }, 20)
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

export function mediaConformance(name: string, open: () => MediaEngine): void {
  describe(`voices through ${name}`, () => {
    let engine: MediaEngine
    let media: CallMedia
    let caller: TonePhone
    let agent: TonePhone
    let folder: string
    let count = 0

    beforeAll(() => {
      engine = open()
      folder = mkdtempSync(join(tmpdir(), 'tributary-media-'))
    })
    afterAll(async () => {
      await engine?.close()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(async () => {
      media = await engine.open(`call-${++count}`)
      ;[caller, agent] = [new TonePhone(440), new TonePhone(880)]
      const [callerPort, agentPort] = [await caller.bind(), await agent.bind()]
      await media.connect('caller', { address: '127.0.0.1', port: callerPort, codec: 0, events: 101 })
      await media.connect('agent', { address: '127.0.0.1', port: agentPort, codec: 0, events: 96 })
      caller.talkTo(media.ports.caller)
      agent.talkTo(media.ports.agent)
    })
    afterEach(async () => {
      await media.close().catch(() => {})
      caller.close()
      agent.close()
    })
    const talk = () => media.talk(join(folder, `${count}.wav`))

    it('each hears the other, and neither themselves', async () => {
      await talk()
      const [[own, others], [agentsOwn, callers]] = await Promise.all([caller.hears(440, 880), agent.hears(880, 440)])
      expect([own, agentsOwn].every((strength = 1) => strength < 0.05)).toBe(true)
      expect([others, callers].every((strength = 0) => strength > 0.8)).toBe(true)
    })

    it('who waits hears that they wait, and nothing of the agent; the agent hears nothing', async () => {
      await media.wait()
      const [agents] = await caller.hears(880)
      expect(agents).toBeLessThan(0.05)
      expect(agent.heard).toEqual([])
    })

    it('on hold the caller hears the waiting tone alone, the agent nothing; then both each other again, in one unbroken stream', async () => {
      await talk()
      await caller.hears(880)
      await media.hold()
      await caller.hears(880)
      const [held] = await caller.hears(880)
      expect(held).toBeLessThan(0.05)
      const silent = agent.heard.length
      await caller.hears(880)
      expect(agent.heard.length - silent).toBeLessThanOrEqual(1)
      await media.resume()
      await caller.hears(880)
      expect((await caller.hears(880))[0]).toBeGreaterThan(0.8)
      const steps = caller.heard
        .slice(1)
        .map(({ sequence }, n) => (sequence - (caller.heard[n]?.sequence ?? 0)) & 0xffff)
      expect(steps.every((step) => step >= 1 && step < 10)).toBe(true)
    })

    it('keys arrive under the number that the other side has agreed on', async () => {
      await talk()
      await agent.hears(440)
      caller.say(media.ports.caller, 101, Buffer.from([5, 0x8a, 3, 0x20]), 5000)
      const key = await eventually(() => agent.heard.find(({ payloadType }) => payloadType === 96))
      expect(key.payloadType).toBe(96)
    })

    it('nobody else gets a word in', async () => {
      await talk()
      await agent.hears(440)
      const stranger = new TonePhone(1500)
      await stranger.bind()
      stranger.talkTo(media.ports.caller)
      const [strangers, callers] = await agent.hears(1500, 440)
      stranger.close()
      expect(strangers).toBeLessThan(0.05)
      expect(callers).toBeGreaterThan(0.8)
    })

    it('a talk is recorded with the caller left and the agent right, and is whole at any moment', async () => {
      await talk()
      await Promise.all([caller.hears(440), agent.hears(880)])
      const path = join(folder, `${count}.wav`)
      // While it goes on, as a crash would leave it.
      const early = await eventually(() => {
        const wav = readFileSync(path)
        return wav.readUInt32LE(40) > 8000 && wav.length >= 44 + wav.readUInt32LE(40) && wav
      })
      expect(early.toString('latin1', 0, 4)).toBe('RIFF')
      const length = await media.part()
      const wav = readFileSync(path)
      expect(wav.readUInt32LE(40)).toBe(wav.length - 44)
      expect(Math.abs((wav.length - 44) / 32 - length)).toBeLessThan(2)
      const side = (channel: number) =>
        Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(44 + (2000 + n) * 4 + channel * 2))
      expect(strengthOf(440, side(0))).toBeGreaterThan(0.9)
      expect(strengthOf(880, side(1))).toBeGreaterThan(0.9)
    })
  })
}
