/** Digest authentication, as who is asked (RFC 2617 in SIP: RFC 3261, 22): MD5 with qop, which is what phones speak. Pure, but for the key. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What we challenge with. */
export interface Challenger {
  readonly realm: string
  readonly key: Buffer
}

/** What may stand in an answer to our challenge before it is stale. */
const nonceLifeMs = 300_000

export interface DigestAnswer {
  readonly username: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  readonly qop: string
  readonly nc: string
  readonly cnonce: string
}

/** The value of WWW-Authenticate. */
export function challenge({ realm, key }: Challenger, now: number, stale: boolean): string {
  return `Digest realm="${realm}", nonce="${nonceOf(key, now)}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`
}

/** What an Authorization header says; undefined for one that is no answer to us. */
export function parseAnswer({ realm }: Challenger, value: string | undefined): DigestAnswer | undefined {
  if (value === undefined || value.length > 2000 || !/^Digest\s/i.test(value)) return undefined
  const found = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of value.matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi)) {
    found.set(name.toLowerCase(), quoted ?? plain)
  }
  const get = (name: string) => found.get(name) ?? ''
  if (get('realm') !== realm || get('username') === '' || get('nonce') === '' || get('response') === '')
    return undefined
  if (found.has('algorithm') && get('algorithm').toUpperCase() !== 'MD5') return undefined
  return {
    username: get('username'),
    nonce: get('nonce'),
    uri: get('uri'),
    response: get('response').toLowerCase(),
    qop: get('qop'),
    nc: get('nc'),
    cnonce: get('cnonce'),
  }
}

/** `stale`: right but for its age. `ha1` is MD5(username:realm:password) in hex. */
export function verdictOn(
  answer: DigestAnswer,
  method: string,
  ha1: string,
  { key }: Challenger,
  now: number,
): 'right' | 'stale' | 'wrong' {
  const time = Number.parseInt(answer.nonce.slice(0, 12), 16)
  if (!Number.isSafeInteger(time) || !same(answer.nonce, nonceOf(key, time))) return 'wrong'
  const ha2 = md5(`${method}:${answer.uri}`)
  const middle = answer.qop === '' ? '' : `${answer.nc}:${answer.cnonce}:${answer.qop}:`
  if (!same(answer.response, md5(`${ha1}:${answer.nonce}:${middle}${ha2}`))) return 'wrong'
  return now - time > nonceLifeMs || time > now ? 'stale' : 'right'
}

function nonceOf(key: Buffer, time: number): string {
  const hex = Math.floor(time).toString(16).padStart(12, '0')
  return `${hex}${createHmac('sha256', key).update(hex).digest('hex').slice(0, 32)}`
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
