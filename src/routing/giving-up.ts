/** Conversations that a skill group closes because it cannot serve them: decided by the shard, done by a durable job. */
import { lockConversation } from '../core/conversations/conversations.ts'
import { closeByRule } from '../core/conversations/lifecycle.ts'
import type { TenantTx, Tx } from '../core/platform/database.ts'
import { type JobHandler, jobKind, onJob, schedule } from '../core/platform/jobs.ts'

const givingUp = jobKind<Record<string, never>>('overflow-close')

/** To be closed as soon as a job runner comes to it. */
export async function giveUp(tx: Tx, tenantId: string, conversationIds: Iterable<string>): Promise<void> {
  for (const key of conversationIds) await schedule({ ...tx, tenantId }, { kind: givingUp, key, afterMs: 0, data: {} })
}

/** As a condition of SQL on `conversations` under that alias: it is to be closed, so nobody is looked for. */
export const isGivenUp = (alias: string) =>
  `exists (select from jobs j where j.tenant_id = ${alias}.tenant_id and j.kind = 'overflow-close' and j.key = ${alias}.id)`

/** Those of these conversations that are to be closed. */
export async function readGivenUp(tx: Tx, tenantIds: readonly string[], ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ key: string }>(
    `select key from jobs where tenant_id = any($1) and kind = 'overflow-close' and key = any($2)`,
    tenantIds,
    ids,
  )
  return new Set(rows.map(({ key }) => key))
}

/** Closes it, unless somebody has taken it meanwhile. */
export async function closeGivenUp(tx: TenantTx, conversationId: string): Promise<void> {
  const conversation = await lockConversation(tx, tx.tenantId, conversationId)
  if (conversation?.heldBy === 'queue') await closeByRule(tx, conversation, 'overflow')
}

export const givingUpJob: JobHandler = onJob({
  kind: givingUp,
  async run(tx, { key }) {
    await closeGivenUp(tx, key)
    return undefined
  },
})
