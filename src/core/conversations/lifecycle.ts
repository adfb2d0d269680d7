/**
 * Reading and closing. Each locks the conversation and bumps its version. From hand to hand conversations go by moves.ts, as
 * the routing shard decides.
 */
import { emitAll } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { getConversation, type LockedConversation, lockConversation, unknownConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { requireHolder } from './speakers.ts'
import { viewerOf } from './visibility.ts'

/**
 * Ends the episode; the assignee stays written for the record. Closing what is closed changes nothing. An agent may close
 * what is assigned to them, supervisors and programs all. Faults: `conversation-unknown`, `reply-not-yours`.
 */
export async function closeConversation(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
): Promise<Conversation> {
  const before = await lockConversation(tx, tx.tenantId, conversationId)
  if (before === undefined) throw unknownConversation(conversationId)
  const seen = await getConversation(tx, viewerOf(by), conversationId)
  requireHolder(by, before.assigneeId)
  return before.status === 'closed' ? seen : end(tx, before, by.id)
}

/** Ends it as the hub does by itself; `closedBy` says for whom or by which rule. The conversation is locked, and open. */
export function closeByRule(tx: TenantTx, before: LockedConversation, rule: string): Promise<Conversation> {
  return end(tx, before, `system:${rule}`)
}

async function end(tx: TenantTx, before: LockedConversation, closedBy: string): Promise<Conversation> {
  const row = await tx.one<ConversationRow>(
    `update conversations c set status = 'closed', held_by = 'nobody', closed_at = now(), closed_by = $3, waiting_since = null,
            parked_at = null, parked_until = null, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    before.id,
    closedBy,
  )
  await announce(tx, tx.tenantId, 'conversation.closed', before, row)
  return toConversation(row, before.contactName)
}

/**
 * Marks what its agent has read. Only the assignee's reading counts: for others, and backwards, nothing changes. Numbers
 * beyond the last message count as the last. Faults: `conversation-unknown`.
 */
export async function readByAgent(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  number: number,
): Promise<Conversation> {
  const before = await lockConversation(tx, tx.tenantId, conversationId)
  if (before === undefined) throw unknownConversation(conversationId)
  const seen = await getConversation(tx, viewerOf(by), conversationId)
  if (before.assigneeId !== by.id) return seen
  return (await markRead(tx, before, 'agent_read', Math.min(number, before.lastNumber))) ?? seen
}

/** Marks what the customer has read of their conversation. Says nothing of permission. */
export async function readByCustomer(tx: TenantTx, conversationId: string, number: number): Promise<void> {
  const before = await lockConversation(tx, tx.tenantId, conversationId)
  if (before === undefined) throw unknownConversation(conversationId)
  await markRead(tx, before, 'customer_read', Math.min(number, before.lastNumber))
}

async function markRead(
  tx: TenantTx,
  before: LockedConversation,
  column: 'agent_read' | 'customer_read',
  number: number,
): Promise<Conversation | undefined> {
  const row = await tx.maybe<ConversationRow>(
    `update conversations c set ${column} = $3, version = version + 1
      where tenant_id = $1 and id = $2 and ${column} < $3 returning ${conversationColumns}`,
    tx.tenantId,
    before.id,
    number,
  )
  if (row === undefined) return undefined
  await announce(tx, tx.tenantId, 'conversation.read', before, row)
  return toConversation(row, before.contactName)
}

async function announce(
  tx: Tx,
  tenantId: string,
  type: 'conversation.closed' | 'conversation.read',
  before: LockedConversation,
  row: ConversationRow,
): Promise<void> {
  const conversation = toConversation(row, before.contactName)
  await emitAll(tx, [{ type, tenantId, subject: row.id, data: { conversation } }])
}
