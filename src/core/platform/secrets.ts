/**
 * Sealing of secrets at rest: the hub's master key wraps a key for each tenant, which seals single fields. AES-256-GCM;
 * the place of a field (`table|row|column`, with the tenant) is bound to it, so a sealed value moved elsewhere does not open.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { Fault } from './errors.ts'

const version = 'v1'

/** One per process, made from the master key (any 32 random bytes). */
export class Vault {
  readonly #masterKey: Buffer

  constructor(masterKey: Buffer) {
    if (masterKey.length !== 32) throw new TypeError('The master key has 32 bytes.')
    this.#masterKey = masterKey
  }

  /** A new key for a tenant, wrapped: stored in tenants.sealed_key. */
  newTenantKey(tenantId: string): string {
    return encrypt(this.#masterKey, `${tenantId}|tenants|key`, randomBytes(32))
  }

  seal(tenantId: string, tenantKey: string, place: string, secret: string): string {
    return encrypt(this.#open(tenantId, tenantKey), `${tenantId}|${place}`, Buffer.from(secret))
  }

  /** Faults with `secret-unreadable` when the master key is another one, or the value was moved or changed. */
  unseal(tenantId: string, tenantKey: string, place: string, sealed: string): string {
    return decrypt(this.#open(tenantId, tenantKey), `${tenantId}|${place}`, sealed).toString('utf8')
  }

  /** A key for one purpose (signing cursors, links…), the same in every process of the hub. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#masterKey, '', purpose, 32))
  }

  #open(tenantId: string, tenantKey: string): Buffer {
    return decrypt(this.#masterKey, `${tenantId}|tenants|key`, tenantKey)
  }
}

/** What is stored of a random token: enough, since its 256 bits cannot be guessed. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Compares without telling by its duration where the difference is. */
export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function encrypt(key: Buffer, place: string, plain: Buffer): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return [
    version,
    iv.toString('base64url'),
    cipher.getAuthTag().toString('base64url'),
    sealed.toString('base64url'),
  ].join('.')
}

function decrypt(key: Buffer, place: string, sealed: string): Buffer {
  const [found, iv, tag, body] = sealed.split('.')
  try {
    if (found !== version || iv === undefined || tag === undefined || body === undefined) throw new TypeError('form')
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 })
    decipher.setAAD(Buffer.from(place))
    decipher.setAuthTag(Buffer.from(tag, 'base64url'))
    return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()])
  } catch (cause) {
    throw new Fault('unavailable', 'secret-unreadable', 'A sealed secret cannot be opened with this master key.', {
      cause,
    })
  }
}
