/**
 * Cursors of lists: the sort key at which a page ended, sealed against change and bound to the list and the filters it
 * was asked with. Opaque to clients; valid for ever, in every process of the hub.
 */
import { createHash, createHmac } from 'node:crypto'
import { Fault } from '../core/platform/errors.ts'
import type { Page, PageRequest } from '../core/platform/page.ts'
import { sameBytes, type Vault } from '../core/platform/secrets.ts'

const macBytes = 16

/**
 * What of a list is asked for. `list` is whatever decides what is in it and in which order: its name, the tenant, the
 * filters. Faults with `cursor-invalid` when the cursor is not of this list.
 */
export function pageRequest(
  vault: Vault,
  list: unknown,
  query: { readonly limit?: number; readonly cursor?: string },
): PageRequest {
  const limit = query.limit ?? 25
  if (query.cursor === undefined) return { limit, after: null }
  const bytes = Buffer.from(query.cursor, 'base64url')
  const body = bytes.subarray(macBytes)
  if (bytes.length <= macBytes || !sameBytes(bytes.subarray(0, macBytes), mac(vault, list, body))) {
    throw new Fault('invalid', 'cursor-invalid', 'The cursor is not of this list with these filters.', {
      errors: [{ pointer: '?cursor', detail: 'is not of this list' }],
    })
  }
  return { limit, after: JSON.parse(body.toString('utf8')) as string[] }
}

/** A page as it is answered. `list` as it was given to pageRequest. */
export function pageAnswer<Item>(
  vault: Vault,
  list: unknown,
  page: Page<Item>,
): { data: Item[]; nextCursor: string | null } {
  return { data: page.data, nextCursor: page.next === null ? null : writeCursor(vault, list, page.next) }
}

export function writeCursor(vault: Vault, list: unknown, place: readonly string[]): string {
  const body = Buffer.from(JSON.stringify(place))
  return Buffer.concat([mac(vault, list, body), body]).toString('base64url')
}

const keys = new WeakMap<Vault, Buffer>()

function mac(vault: Vault, list: unknown, body: Buffer): Buffer {
  const key = keys.get(vault) ?? vault.derive('cursor')
  keys.set(vault, key)
  const about = createHash('sha256').update(canonicalJson(list)).digest()
  return createHmac('sha256', key).update(about).update(body).digest().subarray(0, macBytes)
}

/** JSON with the names of members in order and undefined ones left out: equal for equal values. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
}
