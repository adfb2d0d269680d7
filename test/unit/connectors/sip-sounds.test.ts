/** What callers hear that no phone says, and what is understood of what they send. */

import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bdecode, bencode } from '../../../src/connectors/sip/bencode.ts'
import { decoded, encode } from '../../../src/connectors/sip/g711.ts'
import { Hearing } from '../../../src/connectors/sip/hearing.ts'
import { promptNames } from '../../../src/connectors/sip/prompts.ts'
import { makeSound } from '../../../src/connectors/sip/sounds.ts'
import { numberPieces, placePieces } from '../../../src/connectors/sip/spoken.ts'
import { samplesIn } from '../../../src/connectors/sip/wav.ts'
import { describeWith } from '../../support/services.ts'

const prompts = join(import.meta.dirname, '../../../config/prompts')
const ffmpeg = existsSync('/usr/bin/ffmpeg') ? '/usr/bin/ffmpeg' : undefined

describe('numbers', () => {
  it('are said as people say them', () => {
    const said = (number: number) => numberPieces(number, 'zh').join(' ')
    expect([0, 7, 10, 12, 20, 105, 110, 1001, 1010, 20_300].map(said)).toEqual([
      '0',
      '7',
      '10',
      '10 2',
      '2 10',
      '1 100 0 5',
      '1 100 1 10',
      '1 1000 0 1',
      '1 1000 0 1 10',
      '2 10000 0 3 100',
    ])
    expect([0, 13, 20, 42, 100, 217, 1005].map((number) => numberPieces(number, 'en').join(' '))).toEqual([
      '0',
      '13',
      '20',
      '40 2',
      '1 100',
      '2 100 17',
      '1 1000 5',
    ])
  })

  it('and everything else that is said stand as sounds that can be played, in both languages', () => {
    fc.assert(
      fc.property(
        fc.nat(99_999),
        fc.option(fc.nat(10_000_000)),
        fc.constantFrom('zh', 'en'),
        (position, waitMs, language) => {
          for (const piece of placePieces(position, waitMs, language)) {
            expect(existsSync(join(prompts, language, `${piece}.wav`)), `${language}/${piece}`).toBe(true)
          }
        },
      ),
    )
    const more = ['press-one', 'callback', 'callback-after']
    const named = [...promptNames.filter((name) => name !== 'music'), ...more].flatMap((name) => [
      `zh/${name}`,
      `en/${name}`,
    ])
    for (const name of [...named, 'music', 'beep']) {
      expect(samplesIn(readFileSync(join(prompts, `${name}.wav`))).length, name).toBeGreaterThan(1000)
    }
  })
})

describe('G.711', () => {
  it('every byte is the nearest to its own sound', () => {
    for (const codec of [0, 8] as const) {
      for (const sample of decoded[codec]) expect(decoded[codec][encode(codec, sample)]).toBe(sample)
      expect(Math.abs((decoded[codec][encode(codec, 32_767)] ?? 0) - 32_124)).toBeLessThan(200)
    }
  })
})

describe('bencode', () => {
  it('gives back what was put in', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          tie('any'),
          { maxKeys: 3, noNullPrototype: true },
        ),
      ),
    })).any as fc.Arbitrary<Parameters<typeof bencode>[0]>
    fc.assert(fc.property(value, (given) => void expect(bdecode(bencode(given))).toEqual(given)))
  })

  it('is undefined for every other bytes, and never throws', () => {
    for (const broken of ['', 'i12', '5:abc', 'd3:abce', 'l', 'x', '3:abcd', 'ie', `${'l'.repeat(500)}`]) {
      expect(bdecode(Buffer.from(broken)), broken).toBeUndefined()
    }
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void bdecode(Buffer.from(bytes))))
  })
})

describe('what a side sends', () => {
  const packet = (sequence: number, loud = true, ssrc = 1) => ({
    payloadType: 0,
    marker: false,
    sequence: sequence & 0xffff,
    timestamp: sequence * 160,
    ssrc,
    payload: Buffer.alloc(160, encode(0, loud ? 5000 : 0)),
  })

  it('is counted, also over the end of the numbers, out of order and with another source', () => {
    const hearing = new Hearing(0)
    const lost = [65_540, 65_541]
    for (let sequence = 65_500; sequence < 65_600; sequence++) {
      if (!lost.includes(sequence))
        hearing.note(packet(sequence === 65_550 ? 65_551 : sequence === 65_551 ? 65_550 : sequence), 20)
    }
    for (let sequence = 9000; sequence < 9010; sequence += 2) hearing.note(packet(sequence, true, 2), 20)
    expect(hearing.quality(20)).toEqual({ packets: 103, lost: 6, gapMs: 20, isHeard: true })
  })

  it('is silent while nothing can be heard, and the longest time without any is known', () => {
    const hearing = new Hearing(1000)
    hearing.note(packet(1, false), 1020)
    hearing.note(packet(2, false), 4020)
    expect(hearing.quality(4500)).toEqual({ packets: 2, lost: 0, gapMs: 3000, isHeard: false })
    expect(new Hearing(0).quality(5000)).toMatchObject({ packets: 0, gapMs: 5000, isHeard: false })
  })

  it('has neither a loss nor a gap where it was held, and keeps those of before', () => {
    const hearing = new Hearing(0)
    hearing.note(packet(1), 20)
    hearing.note(packet(3), 60)
    hearing.pause(80)
    hearing.resume(30_000)
    hearing.note(packet(1500), 30_020)
    expect(hearing.quality(30_030)).toEqual({ packets: 3, lost: 1, gapMs: 40, isHeard: true })
  })
})

describeWith('ffmpeg', ffmpeg, 'uploaded sounds', (program) => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tributary-sounds-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('of common formats become what engines play', async () => {
    for (const format of ['mp3', 'ogg', 'm4a', 'wav', 'flac']) {
      const given = join(folder, `given.${format}`)
      spawnSync(program, ['-loglevel', 'error', '-f', 'lavfi', '-i', 'sine=f=440:d=1:r=44100', '-ac', '2', given])
      const path = join(folder, `${format}.wav`)
      await makeSound(createReadStream(given), path)
      const samples = samplesIn(readFileSync(path))
      expect(samples.length / 8000, format).toBeCloseTo(1, 0)
      expect(Math.max(...samples)).toBeGreaterThan(2000)
    }
  })

  it('that are none are refused with a sentence, a list of other files above all', async () => {
    const secret = join(folder, 'given.wav')
    writeFileSync(join(folder, 'list.m3u8'), `#EXTM3U\n#EXTINF:1,\nfile://${secret}\n#EXT-X-ENDLIST\n`)
    for (const bytes of [Buffer.from('no sound at all'), Buffer.alloc(0), readFileSync(join(folder, 'list.m3u8'))]) {
      const path = join(folder, 'refused.wav')
      await expect(makeSound(Readable.from([bytes]), path)).rejects.toThrow(/no sound/)
      expect(existsSync(path)).toBe(false)
    }
  })
})
