/** What a channel tells of a message beside it: its author has edited it or taken it back, somebody reacts to it. */
import type { Tx } from '../platform/database.ts'
import { awaitFiles, expectFiles } from './awaited-files.ts'
import { lockConversation } from './conversations.ts'
import { type Change, type ChangedMessage, keepEarly, lockExternalId } from './early.ts'
import { tellMessage } from './message-changes.ts'
import type { Inbound } from './model.ts'

/**
 * Applies it, or keeps it until its message is there, so the order in which they come makes no difference. Emits message.updated if there is any.
 * Locks the conversation: in a transaction that does more, call it in the order of conversations.
 */
export async function applyChange(tx: Tx, of: ChangedMessage, change: Change): Promise<void> {
  return change.kind === 'edit' ? applyEdit(tx, of, change) : applyReaction(tx, of, change)
}

/** The customer's message says this now: an edit older than the one that is known changes nothing, and what was taken back stays so. */
async function applyEdit(tx: Tx, on: ChangedMessage, edit: Extract<Inbound, { kind: 'edit' }>): Promise<void> {
  const { tenantId, channelId } = on
  const of = await tx.maybe<{ id: string; conversationId: string }>(
    `select id, conversation_id from messages
      where tenant_id = $1 and channel_id = $2 and external_id = $3 and direction = 'in' order by created_at desc limit 1`,
    tenantId,
    channelId,
    edit.externalId,
  )
  if (of === undefined) return keepEarly(tx, on, edit)
  const conversation = await lockConversation(tx, tenantId, of.conversationId)
  if (conversation === undefined) return
  const { parts, files } = expectFiles(edit.parts)
  const isRecall = parts.some((part) => part.type === 'unsupported' && part.native === 'recall')
  const changed = await tx.run(
    `update messages set parts = $3, edited_at = greatest(edited_at, $4::timestamptz)
      where tenant_id = $1 and id = $2 and ($5 or coalesce(edited_at <= $4::timestamptz, true))
        and not parts @> '[{"type": "unsupported", "native": "recall"}]'`,
    tenantId,
    of.id,
    JSON.stringify(parts),
    edit.at,
    isRecall,
  )
  if (changed === 0) return
  await awaitFiles(tx, [{ tenantId, channelId, messageId: of.id, files }])
  await tellMessage(tx, conversation, tenantId, of.id)
}

/** Somebody shows these on a message, of theirs or of ours, in place of what they showed; an older one changes nothing. As applyChange otherwise. */
export async function applyReaction(
  tx: Tx,
  on: ChangedMessage,
  reaction: Extract<Inbound, { kind: 'reaction' }>,
): Promise<void> {
  const { tenantId, channelId } = on
  const { externalId, from, emojis, at } = reaction
  // One of ours may be about to learn its external id.
  await lockExternalId(tx, channelId, externalId)
  // A message of ours may be several of the platform's.
  const of = await tx.maybe<{ id: string; conversationId: string }>(
    `select m.id, m.conversation_id from messages m
      where m.tenant_id = $1 and m.id in (
        select message_id from deliveries where tenant_id = $1 and channel_id = $2 and external_id = $3
        union all select id from messages where tenant_id = $1 and channel_id = $2 and external_id = $3)
      order by m.created_at desc limit 1`,
    tenantId,
    channelId,
    externalId,
  )
  if (of === undefined) return keepEarly(tx, on, reaction)
  const conversation = await lockConversation(tx, tenantId, of.conversationId)
  if (conversation === undefined) return
  const by = `${from.kind}:${from.address}`
  const before = await tx.one<{ shown: readonly string[] | null; at: string | null }>(
    `select reactions -> $3 as shown, reacted_at ->> $3 as at from messages where tenant_id = $1 and id = $2`,
    tenantId,
    of.id,
    by,
  )
  if (before.at !== null && Date.parse(before.at) > Date.parse(at)) return
  await tx.run(
    `update messages set reactions = case when $4::jsonb = '[]' then reactions - $3 else reactions || jsonb_build_object($3::text, $4::jsonb) end,
            reacted_at = reacted_at || jsonb_build_object($3::text, $5::text)
      where tenant_id = $1 and id = $2`,
    tenantId,
    of.id,
    by,
    JSON.stringify(emojis),
    at,
  )
  if (JSON.stringify(before.shown ?? []) !== JSON.stringify(emojis))
    await tellMessage(tx, conversation, tenantId, of.id)
}
