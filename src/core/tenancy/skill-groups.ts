/** Skill groups 技能组: queues with members. Every change of one is a new version of the whole, members included. */
import { emit } from '../events/outbox.ts'
import type { GroupRouting } from '../events/routing-shapes.ts'
import type { SkillGroup } from '../events/shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { checkRouting, routingOf } from './group-routing.ts'
import { unknownMember } from './members.ts'
import { requireVersion } from './versions.ts'

export interface GroupSettings {
  readonly name: string
  readonly strategy: SkillGroup['strategy']
  readonly acceptMode: SkillGroup['acceptMode']
  readonly offerSeconds: number
  readonly wrapUpSeconds: number
  /** How many may wait; null: any number. */
  readonly maxWaiting: number | null
  /** What is left out stays as it was, or takes its default. */
  readonly routing: Partial<GroupRouting>
}

export type NewGroup = Pick<GroupSettings, 'name'> & Partial<GroupSettings>

export interface Membership {
  /** Who is asked first: 1 before 2. */
  readonly tier: number
  /** How good they are at it: 5 is best. */
  readonly level: number
  /** Share of the work, for the strategy `weighted`. */
  readonly weight: number
  /** To them the group's conversations count as if they had waited so much longer. */
  readonly creditSeconds: number
  /** Of this group at once; null: as the group says. */
  readonly maxItems: number | null
}

interface GroupRow extends Omit<SkillGroup, 'createdAt' | 'routing'> {
  readonly routing: Partial<GroupRouting>
  readonly createdAt: Date
}

const columns = `g.id, g.name, g.strategy, g.accept_mode, g.offer_seconds, g.wrap_up_seconds, g.max_waiting,
  g.routing, g.created_at, g.version,
  coalesce((select jsonb_agg(jsonb_build_object('memberId', m.member_id, 'tier', m.tier, 'level', m.level,
              'weight', m.weight, 'creditSeconds', m.credit_seconds, 'maxItems', m.max_items) order by m.member_id)
              from skill_group_members m where m.tenant_id = g.tenant_id and m.group_id = g.id), '[]') as members`

const initial: Omit<GroupSettings, 'name'> = {
  strategy: 'longest-idle',
  acceptMode: 'auto',
  offerSeconds: 30,
  wrapUpSeconds: 0,
  maxWaiting: null,
  routing: {},
}

const ordinary: Membership = { tier: 1, level: 1, weight: 1, creditSeconds: 0, maxItems: null }

/** Emits group.created. Faults with `group-name-taken`, `plan-invalid`, `overflow-invalid`. */
export async function createGroup(tx: TenantTx, given: NewGroup): Promise<SkillGroup> {
  const id = newId('grp')
  const group = { ...initial, ...given }
  await checkRouting(tx, id, routingOf(group.routing))
  await unlessTaken(() =>
    tx.run(
      `insert into skill_groups (tenant_id, id, name, strategy, accept_mode, offer_seconds, wrap_up_seconds, max_waiting, routing)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      tx.tenantId,
      id,
      group.name,
      group.strategy,
      group.acceptMode,
      group.offerSeconds,
      group.wrapUpSeconds,
      group.maxWaiting,
      JSON.stringify(group.routing),
    ),
  )
  const created = await getGroup(tx, id)
  await emit(tx, 'group.created', id, { group: created })
  return created
}

/** Oldest first; groups that were taken away are not among them. */
export async function listGroups(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<SkillGroup>> {
  const rows = await tx.query<GroupRow>(
    `select ${columns} from skill_groups g
      where g.tenant_id = $1 and g.removed_at is null and ($2::text is null or g.id > $2) order by g.id limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(rows, limit, (row) => [row.id], shape)
}

/** Faults with `group-unknown`. */
export async function getGroup(tx: TenantTx, id: string): Promise<SkillGroup> {
  const row = await tx.maybe<GroupRow>(
    `select ${columns} from skill_groups g where g.tenant_id = $1 and g.id = $2 and g.removed_at is null`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownGroup()
  return shape(row)
}

/**
 * Emits group.updated if it makes a difference. Faults with `group-unknown`, `version-stale`, `group-name-taken`,
 * `plan-invalid`, `overflow-invalid`.
 */
export async function updateGroup(
  tx: TenantTx,
  id: string,
  change: Partial<GroupSettings>,
  version: number | undefined,
): Promise<SkillGroup> {
  const before = await lockGroup(tx, id, version)
  const after: SkillGroup = { ...before, ...change, routing: { ...before.routing, ...change.routing } }
  if (JSON.stringify(after) === JSON.stringify(before)) return before
  await checkRouting(tx, id, after.routing)
  await unlessTaken(() =>
    tx.run(
      `update skill_groups set name = $3, strategy = $4, accept_mode = $5, offer_seconds = $6, wrap_up_seconds = $7,
              max_waiting = $8, routing = $9
        where tenant_id = $1 and id = $2`,
      tx.tenantId,
      id,
      after.name,
      after.strategy,
      after.acceptMode,
      after.offerSeconds,
      after.wrapUpSeconds,
      after.maxWaiting,
      JSON.stringify(after.routing),
    ),
  )
  return touch(tx, id)
}

/**
 * Takes a group away; its conversations keep its name. Emits group.removed. Faults with `group-unknown`,
 * `version-stale`, and `group-in-use` while a channel sends its conversations there or open ones, or unsolved tickets, belong to it.
 */
export async function removeGroup(tx: TenantTx, id: string, version: number | undefined): Promise<void> {
  const group = await lockGroup(tx, id, version)
  const { used } = await tx.one<{ used: boolean }>(
    `select exists (select from channels where tenant_id = $1 and group_id = $2 and removed_at is null)
         or exists (select from conversations where tenant_id = $1 and group_id = $2 and status <> 'closed')
         or exists (select from tickets where tenant_id = $1 and group_id = $2 and status_category not in ('solved', 'closed'))
         as used`,
    tx.tenantId,
    id,
  )
  if (used) {
    throw new Fault(
      'conflict',
      'group-in-use',
      'A channel, an open conversation or an unsolved ticket still belongs to this group.',
    )
  }
  await tx.run('delete from skill_group_members where tenant_id = $1 and group_id = $2', tx.tenantId, id)
  await tx.run(
    'update skill_groups set removed_at = now(), version = version + 1 where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  await emit(tx, 'group.removed', id, { group: { ...group, version: group.version + 1 } })
}

/**
 * Makes a member one of the group, or changes how they are. Emits group.updated if it makes a difference. Faults with
 * `group-unknown`, `member-unknown`.
 */
export async function putGroupMember(
  tx: TenantTx,
  groupId: string,
  memberId: string,
  given: Partial<Membership>,
): Promise<SkillGroup> {
  const membership = { ...ordinary, ...given }
  const group = await lockGroup(tx, groupId, undefined)
  const changed = await unlessTaken(() =>
    tx.run(
      `insert into skill_group_members as m (tenant_id, group_id, member_id, tier, level, weight, credit_seconds, max_items)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (tenant_id, group_id, member_id) do update
          set tier = excluded.tier, level = excluded.level, weight = excluded.weight,
              credit_seconds = excluded.credit_seconds, max_items = excluded.max_items
        where (m.tier, m.level, m.weight, m.credit_seconds, m.max_items)
           is distinct from (excluded.tier, excluded.level, excluded.weight, excluded.credit_seconds, excluded.max_items)`,
      tx.tenantId,
      groupId,
      memberId,
      membership.tier,
      membership.level,
      membership.weight,
      membership.creditSeconds,
      membership.maxItems,
    ),
  )
  return changed === 0 ? group : touch(tx, groupId)
}

/** Repeating it changes nothing. Emits group.updated if it makes a difference. Faults with `group-unknown`. */
export async function removeGroupMember(tx: TenantTx, groupId: string, memberId: string): Promise<SkillGroup> {
  const group = await lockGroup(tx, groupId, undefined)
  const changed = await tx.run(
    'delete from skill_group_members where tenant_id = $1 and group_id = $2 and member_id = $3',
    tx.tenantId,
    groupId,
    memberId,
  )
  return changed === 0 ? group : touch(tx, groupId)
}

async function lockGroup(tx: TenantTx, id: string, version: number | undefined): Promise<SkillGroup> {
  // Two statements: one that locks and reads would show the members as they were before it had to wait.
  const found = await tx.maybe<{ version: number }>(
    'select version from skill_groups where tenant_id = $1 and id = $2 and removed_at is null for update',
    tx.tenantId,
    id,
  )
  if (found === undefined) throw unknownGroup()
  requireVersion(found.version, version)
  return getGroup(tx, id)
}

async function touch(tx: TenantTx, id: string): Promise<SkillGroup> {
  await tx.run('update skill_groups set version = version + 1 where tenant_id = $1 and id = $2', tx.tenantId, id)
  const group = await getGroup(tx, id)
  await emit(tx, 'group.updated', id, { group })
  return group
}

function unknownGroup(): Fault {
  return new Fault('not-found', 'group-unknown', 'There is no such skill group.')
}

async function unlessTaken<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (error) {
    const constraint = brokenConstraint(error)
    if (constraint === 'skill_groups_name') {
      throw new Fault('conflict', 'group-name-taken', 'Another skill group has this name.', {
        cause: error,
        errors: [{ pointer: '/name', detail: 'is taken' }],
      })
    }
    if (constraint === 'skill_group_members_tenant_id_member_id_fkey') throw unknownMember()
    throw error
  }
}

function shape({ createdAt, routing, ...row }: GroupRow): SkillGroup {
  return { ...row, routing: routingOf(routing), createdAt: createdAt.toISOString() }
}
