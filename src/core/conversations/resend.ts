/** A person decides to send again what failed, or what may or may not have arrived. */
import { emit } from '../events/outbox.ts'
import type { Message } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import {
  type AuthoredRow,
  authoredColumns,
  authoredMessages,
  getConversation,
  lockConversation,
  unknownConversation,
} from './conversations.ts'
import { audienceOf, toMessage } from './rows.ts'
import { requireSpeaker } from './speakers.ts'
import { viewerOf } from './visibility.ts'

/**
 * Queues again the pieces of a message that failed or whose outcome is unknown, with their old ids: a platform that recognises
 * ours does not deliver twice. Locks the conversation.
 *
 * Faults: `conversation-unknown`, `message-unknown`, `conversation-closed`, `reply-not-yours`, `channel-removed`,
 * `message-not-failed` (also when it was resent already).
 */
export async function resendMessage(
  tx: TenantTx,
  author: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  messageId: string,
): Promise<Message> {
  const conversation = await lockConversation(tx, tx.tenantId, conversationId)
  if (conversation === undefined) throw unknownConversation(conversationId)
  await getConversation(tx, viewerOf(author), conversationId)
  requireSpeaker(author, conversation)
  const message = await tx.maybe<AuthoredRow & { channelGone: boolean }>(
    `select ${authoredColumns}, exists (select 1 from channels ch where ch.tenant_id = m.tenant_id and ch.id = m.channel_id
                                           and ch.removed_at is not null) as channel_gone
       from ${authoredMessages} where m.tenant_id = $1 and m.conversation_id = $2 and m.id = $3`,
    tx.tenantId,
    conversationId,
    messageId,
  )
  if (message === undefined) throw new Fault('not-found', 'message-unknown', `There is no message ${messageId}.`)
  if (conversation.status === 'closed') {
    throw new Fault('conflict', 'conversation-closed', 'The conversation is closed.')
  }
  if (message.channelGone) throw new Fault('conflict', 'channel-removed', 'The channel was taken away.')
  const again = hasGone(message)
    ? 0
    : await tx.run(
        `update deliveries set state = 'queued', attempts = 0, due_at = now(), give_up_at = now() + interval '24 hours',
            owner = null, claimed_until = null, external_id = null, failure = null, settled_at = null
      where tenant_id = $1 and message_id = $2 and state in ('failed', 'unknown') and recalled_at is null`,
        tx.tenantId,
        messageId,
      )
  if (again === 0) {
    throw new Fault(
      'conflict',
      'message-not-failed',
      'Only what failed, or what became of which is unknown, is sent again.',
    )
  }
  await tx.run(
    `update messages set status = 'queued', failure = null where tenant_id = $1 and id = $2`,
    tx.tenantId,
    messageId,
  )
  await emit(tx, 'message.status', conversationId, {
    messageId,
    conversationId,
    number: message.number,
    status: 'queued',
    failure: null,
    ...audienceOf(conversation),
  })
  return toMessage({ ...message, status: 'queued', failure: null }, message.authorName)
}

/** What is taken back, or about to be, does not go out after all. */
function hasGone({ recall }: Pick<AuthoredRow, 'recall'>): boolean {
  return recall !== null && recall.state !== 'failed'
}
