/** The configuration as it is, with what is to be tried, in the engine's words. Reading only. */
import type { GroupRouting, SkillLevel } from '../core/events/routing-shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'
import { Fault, type FaultDetail } from '../core/platform/errors.ts'
import { checkRouting, routingOf } from '../core/tenancy/group-routing.ts'
import { readGroupRows, readMemberRows, toAgentConfig, toGroupConfig } from './policies.ts'
import type { Changes } from './simulation.ts'

export interface GroupTrial {
  readonly id: string
  readonly strategy?: string
  readonly acceptMode?: 'auto' | 'manual'
  readonly offerSeconds?: number
  readonly wrapUpSeconds?: number
  readonly maxWaiting?: number | null
  readonly routing?: Partial<GroupRouting>
}

export interface MemberTrial {
  readonly id: string
  readonly capacity?: number
  readonly limits?: { readonly chat?: number; readonly call?: number; readonly ticket?: number }
  readonly skills?: readonly SkillLevel[]
}

/** Faults: `simulation-change-invalid` for who is not there, `plan-invalid` and `overflow-invalid` for what cannot be followed. */
export async function changedConfiguration(
  tx: TenantTx,
  groups: readonly GroupTrial[],
  members: readonly MemberTrial[],
): Promise<Changes> {
  const groupRows = new Map((await readGroupRows(tx, [tx.tenantId])).map((row) => [row.id, row]))
  const memberRows = new Map(
    (
      await readMemberRows(
        tx,
        [tx.tenantId],
        members.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  )
  const errors: FaultDetail[] = [
    ...groups.flatMap(({ id }, index) =>
      groupRows.has(id) ? [] : [{ pointer: `/groups/${index}/id`, detail: 'is no skill group' }],
    ),
    ...members.flatMap(({ id }, index) =>
      memberRows.has(id) ? [] : [{ pointer: `/members/${index}/id`, detail: 'is no member' }],
    ),
  ]
  if (errors.length > 0)
    throw new Fault('invalid', 'simulation-change-invalid', 'Not everybody named is there.', { errors })
  for (const [index, { id, routing }] of groups.entries()) {
    if (routing !== undefined) await checkRouting(tx, id, routingOf(routing), `/groups/${index}/routing`)
  }
  return {
    groups: groups.flatMap(({ id, ...change }) => {
      const row = groupRows.get(id)
      return row === undefined
        ? []
        : [toGroupConfig({ ...row, ...change, routing: { ...row.routing, ...change.routing } })]
    }),
    members: members.flatMap(({ id, ...change }) => {
      const row = memberRows.get(id)
      return row === undefined ? [] : [toAgentConfig({ ...row, ...change })]
    }),
  }
}
