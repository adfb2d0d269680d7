/** Conversations that are being handed on to a skill group while their holder keeps them, as the routing shard has decided. */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

export interface Transfer {
  readonly tenantId: string
  readonly conversationId: string
  /** In whose line it stands; null: in none any longer. Where it changed hands or ended, that has been seen to. */
  readonly groupId: string | null
  readonly causationId?: string
}

/** Makes it so, at most once for each conversation, and answers with what is to be told. Locks the conversations, ids ascending. */
export async function markTransfers(tx: Tx, transfers: readonly Transfer[]): Promise<Emission[]> {
  const emissions: Emission[] = []
  for (const { tenantId, conversationId, groupId, causationId } of transfers.toSorted((a, b) =>
    a.conversationId < b.conversationId ? -1 : 1,
  )) {
    const row = await tx.maybe<ConversationRow & { contactName: string }>(
      `update conversations c set transfer_group_id = $3, updated_at = clock_timestamp(), version = c.version + 1
        where c.tenant_id = $1 and c.id = $2 and c.transfer_group_id is distinct from $3 and c.held_by = 'agent'
       returning ${conversationColumns},
         (select ct.name from contacts ct where ct.tenant_id = c.tenant_id and ct.id = c.contact_id) as contact_name`,
      tenantId,
      conversationId,
      groupId,
    )
    if (row === undefined) continue
    emissions.push({
      type: groupId === null ? 'conversation.kept' : 'conversation.transferring',
      tenantId,
      subject: row.id,
      data: { conversation: toConversation(row, row.contactName) },
      ...(causationId !== undefined && { causationId }),
    })
  }
  return emissions
}
