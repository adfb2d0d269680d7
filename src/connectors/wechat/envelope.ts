/**
 * How WeChat signs and seals what it says: SHA-1 over sorted words, and AES-256-CBC with the key's own beginning as IV, around
 * 16 random bytes, the length of the text in four, the text, and whose account it is; padded to 32.
 * https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/Message_encryption_decryption
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { isSame } from '../contract.ts'

const blockBytes = 32
const randomLength = 16

/** Lower case hex, as `signature` and `msg_signature` have it. */
export function signatureOf(...words: readonly string[]): string {
  return createHash('sha1').update(words.toSorted().join('')).digest('hex')
}

/** Compares in constant time. */
export function isSigned(given: string | null, ...words: readonly string[]): boolean {
  return isSame(given ?? '', signatureOf(...words))
}

/** Takes the text out of its envelope. Undefined when it is broken, sealed with another key, or for another account. */
export function unseal(sealed: string, encodingAesKey: string, appId: string): string | undefined {
  const key = keyOf(encodingAesKey)
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < blockBytes || bytes.length % 16 !== 0) return undefined
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()])
  const padding = padded.at(-1) ?? 0
  if (padding < 1 || padding > blockBytes || padding > padded.length) return undefined
  if (!padded.subarray(-padding).every((byte) => byte === padding)) return undefined
  const plain = padded.subarray(0, -padding)
  if (plain.length < randomLength + 4) return undefined
  const end = randomLength + 4 + plain.readUInt32BE(randomLength)
  if (end > plain.length || plain.toString('utf8', end) !== appId) return undefined
  return utf8(plain.subarray(randomLength + 4, end))
}

/** The text in its envelope. `random` and nothing else decides what comes out. */
export function seal(text: string, encodingAesKey: string, appId: string, random = randomBytes(randomLength)): string {
  const key = keyOf(encodingAesKey)
  const words = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(words.length)
  const plain = Buffer.concat([random, length, words, Buffer.from(appId)])
  const padding = blockBytes - (plain.length % blockBytes)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([plain, Buffer.alloc(padding, padding)])
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64')
}

/** 43 characters of base64, which is one short of whole. */
function keyOf(encodingAesKey: string): Buffer {
  return Buffer.from(`${encodingAesKey}=`, 'base64')
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
