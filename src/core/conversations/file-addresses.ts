/**
 * Signed addresses of files: who holds one may fetch that one file, in that one way, until it expires. HMAC-SHA256 over tenant, file,
 * expiry and disposition; no credential of anybody stands in an address. Pure.
 */
import { createHmac } from 'node:crypto'
import { sameBytes, type Vault } from '../platform/secrets.ts'

/** How a file is served: as it came, to be saved; as it came, to be played; our own picture of it. */
export type Disposition = 'attachment' | 'inline' | 'thumbnail'

/** The longest life of an address. */
export const addressLifeMs = 3_600_000

export interface Ticket {
  readonly tenantId: string
  readonly fileId: string
  readonly as: Disposition
  /** Seconds since 1970. */
  readonly expires: number
}

/** The key of all addresses, the same in every process of the hub. */
export function addressKey(vault: Vault): Buffer {
  return vault.derive('file-addresses')
}

/** Path and query of a signed address. The expiry is rounded down to the minute, so that browsers can keep what they have fetched. */
export function signedPath(key: Buffer, file: Omit<Ticket, 'expires'>, now: number, lifeMs = addressLifeMs): string {
  const expires = Math.floor((now + Math.min(lifeMs, addressLifeMs)) / 60_000) * 60
  const signature = sign(key, { ...file, expires }).toString('base64url')
  return `/v1/media/${file.tenantId}/${file.fileId}/${file.as}?expires=${expires}&signature=${signature}`
}

/** Whether the address is one of ours and still good. Compares in constant time. */
export function isSigned(key: Buffer, ticket: Ticket, signature: string, now: number): boolean {
  const given = Buffer.from(signature, 'base64url')
  if (!sameBytes(given, sign(key, ticket))) return false
  return ticket.expires * 1000 > now && ticket.expires * 1000 <= now + addressLifeMs
}

function sign(key: Buffer, { tenantId, fileId, as, expires }: Ticket): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([tenantId, fileId, expires, as]))
    .digest()
}
