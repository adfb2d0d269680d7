/** A message that is no longer what it was when it was told of: its file came, or its author has changed it. */
import { emitAll } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { authoredColumns, authoredMessages, type LockedConversation } from './conversations.ts'
import { audienceOf, type MessageRow, toMessage } from './rows.ts'

/** Emits message.updated with the message as it stands now. Call with its conversation locked. */
export async function tellMessage(
  tx: Tx,
  conversation: LockedConversation,
  tenantId: string,
  messageId: string,
): Promise<void> {
  const row = await tx.one<MessageRow & { authorName: string | null }>(
    `select ${authoredColumns} from ${authoredMessages} where m.tenant_id = $1 and m.id = $2`,
    tenantId,
    messageId,
  )
  const data = { message: toMessage(row, row.authorName), ...audienceOf(conversation) }
  await emitAll(tx, [{ type: 'message.updated', tenantId, subject: conversation.id, data }])
}
