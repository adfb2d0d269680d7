/** The ways to a contact: every channel on which they have written, so that an answer that one does not take any more goes by another. */
import { familyOf } from '../contacts/family.ts'
import type { ReplyWindow } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { getConversation } from './conversations.ts'
import { replyWindowColumn } from './rows.ts'
import type { Viewer } from './visibility.ts'

export interface WayRow {
  readonly channelId: string
  readonly name: string
  readonly kind: string
  readonly enabled: boolean
  readonly lastInboundAt: Date | null
  readonly replyWindow: ReplyWindow | null
  /** The conversation's own: where an answer goes unless said. */
  readonly isCurrent: boolean
}

const mostWays = 50

/** One for each channel, where they wrote last first; of a channel with several chats the one an answer would go to. Faults: `conversation-unknown`. */
export async function listWays(tx: TenantTx, viewer: Viewer, conversationId: string): Promise<WayRow[]> {
  const conversation = await getConversation(tx, viewer, conversationId)
  return tx.query<WayRow>(
    `select w.* from (
       select distinct on (c.channel_id) c.channel_id, ch.name, ch.kind, ch.enabled, c.last_inbound_at,
              c.channel_id = $3 as is_current, ${replyWindowColumn}
         from chats c join channels ch on ch.tenant_id = c.tenant_id and ch.id = c.channel_id
        where c.tenant_id = $1 and c.contact_id = any($2::text[]) and ch.removed_at is null
        order by c.channel_id, c.last_inbound_at desc nulls last) w
      order by w.last_inbound_at desc nulls last, w.channel_id limit ${mostWays}`,
    tx.tenantId,
    await familyOf(tx, conversation.contactId),
    conversation.channelId,
  )
}
