/** What colleagues write on a conversation, beside what is said in it. Customers see none of it. */
import { emit } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { requireCategory } from './categories.ts'
import { getConversation, lockConversation, unknownConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { keepTags, normalTags } from './tags.ts'
import { viewerOf } from './visibility.ts'

export interface ConversationChange {
  readonly tags?: readonly string[]
  /** 对话小结: may be written before the end and after it. */
  readonly summary?: string | null
  readonly category?: string | null
  /** Higher is more urgent; what waits takes its new place at once. */
  readonly priority?: number
}

/**
 * Changes what is given, for whoever sees the conversation, and emits conversation.updated if that makes a difference. Locks it.
 * Faults: `conversation-unknown`, `version-stale`, `tag-blank`, `tags-too-many`, `category-unknown`.
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
  const { summary, category, priority } = { ...pick(before), ...storable(pick(change)) }
  if (category !== null && category !== before.category) await requireCategory(tx, category)
  const isRetagged = tags.join('\n') !== before.tags.join('\n')
  if (isRetagged) await keepTags(tx, conversationId, tags)
  else if (summary === before.summary && category === before.category && priority === before.priority) return seen
  const row = await tx.one<ConversationRow>(
    `update conversations c set tags = $3, summary = $4, category = $5, priority = $6, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    conversationId,
    tags,
    summary,
    category,
    priority,
  )
  const conversation = toConversation(row, before.contactName)
  await emit(tx, 'conversation.updated', conversationId, { conversation })
  return conversation
}

function pick<T extends ConversationChange>({
  summary,
  category,
  priority,
}: T): Pick<T, 'summary' | 'category' | 'priority'> {
  return {
    ...(summary !== undefined && { summary }),
    ...(category !== undefined && { category }),
    ...(priority !== undefined && { priority }),
  } as Pick<T, 'summary' | 'category' | 'priority'>
}
