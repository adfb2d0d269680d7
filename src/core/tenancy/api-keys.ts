/**
 * API keys of programs: `tbk_<8 to find it by>_<43 of secret>_<6 of CRC-32>`. The checksum lets a scanner of leaked
 * secrets, and us, tell a key from look-alikes without asking the database.
 */
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId, newSecret } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { tokenHash } from '../platform/secrets.ts'

export interface ApiKey {
  readonly id: string
  readonly name: string
  /** How the key begins, to recognise it by. */
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly createdBy: string
  readonly createdAt: string
  /** To the minute. */
  readonly usedAt: string | null
}

interface KeyRow {
  readonly id: string
  readonly name: string
  readonly lookup: string
  readonly scopes: string[]
  readonly createdBy: string
  readonly createdAt: Date
  readonly usedAt: Date | null
}

const columns = 'id, name, lookup, scopes, created_by, created_at, used_at'

/** Makes a key. `secret` is the key itself, which is nowhere stored and cannot be shown again. */
export async function createApiKey(
  tx: TenantTx,
  given: { readonly name: string; readonly scopes: readonly string[] },
): Promise<{ key: ApiKey; secret: string }> {
  const lookup = randomBytes(6).toString('base64url')
  const body = `tbk_${lookup}_${newSecret()}`
  const secret = `${body}_${checksum(body)}`
  const row = await tx.one<KeyRow>(
    `insert into api_keys (tenant_id, id, name, lookup, secret_hash, scopes, created_by)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${columns}`,
    tx.tenantId,
    newId('key'),
    given.name,
    lookup,
    tokenHash(secret),
    [...new Set(given.scopes)],
    tx.actorId,
  )
  return { key: shape(row), secret }
}

/** Oldest first; revoked ones are not among them. */
export async function listApiKeys(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<ApiKey>> {
  const rows = await tx.query<KeyRow>(
    `select ${columns} from api_keys
      where tenant_id = $1 and revoked_at is null and ($2::text is null or id > $2) order by id limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(rows, limit, (row) => [row.id], shape)
}

/** Ends a key at once. Faults with `key-unknown`. */
export async function revokeApiKey(tx: TenantTx, id: string): Promise<void> {
  const found = await tx.run(
    'update api_keys set revoked_at = now() where tenant_id = $1 and id = $2 and revoked_at is null',
    tx.tenantId,
    id,
  )
  if (found === 0) throw new Fault('not-found', 'key-unknown', 'There is no such key.')
}

/** Whether a text has the form of a key, its checksum included. */
export function looksLikeApiKey(token: string): boolean {
  return /^tbk_[\w-]{8}_[\w-]{43}_[0-9A-Za-z]{6}$/.test(token) && token.endsWith(`_${checksum(token.slice(0, -7))}`)
}

function checksum(body: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let value = crc32(body)
  let text = ''
  for (let place = 0; place < 6; place++) {
    text = digits.charAt(value % 62) + text
    value = Math.floor(value / 62)
  }
  return text
}

function shape({ lookup, createdAt, usedAt, ...row }: KeyRow): ApiKey {
  return {
    ...row,
    prefix: `tbk_${lookup}`,
    createdAt: createdAt.toISOString(),
    usedAt: usedAt?.toISOString() ?? null,
  }
}
