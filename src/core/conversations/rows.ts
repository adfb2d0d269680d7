/** Rows of conversations and messages, and how the API and events show them: one way for ingest, reply, routing and routes. */
import type { Conversation, Failure, Message, Part, ReplyWindow } from '../events/shapes.ts'

export interface ConversationRow {
  readonly id: string
  readonly contactId: string
  readonly status: Conversation['status']
  readonly heldBy: Conversation['heldBy']
  readonly groupId: string | null
  readonly assigneeId: string | null
  readonly transferGroupId: string | null
  readonly channelId: string
  /** The platform's chat of that channel: where an answer goes by default. Never shown. */
  readonly peer: string
  readonly priority: number
  readonly tags: string[]
  readonly participantIds: string[]
  readonly lastNumber: number
  readonly lastMessageAt: Date | null
  readonly preview: string | null
  readonly waitingSince: Date | null
  /** The `waitingSince` of which it was said that it lasts too long. */
  readonly overdueFor: Date | null
  readonly firstAnswerAt: Date | null
  readonly agentRead: number
  readonly customerRead: number
  readonly reopened: number
  readonly summary: string | null
  readonly category: string | null
  readonly openedAt: Date
  readonly snoozedAt: Date | null
  readonly snoozedUntil: Date | null
  readonly resolvedAt: Date | null
  readonly resolvedBy: string | null
  readonly closedAt: Date | null
  readonly closedBy: string | null
  /** Since when it waits for the hours to begin, and when they do, if that is known. */
  readonly parkedAt: Date | null
  readonly parkedUntil: Date | null
  /** What the channel's platform still allows by way of answers; null where it sets no limits. */
  readonly replyWindow: ReplyWindow | null
  readonly updatedAt: Date
  readonly version: number
}

/** The window of the chat that the alias `c` names, a conversation or a chat itself. */
export const replyWindowColumn = `(select case when count(*) > 0 then jsonb_build_object(
            'expiresAt', to_char(max(t.expires_at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'usesLeft', case when not coalesce(bool_or(t.uses is null and t.expires_at > now()), false)
                             then coalesce(sum(t.uses - t.used) filter (where t.expires_at > now()), 0) end) end
     from reply_tickets t where t.tenant_id = c.tenant_id and t.channel_id = c.channel_id and t.peer = c.peer) as reply_window`

/** The columns that make a ConversationRow, of `conversations` under the alias `c`. */
export const conversationColumns = `c.id, c.contact_id, c.status, c.held_by, c.group_id, c.assignee_id, c.transfer_group_id, c.channel_id, c.peer,
  c.priority, c.tags, c.participant_ids, c.last_number, c.last_message_at, c.preview, c.waiting_since, c.overdue_for, c.first_answer_at, c.agent_read, c.customer_read,
  c.reopened, c.summary, c.category, c.opened_at, c.snoozed_at, c.snoozed_until, c.resolved_at, c.resolved_by, c.closed_at,
  c.closed_by, c.parked_at, c.parked_until, c.updated_at, c.version,
  ${replyWindowColumn}`

export interface MessageRow {
  readonly id: string
  readonly conversationId: string
  readonly contactId: string
  readonly number: number
  readonly direction: Message['direction']
  readonly authorKind: Message['author']['kind']
  readonly authorId: string | null
  readonly channelId: string | null
  readonly peer: string | null
  readonly parts: Part[]
  readonly replyTo: string | null
  readonly externalId: string | null
  readonly clientId: string | null
  readonly mentions: string[]
  /** A program said it by itself, theirs or ours. */
  readonly automatic: boolean
  readonly status: Message['status']
  readonly failure: Failure | null
  readonly editedAt: Date | null
  /** By whom, as the channel knows them, with what. */
  readonly reactions: Readonly<Record<string, readonly string[]>>
  readonly recall: NonNullable<Message['recall']> | null
  readonly sentAt: Date
  readonly createdAt: Date
}

/** The columns that make a MessageRow, of `messages` under the alias `m`. */
export const messageColumns = `m.id, m.conversation_id, m.contact_id, m.number, m.direction, m.author_kind, m.author_id, m.channel_id,
  m.peer, m.parts, m.reply_to, m.external_id, m.client_id, m.mentions, m.automatic, m.status, m.failure, m.edited_at, m.reactions, m.recall, m.sent_at,
  m.created_at`

/** A conversation as it is shown; `contactName` is that of its contact's row. */
export function toConversation(row: ConversationRow, contactName: string): Conversation {
  return {
    id: row.id,
    contactId: row.contactId,
    contactName,
    status: row.status,
    heldBy: row.heldBy,
    groupId: row.groupId,
    assigneeId: row.assigneeId,
    ...(row.transferGroupId !== null && { transferGroupId: row.transferGroupId }),
    channelId: row.channelId,
    priority: row.priority,
    tags: row.tags,
    participantIds: row.participantIds,
    lastNumber: row.lastNumber,
    lastMessageAt: row.lastMessageAt?.toISOString() ?? null,
    preview: row.preview,
    waitingSince: row.waitingSince?.toISOString() ?? null,
    overdue: row.waitingSince !== null && row.overdueFor?.getTime() === row.waitingSince.getTime(),
    firstAnswerAt: row.firstAnswerAt?.toISOString() ?? null,
    agentRead: row.agentRead,
    customerRead: row.customerRead,
    reopened: row.reopened,
    summary: row.summary,
    category: row.category,
    openedAt: row.openedAt.toISOString(),
    snoozed:
      row.snoozedAt === null
        ? null
        : { since: row.snoozedAt.toISOString(), until: row.snoozedUntil?.toISOString() ?? null },
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    resolvedBy: row.resolvedBy,
    closedAt: row.closedAt?.toISOString() ?? null,
    closedBy: row.closedBy,
    parkedAt: row.parkedAt?.toISOString() ?? null,
    parkedUntil: row.parkedUntil?.toISOString() ?? null,
    replyWindow: row.replyWindow,
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
  }
}

/** A message as it is shown; `authorName` is the contact's or the member's name, null where there is none. */
export function toMessage(row: MessageRow, authorName: string | null): Message {
  return {
    id: row.id,
    conversationId: row.conversationId,
    contactId: row.contactId,
    number: row.number,
    direction: row.direction,
    author: { kind: row.authorKind, id: row.authorId, name: authorName },
    channelId: row.channelId,
    parts: row.parts,
    replyTo: row.replyTo,
    clientId: row.clientId,
    mentions: row.mentions,
    status: row.status,
    failure: row.failure,
    editedAt: row.editedAt?.toISOString() ?? null,
    reactions: Object.values(row.reactions).flat(),
    ...(row.recall && { recall: row.recall }),
    sentAt: row.sentAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
  }
}

/** What an event of a conversation must carry beside its subject, for visibility.ts to judge who may see it. */
export interface Audience {
  readonly contactId: string
  readonly heldBy: Conversation['heldBy']
  readonly groupId: string | null
  readonly assigneeId: string | null
  readonly participantIds: string[]
}

export function audienceOf(row: Audience): Audience {
  const { contactId, heldBy, groupId, assigneeId, participantIds } = row
  return { contactId, heldBy, groupId, assigneeId, participantIds }
}
