/** Satisfaction that a caller pressed: into the same place as that of chats, once for each conversation. */
import { lockConversation } from '../conversations/conversations.ts'
import type { TenantTx } from '../platform/database.ts'
import { answerSatisfaction, requestSatisfaction } from './satisfaction.ts'

/** Keeps the score of a call; where its conversation has one already, or was never served, nothing changes. */
export async function scoreCall(tx: TenantTx, callId: string, score: number): Promise<void> {
  const call = await tx.maybe<{ conversationId: string }>(
    'select conversation_id from calls where tenant_id = $1 and id = $2',
    tx.tenantId,
    callId,
  )
  const conversation = call && (await lockConversation(tx, tx.tenantId, call.conversationId))
  if (conversation === undefined) return
  const asked = await requestSatisfaction(tx, conversation, 'system:keypad')
  if (asked.answeredAt !== null) return
  await tx.run('update satisfactions set call_id = $3 where tenant_id = $1 and id = $2', tx.tenantId, asked.id, callId)
  await answerSatisfaction(tx, asked.id, { score: Math.min(score, asked.scale), source: 'keypad' }, Date.now())
}
