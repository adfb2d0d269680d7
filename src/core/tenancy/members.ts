/** Members: the people of a tenant who log in. */
import { emit } from '../events/outbox.ts'
import type { SkillLevel } from '../events/routing-shapes.ts'
import type { Member, Role } from '../events/shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { requireVersion } from './versions.ts'

export interface NewMember {
  readonly name: string
  readonly email: string
  /** 工号: logs in as well, and is what customers see. Never contains an @. */
  readonly number?: string | null
  readonly role: Role
  readonly locale?: string | null
  /** Units of work at once; 5 unless given. */
  readonly capacity?: number
  /** Items at once for each medium; no limit where left out. */
  readonly limits?: Member['limits']
  /** Each skill once. */
  readonly skills?: readonly SkillLevel[]
  /** Instead of the groups'; null: as the groups say. */
  readonly acceptMode?: Member['acceptMode']
  /** As hashPassword made it; without one nobody can log in as this member yet. */
  readonly passwordHash?: string
}

export interface MemberChange {
  readonly name?: string
  readonly email?: string
  readonly number?: string | null
  readonly role?: Role
  readonly locale?: string | null
  readonly capacity?: number
  readonly limits?: Member['limits']
  readonly skills?: readonly SkillLevel[]
  readonly acceptMode?: Member['acceptMode']
  readonly disabled?: boolean
}

interface MemberRow extends Omit<Member, 'disabled' | 'createdAt'> {
  readonly disabledAt: Date | null
  readonly createdAt: Date
}

const columns =
  'id, name, email, number, role, locale, capacity, limits, skills, accept_mode, disabled_at, created_at, version'

/** Emits member.created. Faults with `member-email-taken`, `member-number-taken`, `skill-repeated`. */
export async function createMember(tx: TenantTx, member: NewMember): Promise<Member> {
  const id = newId('usr')
  requireEachOnce(member.skills)
  const row = await unlessTaken(() =>
    tx.one<MemberRow>(
      `insert into members (tenant_id, id, name, email, number, role, locale, capacity, password_hash, limits, skills, accept_mode)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning ${columns}`,
      tx.tenantId,
      id,
      member.name,
      member.email,
      member.number ?? null,
      member.role,
      member.locale ?? null,
      member.capacity ?? 5,
      member.passwordHash ?? null,
      JSON.stringify(member.limits ?? {}),
      JSON.stringify(member.skills ?? []),
      member.acceptMode ?? null,
    ),
  )
  const created = shape(row)
  await emit(tx, 'member.created', id, { member: created })
  return created
}

/** Oldest first. */
export async function listMembers(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<Member>> {
  const rows = await tx.query<MemberRow>(
    `select ${columns} from members where tenant_id = $1 and ($2::text is null or id > $2) order by id limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(rows, limit, (row) => [row.id], shape)
}

/** Faults with `member-unknown`. */
export async function getMember(tx: TenantTx, id: string): Promise<Member> {
  const row = await tx.maybe<MemberRow>(
    `select ${columns} from members where tenant_id = $1 and id = $2`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownMember()
  return shape(row)
}

/**
 * Changes what is given, under the row's lock, and emits member.updated if that makes a difference. Who is disabled is
 * logged out at once. `version` is what the caller believes it changes. Faults with `member-unknown`, `version-stale`,
 * `member-email-taken`, `member-number-taken`, `skill-repeated`, and `admin-last` rather than leave a tenant without an admin.
 */
export async function updateMember(
  tx: TenantTx,
  id: string,
  change: MemberChange,
  version: number | undefined,
): Promise<Member> {
  // One lock for all admins, so that two who demote each other at once do not both succeed.
  const rows = await tx.query<MemberRow>(
    `select ${columns} from members where tenant_id = $1 and (id = $2 or role = 'admin') order by id for update`,
    tx.tenantId,
    id,
  )
  const row = rows.find((candidate) => candidate.id === id)
  if (row === undefined) throw unknownMember()
  requireVersion(row.version, version)
  const before = shape(row)
  requireEachOnce(change.skills)
  const after: Member = { ...before, ...change, skills: [...(change.skills ?? before.skills)] }
  if (JSON.stringify(after) === JSON.stringify(before)) return before
  const isAdmin = (member: Member) => member.role === 'admin' && !member.disabled
  if (isAdmin(before) && !isAdmin(after) && !rows.some((other) => other.id !== id && isAdmin(shape(other)))) {
    throw new Fault('conflict', 'admin-last', 'This is the only admin of the tenant.')
  }
  const updated = shape(
    await unlessTaken(() =>
      tx.one<MemberRow>(
        `update members set name = $3, email = $4, number = $5, role = $6, locale = $7, capacity = $8,
                disabled_at = case when $9 then coalesce(disabled_at, now()) end, limits = $10, skills = $11, accept_mode = $12, version = version + 1
          where tenant_id = $1 and id = $2 returning ${columns}`,
        tx.tenantId,
        id,
        after.name,
        after.email,
        after.number,
        after.role,
        after.locale,
        after.capacity,
        after.disabled,
        JSON.stringify(after.limits),
        JSON.stringify(after.skills),
        after.acceptMode,
      ),
    ),
  )
  if (updated.disabled) {
    await tx.run('delete from sessions where tenant_id = $1 and member_id = $2', tx.tenantId, id)
  }
  await emit(tx, 'member.updated', id, { member: updated })
  return updated
}

/**
 * Stores a new password's hash and ends the member's sessions, all but `keptSession`. Faults with `member-unknown`.
 */
export async function setPassword(
  tx: TenantTx,
  id: string,
  passwordHash: string,
  keptSession: string | undefined,
): Promise<void> {
  const found = await tx.run(
    'update members set password_hash = $3 where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
    passwordHash,
  )
  if (found === 0) throw unknownMember()
  await tx.run(
    'delete from sessions where tenant_id = $1 and member_id = $2 and id is distinct from $3',
    tx.tenantId,
    id,
    keptSession ?? null,
  )
}

/** What is stored of a member's password; null when there is none. Faults with `member-unknown`. */
export async function passwordHashOf(tx: TenantTx, id: string): Promise<string | null> {
  const row = await tx.maybe<{ passwordHash: string | null }>(
    'select password_hash from members where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownMember()
  return row.passwordHash
}

function requireEachOnce(skills: readonly SkillLevel[] = []): void {
  const repeated = skills.findIndex(({ skill }, index) => skills.findIndex((one) => one.skill === skill) < index)
  if (repeated < 0) return
  throw new Fault('invalid', 'skill-repeated', 'A member has each skill once.', {
    errors: [{ pointer: `/skills/${repeated}/skill`, detail: 'stands there already' }],
  })
}

export function unknownMember(): Fault {
  return new Fault('not-found', 'member-unknown', 'There is no such member.')
}

async function unlessTaken<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (error) {
    const constraint = brokenConstraint(error)
    if (constraint === 'members_email') {
      throw new Fault('conflict', 'member-email-taken', 'Another member has this e-mail address.', {
        cause: error,
        errors: [{ pointer: '/email', detail: 'is taken' }],
      })
    }
    if (constraint === 'members_number') {
      throw new Fault('conflict', 'member-number-taken', 'Another member has this number.', {
        cause: error,
        errors: [{ pointer: '/number', detail: 'is taken' }],
      })
    }
    throw error
  }
}

function shape({ disabledAt, createdAt, ...row }: MemberRow): Member {
  return { ...row, disabled: disabledAt !== null, createdAt: createdAt.toISOString() }
}
