/**
 * Writing to a contact who has not written just now: in the conversation that is open, else in a new one. What is opened here
 * was asked for by nobody, so it does not wait in a queue: the member who has something to say holds it, and gets the answer.
 */
import type { ContactRow } from '../contacts/contacts.ts'
import { contactFamily } from '../contacts/contacts.ts'
import { emitAll } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type LockedConversation, lockConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

/**
 * The contact's open conversation, locked; the one that is preferred, if it is open, else the one of the last message.
 * Undefined if none is open. The contact is locked by the caller, so none opens meanwhile; one may be closed while we wait.
 */
export async function lockOpenConversation(
  tx: TenantTx,
  contact: ContactRow,
  preferredId: string | null,
): Promise<LockedConversation | undefined> {
  const family = await contactFamily(tx, contact.id)
  for (;;) {
    const found = await tx.maybe<{ id: string }>(
      `select id from conversations where tenant_id = $1 and contact_id = any($2) and status <> 'closed'
        order by (id = $3) is true desc, last_message_at desc nulls last limit 1`,
      tx.tenantId,
      family,
      preferredId,
    )
    if (found === undefined) return undefined
    const locked = await lockConversation(tx, tx.tenantId, found.id)
    if (locked !== undefined && locked.status !== 'closed') return locked
  }
}

/**
 * Opens a conversation on the channel on which the contact wrote last, held by a member. Routing has no part in it: it takes no
 * capacity and cannot be handed on by routing's commands until it is closed and the customer writes again. The contact is locked
 * by the caller and has no open conversation. Emits conversation.opened and conversation.assigned.
 * Faults with `contact-unreachable` when they never wrote on a channel that is there and enabled.
 */
export async function openConversation(
  tx: TenantTx,
  contact: ContactRow,
  holderId: string,
  groupId: string | null,
): Promise<LockedConversation> {
  const chat = await tx.maybe<{ channelId: string; peer: string; apart: boolean; groupId: string | null }>(
    `select h.channel_id, h.peer, h.group_id, coalesce(h.settings->>'conversationPer' = 'channel', false) as apart
       from (select c.channel_id, c.peer, c.last_inbound_at, ch.settings, ch.group_id
               from chats c join channels ch on ch.tenant_id = c.tenant_id and ch.id = c.channel_id
              where c.tenant_id = $1 and c.contact_id = any($2) and c.kind = 'direct' and ch.enabled and ch.removed_at is null) h
      order by h.last_inbound_at desc nulls last, h.channel_id limit 1`,
    tx.tenantId,
    await contactFamily(tx, contact.id),
  )
  if (chat === undefined) {
    throw new Fault('conflict', 'contact-unreachable', 'The contact never wrote on a channel that is in use.')
  }
  const apart = chat.apart ? `/${chat.channelId}` : ''
  return openConversationOn(tx, contact, { ...chat, apart, groupId: groupId ?? chat.groupId }, holderId)
}

export interface WayOut {
  readonly channelId: string
  readonly peer: string
  /** What follows the contact's id where it is a conversation beside others; empty otherwise. */
  readonly apart: string
  readonly groupId?: string | null
}

/** The same on a channel that is known. */
export async function openConversationOn(
  tx: TenantTx,
  contact: ContactRow,
  { channelId, peer, apart, groupId = null }: WayOut,
  holderId: string,
): Promise<LockedConversation> {
  const row = await tx.one<ConversationRow>(
    `insert into conversations as c (tenant_id, id, contact_id, slot, held_by, assignee_id, group_id, channel_id, peer)
     values ($1, $2, $3, $4, 'agent', $5, $6, $7, $8) returning ${conversationColumns}`,
    tx.tenantId,
    newId('cnv'),
    contact.id,
    contact.id + apart,
    holderId,
    groupId,
    channelId,
    peer,
  )
  const conversation = toConversation(row, contact.name)
  const { tenantId } = tx
  await emitAll(tx, [
    { type: 'conversation.opened', tenantId, subject: row.id, data: { conversation } },
    { type: 'conversation.assigned', tenantId, subject: row.id, data: { conversation, previousAssigneeId: null } },
  ])
  return { ...row, contactName: contact.name }
}
