/**
 * How text is searched. What was said and what is asked take the same form: lower case, one width, simplified characters, without accents,
 * a blank for whatever is no letter or digit. Scripts without blanks between words are cut into single characters and pairs, others into
 * three letters each, so that any part of a word of three letters or more is found. Pure.
 */
import { to } from 'opencc-js/preset/t2cn'
import type { Part } from '../events/shapes.ts'

/** Of longer texts the rest is not searched. */
export const mostCharacters = 10_000

/** Simplified for traditional, one character for one, from the tables of OpenCC; and variants that both scripts use. */
const simplified: ReadonlyMap<string, string> = new Map([
  ...(to.cn ?? []).flat().flatMap((table) => (typeof table === 'string' ? charactersOf(table) : [])),
  ['著', '着'],
])

/** Of a table `traditional simplified|…` what stands for single characters. */
function charactersOf(table: string): (readonly [string, string])[] {
  return table.split('|').flatMap((pair) => {
    const [from = '', into = ''] = pair.split(' ')
    const [character] = into
    return [...from].length === 1 && character !== undefined ? [[from, character] as const] : []
  })
}

export interface Folded {
  /** Begins and ends with a blank. */
  readonly form: string
  /** For each UTF-16 unit of the form, where in the text it came from. */
  readonly origin: readonly number[]
}

export function fold(text: string): Folded {
  let form = ' '
  const origin = [0]
  let at = 0
  for (const character of text.slice(0, mostCharacters)) {
    for (const one of plain(character)) {
      const letter = isLetter(one) ? (simplified.get(one) ?? one) : ' '
      if (letter === ' ' && form.endsWith(' ')) continue
      form += letter
      for (let unit = 0; unit < letter.length; unit++) origin.push(at)
    }
    at += character.length
  }
  if (!form.endsWith(' ')) {
    form += ' '
    origin.push(at)
  }
  return { form, origin }
}

const isHan = (code: number) => code >= 0x4e00 && code <= 0x9fff

/** The commonest without a look into the tables of Unicode. */
function isLetter(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57)
  return isHan(code) || /[\p{L}\p{N}]/u.test(character)
}

function plain(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 128) return character.toLowerCase()
  if (isHan(code)) return character
  const form = character.normalize('NFKC').toLowerCase()
  // Accents of Latin letters alone: taken apart, other scripts would lose more than an accent.
  const isLatin = code < 0x250 || (code >= 0x1e00 && code < 0x1f00)
  return isLatin ? form.normalize('NFD').replace(/\p{M}/gu, '') : form.replace(/\p{M}/gu, '')
}

/** Chinese, Japanese, Korean: no blanks, or words that are long and change. */
const isDense = (character: string) => (character.codePointAt(0) ?? 0) >= 0x2e80

function runsOf(form: string): string[][] {
  return form
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const runs: string[][] = []
      for (const character of word) {
        const last = runs.at(-1)
        if (last !== undefined && isDense(last[0] ?? '') === isDense(character)) last.push(character)
        else runs.push([character])
      }
      return runs
    })
}

const cut = (run: readonly string[], length: number) =>
  run.slice(length - 1).map((_, start) => run.slice(start, start + length).join(''))

/** All by which a text can be found. */
export function tokensOf(form: string): string[] {
  return runsOf(form).flatMap((run) =>
    isDense(run[0] ?? '')
      ? [...run, ...cut(run, 2)]
      : [`^${run[0]}`, ...(run.length > 1 ? [`^${run.slice(0, 2).join('')}`] : []), ...cut(run, 3)],
  )
}

/** Those that a text must have to be what is looked for: as few as say it. One or two letters are the beginning of a word. */
export function tokensToFind(form: string): string[] {
  return runsOf(form).flatMap((run) => {
    const length = isDense(run[0] ?? '') ? 2 : 3
    if (run.length >= length) return cut(run, length)
    return isDense(run[0] ?? '') ? run : [`^${run.join('')}`]
  })
}

/** What is looked for: each word of it, folded; empty when it says nothing. */
export function phrasesOf(query: string): string[] {
  const words = query.split(/\s+/u).map((word) => fold(word).form.trim())
  return [...new Set(words.filter((word) => word !== ''))]
}

/** Periods of which a moment is part, the narrowest first: tokens of what was said then (UTC). */
export function periodsOf(at: Date): { readonly token: string; readonly since: Date }[] {
  const day = at.toISOString()
  return [7, 4].map((length) => ({
    token: `@${day.slice(0, length)}`,
    since: new Date(`${day.slice(0, length)}${length === 4 ? '-01' : ''}-01T00:00:00.000Z`),
  }))
}

/** Tokens of a tenant as numbers, each once, ascending: FNV-1a over both. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function numbersOf(tenantId: string, tokens: readonly string[]): number[] {
  const seed = hash(0x811c9dc5, tenantId)
  return [...new Set(tokens.map((token) => hash(seed, token) | 0))].toSorted((a, b) => a - b)
}

function hash(seed: number, text: string): number {
  let sum = seed
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    sum = Math.imul(sum ^ (unit & 0xff), 0x01000193)
    sum = Math.imul(sum ^ (unit >> 8), 0x01000193)
  }
  return sum
}

/** What of a message can be read, part by part. */
export function textsOf(parts: readonly Part[]): string[] {
  return parts.map((part) => wordsOf(part).join(' ')).filter((text) => text !== '')
}

function wordsOf(part: Part): string[] {
  const words = (...all: (string | undefined)[]) => all.filter((word) => word !== undefined)
  switch (part.type) {
    case 'text':
      return [part.text]
    case 'location':
      return words(part.name, part.address)
    case 'contact':
      return [part.name, ...(part.phones ?? []), ...(part.emails ?? [])]
    case 'link':
      return words(part.title, part.description, part.url)
    case 'card':
      return words(part.title, part.fallback, ...(part.fields ?? []).flatMap(({ name, value }) => [name, value]))
    case 'choice':
      return [part.prompt, ...part.options.map(({ label }) => label)]
    case 'template':
    case 'unsupported':
      return [part.fallback]
    case 'forward':
      return part.items.flatMap((item) => item.parts.flatMap((inner) => wordsOf(inner as Part)))
    default:
      return words(part.blob.name, part.caption, part.transcript)
  }
}

export interface Snippet {
  readonly text: string
  /** Where in it what was looked for stands, in UTF-16 units, ascending and apart. */
  readonly marks: { start: number; end: number }[]
}

const before = 30
const longest = 160

/** The place of a message where what was looked for stands first, with all of its places in sight marked. */
export function snippetOf(parts: readonly Part[], phrases: readonly string[]): Snippet {
  const texts = textsOf(parts)
  const found = texts.map((text) => ({ text, marks: marksIn(text, phrases) }))
  const { text, marks } = found.find((one) => one.marks.length > 0) ?? { text: texts[0] ?? '', marks: [] }
  const first = marks[0]?.start ?? 0
  const start = boundary(text, first <= before ? 0 : first - before)
  const end = boundary(text, Math.min(text.length, start + longest))
  return {
    text: text.slice(start, end),
    marks: marks
      .filter((mark) => mark.end <= end)
      .map((mark) => ({ start: mark.start - start, end: mark.end - start })),
  }
}

/** Not within a character of two units. */
function boundary(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}

function marksIn(text: string, phrases: readonly string[]): { start: number; end: number }[] {
  const { form, origin } = fold(text)
  const marks: { start: number; end: number }[] = []
  for (const phrase of phrases) {
    for (let at = form.indexOf(phrase); at >= 0; at = form.indexOf(phrase, at + phrase.length)) {
      const last = origin[at + phrase.length - 1] ?? 0
      marks.push({ start: origin[at] ?? 0, end: last + ((text.codePointAt(last) ?? 0) > 0xffff ? 2 : 1) })
    }
  }
  const apart: { start: number; end: number }[] = []
  for (const mark of marks.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = apart.at(-1)
    if (last !== undefined && mark.start <= last.end) last.end = Math.max(last.end, mark.end)
    else apart.push({ ...mark })
  }
  return apart
}
