/** A message that is no longer what it was when it was told of: its file came, or was written down, or its author has changed it. */
import { emitAll } from '../events/outbox.ts'
import type { Part } from '../events/shapes.ts'
import type { Tx } from '../platform/database.ts'
import { authoredColumns, authoredMessages, type LockedConversation, lockConversation } from './conversations.ts'
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

/**
 * Changes the parts of a message that carry the file, also within forwarded ones, and emits message.updated. Locks the conversation; then `update`
 * says whether there is anything to be changed still, by how many rows it has changed. False when there was not.
 */
export async function changeFileParts(
  tx: Tx,
  { tenantId, id, messageId }: { readonly tenantId: string; readonly id: string; readonly messageId: string },
  change: (part: Part) => Part,
  update: () => Promise<number> = async () => 1,
): Promise<boolean> {
  const of = await tx.maybe<{ conversationId: string }>(
    `select conversation_id from messages where tenant_id = $1 and id = $2`,
    tenantId,
    messageId,
  )
  const conversation = of && (await lockConversation(tx, tenantId, of.conversationId))
  if (conversation === undefined) return false
  if ((await update()) === 0) return false
  const { parts } = await tx.one<{ parts: Part[] }>(
    `select parts from messages where tenant_id = $1 and id = $2`,
    tenantId,
    messageId,
  )
  await tx.run(
    `update messages set parts = $3 where tenant_id = $1 and id = $2`,
    tenantId,
    messageId,
    JSON.stringify(withParts(parts, id, change)),
  )
  await tellMessage(tx, conversation, tenantId, messageId)
  return true
}

/** The parts, those that carry that file changed, also within forwarded messages. */
function withParts<P extends Part>(parts: readonly P[], fileId: string, change: (part: Part) => Part): P[] {
  return parts.map((part) => {
    if ('blob' in part) return part.blob.fileId === fileId ? (change(part) as P) : part
    if (part.type !== 'forward') return part
    return { ...part, items: part.items.map((item) => ({ ...item, parts: withParts(item.parts, fileId, change) })) }
  })
}
