/**
 * From hand to hand and to the end: assignment and return to the queue (written for the routing shard, which alone decides
 * them), reading, closing. Each locks the conversation and bumps its version.
 */
import { emitAll } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { getConversation, type LockedConversation, lockConversation, unknownConversation } from './conversations.ts'
import { requireSpeaker } from './reply.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { viewerOf } from './visibility.ts'

export interface Assignment {
  readonly tenantId: string
  readonly conversationId: string
  readonly memberId: string
  /** The skill group for which they serve it; null leaves it as it is. */
  readonly groupId: string | null
  readonly at: Date
}

/** Gives an open conversation to an agent. Answers whether it happened: not if it is closed or theirs already. */
export async function assignConversation(tx: Tx, to: Assignment): Promise<boolean> {
  const before = await lockConversation(tx, to.tenantId, to.conversationId)
  if (before === undefined || before.status === 'closed') return false
  if (before.heldBy === 'agent' && before.assigneeId === to.memberId) return false
  const row = await tx.one<ConversationRow>(
    `update conversations c set held_by = 'agent', assignee_id = $3, group_id = coalesce($4, group_id), updated_at = $5,
            version = version + 1 where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    to.tenantId,
    to.conversationId,
    to.memberId,
    to.groupId,
    to.at,
  )
  await announce(tx, to.tenantId, 'conversation.assigned', before, row)
  return true
}

export interface Requeueing {
  readonly tenantId: string
  readonly conversationId: string
  /** Another skill group to wait in; null leaves it as it is. */
  readonly groupId: string | null
  readonly at: Date
}

/** Lets an open conversation wait for a person again. Answers whether it happened: not if it is closed or waits already. */
export async function requeueConversation(tx: Tx, to: Requeueing): Promise<boolean> {
  const before = await lockConversation(tx, to.tenantId, to.conversationId)
  if (before === undefined || before.status === 'closed') return false
  if (before.heldBy === 'queue' && (to.groupId === null || to.groupId === before.groupId)) return false
  const row = await tx.one<ConversationRow>(
    `update conversations c set held_by = 'queue', assignee_id = null, group_id = coalesce($3, group_id), updated_at = $4,
            version = version + 1 where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    to.tenantId,
    to.conversationId,
    to.groupId,
    to.at,
  )
  await announce(tx, to.tenantId, 'conversation.queued', before, row)
  return true
}

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
  requireSpeaker(by, before.assigneeId)
  if (before.status === 'closed') return seen
  const row = await tx.one<ConversationRow>(
    `update conversations c set status = 'closed', held_by = 'nobody', closed_at = now(), closed_by = $3, waiting_since = null,
            updated_at = now(), version = version + 1 where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    conversationId,
    by.id,
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
  type: 'conversation.assigned' | 'conversation.queued' | 'conversation.closed' | 'conversation.read',
  before: LockedConversation,
  row: ConversationRow,
): Promise<void> {
  const conversation = toConversation(row, before.contactName)
  const moved = type === 'conversation.assigned' || type === 'conversation.queued'
  const data = moved ? { conversation, previousAssigneeId: before.assigneeId } : { conversation }
  await emitAll(tx, [{ type, tenantId, subject: row.id, data }])
}
