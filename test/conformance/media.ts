/** What every engine of voices promises: who hears what, and what is recorded. Two phones on real sockets, each with a tone of its own. */
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decoded, encode } from '../../src/connectors/sip/g711.ts'
import type { CallMedia, MediaEngine } from '../../src/connectors/sip/media.ts'
import { RtpStream, readRtp } from '../../src/connectors/sip/rtp.ts'
import { eventually } from '../support/eventually.ts'
import { strengthOf } from '../support/sipp.ts'

/** A telephone: says its tone fifty times a second, and remembers what it heard. */
export class TonePhone {
  readonly socket: Socket = createSocket('udp4')
  readonly heard: { samples: number[]; payloadType: number; sequence: number; ssrc: number }[] = []
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
      this.heard.push({ samples, payloadType: packet.payloadType, sequence: packet.sequence, ssrc: packet.ssrc })
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

export function mediaConformance(name: string, open: () => Promise<MediaEngine>): void {
  describe(`voices through ${name}`, () => {
    let engine: MediaEngine
    let media: CallMedia
    let caller: TonePhone
    let agent: TonePhone
    let folder: string
    let count = 0

    beforeAll(async () => {
      engine = await open()
      folder = mkdtempSync(join(tmpdir(), 'tributary-media-'))
    })
    afterAll(async () => {
      await engine?.close()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(async () => {
      media = await engine.open(`call-${++count}`)
      ;[caller, agent] = [new TonePhone(450), new TonePhone(900)]
      const [callerPort, agentPort] = [await caller.bind(), await agent.bind()]
      await media.connect('caller', { address: '127.0.0.1', port: callerPort, codec: 0, events: 101 })
      await media.connect('agent', { address: '127.0.0.1', port: agentPort, codec: 0, events: 101 })
      caller.talkTo(media.at.caller.port)
      agent.talkTo(media.at.agent.port)
    })
    afterEach(async () => {
      await media.close().catch(() => {})
      caller.close()
      agent.close()
    })
    const talk = () => media.talk(join(folder, `${count}.wav`))
    const sound = (name: string, hertz: number, seconds: number) => toneFile(folder, name, hertz, seconds)

    it('each hears the other, and neither themselves', async () => {
      await talk()
      const [[own, others], [agentsOwn, callers]] = await Promise.all([caller.hears(450, 900), agent.hears(900, 450)])
      expect([own, agentsOwn].every((strength = 1) => strength < 0.05)).toBe(true)
      expect([others, callers].every((strength = 0) => strength > 0.8)).toBe(true)
    })

    it('who waits hears that they wait, and nothing of the agent; the agent hears nothing', async () => {
      await media.wait()
      const [agents] = await caller.hears(900)
      expect(agents).toBeLessThan(0.05)
      expect(agent.heard).toEqual([])
    })

    it('on hold the caller hears the waiting tone alone, the agent nothing; then both each other again, each unbroken', async () => {
      await talk()
      await caller.hears(900)
      await media.hold()
      await caller.hears(900)
      const [held] = await caller.hears(900)
      expect(held).toBeLessThan(0.05)
      const silent = agent.heard.length
      await caller.hears(900)
      expect(agent.heard.length - silent).toBeLessThanOrEqual(1)
      await media.resume()
      await caller.hears(900)
      expect((await caller.hears(900))[0]).toBeGreaterThan(0.8)
      const steps = caller.heard.slice(1).flatMap(({ sequence, ssrc }, n) => {
        const before = caller.heard[n]
        return before?.ssrc === ssrc ? [(sequence - before.sequence) & 0xffff] : []
      })
      expect(steps.every((step) => step >= 1 && step < 10)).toBe(true)
    })

    it('keys arrive at the other side', async () => {
      await talk()
      await agent.hears(450)
      caller.say(media.at.caller.port, 101, Buffer.from([5, 0x8a, 3, 0x20]), 5000)
      const key = await eventually(() => agent.heard.find(({ payloadType }) => payloadType === 101))
      expect(key.payloadType).toBe(101)
    })

    it('nobody else gets a word in, once the phones have spoken for a while', async () => {
      await talk()
      // rtpengine takes three seconds to be sure of where a phone is.
      await eventually(() => agent.heard.length > 200, 10_000)
      const stranger = new TonePhone(1500)
      await stranger.bind()
      stranger.talkTo(media.at.caller.port)
      const [strangers, callers] = await agent.hears(1500, 450)
      stranger.close()
      expect(strangers).toBeLessThan(0.05)
      expect(callers).toBeGreaterThan(0.8)
    })

    it('a talk is recorded with the caller left and the agent right, and is whole at any moment', async () => {
      await talk()
      await Promise.all([caller.hears(450), agent.hears(900)])
      const path = join(folder, `${count}.wav`)
      // While it goes on, as a crash would leave it.
      const early = await eventually(() => {
        const wav = readFileSync(path)
        return wav.readUInt32LE(40) > 8000 && wav.length >= 44 + wav.readUInt32LE(40) && wav
      })
      expect(early.toString('latin1', 0, 4)).toBe('RIFF')
      await Promise.all([caller.hears(), agent.hears()])
      const { durationMs, caller: callers, agent: agents } = await media.part()
      const wav = readFileSync(path)
      expect(wav.readUInt32LE(40)).toBe(wav.length - 44)
      expect(Math.abs((wav.length - 44) / 32 - durationMs)).toBeLessThan(2)
      const side = (channel: number) =>
        Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(44 + (2000 + n) * 4 + channel * 2))
      expect(strengthOf(450, side(0))).toBeGreaterThan(0.9)
      expect(strengthOf(900, side(1))).toBeGreaterThan(0.9)
      expect(callers).toMatchObject({ lost: 0, isHeard: true })
      expect(agents).toMatchObject({ lost: 0, isHeard: true })
    })

    it('what is said to the caller is heard to its end instead of the music, which goes on afterwards', async () => {
      await media.wait([sound('music', 600, 5)])
      expect((await caller.hears(600))[0]).toBeGreaterThan(0.8)
      const said = media.play([sound('one', 1000, 0.5), sound('two', 1200, 0.5)])
      await caller.hears()
      const [first, second, music] = await caller.hears(1000, 1200, 600)
      expect((first ?? 0) + (second ?? 0)).toBeGreaterThan(0.5)
      expect(music).toBeLessThan(0.5)
      expect(await said).toBe(true)
      await caller.hears()
      expect((await caller.hears(600))[0]).toBeGreaterThan(0.8)
      const stopped = media.play([sound('long', 1000, 5)])
      await media.stop()
      expect(await stopped).toBe(false)
      await expect(media.play([join(folder, 'missing.wav')])).rejects.toThrow()
    })

    it('each key is told once, from whichever side, also while something is said', async () => {
      const pressed: string[] = []
      media.onKey((side, key) => pressed.push(`${side} ${key}`))
      await media.wait([sound('music', 600, 5)])
      await caller.hears(600)
      const press = (phone: TonePhone, port: number, type: number, digit: number, index: number) => {
        for (const end of [0, 0, 0x80, 0x80]) phone.say(port, type, Buffer.from([digit, end | 10, 3, 0x20]), index)
      }
      press(caller, media.at.caller.port, 101, 7, 3000)
      await eventually(() => pressed.includes('caller 7'))
      const { port } = agent.socket.address()
      await media.connect('agent', { address: '127.0.0.1', port, codec: 0, events: 101 })
      await talk()
      await Promise.all([caller.hears(900), agent.hears(450)])
      press(caller, media.at.caller.port, 101, 11, 4000)
      press(agent, media.at.agent.port, 101, 0, 4000)
      await eventually(() => pressed.length === 3)
      expect(pressed.sort()).toEqual(['agent 0', 'caller #', 'caller 7'])
    })

    it('a message is the caller alone, without what was said to them', async () => {
      const path = join(folder, `message-${count}.wav`)
      await media.record(path)
      await media.play([sound('beep', 1000, 0.2)])
      await eventually(() => readFileSync(path).length > 44 + 32_000)
      const { durationMs } = await media.part()
      expect(durationMs).toBeGreaterThan(500)
      const wav = readFileSync(path)
      const side = (channel: number) =>
        Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(44 + (4000 + n) * 4 + channel * 2))
      expect(strengthOf(450, side(0))).toBeGreaterThan(0.9)
      expect(side(1).every((sample) => sample === 0)).toBe(true)
    })

    it('what is said while the recording pauses is not in it', async () => {
      await talk()
      await Promise.all([caller.hears(900), agent.hears(450)])
      await media.pause(true)
      await Promise.all([caller.hears(900), agent.hears(450)])
      const heard = await agent.hears(450)
      expect(heard[0]).toBeGreaterThan(0.8)
      await media.part()
      const wav = readFileSync(join(folder, `${count}.wav`))
      const last = Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(wav.length - 16_000 + n * 4))
      expect(last.every((sample) => sample === 0)).toBe(true)
    })

    it('who listens in hears both, and is heard by neither', async () => {
      await talk()
      const supervisor = new TonePhone(1300)
      const address = '127.0.0.1'
      const { port } = await media.listen()
      await media.hearAs({ address, port: await supervisor.bind(), codec: 0, events: null })
      supervisor.talkTo(port)
      await supervisor.hears()
      const [[callers, agents], ...others] = await Promise.all([
        supervisor.hears(450, 900),
        caller.hears(1300, 900),
        agent.hears(1300, 450),
      ])
      await media.unlisten()
      supervisor.close()
      expect(Math.min(callers ?? 0, agents ?? 0)).toBeGreaterThan(0.35)
      for (const [supervisors, own] of others) {
        expect(supervisors).toBeLessThan(0.05)
        expect(own).toBeGreaterThan(0.8)
      }
    })
  })
}
