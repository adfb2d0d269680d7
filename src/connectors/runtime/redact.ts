/** Keeps an account's secrets out of what is logged or shown, whatever a connector or a library writes into a sentence. */
import type { Logger } from '../../core/platform/log.ts'

export interface Redactor {
  text(sentence: string): string
  /** The same value with every string cleaned, errors and their causes included. */
  value(value: unknown): unknown
}

const shortest = 6
const hidden = '****'

/** Blots out these secrets, as they are, without a prefix like `whsec_`, and as a URL spells them. Shorter ones than six characters would blot out prose. */
export function redactorOf(secrets: readonly string[]): Redactor {
  const spellings = secrets
    .filter((secret) => secret.length >= shortest)
    .flatMap((secret) => [secret, secret.replace(/^[a-z]{2,8}_/, '')])
    .filter((secret) => secret.length >= shortest)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
  const words = [...new Set(spellings)].sort((a, b) => b.length - a.length)
  const text = (sentence: string) => words.reduce((clean, word) => clean.replaceAll(word, hidden), sentence)
  const value = (given: unknown, depth = 0): unknown => {
    if (typeof given === 'string') return text(given)
    if (given === null || typeof given !== 'object' || depth > 5) return given
    if (given instanceof Error) return cleanError(given, depth)
    if (Array.isArray(given)) return given.map((item) => value(item, depth + 1))
    return Object.fromEntries(Object.entries(given).map(([name, item]) => [text(name), value(item, depth + 1)]))
  }
  const cleanError = (error: Error, depth: number): Error => {
    const clean = new Error(text(error.message))
    clean.name = error.name
    if (error.stack !== undefined) clean.stack = text(error.stack)
    const { code } = error as { code?: unknown }
    if (typeof code === 'string') Object.assign(clean, { code: text(code) })
    if (error.cause !== undefined) clean.cause = value(error.cause, depth + 1)
    return clean
  }
  return { text, value: (given) => value(given) }
}

/** A log whose lines carry these fields and never those secrets. */
export function cleanLog(log: Logger, fields: object, redactor: Redactor): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (given: object, sentence?: string): void =>
      log[level](
        { ...(redactor.value(given) as object), ...fields },
        sentence === undefined ? undefined : redactor.text(sentence),
      )
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
