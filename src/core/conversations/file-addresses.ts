/**
 * Signed addresses of files: who holds one may fetch that one file, in that one way, until it expires. HMAC-SHA256 over tenant, file,
 * expiry and disposition; no credential of anybody stands in an address. Pure.
 */
import { createHmac } from 'node:crypto'
import { sameBytes, type Vault } from '../platform/secrets.ts'

/** How a file is served: as it came, to be saved; as it came, to be played; our own picture of it; to be saved by a customer who was sent the address. */
export type Disposition = 'attachment' | 'inline' | 'thumbnail' | 'link'

/** The longest life of an address. */
export const addressLifeMs = 3_600_000
const dayMs = 86_400_000
/** What customers are sent has to last longer: from one to six weeks. */
const linkLifeMs = { least: 7 * dayMs, step: 35 * dayMs }

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

/**
 * Path and query of an address to be sent to a customer. Steps of its life are counted from the making of the file, so that within one of them the
 * same file has the same address, and a message that is sent again is the same message.
 */
export function linkPath(key: Buffer, file: Omit<Ticket, 'expires' | 'as'>, madeAt: number, now: number): string {
  const { least, step } = linkLifeMs
  const expires = Math.floor((madeAt + step * Math.max(1, Math.ceil((now + least - madeAt) / step))) / 1000)
  const signature = sign(key, { ...file, as: 'link', expires }).toString('base64url')
  return `/v1/media/${file.tenantId}/${file.fileId}/link?expires=${expires}&signature=${signature}`
}

/** Whether the address is one of ours and still good. Compares in constant time. */
export function isSigned(key: Buffer, ticket: Ticket, signature: string, now: number): boolean {
  const given = Buffer.from(signature, 'base64url')
  if (!sameBytes(given, sign(key, ticket))) return false
  const longest = ticket.as === 'link' ? linkLifeMs.least + linkLifeMs.step : addressLifeMs
  return ticket.expires * 1000 > now && ticket.expires * 1000 <= now + longest
}

function sign(key: Buffer, { tenantId, fileId, as, expires }: Ticket): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([tenantId, fileId, expires, as]))
    .digest()
}
