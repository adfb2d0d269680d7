/** What a platform says later of a message that it had accepted. */
import type { Tx } from '../platform/database.ts'
import { storableText } from '../platform/text.ts'
import { lockConversation } from './conversations.ts'
import { lockExternalId } from './early.ts'
import type { ReceiptState } from './model.ts'
import { advances, failureOf, type PieceState, refreshStatus } from './settlement.ts'

export interface ReceiptOf {
  readonly tenantId: string
  readonly channelId: string
  /** The platform's id of the native message. */
  readonly externalId: string
  readonly state: ReceiptState
  readonly reason?: string
}

/**
 * Applies a receipt. One that is older than what is known changes nothing, one whose message is not known yet is kept
 * until it is, so repetition is harmless. Locks the conversation: in a transaction that does more, call it in the
 * order of conversations.
 */
export async function applyReceipt(tx: Tx, receipt: ReceiptOf): Promise<void> {
  const { tenantId, channelId, state } = receipt
  const externalId = storableText(receipt.externalId)
  const reason = receipt.reason === undefined ? null : storableText(receipt.reason).slice(0, 1000)
  await lockExternalId(tx, channelId, externalId)
  const of = await tx.maybe<{ id: number; messageId: string; conversationId: string }>(
    `select d.id, d.message_id, m.conversation_id from deliveries d
       join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
      where d.tenant_id = $1 and d.channel_id = $2 and d.external_id = $3`,
    tenantId,
    channelId,
    externalId,
  )
  if (of === undefined) {
    await tx.run(
      `insert into early_receipts (tenant_id, channel_id, external_id, state, reason) values ($1, $2, $3, $4, $5)
       on conflict do nothing`,
      tenantId,
      channelId,
      externalId,
      state,
      reason,
    )
    return
  }
  await lockConversation(tx, tenantId, of.conversationId)
  const piece = await tx.one<{ state: PieceState; isRecalled: boolean }>(
    `select d.state, coalesce(m.recall ->> 'state' in ('asked', 'done'), false) as is_recalled from deliveries d
       join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
      where d.tenant_id = $1 and d.id = $2 for update of d`,
    tenantId,
    of.id,
  )
  if (!advances(piece.state, state)) return
  if (state === 'failed' && piece.isRecalled) {
    // Platforms tell that a message has gone also of one that we take back ourselves: then there is no more to be done about it.
    await tx.run(
      `update deliveries set recalled_at = coalesce(recalled_at, now()) where tenant_id = $1 and id = $2`,
      tenantId,
      of.id,
    )
    return
  }
  await tx.run(
    `update deliveries set state = $3, failure = $4 where tenant_id = $1 and id = $2`,
    tenantId,
    of.id,
    state,
    state === 'failed' ? JSON.stringify(failureOf(reason)) : null,
  )
  await refreshStatus(tx, tenantId, of.messageId)
}
