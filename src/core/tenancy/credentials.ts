/**
 * Who a token speaks for. Tokens are random, so only a hash of each is stored; nothing of them is cached, so a session
 * that ended, a key that was revoked or a member who was disabled is refused from the next request on.
 */
import type { Role } from '../events/shapes.ts'
import type { Database } from '../platform/database.ts'
import { sameBytes, tokenHash } from '../platform/secrets.ts'
import { looksLikeApiKey } from './api-keys.ts'

/** A session that lives, and the member it belongs to. */
export interface FoundSession {
  readonly kind: 'session'
  readonly id: string
  readonly tenantId: string
  readonly memberId: string
  readonly role: Role
  readonly groupIds: readonly string[]
}

export interface FoundKey {
  readonly kind: 'key'
  readonly id: string
  readonly tenantId: string
  readonly scopes: readonly string[]
}

export interface FoundVisitor {
  readonly kind: 'visitor'
  /** A hash of the token: names the credential without being it. */
  readonly credential: string
  readonly tenantId: string
  readonly visitorId: string
  readonly channelId: string
  readonly subject: string | null
}

export type FoundCredential = FoundSession | FoundKey | FoundVisitor

/** How long a session lives without and with use. */
export interface SessionLife {
  readonly idleMs: number
  readonly now: number
}

/** `used_at` and `seen_at` are kept to the minute: a write for each request would cost more than it tells. */
const touchAfterMs = 60_000

/** What a token stands for; undefined when it is unknown, expired, revoked, idle too long or its member is disabled. */
export async function findCredential(
  db: Database,
  token: string,
  life: SessionLife,
): Promise<FoundCredential | undefined> {
  if (/^tbs_[\w-]{43}$/.test(token)) return findSession(db, token, life)
  if (looksLikeApiKey(token)) return findKey(db, token, life.now)
  if (/^tbv_[\w-]{20,200}$/.test(token)) return findVisitor(db, token, life.now)
  return undefined
}

async function findSession(db: Database, token: string, life: SessionLife): Promise<FoundSession | undefined> {
  const [row] = await db.ground<{
    id: string
    tenantId: string
    memberId: string
    role: Role
    groupIds: string[]
    seenAt: Date
  }>(
    `select s.id, s.tenant_id, s.member_id, m.role, s.seen_at,
            array(select g.group_id from skill_group_members g
                   where g.tenant_id = s.tenant_id and g.member_id = s.member_id order by g.group_id) as group_ids
       from sessions s join members m on m.tenant_id = s.tenant_id and m.id = s.member_id
      where s.token_hash = $1 and s.expires_at > $2 and s.seen_at > $3 and m.disabled_at is null`,
    tokenHash(token),
    new Date(life.now),
    new Date(life.now - life.idleMs),
  )
  if (row === undefined) return undefined
  const { seenAt, ...session } = row
  if (life.now - seenAt.getTime() >= touchAfterMs) {
    await db.transaction({ id: row.memberId, tenantId: row.tenantId }, (tx) =>
      tx.run(
        'update sessions set seen_at = $3 where tenant_id = $1 and id = $2 and seen_at < $3',
        row.tenantId,
        row.id,
        new Date(life.now),
      ),
    )
  }
  return { kind: 'session', ...session }
}

async function findKey(db: Database, token: string, now: number): Promise<FoundKey | undefined> {
  const [row] = await db.ground<{
    id: string
    tenantId: string
    scopes: string[]
    secretHash: Buffer
    usedAt: Date | null
  }>(
    'select id, tenant_id, scopes, secret_hash, used_at from api_keys where lookup = $1 and revoked_at is null',
    token.slice(4, 12),
  )
  if (row === undefined || !sameBytes(row.secretHash, tokenHash(token))) return undefined
  if (row.usedAt === null || now - row.usedAt.getTime() >= touchAfterMs) {
    await db.transaction(row, (tx) =>
      tx.run('update api_keys set used_at = $3 where tenant_id = $1 and id = $2', row.tenantId, row.id, new Date(now)),
    )
  }
  return { kind: 'key', id: row.id, tenantId: row.tenantId, scopes: row.scopes }
}

async function findVisitor(db: Database, token: string, now: number): Promise<FoundVisitor | undefined> {
  const hash = tokenHash(token)
  const [row] = await db.ground<{ tenantId: string; visitorId: string; channelId: string; subject: string | null }>(
    `select v.tenant_id, v.visitor_id, v.channel_id, v.subject
       from visitor_tokens v join channels c on c.tenant_id = v.tenant_id and c.id = v.channel_id
      where v.token_hash = $1 and v.expires_at > $2 and c.enabled and c.removed_at is null`,
    hash,
    new Date(now),
  )
  return row && { kind: 'visitor', credential: `visitor:${hash.toString('base64url')}`, ...row }
}
