/** Whether many credentials still hold, asked at once: for streams, which outlive the request that was checked. */
import type { Role } from '../events/shapes.ts'
import type { Database } from '../platform/database.ts'
import type { SessionLife } from './credentials.ts'

export interface Living {
  /** Of a session's member, as it is now. */
  readonly role?: Role
  /** Of a key. */
  readonly scopes?: readonly string[]
}

/** What principals name their credential: the session's id, the key's id, `visitor:` and the hash of the token. */
export interface CredentialName {
  readonly kind: 'member' | 'key' | 'visitor'
  readonly credential: string
}

/** Those of the credentials that still hold, by their names. */
export async function livingCredentials(
  db: Database,
  credentials: readonly CredentialName[],
  life: SessionLife,
): Promise<Map<string, Living>> {
  const named = (kind: CredentialName['kind']) => [
    ...new Set(credentials.filter((one) => one.kind === kind).map((one) => one.credential)),
  ]
  const living = new Map<string, Living>()
  const sessions = named('member')
  const keys = named('key')
  const visitors = named('visitor')
  if (sessions.length > 0) {
    const rows = await db.ground<{ id: string; role: Role }>(
      `select s.id, m.role from sessions s join members m on m.tenant_id = s.tenant_id and m.id = s.member_id
        where s.id = any($1::text[]) and s.expires_at > $2 and s.seen_at > $3 and m.disabled_at is null`,
      sessions,
      new Date(life.now),
      new Date(life.now - life.idleMs),
    )
    for (const { id, role } of rows) living.set(id, { role })
  }
  if (keys.length > 0) {
    const rows = await db.ground<{ id: string; scopes: string[] }>(
      `select id, scopes from api_keys where id = any($1::text[]) and revoked_at is null`,
      keys,
    )
    for (const { id, scopes } of rows) living.set(id, { scopes })
  }
  if (visitors.length > 0) {
    const rows = await db.ground<{ hash: string }>(
      `select replace(encode(v.token_hash, 'base64'), E'\\n', '') as hash
         from visitor_tokens v join channels c on c.tenant_id = v.tenant_id and c.id = v.channel_id
        where v.token_hash = any($1::bytea[]) and v.expires_at > $2 and c.enabled and c.removed_at is null`,
      visitors.map((name) => Buffer.from(name.slice('visitor:'.length), 'base64url')),
      new Date(life.now),
    )
    for (const { hash } of rows) living.set(`visitor:${Buffer.from(hash, 'base64').toString('base64url')}`, {})
  }
  return living
}

/** Keeps sessions from ending of idleness while a stream of theirs is open. */
export async function touchSessions(
  db: Database,
  sessions: readonly { readonly tenantId: string; readonly credential: string }[],
  now: number,
): Promise<void> {
  if (sessions.length === 0) return
  await db.work('stream', [...new Set(sessions.map((session) => session.tenantId))], (tx) =>
    tx.run(
      `update sessions set seen_at = $2 where tenant_id = any((select current_tenants())::text[]) and id = any($1::text[])
          and seen_at < $3`,
      sessions.map((session) => session.credential),
      new Date(now),
      new Date(now - 60_000),
    ),
  )
}
