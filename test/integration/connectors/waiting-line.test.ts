/** What a caller hears while they wait, through the engine of our own. */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openEmbeddedMedia } from '../../../src/connectors/sip/embedded-media.ts'
import type { CallMedia, MediaEngine } from '../../../src/connectors/sip/media.ts'
import { Prompts } from '../../../src/connectors/sip/prompts.ts'
import { WaitingLine } from '../../../src/connectors/sip/waiting-line.ts'
import { eventually } from '../../support/eventually.ts'
import { strengthOf } from '../../support/sipp.ts'
import { TonePhone, toneFile } from '../../support/tone-phone.ts'

const tones: Readonly<Record<string, number>> = { welcome: 700, notice: 900, music: 600, busy: 1100 }
const log = { debug() {}, info() {}, warn() {}, error() {} }

let folder: string
let engine: MediaEngine
let media: CallMedia
let caller: TonePhone
let prompts: Prompts

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-line-'))
  const file = async ({ fileId = '' }: { fileId?: string }) => {
    if (fileId === 'broken') return { sha256: fileId, read: async () => createReadStream(import.meta.filename) }
    const path = toneFile(folder, fileId, tones[fileId] ?? 0, 0.6)
    return { sha256: fileId, read: async () => createReadStream(path) }
  }
  const own = { ...Object.fromEntries(Object.keys(tones).map((name) => [name, name])), closed: 'broken' }
  const hub = { log, file } as unknown as Parameters<typeof Prompts.open>[0]['hub']
  const opened = await Prompts.open({ language: 'zh', own, folder: join(folder, 'prompts'), hub })
  expect(opened.refused).toEqual([expect.stringMatching(/^closed: .*sound/)])
  prompts = opened.prompts
  engine = openEmbeddedMedia({ host: '127.0.0.1', address: '127.0.0.1', ports: [24_200, 24_299] })
  media = await engine.open('line')
  caller = new TonePhone(450)
  await media.connect('caller', { address: '127.0.0.1', port: await caller.bind(), codec: 0, events: 101 })
  caller.talkTo(media.at.caller.port)
})
afterAll(async () => {
  caller?.close()
  await engine?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Whether a tone was the loudest for at least 300 ms, from a packet on. */
const heard = (hertz: number, from = 0) =>
  caller.heard.some((_, index) => {
    const samples = caller.heard.slice(Math.max(from, index), Math.max(from, index) + 15).flatMap((one) => one.samples)
    return samples.length === 2400 && strengthOf(hertz, samples) > 0.8
  })

let attended = 0
const attend = async () => {
  attended += 1
}

it('the notice is heard to its end before anybody talks, then music, and from time to time where they stand', async () => {
  let asked = 0
  const standing = async () => {
    asked += 1
    return { position: 3, waitMs: 120_000 }
  }
  const line = new WaitingLine({ media, prompts, log, isNoticed: true, everyMs: 400, standing })
  await line.begin()
  await line.end(attend)
  expect(heard(700)).toBe(true)
  expect(heard(900)).toBe(true)
  await eventually(() => heard(600))
  expect(asked).toBe(0)
  // Given back to the queue: the welcome is not said twice.
  const from = caller.heard.length
  await line.begin()
  await eventually(() => heard(1100, from))
  expect(asked).toBeGreaterThan(0)
  expect(heard(700, from)).toBe(false)
  // Who takes them now has nothing to wait for.
  await line.end(attend)
  expect(attended).toBe(1)
  await line.close()
})

it('a notice that was cut short, or not said yet, is heard before anybody talks; an announcement waits for its end', async () => {
  let asked = 0
  const standing = async () => {
    asked += 1
    return { position: 1, waitMs: null }
  }
  const options = { media, prompts, log, isNoticed: true, everyMs: 50, standing }
  let from = caller.heard.length
  const cut = new WaitingLine(options)
  await cut.begin()
  await eventually(() => heard(700, from))
  expect(asked).toBe(0)
  cut.leave()
  await media.part()
  await cut.end(attend)
  expect(heard(900, from)).toBe(true)
  from = caller.heard.length
  await new WaitingLine(options).end(attend)
  expect(heard(900, from)).toBe(true)
  expect(heard(700, from)).toBe(false)
})
