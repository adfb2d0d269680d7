/** What is asked of people who end a conversation (对话小结): by skill group, else of the whole tenant. */
import type { ClosingRule } from '../events/conversation-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { getGroup } from '../tenancy/skill-groups.ts'

/** Where nothing is said: nothing is asked, and what is resolved is closed a day later. */
const unsaid = { summary: 'off', category: 'off', closeResolvedAfterSeconds: 86_400 } as const

/** The rules that were made, that of the tenant first. */
export function listClosingRules(tx: TenantTx): Promise<ClosingRule[]> {
  return tx.query<ClosingRule>(
    `select group_id, summary, category, close_resolved_after_seconds from closing_rules where tenant_id = $1
      order by group_id nulls first`,
    tx.tenantId,
  )
}

/** The rule that holds for conversations of a group. */
export async function closingRuleOf(tx: TenantTx, groupId: string | null): Promise<ClosingRule> {
  const found = await tx.maybe<ClosingRule>(
    `select group_id, summary, category, close_resolved_after_seconds from closing_rules
      where tenant_id = $1 and (group_id = $2 or group_id is null) order by group_id nulls last limit 1`,
    tx.tenantId,
    groupId,
  )
  return found ?? { groupId: null, ...unsaid }
}

/** Makes the rule of a group, or (null) of the tenant; what is left out stays as it is. Faults with `group-unknown`. */
export async function putClosingRule(
  tx: TenantTx,
  groupId: string | null,
  change: Partial<Omit<ClosingRule, 'groupId'>>,
): Promise<ClosingRule> {
  if (groupId !== null) await getGroup(tx, groupId)
  const before = (await listClosingRules(tx)).find((rule) => rule.groupId === groupId)
  const after = { ...unsaid, ...before, ...change, groupId }
  await tx.run(
    `insert into closing_rules (tenant_id, group_id, summary, category, close_resolved_after_seconds) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, coalesce(group_id, '')) do update set summary = excluded.summary, category = excluded.category,
       close_resolved_after_seconds = excluded.close_resolved_after_seconds`,
    tx.tenantId,
    groupId,
    after.summary,
    after.category,
    after.closeResolvedAfterSeconds,
  )
  return after
}

/** Takes a rule away; one that is not there is gone already. Faults with `group-unknown`. */
export async function removeClosingRule(tx: TenantTx, groupId: string | null): Promise<void> {
  if (groupId !== null) await getGroup(tx, groupId)
  await tx.run(
    'delete from closing_rules where tenant_id = $1 and group_id is not distinct from $2',
    tx.tenantId,
    groupId,
  )
}

/** Faults with `summary-missing` or `category-missing` where the rule asks for what is not there. */
export function requireClosing(
  rule: ClosingRule,
  { summary, category }: { readonly summary: string | null; readonly category: string | null },
): void {
  if (rule.summary === 'required' && summary === null) throw missing('summary-missing', 'summary')
  if (rule.category === 'required' && category === null) throw missing('category-missing', 'category')
}

function missing(code: 'summary-missing' | 'category-missing', what: string): Fault {
  const errors = [{ pointer: `/${what}`, detail: 'is required by the closing rule' }]
  return code === 'summary-missing'
    ? new Fault('invalid', 'summary-missing', 'It ends with a summary here.', { errors })
    : new Fault('invalid', 'category-missing', 'It ends with a category here.', { errors })
}
