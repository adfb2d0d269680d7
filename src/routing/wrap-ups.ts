/** What is over but for the time that follows (整理). Reading only. */
import type { TenantTx } from '../core/platform/database.ts'

export interface WrapUp {
  readonly conversationId: string
  readonly memberId: string
  readonly since: Date
  /** When it is over by itself; null: when the agent says so. */
  readonly until: Date | null
  /** Whether the agent may say so before that. */
  readonly isFixed: boolean
}

/** Of one member, or of all; the oldest first. */
export function listWrapUps(tx: TenantTx, memberId: string | undefined): Promise<WrapUp[]> {
  return tx.query<WrapUp>(
    `select w.conversation_id, w.agent_id as member_id, to_timestamp((w.record->>'since')::float8 / 1000) as since,
            to_timestamp((w.record->>'wrapUpUntil')::float8 / 1000) as until,
            coalesce(g.routing->>'wrapUp', 'timed') = 'fixed' as is_fixed
       from work_items w left join skill_groups g on g.tenant_id = w.tenant_id and g.id = w.group_id
      where w.tenant_id = $1 and w.state = 'wrapup' and w.conversation_id is not null and ($2::text is null or w.agent_id = $2)
      order by since, w.conversation_id`,
    tx.tenantId,
    memberId ?? null,
  )
}
