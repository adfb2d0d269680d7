/**
 * Passwords: argon2id with the memory and time that OWASP's cheat sheet asks for (19 MiB, 2 passes, 1 lane), kept as PHC
 * strings, so that old parameters are read as they were and renewed at the next log-in.
 */
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../platform/errors.ts'
import { sameBytes } from '../platform/secrets.ts'

const derive = promisify(argon2)
const current = { memory: 19_456, passes: 2, parallelism: 1 } as const
const tagLength = 32

/** Hashing fills the thread pool, which files and name look-ups share: so many at once, the rest in turn. */
const atOnce = 4
const mayWait = 64
let running = 0
const waiting: (() => void)[] = []

/** The PHC string of a password. Equal passwords get different strings. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await inTurn(() => hash(password, salt, current, tagLength))
  const { memory, passes, parallelism } = current
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/**
 * Whether that is the password. Without a stored string the answer is no, after the same work as with one, so that the
 * time it takes tells nobody whether an account exists.
 */
export async function verifyPassword(password: string, stored: string | null | undefined): Promise<boolean> {
  const parts = parse(stored ?? '')
  const { salt, tag, ...cost } = parts ?? { ...current, salt: Buffer.alloc(16), tag: Buffer.alloc(tagLength) }
  const found = await inTurn(() => hash(password, salt, cost, tag.length))
  return sameBytes(found, tag) && parts !== undefined
}

/** Whether a stored string should be made anew with today's parameters. */
export function isOutdated(stored: string): boolean {
  const parts = parse(stored)
  return (
    parts?.memory !== current.memory || parts.passes !== current.passes || parts.parallelism !== current.parallelism
  )
}

interface Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

function parse(stored: string): (Cost & { salt: Buffer; tag: Buffer }) | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored)
  const [, memory, passes, parallelism, salt, tag] = match ?? []
  if (salt === undefined || tag === undefined) return undefined
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function hash(password: string, nonce: Buffer, cost: Cost, length: number): Promise<Buffer> {
  // One password typed on two keyboards may arrive composed differently; NFKC makes them equal (RFC 8265, 4.2.2).
  return derive('argon2id', { message: password.normalize('NFKC'), nonce, tagLength: length, ...cost })
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    if (waiting.length >= mayWait) {
      throw new Fault('unavailable', 'login-busy', 'Too many people log in at this moment; try again.', {
        retryAfterSeconds: 2,
      })
    }
    // Whoever finishes hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
