/** What colleagues write on a conversation, beside what is said in it. Customers see none of it. */
import { emit } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { getConversation, lockConversation, unknownConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { keepTags, normalTags } from './tags.ts'
import { viewerOf } from './visibility.ts'

export interface ConversationChange {
  readonly tags?: readonly string[]
}

/**
 * Changes what is given, for whoever sees the conversation, and emits conversation.updated if that makes a difference. Locks it.
 * Faults: `conversation-unknown`, `version-stale`, `tag-blank`, `tags-too-many`.
 */
export async function editConversation(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  change: ConversationChange,
  version: number | undefined,
): Promise<Conversation> {
  const before = await lockConversation(tx, tx.tenantId, conversationId)
  if (before === undefined) throw unknownConversation(conversationId)
  const seen = await getConversation(tx, viewerOf(by), conversationId)
  requireVersion(before.version, version)
  const tags = change.tags === undefined ? before.tags : normalTags(change.tags)
  if (tags.join('\n') === before.tags.join('\n')) return seen
  await keepTags(tx, conversationId, tags)
  const row = await tx.one<ConversationRow>(
    `update conversations c set tags = $3, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    conversationId,
    tags,
  )
  const conversation = toConversation(row, before.contactName)
  await emit(tx, 'conversation.updated', conversationId, { conversation })
  return conversation
}
