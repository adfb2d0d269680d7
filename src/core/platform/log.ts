/**
 * The log of the process. Fields first, then a constant sentence. What may stand in a line is an allow-list: errors and
 * requests are reduced here, bodies are never logged, and the names below are blotted out wherever they are one of the
 * first three levels of a line.
 */
import { pino } from 'pino'

export interface Logger {
  debug(fields: object, sentence?: string): void
  info(fields: object, sentence?: string): void
  warn(fields: object, sentence?: string): void
  error(fields: object, sentence?: string): void
}

const secretNames = [
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apiKey',
  'key',
  'url',
  'settings',
  'secrets',
  'parts',
  'text',
  'body',
]

const redactedPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** How many causes of an error are told; one may be its own. */
const deepestCause = 5

/**
 * What of an error is fit for a log: no message of a driver that may quote values, beyond its first line and 300 characters,
 * and no further line of it among the frames.
 */
function describeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code } = error as { code?: unknown }
  const frames = (error.stack ?? '').replace(error.message, '').split('\n')
  return {
    type: error.name,
    code: typeof code === 'string' ? code : undefined,
    // Cut before as well: a message may be as long as what somebody sent.
    message: withoutSecrets(error.message.slice(0, 2000).split('\n', 1)[0] ?? '').slice(0, 300),
    stack: frames
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 7)
      .join('\n'),
    cause: error.cause === undefined || depth === deepestCause ? undefined : describeError(error.cause, depth + 1),
  }
}

/** Blots out what looks like one of our own credentials, or a password within a URL. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/\b(tb[ksv]_)[\w-]{8,}/g, '$1****')
    .replace(/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]{0,200}):[^\s/]+@/gi, '$1:****@')
}

export interface LogOptions {
  readonly level: string
  /** Where lines go; the process's standard output unless a test collects them. */
  readonly destination?: { write(line: string): void }
}

/** Opens the log: one JSON object a line. */
export function openLog(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '****' },
      serializers: { err: (error) => describeError(error), error: (error) => describeError(error) },
    },
    options.destination ?? pino.destination({ fd: 1, sync: false }),
  )
}

/** A log that keeps nothing, for parts under test. */
export const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {} }
