/**
 * Prefixed, time-ordered ids: `msg_` and 26 lower-case letters of Crockford's base 32 that hold a UUIDv7 (RFC 9562, 5.7).
 * Ids made by one process ascend, also within a millisecond.
 */
import { randomBytes, randomFillSync } from 'node:crypto'

export type IdPrefix =
  | 'ten'
  | 'usr'
  | 'ses'
  | 'key'
  | 'chn'
  | 'ctc'
  | 'cgr'
  | 'nte'
  | 'mrg'
  | 'imp'
  | 'blk'
  | 'cnv'
  | 'msg'
  | 'tkt'
  | 'tkc'
  | 'grp'
  | 'ofr'
  | 'cmd'
  | 'cal'
  | 'phn'
  | 'hrs'
  | 'rec'
  | 'fil'
  | 'evt'
  | 'rpl'
  | 'sat'
  | 'rul'
  | 'whe'
  | 'wha'
  | 'art'
  | 'job'
  | 'vis'
  | 'aud'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

let lastMs = 0
let counter = 0

const stock = Buffer.alloc(4096)
let stockAt = stock.length

/** A new id. `now` is in ms since 1970; a clock that goes backwards does not make ids descend. */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now
    counter = ((random8()[0] ?? 0) << 3) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes.set(random8(), 8)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  return `${prefix}_${encode(bytes)}`
}

/** An id of 128 random bits, which nobody guesses from another: for what is handed out as a handle. It says nothing of its time. */
export function newRandomId(prefix: IdPrefix): string {
  return `${prefix}_${encode(randomBytes(16))}`
}

/** Eight random bytes out of a stock: asking the system for each id costs more than all the rest of it. */
function random8(): Uint8Array {
  if (stockAt >= stock.length) {
    randomFillSync(stock)
    stockAt = 0
  }
  stockAt += 8
  return stock.subarray(stockAt - 8, stockAt)
}

/** Whether `value` has the form of an id of that kind; says nothing of its existence. */
export function isId(prefix: IdPrefix, value: string): boolean {
  return value.startsWith(`${prefix}_`) && /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(value.slice(prefix.length + 1))
}

/** When an id was made, in ms since 1970, as its first ten digits tell. */
export function timeOfId(id: string): number {
  let ms = 0
  for (const digit of id.slice(id.indexOf('_') + 1, id.indexOf('_') + 11)) ms = ms * 32 + alphabet.indexOf(digit)
  return ms
}

/** A secret of 256 random bits in base64url, for tokens and keys. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** 128 bits as 26 digits of five; the first holds three. */
function encode(bytes: Buffer): string {
  let text = ''
  let held = 0
  let bits = 2
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet.charAt((held >> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return text
}
