/** Sessions of members who logged in: a random token, of which a hash is kept, with an end and an idle end. */
import type { TenantTx } from '../platform/database.ts'
import { newId, newSecret } from '../platform/ids.ts'
import { tokenHash } from '../platform/secrets.ts'

export interface NewSession {
  readonly id: string
  /** `tbs_…`: shown once. */
  readonly token: string
  readonly expiresAt: Date
}

export interface SessionTimes {
  readonly now: number
  readonly lifeMs: number
  readonly idleMs: number
}

/** Begins a session and sweeps away those of the same member that have ended. */
export async function openSession(tx: TenantTx, memberId: string, times: SessionTimes): Promise<NewSession> {
  const session = { id: newId('ses'), token: `tbs_${newSecret()}`, expiresAt: new Date(times.now + times.lifeMs) }
  await tx.run(
    'delete from sessions where tenant_id = $1 and member_id = $2 and (expires_at <= $3 or seen_at <= $4)',
    tx.tenantId,
    memberId,
    new Date(times.now),
    new Date(times.now - times.idleMs),
  )
  await tx.run(
    `insert into sessions (tenant_id, id, member_id, token_hash, created_at, seen_at, expires_at)
     values ($1, $2, $3, $4, $5, $5, $6)`,
    tx.tenantId,
    session.id,
    memberId,
    tokenHash(session.token),
    new Date(times.now),
    session.expiresAt,
  )
  return session
}

/** Ends a session; whether the member has others that live. */
export async function endSession(
  tx: TenantTx,
  id: string,
  memberId: string,
  times: Omit<SessionTimes, 'lifeMs'>,
): Promise<{ othersLive: boolean }> {
  await tx.run('delete from sessions where tenant_id = $1 and id = $2', tx.tenantId, id)
  return tx.one<{ othersLive: boolean }>(
    `select exists (select from sessions
                     where tenant_id = $1 and member_id = $2 and expires_at > $3 and seen_at > $4) as others_live`,
    tx.tenantId,
    memberId,
    new Date(times.now),
    new Date(times.now - times.idleMs),
  )
}
