/**
 * An answer to a customer, or a note among colleagues. Message, delivery and event are written in one transaction, so an
 * answer is either on its way or was never made; sending it is the dispatcher's work (connectors/runtime), and what
 * became of it comes back through lanes.ts and receipts.ts.
 */
import { familyOf } from '../contacts/family.ts'
import { emit } from '../events/outbox.ts'
import type { Message, Part } from '../events/shapes.ts'
import { crashPoint } from '../platform/crash-points.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { bindFiles, claimFiles } from './attachments.ts'
import { getConversation, type LockedConversation, lockConversation, unknownConversation } from './conversations.ts'
import { mentioned, tellMentioned } from './mentions.ts'
import { preview } from './model.ts'
import { bringIn } from './participants.ts'
import { audienceOf, type MessageRow, toMessage } from './rows.ts'
import { requireSpeaker } from './speakers.ts'
import { viewerOf } from './visibility.ts'

export interface Draft {
  readonly parts: readonly Part[]
  /** The id of a message of the same conversation. */
  readonly replyTo?: string
  /** For colleagues only: nothing is sent. */
  readonly note?: true
  /** Members to whom a note calls out. */
  readonly mentions?: readonly string[]
  /** Another channel on which the contact can be written to; where they wrote last unless said. */
  readonly channelId?: string
  /** The id that the author's own program gave it. */
  readonly clientId?: string
  /** Nobody wrote it just now. */
  readonly automatic?: true
}

/**
 * Queues an answer at the end of its lane, or keeps a note. Locks the conversation. An agent may answer what is assigned
 * to them or in which they take part, and note on what they see; supervisors and programs may answer all. Whom a note mentions is
 * told, and takes part from then on unless they see the conversation anyway. Not recognised when repeated: requests are, by their
 * Idempotency-Key.
 *
 * Faults: `conversation-unknown`, `conversation-closed`, `reply-not-yours`, `reply-to-unknown`, `contact-blocked`,
 * `channel-unreachable`, `channel-removed`, `file-unknown`, `file-used`, `mention-outside-note`, `member-unknown`, `member-disabled`,
 * `participants-too-many`.
 */
export async function reply(
  tx: TenantTx,
  author: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  draft: Draft,
): Promise<Message> {
  const found = await lockConversation(tx, tx.tenantId, conversationId)
  if (found === undefined) throw unknownConversation(conversationId)
  await getConversation(tx, viewerOf(author), conversationId)
  if (draft.replyTo !== undefined) await requireMessage(tx, conversationId, draft.replyTo)
  if (draft.note) return note(tx, author, found, draft)
  if (draft.mentions !== undefined) throw mentionOutsideNote()
  requireSpeaker(author, found)
  return say(tx, author, found, draft)
}

async function note(
  tx: TenantTx,
  author: MemberPrincipal | KeyPrincipal,
  before: LockedConversation,
  draft: Draft,
): Promise<Message> {
  const members = await mentioned(tx, draft.mentions ?? [])
  const others = members.filter(({ id }) => id !== author.id)
  const conversation = await bringIn(tx, before, others)
  const message = await say(tx, author, conversation, draft)
  await tellMentioned(tx, conversation, message)
  return message
}

function mentionOutsideNote(): Fault {
  return new Fault('invalid', 'mention-outside-note', 'Only notes mention colleagues: customers read the rest.', {
    errors: [{ pointer: '/mentions', detail: 'goes with note: true' }],
  })
}

/**
 * The same for whoever has the right to speak from elsewhere, as the one who works on a ticket has: says nothing of permission.
 * The conversation is locked by the caller. Faults: `conversation-closed`, `contact-blocked`, `channel-unreachable`,
 * `channel-removed`, `file-unknown`, `file-used`.
 */
export async function say(
  tx: TenantTx,
  author: MemberPrincipal | KeyPrincipal,
  conversation: LockedConversation,
  draft: Draft,
): Promise<Message> {
  const conversationId = conversation.id
  const route = draft.note ? undefined : await requireRoute(tx, conversation, draft.channelId)
  const parts = await claimFiles(tx, author, draft.parts)
  const voice = { kind: author.kind === 'member' ? 'member' : 'bot', id: author.id } as const
  const message = await queueMessage(tx, voice, conversation, route, { ...draft, parts })
  await bindFiles(tx, message.id, parts)
  await tx.run(
    `update conversations set last_number = $3, last_message_at = $4, updated_at = now(), version = version + 1,
            agent_read = case when assignee_id = $6 then $3 else agent_read end,
            preview = case when $5::text is null then preview else $5 end,
            waiting_since = case when $5::text is null then waiting_since end,
            first_answer_at = case when $5::text is null then first_answer_at else coalesce(first_answer_at, now()) end
      where tenant_id = $1 and id = $2`,
    tx.tenantId,
    conversationId,
    message.number,
    message.createdAt,
    draft.note ? null : preview(message.parts),
    author.id,
  )
  const shown = toMessage(message, await nameOf(tx, author))
  await emit(tx, 'message.created', conversationId, { message: shown, ...audienceOf(conversation) })
  crashPoint('reply:before-commit')
  return shown
}

export interface Route {
  readonly channelId: string
  readonly peer: string
}

async function requireRoute(
  tx: TenantTx,
  conversation: LockedConversation,
  channelId: string = conversation.channelId,
): Promise<Route> {
  if (conversation.status === 'closed') {
    throw new Fault('conflict', 'conversation-closed', 'The conversation is closed.')
  }
  const { blocked } = await tx.one<{ blocked: boolean }>(
    `select st.blocked_at is not null and (st.blocked_until is null or st.blocked_until > now()) as blocked
       from contacts ct join contacts st on st.tenant_id = ct.tenant_id and st.id = coalesce(ct.merged_into, ct.id)
      where ct.tenant_id = $1 and ct.id = $2`,
    tx.tenantId,
    conversation.contactId,
  )
  if (blocked) throw new Fault('conflict', 'contact-blocked', 'The contact is on the blocklist.')
  const peer = channelId === conversation.channelId ? conversation.peer : await peerOn(tx, conversation, channelId)
  const channel = await tx.maybe<{ removedAt: Date | null }>(
    `select removed_at from channels where tenant_id = $1 and id = $2`,
    tx.tenantId,
    channelId,
  )
  if (channel === undefined || channel.removedAt !== null) {
    throw new Fault('conflict', 'channel-removed', 'The channel was taken away.')
  }
  return { channelId, peer }
}

/** Where the contact can be written to on another channel: the chat in which they wrote last. */
async function peerOn(tx: TenantTx, conversation: LockedConversation, channelId: string): Promise<string> {
  const chat = await tx.maybe<{ peer: string }>(
    `select peer from chats where tenant_id = $1 and channel_id = $2 and contact_id = any($3::text[])
      order by last_inbound_at desc nulls last limit 1`,
    tx.tenantId,
    channelId,
    await familyOf(tx, conversation.contactId),
  )
  if (chat === undefined) {
    throw new Fault('conflict', 'channel-unreachable', 'The contact has never written on that channel.')
  }
  return chat.peer
}

async function requireMessage(tx: TenantTx, conversationId: string, messageId: string): Promise<void> {
  const found = await tx.maybe(
    `select 1 from messages where tenant_id = $1 and conversation_id = $2 and id = $3`,
    tx.tenantId,
    conversationId,
    messageId,
  )
  if (found === undefined) {
    throw new Fault('invalid', 'reply-to-unknown', 'The message that is answered is not in this conversation.', {
      errors: [{ pointer: '/replyTo', detail: 'names no message of this conversation' }],
    })
  }
}

/** Who speaks: a member, a program of the business (bot), or the hub by itself. */
export interface Voice {
  readonly kind: 'member' | 'bot' | 'system'
  readonly id: string | null
}

/** Writes a message at the end of its conversation and, with a route, its delivery at the end of that lane. The conversation is locked. */
export async function queueMessage(
  tx: TenantTx,
  voice: Voice,
  conversation: LockedConversation,
  route: Route | undefined,
  draft: Draft,
): Promise<MessageRow> {
  const message = await tx.one<MessageRow>(
    `insert into messages as m (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, author_id,
                                channel_id, peer, parts, reply_to, client_id, status, mentions, automatic, sent_at)
     values ($1, $2, $3,
             coalesce((select contact_id from chats where tenant_id = $1 and channel_id = $9 and peer = $10), $4),
             $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now())
     returning m.*`,
    tx.tenantId,
    newId('msg'),
    conversation.id,
    conversation.contactId,
    conversation.lastNumber + 1,
    route === undefined ? 'note' : 'out',
    voice.kind,
    voice.id,
    route?.channelId ?? null,
    route?.peer ?? null,
    JSON.stringify(storable(draft.parts)),
    draft.replyTo ?? null,
    draft.clientId === undefined ? null : storable(draft.clientId),
    route === undefined ? 'noted' : 'queued',
    [...new Set(draft.mentions)],
    draft.automatic ?? false,
  )
  if (route === undefined) return message
  await tx.run(
    `insert into deliveries (tenant_id, message_id, piece, channel_id, peer, parts) values ($1, $2, 0, $3, $4, $5)`,
    tx.tenantId,
    message.id,
    route.channelId,
    route.peer,
    JSON.stringify(message.parts),
  )
  return message
}

async function nameOf(tx: TenantTx, author: MemberPrincipal | KeyPrincipal): Promise<string | null> {
  const table = author.kind === 'member' ? 'members' : 'api_keys'
  const row = await tx.maybe<{ name: string }>(
    `select name from ${table} where tenant_id = $1 and id = $2`,
    tx.tenantId,
    author.id,
  )
  return row?.name ?? null
}
