/**
 * Several agents in one (多人会话): colleagues who see a conversation and write in it beside its holder. They take no capacity, for
 * routing knows of the holder alone; when one of them becomes the holder (moves.ts) they take part no longer.
 */
import { type Emission, emitAll } from '../events/outbox.ts'
import type { Conversation, Member } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { getMember } from '../tenancy/members.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { type LockedConversation, lockSeen } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'
import { requireSpeaker } from './speakers.ts'
import { viewerOf } from './visibility.ts'

/** How many take part at most. */
export const maxParticipants = 20

/**
 * Brings a colleague in; who holds it or takes part already is left as they are. Whoever may answer may invite. Locks the
 * conversation. Faults: `conversation-unknown`, `reply-not-yours`, `conversation-closed`, `member-unknown`, `member-disabled`,
 * `participants-too-many`.
 */
export async function invite(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  memberId: string,
): Promise<Conversation> {
  const before = await lockSeen(tx, viewerOf(by), conversationId)
  requireSpeaker(by, before)
  if (before.status === 'closed') throw new Fault('conflict', 'conversation-closed', 'The conversation is closed.')
  const member = await getMember(tx, memberId)
  if (member.disabled) throw new Fault('conflict', 'member-disabled', 'The member is disabled.')
  return shown(memberId === before.assigneeId ? before : await join(tx, before, [memberId]))
}

/**
 * Somebody takes part no longer: they themselves, or whoever may answer sends them away. Who takes no part is left as they are.
 * Locks the conversation. Faults: `conversation-unknown`, `reply-not-yours`.
 */
export async function leave(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  memberId: string,
): Promise<Conversation> {
  const before = await lockSeen(tx, viewerOf(by), conversationId)
  requireSpeaker(by, before)
  if (!before.participantIds.includes(memberId)) return shown(before)
  const after = await setParticipants(
    tx,
    before,
    before.participantIds.filter((id) => id !== memberId),
  )
  await tell(tx, 'conversation.left', after, [memberId])
  return shown(after)
}

/** Brings in those of these members who would not see the conversation otherwise. It is locked. Faults: `participants-too-many`. */
export function bringIn(
  tx: TenantTx,
  conversation: LockedConversation,
  members: readonly Pick<Member, 'id' | 'role'>[],
): Promise<LockedConversation> {
  const blind = members.filter(({ id, role }) => role === 'agent' && id !== conversation.assigneeId)
  return join(
    tx,
    conversation,
    blind.map(({ id }) => id),
  )
}

async function join(
  tx: TenantTx,
  before: LockedConversation,
  memberIds: readonly string[],
): Promise<LockedConversation> {
  const fresh = memberIds.filter((id) => !before.participantIds.includes(id))
  if (fresh.length === 0) return before
  const all = [...before.participantIds, ...fresh]
  if (all.length > maxParticipants) {
    throw new Fault('conflict', 'participants-too-many', `At most ${maxParticipants} colleagues take part.`)
  }
  const after = await setParticipants(tx, before, all)
  await tell(tx, 'conversation.joined', after, fresh)
  return after
}

async function setParticipants(
  tx: TenantTx,
  before: LockedConversation,
  memberIds: readonly string[],
): Promise<LockedConversation> {
  const row = await tx.one<ConversationRow>(
    `update conversations c set participant_ids = $3, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    before.id,
    memberIds,
  )
  return { ...row, contactName: before.contactName }
}

function tell(
  tx: TenantTx,
  type: 'conversation.joined' | 'conversation.left',
  row: LockedConversation,
  memberIds: readonly string[],
): Promise<void> {
  const conversation = shown(row)
  return emitAll(
    tx,
    memberIds.map((memberId): Emission => {
      return { type, tenantId: tx.tenantId, subject: row.id, data: { conversation, memberId } }
    }),
  )
}

const shown = (row: LockedConversation) => toConversation(row, row.contactName)
