/**
 * Logging in with e-mail or number (工号) and password. Whatever fails, the answer and the work are the same, so nobody
 * learns which accounts exist; failures are counted for the account and for the address they come from.
 */
import { createHash } from 'node:crypto'
import type { Database } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { hashPassword, isOutdated, verifyPassword } from './passwords.ts'

export interface Credentials {
  readonly login: string
  readonly password: string
  /** The tenant's slug, needed only where several tenants know the login. */
  readonly tenant?: string
}

export interface LoginRules {
  readonly now: number
  readonly windowMs: number
  readonly failuresPerAccount: number
  readonly failuresPerAddress: number
}

/** Who a login belongs to. */
export interface LoggedIn {
  readonly memberId: string
  readonly tenantId: string
}

/**
 * Finds whose credentials these are. Faults with `login-refused`, and with `login-locked` after too many failures, even
 * if the password is right then. An attempt is counted before it is tried, so a volley of them at once gains nothing.
 */
export async function checkLogin(
  db: Database,
  credentials: Credentials,
  address: string,
  rules: LoginRules,
): Promise<LoggedIn> {
  const login = credentials.login.trim()
  const candidates = await db.ground<LoggedIn & { passwordHash: string | null }>(
    `select m.id as member_id, m.tenant_id, m.password_hash
       from members m join tenants t on t.id = m.tenant_id
      where ${login.includes('@') ? 'lower(m.email) = lower($1)' : 'm.number = $1'} and m.disabled_at is null
        and ($2::text is null or t.slug = $2)
      limit 2`,
    login,
    credentials.tenant ?? null,
  )
  // With several, it must be said which: as good as unknown until then.
  const [account] = candidates.length === 1 ? candidates : []
  const accountKey = keyOf('account', account?.memberId ?? `${credentials.tenant ?? ''} ${login.toLowerCase()}`)
  const addressKey = keyOf('address', address)
  const attempt = await countAttempt(db, accountKey, addressKey, rules)
  const isRight = await verifyPassword(credentials.password, account?.passwordHash)
  if (!isRight || account === undefined) {
    throw new Fault(
      'unauthenticated',
      'login-refused',
      'Login and password do not belong together. Where several tenants know the login, name the tenant too.',
    )
  }
  await forgive(db, accountKey, addressKey, attempt, rules)
  if (account.passwordHash !== null && isOutdated(account.passwordHash)) {
    const renewed = await hashPassword(credentials.password)
    await db.transaction({ id: account.memberId, tenantId: account.tenantId }, (tx) =>
      tx.run(
        'update members set password_hash = $3 where tenant_id = $1 and id = $2 and password_hash = $4',
        account.tenantId,
        account.memberId,
        renewed,
        account.passwordHash,
      ),
    )
  }
  return { memberId: account.memberId, tenantId: account.tenantId }
}

/**
 * Proves that whoever has a session also knows the password; counted like log-ins, so that a stolen session cannot guess.
 * Faults with `password-wrong`, `login-locked`.
 */
export async function proveOwnPassword(
  db: Database,
  memberId: string,
  proof: { readonly password: string; readonly stored: string | null },
  address: string,
  rules: LoginRules,
): Promise<void> {
  const accountKey = keyOf('account', memberId)
  const addressKey = keyOf('address', address)
  const attempt = await countAttempt(db, accountKey, addressKey, rules)
  if (!(await verifyPassword(proof.password, proof.stored))) {
    throw new Fault('forbidden', 'password-wrong', 'The current password is another one.', {
      errors: [{ pointer: '/currentPassword', detail: 'is not the current password' }],
    })
  }
  await forgive(db, accountKey, addressKey, attempt, rules)
}

/** Of the account all failures are forgiven, of the address only this attempt, which was none. Sweeps old ones away. */
async function forgive(
  db: Database,
  accountKey: string,
  addressKey: string,
  attempt: string,
  rules: LoginRules,
): Promise<void> {
  await db.ground(
    'delete from login_failures where key = $1 or (key = $2 and at = $3::timestamptz) or at <= $4',
    accountKey,
    addressKey,
    attempt,
    new Date(rules.now - rules.windowMs),
  )
}

/** Counts an attempt as failed until it turns out otherwise; returns when it was, by which it is found again. */
async function countAttempt(db: Database, accountKey: string, addressKey: string, rules: LoginRules): Promise<string> {
  const since = new Date(rules.now - rules.windowMs)
  const [counted] = await db.ground<{ at: string }>(
    // Less than a millisecond apart, so that attempts at the same moment stay two rows that can be told apart.
    `with attempt as (select $3::timestamptz + random() * interval '1 millisecond' as at)
     insert into login_failures (key, at) select unnest(array[$1, $2]), at from attempt returning at::text`,
    accountKey,
    addressKey,
    new Date(rules.now),
  )
  const at = counted?.at ?? ''
  const failures = await db.ground<{ key: string; count: number; oldest: Date }>(
    'select key, count(*), min(at) as oldest from login_failures where key in ($1, $2) and at > $3 group by key',
    accountKey,
    addressKey,
    since,
  )
  for (const { key, count, oldest } of failures) {
    if (count <= (key === accountKey ? rules.failuresPerAccount : rules.failuresPerAddress)) continue
    // An attempt that was not even tried must not prolong the lock.
    await db.ground(
      'delete from login_failures where key in ($1, $2) and at = $3::timestamptz',
      accountKey,
      addressKey,
      at,
    )
    throw new Fault('rate-limited', 'login-locked', 'Too many attempts failed; wait a while.', {
      retryAfterSeconds: Math.max(1, Math.ceil((oldest.getTime() + rules.windowMs - rules.now) / 1000)),
    })
  }
  return at
}

function keyOf(kind: string, value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url')
}
