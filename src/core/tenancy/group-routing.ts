/** How a skill group routes: what is stored, what its omissions mean, and what of a plan can be checked beforehand. */
import type { GroupRouting, PlanStep, SkillLevel } from '../events/routing-shapes.ts'
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
  lastAgent: null,
}

/** The whole of it, whatever was stored. */
export function routingOf(stored: Partial<GroupRouting> | null): GroupRouting {
  return { ...defaultRouting, ...stored }
}

/**
 * Refuses what cannot be meant. Faults with `plan-invalid`, naming each step that goes back in time, or asks a group or a
 * member that is not there.
 */
export async function checkRouting(tx: TenantTx, { plan }: Pick<GroupRouting, 'plan'>): Promise<void> {
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
    const at = `/routing/plan/${index}`
    const before = Math.max(0, ...plan.slice(0, index).map((one) => one.afterSeconds ?? 0))
    const strangers = (step.memberIds ?? []).filter((id) => !members.has(id))
    return [
      ...((step.afterSeconds ?? 0) < before && step.afterSeconds !== undefined
        ? [{ pointer: `${at}/afterSeconds`, detail: 'is before the step that precedes it' }]
        : []),
      ...(step.groupId !== undefined && !groups.has(step.groupId)
        ? [{ pointer: `${at}/groupId`, detail: 'is no skill group' }]
        : []),
      ...strangers.map((id) => ({ pointer: `${at}/memberIds`, detail: `${id} is no member` })),
    ]
  })
  if (errors.length > 0) throw new Fault('invalid', 'plan-invalid', 'This plan cannot be followed.', { errors })
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
    `select g.member_id, g.group_id, m.skills from skill_group_members g
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
  const has = ({ skill, level }: SkillLevel) =>
    candidate.skills.some((one) => one.skill === skill && one.level >= level)
  return (step.skills ?? []).every(has)
}
