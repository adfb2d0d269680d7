/** A conversation changes hands as routing has it do, without a shard. */
import { lockToMove, moveConversations } from '../../src/core/conversations/moves.ts'
import { emitAll } from '../../src/core/events/outbox.ts'
import type { TenantTx } from '../../src/core/platform/database.ts'

/** To that agent, or, with null, back into a queue; says whether that made a difference. */
export async function moveConversation(
  tx: TenantTx,
  conversationId: string,
  memberId: string | null,
  groupId: string | null = null,
): Promise<boolean> {
  const locked = await lockToMove(tx, [{ tenantId: tx.tenantId, conversationId, memberId, groupId }])
  const emissions = await moveConversations(tx, locked)
  await emitAll(tx, emissions)
  return emissions.length > 0
}
