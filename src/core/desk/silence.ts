/**
 * Time-outs (超时): a customer who says nothing more is reminded, then the conversation is closed; an agent who does not answer is reminded, then the
 * conversation goes to another. Each is one durable timer for the conversation; when it fires the rows decide, and the rules as they are then.
 */
import { type LockedConversation, lockConversation } from '../conversations/conversations.ts'
import { closeByRule } from '../conversations/lifecycle.ts'
import { rulesOf } from '../conversations/reception-rules.ts'
import { type ConversationRow, conversationColumns, toConversation } from '../conversations/rows.ts'
import { saidAt, sayText } from '../conversations/saying.ts'
import { emit } from '../events/outbox.ts'
import type { ReceptionRules } from '../events/reception-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { type Again, type Job, type JobHandler, jobKind, onJob, schedule } from '../platform/jobs.ts'

const customerSilence = jobKind<Record<string, never>>('customer-silence')
const agentSilence = jobKind<Record<string, never>>('agent-silence')

/** After the agent's word: from now on it is the customer's turn. */
export function awaitCustomer(tx: TenantTx, conversationId: string, rules: ReceptionRules): Promise<void> {
  return watch(tx, customerSilence, conversationId, Object.values(rules.customerSilence))
}

/** After the customer's word, or when the conversation has come to an agent: it is the agent's turn. */
export function awaitAgent(tx: TenantTx, conversationId: string, rules: ReceptionRules): Promise<void> {
  return watch(tx, agentSilence, conversationId, Object.values(rules.agentSilence))
}

async function watch(
  tx: TenantTx,
  kind: typeof customerSilence,
  key: string,
  limits: readonly (number | null)[],
): Promise<void> {
  const seconds = Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY))
  if (!Number.isFinite(seconds)) return
  await schedule(tx, { kind, key, afterMs: seconds * 1000, data: {}, keep: true })
}

/** Gives a conversation back to its group, to somebody else than who holds it: routing's part. */
export type HandBack = (tx: TenantTx, conversation: LockedConversation) => Promise<void>

export function silenceJobs(handBack: HandBack): JobHandler[] {
  return [
    onJob({ kind: customerSilence, run: onCustomerSilence }),
    onJob({ kind: agentSilence, run: (tx, job) => onAgentSilence(tx, job, handBack) }),
  ]
}

type Silence = Pick<Job<Record<string, never>>, 'key' | 'now'>

/** Nobody is at it: it is held by no agent, or snoozed by the one who holds it. */
const isSetAside = ({ heldBy, snoozedAt }: LockedConversation) => heldBy !== 'agent' || snoozedAt !== null

export async function onCustomerSilence(
  tx: TenantTx,
  { key, now }: Silence,
): Promise<Again<Record<string, never>> | undefined> {
  const conversation = await lockConversation(tx, tx.tenantId, key)
  if (conversation === undefined || isSetAside(conversation) || conversation.waitingSince !== null) return undefined
  const { remindAfterSeconds, closeAfterSeconds } = (await rulesOf(tx, tx.tenantId, conversation.channelId))
    .customerSilence
  const last = await tx.maybe<{ number: number; createdAt: Date }>(
    `select number, created_at from messages where tenant_id = $1 and conversation_id = $2 and direction = 'out'
        and author_kind <> 'system' order by number desc limit 1`,
    tx.tenantId,
    key,
  )
  if (last === undefined) return undefined
  const at = (seconds: number | null) => (seconds === null ? null : new Date(last.createdAt.getTime() + seconds * 1000))
  const [remindAt, closeAt] = [at(remindAfterSeconds), at(closeAfterSeconds)]
  if (closeAt !== null && closeAt <= now) {
    await closeByRule(tx, conversation, 'customer-silence')
    return undefined
  }
  const occasion = `reminder/${last.number}`
  const isReminded = (await saidAt(tx, key, occasion)) !== undefined
  if (remindAt !== null && !isReminded) {
    if (remindAt > now) return { runAt: remindAt, data: {} }
    await sayText(tx, conversation, { kind: 'reminder', occasion })
  }
  return closeAt === null ? undefined : { runAt: closeAt, data: {} }
}

export async function onAgentSilence(
  tx: TenantTx,
  { key, now }: Silence,
  handBack: HandBack,
): Promise<Again<Record<string, never>> | undefined> {
  const conversation = await lockConversation(tx, tx.tenantId, key)
  if (conversation === undefined || isSetAside(conversation) || conversation.waitingSince === null) return undefined
  const { agentSilence: limits } = await rulesOf(tx, tx.tenantId, conversation.channelId)
  const since = await sinceTurnOf(tx, conversation, conversation.waitingSince)
  const at = (seconds: number | null) => (seconds === null ? null : new Date(since.getTime() + seconds * 1000))
  const [remindAt, requeueAt] = [at(limits.remindAfterSeconds), at(limits.requeueAfterSeconds)]
  if (requeueAt !== null && requeueAt <= now) {
    await handBack(tx, conversation)
    return undefined
  }
  if (remindAt !== null && remindAt > now) return { runAt: remindAt, data: {} }
  const occasion = `overdue/${conversation.assigneeId}/${since.getTime()}`
  if (remindAt !== null && (await isFirst(tx, key, occasion))) {
    const row = await tx.one<ConversationRow>(
      `update conversations c set overdue_for = waiting_since, version = version + 1
        where c.tenant_id = $1 and c.id = $2 returning ${conversationColumns}`,
      tx.tenantId,
      key,
    )
    await emit(tx, 'conversation.overdue', key, {
      conversation: toConversation(row, conversation.contactName),
      waitedSeconds: Math.max(0, Math.round((now.getTime() - since.getTime()) / 1000)),
    })
  }
  return requeueAt === null ? undefined : { runAt: requeueAt, data: {} }
}

/** Since when it is this agent's turn: the customer's first word without an answer, or when it came to them, whichever is later. */
async function sinceTurnOf(tx: TenantTx, conversation: LockedConversation, waitingSince: Date): Promise<Date> {
  const assigned = await tx.maybe<{ startedAt: Date }>(
    `select started_at from assignments where tenant_id = $1 and conversation_id = $2 and agent_id = $3
      order by started_at desc limit 1`,
    tx.tenantId,
    conversation.id,
    conversation.assigneeId,
  )
  return assigned !== undefined && assigned.startedAt > waitingSince ? assigned.startedAt : waitingSince
}

async function isFirst(tx: TenantTx, conversationId: string, occasion: string): Promise<boolean> {
  const added = await tx.run(
    'insert into said_texts (tenant_id, conversation_id, occasion) values ($1, $2, $3) on conflict do nothing',
    tx.tenantId,
    conversationId,
    occasion,
  )
  return added > 0
}
