/** The part of the contract (contract.ts) for reading what platforms say, of which nothing is certain: bounded texts, JSON, names. */
import { createHash } from 'node:crypto'
import type { Part } from '../core/conversations/model.ts'

/** The longest text of one part. */
const longestText = 20_000

/** What a field says, as text of at most that many characters: a string, or a number; empty for everything else. */
export function textIn(value: unknown, atMost = 2000): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, atMost) : ''
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The JSON object that a text is; undefined for every other text. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A text in pieces that each fit into one part; none for an empty one. */
export function pieces(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / longestText) }, (_, index) =>
    text.slice(index * longestText, (index + 1) * longestText),
  )
}

/** A name of fixed length in place of one that is too long. */
export function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

/** A part of which only can be said that it is there. `native` is the platform's own word for it. */
export function unsupported(native: string, fallback: string): Extract<Part, { type: 'unsupported' }> {
  return { type: 'unsupported', native, fallback }
}
