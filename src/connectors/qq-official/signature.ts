/**
 * How QQ signs its calls, and how we show that the address is ours: Ed25519 with a key made of the bot's secret, repeated until it is long enough.
 * https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/sign.html and …/event-emit.html
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { remembered } from '../contract.ts'

const seedBytes = 32
/** RFC 8410: what stands before the seed of an Ed25519 key in PKCS #8. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

export function seedOf(secret: string): Buffer {
  let seed = Buffer.from(secret)
  while (seed.length < seedBytes) seed = Buffer.concat([seed, seed])
  return seed.subarray(0, seedBytes)
}

export interface Bot {
  readonly appSecret: string
}

const keysOf = remembered(({ appSecret }: Bot): { own: KeyObject; open: KeyObject } => {
  const own = createPrivateKey({ key: Buffer.concat([pkcs8Head, seedOf(appSecret)]), format: 'der', type: 'pkcs8' })
  return { own, open: createPublicKey(own) }
})

/** Whether these bytes were signed at that time. Takes anything for a signature. */
export function isSigned(bot: Bot, timestamp: string, body: Buffer, signature: string): boolean {
  if (!/^[0-9a-f]{128}$/i.test(signature)) return false
  const message = Buffer.concat([Buffer.from(timestamp), body])
  return verify(null, message, keysOf(bot).open, Buffer.from(signature, 'hex'))
}

/**
 * The signature by which the address is shown to be ours; undefined for words that QQ does not ask with. Whoever asks is not known, and the key
 * is the one of all calls: were other words signed than letters and digits, somebody could have a whole call signed.
 */
export function proofOf(bot: Bot, plainToken: unknown, eventTs: unknown): string | undefined {
  if (typeof plainToken !== 'string' || !/^[\w-]{1,128}$/.test(plainToken)) return undefined
  if (typeof eventTs !== 'string' || !/^\d{1,20}$/.test(eventTs)) return undefined
  return sign(null, Buffer.from(eventTs + plainToken), keysOf(bot).own).toString('hex')
}
