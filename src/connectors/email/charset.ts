/**
 * In which charset bytes are written that say none: heads whose bytes were never encoded, as old mail programs in China, Taiwan and Japan write
 * them, and texts without a word on it. What the rest of the mail is written in is believed first; else the charset counts in which the bytes are
 * words of everyday. Pure.
 */
import { isUtf8 } from 'node:buffer'

/** How much of a text decides. */
const enough = 16 * 1024

/** The bytes in UTF-8: each line that is none is read in the charset of them all. Unchanged where nobody can tell it. */
export function inUtf8(bytes: Buffer, told: readonly string[]): Buffer {
  const isForeign = (line: Buffer) => !isUtf8(line) || hasEscapes(line)
  if (!isForeign(bytes)) return bytes
  const lines = linesOf(bytes)
  const charset = charsetOf(Buffer.concat(lines.filter(isForeign)), told)
  if (charset === undefined) return bytes
  const decoder = new TextDecoder(charset)
  return Buffer.concat(lines.map((line) => (isForeign(line) ? Buffer.from(decoder.decode(line)) : line)))
}

/** The charset of bytes that are not UTF-8; undefined where none of those that are looked for fits. `told` is what other parts of the mail say of themselves. */
export function charsetOf(bytes: Buffer, told: readonly string[] = []): string | undefined {
  const some = bytes.length > enough ? bytes.subarray(0, bytes.lastIndexOf('\n', enough) + 1 || enough) : bytes
  if (hasEscapes(some) && read(some, 'iso-2022-jp') !== undefined) return 'iso-2022-jp'
  const others = told.filter((charset) => !/^(?:us-ascii|ascii|utf-?8)?$/i.test(charset))
  const fitting = others.filter((charset) => read(some, charset) !== undefined)
  // Bytes of a charset with one for each character fit whatever they are.
  const [certain] = fitting.filter((charset) => !isOfSingleBytes(charset))
  if (certain !== undefined) return certain
  const scores = scripts.map(({ charset, weigh, bonus }) => ({ charset, score: scoreOf(some, charset, weigh, bonus) }))
  const best = scores.reduce((one, other) => (other.score > one.score ? other : one))
  return best.score > 0 ? best.charset : fitting[0]
}

interface Script {
  readonly charset: string
  /** How much a character of two bytes speaks for the charset; undefined where it speaks neither for it nor against it. */
  weigh(code: number): number | undefined
  /** What it has ahead where both would do. */
  readonly bonus: number
}

/** Each has the characters of everyday in a block of their own. */
const scripts: readonly Script[] = [
  {
    // GB 2312, level 1: rows 16 to 55. The punctuation: rows 1 to 3. What GBK and GB 18030 have besides is rare.
    charset: 'gb18030',
    weigh(code) {
      if ((code & 0xff) < 0xa1) return 0.25
      if (code < 0xa4a1) return undefined
      return code >= 0xb0a1 && code <= 0xd7f9 ? 1 : code > 0xd7f9 && code <= 0xf7fe ? 0.5 : 0
    },
    bonus: 0.1,
  },
  {
    // Big5, level 1: 0xA440 to 0xC67E.
    charset: 'big5',
    weigh: (code) => (code < 0xa440 ? undefined : code <= 0xc67e ? 1 : code >= 0xc940 && code <= 0xf9d5 ? 0.5 : 0),
    bonus: 0.05,
  },
  {
    // JIS X 0208: kana, and level 1 of the kanji. A kana of half the width is one byte.
    charset: 'shift_jis',
    weigh(code) {
      if (code < 0x100) return 0.25
      if (code < 0x829f) return undefined
      const isKana = code <= 0x82f1 || (code >= 0x8340 && code <= 0x8396)
      return isKana || (code >= 0x889f && code <= 0x9872) ? 1 : code > 0x9872 && code <= 0xeaa4 ? 0.5 : 0
    },
    bonus: 0,
  },
]

const halfOf = 0.5
const words = new Intl.Segmenter('zh', { granularity: 'word' })

/** Zero or less where it does not fit: most of its characters would be none of everyday. */
function scoreOf(bytes: Buffer, charset: string, weigh: Script['weigh'], bonus: number): number {
  const text = read(bytes, charset)
  if (text === undefined || /[\ue000-\uf8ff\x80-\x9f]/.test(text)) return 0
  const weights = codesIn(bytes, charset).flatMap((code) => (code === undefined ? 0 : (weigh(code) ?? [])))
  if (weights.length === 0) return 0
  const common = weights.reduce((sum, one) => sum + one, 0) / weights.length
  if (common < halfOf) return 0
  // Words of several characters, as dictionaries have them, come of nothing else than the right charset.
  const foreign = text.match(/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/gu)?.length ?? 0
  const inWords = [...words.segment(text)].reduce(
    (sum, { segment }) => sum + (/^\P{ASCII}{2,}$/u.test(segment) ? [...segment].length : 0),
    0,
  )
  return common + (foreign === 0 ? 0 : halfOf * Math.min(1, inWords / foreign)) + bonus
}

/** The characters that are no ASCII, as numbers; undefined for one between two Latin letters, which is one of theirs. */
function codesIn(bytes: Buffer, charset: string): (number | undefined)[] {
  const codes: (number | undefined)[] = []
  for (let at = 0; at < bytes.length; ) {
    const [lead = 0, trail = 0] = bytes.subarray(at, at + 2)
    const isSingle = charset === 'shift_jis' && lead >= 0xa1 && lead <= 0xdf
    const length = lead < 0x80 || isSingle ? 1 : trail >= 0x30 && trail <= 0x39 ? 4 : 2
    const code = length === 1 ? lead : lead * 256 + trail
    if (lead >= 0x80) codes.push(isLatin(bytes, at, at + length) ? undefined : code)
    at += length
  }
  return codes
}

/** `ü` in Müller, `öß` in Größe. */
function isLatin(bytes: Buffer, from: number, to: number): boolean {
  const isLetter = (byte = 0) => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
  const end = isLetter(bytes[to - 1]) ? to - 1 : to
  return isLetter(bytes[from - 1]) && isLetter(bytes[end])
}

/** All of it is ASCII, but for what its escapes say. https://www.rfc-editor.org/rfc/rfc1468 */
function hasEscapes(bytes: Buffer): boolean {
  return bytes.includes('\x1b$B') || bytes.includes('\x1b$@')
}

/** Undefined where the bytes are none of that charset, or nobody knows it. */
function read(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function isOfSingleBytes(charset: string): boolean {
  return /^(?:windows-125\d|windows-874|iso-8859-|koi8|macintosh|x-mac|ibm866|x-user)/.test(
    new TextDecoder(charset).encoding,
  )
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf('\n', from) + 1 || bytes.length
    lines.push(bytes.subarray(from, to))
    from = to
  }
  return lines
}
