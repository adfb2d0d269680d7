/** What every engine of voices promises: who hears what, and what is recorded. Two phones on real sockets, each with a tone of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CallMedia, MediaEngine } from '../../src/connectors/sip/media.ts'
import { eventually } from '../support/eventually.ts'
import { strengthOf } from '../support/sipp.ts'
import { TonePhone, toneFile } from '../support/tone-phone.ts'

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

    it('with one packet in ten lost each still hears the other, and the recording is as long as the talk', async () => {
      caller.losesEvery = 10
      agent.losesEvery = 10
      await talk()
      await Promise.all([caller.hears(900), agent.hears(450)])
      const [[callers], [agents]] = await Promise.all([agent.hears(450), caller.hears(900)])
      expect(Math.min(callers ?? 0, agents ?? 0)).toBeGreaterThan(0.7)
      const part = await media.part()
      const wav = readFileSync(join(folder, `${count}.wav`))
      expect(Math.abs((wav.length - 44) / 32 - part.durationMs)).toBeLessThan(2)
      const side = (channel: number) =>
        Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(44 + (2000 + n) * 4 + channel * 2))
      for (const [channel, hertz, { packets, lost }] of [
        [0, 450, part.caller],
        [1, 900, part.agent],
      ] as const) {
        expect(strengthOf(hertz, side(channel))).toBeGreaterThan(0.7)
        expect(lost / (packets + lost)).toBeGreaterThan(0.05)
        expect(lost / (packets + lost)).toBeLessThan(0.15)
      }
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

    it.each([
      ['from the queue', () => media.wait([sound('music', 600, 5)])],
      ['after early media', () => media.talk(null)],
    ])(
      'who attends %s hears what is said to the caller, and neither hears the other before they talk',
      async (_, begin) => {
        await begin()
        const { port } = agent.socket.address()
        await media.connect('agent', { address: '127.0.0.1', port, codec: 0, events: 101 })
        await media.attend()
        const said = media.play([sound('notice', 1000, 2)])
        await Promise.all([caller.hears(), agent.hears()])
        const [[callers, agents], [own, others]] = await Promise.all([caller.hears(1000, 900), agent.hears(1000, 450)])
        expect([callers, own].every((strength = 0) => strength > 0.8)).toBe(true)
        expect([agents, others].every((strength = 1) => strength < 0.05)).toBe(true)
        expect(await said).toBe(true)
        await talk()
        await Promise.all([caller.hears(), agent.hears()])
        const [[talking, late], [heard]] = await Promise.all([caller.hears(900, 1000), agent.hears(450)])
        expect([talking, heard].every((strength = 0) => strength > 0.8)).toBe(true)
        expect(late).toBeLessThan(0.05)
      },
    )

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
      // The last packets of the first one come late.
      press(caller, media.at.caller.port, 101, 7, 3000)
      press(caller, media.at.caller.port, 101, 11, 4000)
      press(agent, media.at.agent.port, 101, 0, 4000)
      await eventually(() => pressed.length >= 3)
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

    describe('in a room', () => {
      let second: TonePhone
      let lines: CallMedia[]
      beforeEach(async () => {
        second = new TonePhone(1300)
        lines = [await engine.open(`call-${count}/agent`), await engine.open(`call-${count}/second`)]
        for (const [index, phone] of [agent, second].entries()) {
          const port = phone === agent ? agent.socket.address().port : await second.bind()
          await lines[index]?.connect('caller', { address: '127.0.0.1', port, codec: 0, events: 101 })
        }
      })
      afterEach(async () => {
        await Promise.all(lines.map((line) => line.close().catch(() => {})))
        second.close()
      })
      /** The agent's phone speaks to a line of its own, as after a re-INVITE. */
      const aside = () => {
        agent.turnTo(lines[0]?.at.caller.port ?? 0)
        second.talkTo(lines[1]?.at.caller.port ?? 0)
      }

      it('an agent and whom they ask hear each other, and the caller on hold neither; brought back, the talk goes on', async () => {
        await talk()
        await caller.hears(900)
        await media.hold([sound('music', 600, 5)])
        aside()
        for (const line of lines) await line.meet(`room-${count}`, null)
        await agent.hears(1300)
        const [[seconds, callers], [agents, own], [held, music]] = await Promise.all([
          agent.hears(1300, 450),
          second.hears(900, 1300),
          caller.hears(900, 600),
        ])
        expect([seconds, agents, music].every((strength = 0) => strength > 0.8)).toBe(true)
        expect([callers, own, held].every((strength = 1) => strength < 0.05)).toBe(true)
        agent.turnTo(media.at.agent.port)
        await media.connect('agent', { address: '127.0.0.1', port: agent.socket.address().port, codec: 0, events: 101 })
        await media.resume()
        await caller.hears(900)
        expect((await caller.hears(900))[0]).toBeGreaterThan(0.8)
      })

      it('all three hear each other, nobody themselves, and it is recorded with both agents on the right', async () => {
        await talk()
        await media.hold()
        aside()
        const path = join(folder, `room-${count}.wav`)
        for (const line of lines) await line.meet(`room-${count}`, null)
        await media.part()
        await media.meet(`room-${count}`, path)
        await caller.hears(900)
        const heard = await Promise.all([
          caller.hears(450, 900, 1300),
          agent.hears(900, 450, 1300),
          second.hears(1300, 450, 900),
        ])
        for (const [own, one, other] of heard) {
          expect(own).toBeLessThan(0.05)
          expect(Math.min(one ?? 0, other ?? 0)).toBeGreaterThan(0.35)
        }
        await lines[1]?.mute('caller', true)
        await caller.hears(900)
        const [agents, muted] = await caller.hears(900, 1300)
        expect(agents).toBeGreaterThan(0.8)
        expect(muted).toBeLessThan(0.05)
        const { agent: right } = await media.part()
        expect(right.isHeard).toBe(true)
        const wav = readFileSync(path)
        const side = (channel: number) =>
          Array.from({ length: 4000 }, (_, n) => wav.readInt16LE(44 + (4000 + n) * 4 + channel * 2))
        expect(strengthOf(450, side(0))).toBeGreaterThan(0.9)
        expect(Math.min(strengthOf(900, side(1)), strengthOf(1300, side(1)))).toBeGreaterThan(0.35)
      })
    })

    it('who is muted is heard by nobody and not recorded, hears on, and is heard again in the end', async () => {
      await talk()
      await Promise.all([caller.hears(900), agent.hears(450)])
      await media.mute('agent', true)
      await eventually(async () => {
        const before = caller.heard.length
        await agent.hears(450)
        return caller.heard.length - before <= 1
      })
      expect((await agent.hears(450))[0]).toBeGreaterThan(0.8)
      await agent.hears(450)
      await media.mute('agent', false)
      expect((await caller.hears(900))[0]).toBeGreaterThan(0.8)
      await media.part()
      const wav = readFileSync(join(folder, `${count}.wav`))
      // Where the right side is silent for 300 ms, the left speaks.
      const right = Array.from({ length: (wav.length - 44) / 4 }, (_, n) => wav.readInt16LE(44 + n * 4 + 2))
      const silent = right.findIndex((_, n) => n > 4000 && right.slice(n, n + 2400).every((sample) => sample === 0))
      expect(silent).toBeGreaterThan(0)
      const left = Array.from({ length: 2000 }, (_, n) => wav.readInt16LE(44 + (silent + n) * 4))
      expect(strengthOf(450, left)).toBeGreaterThan(0.9)
    })

    it('keys that are pressed towards the caller arrive there, each once and in order, and the talk goes on', async () => {
      await talk()
      await Promise.all([caller.hears(900), agent.hears(450)])
      expect(await media.press('1#9')).toBe(true)
      await caller.hears(900)
      expect((await caller.hears(900))[0]).toBeGreaterThan(0.8)
      const events = caller.heard.filter(({ payloadType }) => payloadType === 101)
      const keys = [...new Map(events.map(({ timestamp, bytes }) => [timestamp, bytes[0]])).values()]
      expect(keys).toEqual([1, 11, 9])
      const { port } = caller.socket.address()
      await media.connect('caller', { address: '127.0.0.1', port, codec: 0, events: null })
      expect(await media.press('1')).toBe(false)
    })
  })
}
