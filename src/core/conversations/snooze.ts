/**
 * Conversations that their holder sets aside for a while, as the routing shard has decided: it alone knows what they cost
 * meanwhile, and wakes them when their time has come. A customer's word wakes them too (ingest-conversations.ts).
 */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

export interface Snooze {
  readonly tenantId: string
  readonly conversationId: string
  /** Null: it is awake again. */
  readonly asleep: {
    /** In ms; null: until the customer writes. */
    readonly until: number | null
    /** The last message when this was asked for: a customer's word after it wakes the conversation at once. */
    readonly number: number
  } | null
  readonly causationId?: string
}

/** Makes it so, at most once for each conversation, and answers with what is to be told. Locks the conversations, ids ascending. */
export async function snoozeConversations(tx: Tx, snoozes: readonly Snooze[]): Promise<Emission[]> {
  const emissions: Emission[] = []
  for (const { tenantId, conversationId, asleep, causationId } of snoozes.toSorted((a, b) =>
    a.conversationId < b.conversationId ? -1 : 1,
  )) {
    const row = await tx.maybe<ConversationRow & { contactName: string }>(
      `update conversations c
          set snoozed_at = case when t.awake then null else clock_timestamp() end,
              snoozed_until = case when t.awake then null else to_timestamp($4::float8 / 1000) end,
              updated_at = clock_timestamp(), version = c.version + 1
         from (select $5::int is null or exists (select from messages m where m.tenant_id = $1 and m.conversation_id = $2
                                                   and m.number > $5 and m.direction = 'in') as awake) t
        where c.tenant_id = $1 and c.id = $2 and c.status = 'open' and ($3 or c.snoozed_at is not null)
       returning ${conversationColumns},
         (select ct.name from contacts ct where ct.tenant_id = c.tenant_id and ct.id = c.contact_id) as contact_name`,
      tenantId,
      conversationId,
      asleep !== null,
      asleep?.until ?? null,
      asleep?.number ?? null,
    )
    if (row === undefined) continue
    emissions.push({
      type: row.snoozedAt === null ? 'conversation.woken' : 'conversation.snoozed',
      tenantId,
      subject: row.id,
      data: { conversation: toConversation(row, row.contactName) },
      ...(causationId !== undefined && { causationId }),
    })
  }
  return emissions
}
