/**
 * How a conversation ends and goes on. Resolved (已解决): what was asked is done, nobody holds it, and the customer's next word
 * opens it again. Closed (关闭): the episode is over. Each locks the conversation and bumps its version. From hand to hand
 * conversations go by moves.ts, as the routing shard decides.
 */
import { lockContact } from '../contacts/contacts.ts'
import { type Emission, emitAll } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { jobKind, onJob, schedule } from '../platform/jobs.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { requireCategory } from './categories.ts'
import { closingRuleOf, requireClosing } from './closing-rules.ts'
import {
  getConversation,
  type LockedConversation,
  lockConversation,
  lockSeen,
  unknownConversation,
} from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { requireHolder } from './speakers.ts'
import { viewerOf } from './visibility.ts'

/** What is written down at the end (对话小结); what is left out stays as it was written before. */
export interface Ending {
  readonly summary?: string | null
  readonly category?: string | null
}

/**
 * Ends the episode; the assignee stays written for the record. Closing what is closed changes nothing. An agent may close
 * what is assigned to them, supervisors and programs all; of members the closing rule may ask for a summary and a category. Faults:
 * `conversation-unknown`, `reply-not-yours`, `summary-missing`, `category-missing`, `category-unknown`.
 */
export async function closeConversation(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  ending: Ending = {},
): Promise<Conversation> {
  const before = await lockHeld(tx, by, conversationId)
  if (before.status === 'closed') return toConversation(before, before.contactName)
  const { summary, category } = await written(tx, by, before, ending)
  return end(tx, before, 'closed', by.id, summary, category)
}

/** Ends it as the hub does by itself; `closedBy` says for whom or by which rule. The conversation is locked, and not closed. */
export function closeByRule(tx: TenantTx, before: LockedConversation, rule: string): Promise<Conversation> {
  return end(tx, before, 'closed', `system:${rule}`, before.summary, before.category)
}

/**
 * Says that what the customer wanted is done. Nobody holds it any more, so that it takes no capacity; who did stays written. It closes
 * by itself after the time of its closing rule. Resolving what is resolved changes nothing. Faults as closeConversation, and
 * `conversation-closed`.
 */
export async function resolveConversation(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  ending: Ending = {},
): Promise<Conversation> {
  const before = await lockHeld(tx, by, conversationId)
  if (before.status === 'closed') throw new Fault('conflict', 'conversation-closed', 'The conversation is closed.')
  if (before.status === 'resolved') return toConversation(before, before.contactName)
  const { summary, category, afterSeconds } = await written(tx, by, before, ending)
  const after = await end(tx, before, 'resolved', by.id, summary, category)
  if (afterSeconds !== null && after.resolvedAt !== null) {
    const data = { conversationId, resolvedAt: after.resolvedAt }
    await schedule(tx, { kind: closingOfResolved, key: conversationId, afterMs: afterSeconds * 1000, data })
  }
  return after
}

const closingOfResolved = jobKind<{ conversationId: string; resolvedAt: string }>('conversation-resolved')

/** Closes what has been resolved long enough, unless it went on meanwhile. */
export const closeResolved = onJob({
  kind: closingOfResolved,
  async run(tx, { data: { conversationId, resolvedAt } }) {
    const before = await lockConversation(tx, tx.tenantId, conversationId)
    if (before?.status !== 'resolved' || before.resolvedAt?.toISOString() !== resolvedAt) return undefined
    await closeByRule(tx, before, 'resolved')
    return undefined
  },
})

/**
 * Lets a conversation that ended go on: it waits for a person, and the caller has routing take it up in the same transaction. Who
 * held it last may do so, supervisors and programs always. Locks its contact and it. Faults: `conversation-unknown`, `reply-not-yours`,
 * `conversation-open`, and `conversation-superseded` when the contact has another that is open.
 */
export async function reopenConversation(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
): Promise<Conversation> {
  const { contactId } = await getConversation(tx, viewerOf(by), conversationId)
  await lockContact(tx, contactId)
  const before = await lockHeld(tx, by, conversationId)
  if (before.status === 'open') throw new Fault('conflict', 'conversation-open', 'The conversation is open.')
  const row = await tx.maybe<ConversationRow>(
    `update conversations c set status = 'open', held_by = 'queue', assignee_id = null, closed_at = null, closed_by = null,
            resolved_at = null, resolved_by = null, reopened = reopened + 1, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2
        and not exists (select from conversations o where o.tenant_id = $1 and o.slot = c.slot and o.id <> $2 and o.status <> 'closed')
     returning ${conversationColumns}`,
    tx.tenantId,
    conversationId,
  )
  if (row === undefined) {
    throw new Fault('conflict', 'conversation-superseded', 'The contact has another conversation that is open.')
  }
  return announce(tx, 'conversation.reopened', before, row)
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

/** The conversation, locked, for whoever may act in its holder's stead. Faults: `conversation-unknown`, `reply-not-yours`. */
export async function lockHeld(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
): Promise<LockedConversation> {
  const before = await lockSeen(tx, viewerOf(by), conversationId)
  requireHolder(by, before.assigneeId)
  return before
}

/** What will stand as summary and category, checked against the closing rule; programs are not asked for any. */
async function written(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  before: LockedConversation,
  ending: Ending,
): Promise<{ summary: string | null; category: string | null; afterSeconds: number | null }> {
  const { summary, category } = { summary: before.summary, category: before.category, ...ending }
  const rule = await closingRuleOf(tx, before.groupId)
  if (by.kind === 'member') requireClosing(rule, { summary, category })
  if (category !== null && category !== before.category) await requireCategory(tx, category)
  return { summary: storable(summary), category, afterSeconds: rule.closeResolvedAfterSeconds }
}

async function end(
  tx: TenantTx,
  before: LockedConversation,
  how: 'resolved' | 'closed',
  by: string,
  summary: string | null,
  category: string | null,
): Promise<Conversation> {
  const row = await tx.one<ConversationRow>(
    `update conversations c
        set status = $3, held_by = 'nobody', ${how}_at = date_trunc('milliseconds', clock_timestamp()), ${how}_by = $4,
            waiting_since = null, parked_at = null, parked_until = null, snoozed_at = null, snoozed_until = null, transfer_group_id = null,
            summary = $5, category = $6, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    before.id,
    how,
    by,
    summary,
    category,
  )
  return announce(tx, `conversation.${how}`, before, row)
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
  return row === undefined ? undefined : announce(tx, 'conversation.read', before, row)
}

async function announce(
  tx: TenantTx,
  type: Extract<Emission['type'], `conversation.${'closed' | 'resolved' | 'reopened' | 'read'}`>,
  before: LockedConversation,
  row: ConversationRow,
): Promise<Conversation> {
  const conversation = toConversation(row, before.contactName)
  await emitAll(tx, [{ type, tenantId: tx.tenantId, subject: row.id, data: { conversation } }])
  return conversation
}
