/**
 * How Alipay signs: SHA-256 with RSA (RSA2) over what is said, sorted by name, in its bytes.
 * https://opendocs.alipay.com/common/02mse7 and, for calls to us, https://opendocs.alipay.com/common/02khjm
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { remembered } from '../contract.ts'

/** A key as Alipay's pages show it: base64 without a frame, or PEM. Throws when it is none. */
export function privateKeyOf(text: string): KeyObject {
  const der = derOf(text)
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs1' })
  }
}

function publicKeyOf(text: string): KeyObject {
  return createPublicKey({ key: derOf(text), format: 'der', type: 'spki' })
}

/** The keys of an account, read once. Throw when they are none. */
export const ownKey = remembered(({ privateKey }: { readonly privateKey: string }) => privateKeyOf(privateKey))
export const alipayKey = remembered(({ alipayPublicKey }: { readonly alipayPublicKey: string }) =>
  publicKeyOf(alipayPublicKey),
)

/** The public half of our own key, as Alipay compares it with what was set there. */
export function publicHalfOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]*-----/g, '').replace(/\s/g, ''), 'base64')
}

export function signed(text: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(text), key).toString('base64')
}

export function isSigned(bytes: Buffer, signature: string, key: KeyObject): boolean {
  return verify('sha256', bytes, key, Buffer.from(signature, 'base64'))
}

/** What a request of ours says, to be signed: every field that has a value, sorted by name. */
export function canonical(fields: Readonly<Record<string, string>>): string {
  return Object.keys(fields)
    .filter((name) => name !== 'sign' && fields[name] !== '')
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&')
}

/** A form as it came, its values still in the bytes of their charset. Undefined for what is no form. */
export function formIn(body: Buffer): ReadonlyMap<string, Buffer> | undefined {
  const fields = new Map<string, Buffer>()
  for (const pair of body.toString('latin1').split('&')) {
    const at = pair.indexOf('=')
    if (at < 1 || fields.size > 50) return undefined
    fields.set(pair.slice(0, at), unescaped(pair.slice(at + 1)))
  }
  return fields
}

function unescaped(text: string): Buffer {
  const plain = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1')
}

/** What a call of Alipay's signs: as `canonical`, with the type of the signature, over the bytes. */
export function canonicalBytes(fields: ReadonlyMap<string, Buffer>): Buffer {
  const pairs = [...fields]
    .filter(([name, value]) => name !== 'sign' && value.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value], index) => [Buffer.from(`${index > 0 ? '&' : ''}${name}=`), value])
  return Buffer.concat(pairs)
}
