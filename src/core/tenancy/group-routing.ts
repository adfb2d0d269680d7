/** How a skill group routes: what is stored, what its omissions mean, and what of a plan can be checked beforehand. */
import type { GroupRouting, OverflowHandler, PlanStep, SkillCondition, SkillLevel } from '../events/routing-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'

/**
 * What a group does of which nothing was said. Five minutes of credit for a step of priority gave high priority nearly all
 * of a strict order's benefit in simulations at full load, and still bounds how long anybody is overtaken.
 */
export const defaultRouting: GroupRouting = {
  order: { by: 'aged', creditSeconds: 300, targetSeconds: 0 },
  plan: [],
  offersAtOnce: 1,
  declineCooldownSeconds: 60,
  reofferSeconds: 10,
  maxMissed: 3,
  onOffline: 'keep',
  onLinkLost: 'requeue',
  wrapUp: 'timed',
  weight: 1,
  parkedWeight: 0,
  onWakeFull: 'keep',
  maxEach: null,
  notDuring: [],
  interruptible: false,
  reserve: null,
  overflow: {},
  lastAgent: null,
}

/** The whole of it, whatever was stored. */
export function routingOf(stored: Partial<GroupRouting> | null): GroupRouting {
  return { ...defaultRouting, ...stored }
}

/**
 * Refuses what cannot be meant, of the group `id`; it stands at the pointer `at` of what was sent. Faults with `plan-invalid`, naming each step that goes back in time, or asks
 * a group or a member that is not there; with `overflow-invalid` where a handler names no group, or leads back here.
 */
export async function checkRouting(
  tx: TenantTx,
  id: string,
  { plan, overflow }: Pick<GroupRouting, 'plan' | 'overflow'>,
  at = '/routing',
): Promise<void> {
  await checkOverflow(tx, id, overflow, `${at}/overflow`)
  if (plan.length === 0) return
  const groups = await present(
    tx,
    'skill_groups',
    'removed_at',
    plan.map((step) => step.groupId),
  )
  const members = await present(
    tx,
    'members',
    'disabled_at',
    plan.flatMap((step) => step.memberIds ?? []),
  )
  const errors = plan.flatMap((step, index): FaultDetail[] => {
    const stepAt = `${at}/plan/${index}`
    const before = Math.max(0, ...plan.slice(0, index).map((one) => one.afterSeconds ?? 0))
    const strangers = (step.memberIds ?? []).filter((id) => !members.has(id))
    return [
      ...((step.afterSeconds ?? 0) < before && step.afterSeconds !== undefined
        ? [{ pointer: `${stepAt}/afterSeconds`, detail: 'is before the step that precedes it' }]
        : []),
      ...(step.groupId !== undefined && !groups.has(step.groupId)
        ? [{ pointer: `${stepAt}/groupId`, detail: 'is no skill group' }]
        : []),
      ...strangers.map((id) => ({ pointer: `${stepAt}/memberIds`, detail: `${id} is no member` })),
    ]
  })
  if (errors.length > 0) throw new Fault('invalid', 'plan-invalid', 'This plan cannot be followed.', { errors })
}

/** The handlers of a group's overflow, with where they stand. */
function handlersOf({ nobody, full, slow, late }: GroupRouting['overflow']): [pointer: string, OverflowHandler][] {
  const all = { nobody, full, 'slow/handler': slow?.handler, 'late/handler': late?.handler }
  return Object.entries(all).flatMap(([pointer, handler]) => (handler === undefined ? [] : [[pointer, handler]]))
}

async function checkOverflow(
  tx: TenantTx,
  id: string,
  overflow: GroupRouting['overflow'],
  place: string,
): Promise<void> {
  const named = handlersOf(overflow).flatMap(([pointer, handler]) =>
    'groupId' in handler ? [{ pointer, groupId: handler.groupId }] : [],
  )
  if (named.length === 0) return
  const rows = await tx.query<{ id: string; overflow: GroupRouting['overflow'] | null }>(
    `select id, routing->'overflow' as overflow from skill_groups where tenant_id = $1 and removed_at is null`,
    tx.tenantId,
  )
  const next = new Map(rows.map((row) => [row.id, targetsOf(row.overflow ?? {})]))
  const errors = named.flatMap(({ pointer, groupId }): FaultDetail[] => {
    const at = `${place}/${pointer}/groupId`
    if (!next.has(groupId)) return [{ pointer: at, detail: 'is no skill group' }]
    return leadsTo(next, groupId, id) ? [{ pointer: at, detail: 'leads back to this group' }] : []
  })
  if (errors.length > 0) throw new Fault('invalid', 'overflow-invalid', 'This overflow cannot be followed.', { errors })
}

function targetsOf(overflow: GroupRouting['overflow']): string[] {
  return handlersOf(overflow).flatMap(([, handler]) => ('groupId' in handler ? [handler.groupId] : []))
}

/** Whether the groups to which `from` passes on, and those to which they do, come to `to`. */
function leadsTo(next: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set([from])
  for (const id of seen) {
    if (id === to) return true
    for (const further of next.get(id) ?? []) seen.add(further)
  }
  return false
}

async function present(
  tx: TenantTx,
  table: 'skill_groups' | 'members',
  gone: 'removed_at' | 'disabled_at',
  ids: readonly (string | undefined)[],
): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    `select id from ${table} where tenant_id = $1 and id = any($2) and ${gone} is null`,
    tx.tenantId,
    ids.filter((id) => id !== undefined),
  )
  return new Set(rows.map((row) => row.id))
}

export interface StepReach {
  readonly step: number
  /** Members who could ever be found by this step. */
  readonly memberIds: readonly string[]
}

interface Candidate {
  readonly memberId: string
  readonly groupId: string
  readonly tier: number
  readonly skills: readonly SkillLevel[]
}

/** Whom each step of a group's plan can reach, on duty or not. A step that reaches nobody is allowed: people may come. */
export async function reachOf(
  tx: TenantTx,
  groupId: string,
  { plan }: Pick<GroupRouting, 'plan'>,
): Promise<StepReach[]> {
  const steps: readonly PlanStep[] = plan.length === 0 ? [{}] : plan
  const candidates = await tx.query<Candidate>(
    `select g.member_id, g.group_id, g.tier, m.skills from skill_group_members g
       join members m on m.tenant_id = g.tenant_id and m.id = g.member_id
      where g.tenant_id = $1 and g.group_id = any($2) and m.disabled_at is null order by g.member_id`,
    tx.tenantId,
    [groupId, ...steps.flatMap((step) => step.groupId ?? [])],
  )
  return steps.map((step, index) => ({
    step: index,
    memberIds: candidates.filter((one) => isReached(one, step, groupId)).map((one) => one.memberId),
  }))
}

function isReached(candidate: Candidate, step: PlanStep, groupId: string): boolean {
  if (candidate.groupId !== (step.groupId ?? groupId)) return false
  if (step.memberIds !== undefined && !step.memberIds.includes(candidate.memberId)) return false
  if (step.maxTier !== undefined && candidate.tier > step.maxTier) return false
  if (step.where !== undefined && !isMet(candidate.skills, step.where)) return false
  const has = ({ skill, level }: SkillLevel) =>
    candidate.skills.some((one) => one.skill === skill && one.level >= level)
  return (step.skills ?? []).every(has)
}

function isMet(skills: readonly SkillLevel[], condition: SkillCondition): boolean {
  if ('all' in condition) return condition.all.every((one) => isMet(skills, one))
  if ('any' in condition) return condition.any.some((one) => isMet(skills, one))
  if ('not' in condition) return !isMet(skills, condition.not)
  const { skill, level = 1, atMost = 5 } = condition
  return skills.some((own) => own.skill === skill && own.level >= level && own.level <= atMost)
}
