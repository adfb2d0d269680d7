/** What a channel tells of a message that is there already: its author has edited it, somebody reacts to it. */
import type { Tx } from '../platform/database.ts'
import { awaitFiles, expectFiles } from './awaited-files.ts'
import { lockConversation } from './conversations.ts'
import { tellMessage } from './message-changes.ts'
import type { Inbound } from './model.ts'

export interface ChangedMessage {
  readonly tenantId: string
  readonly channelId: string
}

/**
 * The customer's message says this now. An edit older than the one that is known, or of a message that never came here, changes nothing. Emits
 * message.updated. Locks the conversation: in a transaction that does more, call it in the order of conversations.
 */
export async function applyEdit(
  tx: Tx,
  { tenantId, channelId }: ChangedMessage,
  edit: Extract<Inbound, { kind: 'edit' }>,
): Promise<void> {
  const of = await tx.maybe<{ id: string; conversationId: string }>(
    `select id, conversation_id from messages
      where tenant_id = $1 and channel_id = $2 and external_id = $3 and direction = 'in' order by created_at desc limit 1`,
    tenantId,
    channelId,
    edit.externalId,
  )
  const conversation = of && (await lockConversation(tx, tenantId, of.conversationId))
  if (of === undefined || conversation === undefined) return
  const { parts, files } = expectFiles(edit.parts)
  const changed = await tx.run(
    `update messages set parts = $3, edited_at = $4 where tenant_id = $1 and id = $2 and coalesce(edited_at <= $4, true)`,
    tenantId,
    of.id,
    JSON.stringify(parts),
    edit.at,
  )
  if (changed === 0) return
  await awaitFiles(tx, [{ tenantId, channelId, messageId: of.id, files }])
  await tellMessage(tx, conversation, tenantId, of.id)
}

/** Somebody shows these on a message, of theirs or of ours, in place of what they showed. As applyEdit otherwise. */
export async function applyReaction(
  tx: Tx,
  { tenantId, channelId }: ChangedMessage,
  { externalId, from, emojis }: Extract<Inbound, { kind: 'reaction' }>,
): Promise<void> {
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
  const conversation = of && (await lockConversation(tx, tenantId, of.conversationId))
  if (of === undefined || conversation === undefined) return
  const by = `${from.kind}:${from.address}`
  const changed = await tx.run(
    `update messages set reactions = case when $4::jsonb = '[]' then reactions - $3 else reactions || jsonb_build_object($3::text, $4::jsonb) end
      where tenant_id = $1 and id = $2 and coalesce(reactions -> $3, '[]') <> $4::jsonb`,
    tenantId,
    of.id,
    by,
    JSON.stringify(emojis),
  )
  if (changed > 0) await tellMessage(tx, conversation, tenantId, of.id)
}
