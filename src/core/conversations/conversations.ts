/** Conversations and their messages, read: single ones, lists in pages, and the row under lock for those who change it. */
import { familyOf } from '../contacts/family.ts'
import type { Conversation, Message } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import {
  type ConversationRow,
  conversationColumns,
  type MessageRow,
  messageColumns,
  toConversation,
  toMessage,
} from './rows.ts'
import { type Viewer, visibleTo } from './visibility.ts'

export interface ConversationFilter {
  readonly status?: Conversation['status']
  readonly heldBy?: Conversation['heldBy']
  readonly assigneeId?: string
  readonly groupId?: string
  readonly contactId?: string
  readonly channelId?: string
  readonly participantId?: string
  readonly tag?: string
  readonly category?: string
  /** The customer waits for our answer, or does not. */
  readonly unanswered?: boolean
  readonly snoozed?: boolean
}

/** Conversations with the contact that they were held with (`ct`) and the one that stands for it now (`st`). */
const namedConversations = `conversations c join contacts ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
       join contacts st on st.tenant_id = ct.tenant_id and st.id = coalesce(ct.merged_into, ct.id)`

type Named = ConversationRow & { readonly contactName: string }

/** The conversation, if there is one that the viewer may see. Faults with `conversation-unknown` otherwise. */
export async function getConversation(tx: TenantTx, viewer: Viewer, id: string): Promise<Conversation> {
  const { values, bind } = parameters()
  const row = await tx.maybe<Named>(
    `select ${conversationColumns}, coalesce(nullif(st.name, ''), ct.name) as contact_name
       from ${namedConversations}
      where c.tenant_id = ${bind(tx.tenantId)} and c.id = ${bind(id)} and ${visibleTo(viewer, bind)}`,
    ...values,
  )
  if (row === undefined) throw unknownConversation(id)
  return toConversation(row, row.contactName)
}

/**
 * That the viewer may ask for the conversation: it waits, or is theirs already. One that has left the queue of a group of theirs is out of their sight,
 * but no secret to them. Faults: `conversation-unknown`, `conversation-taken`, `conversation-unqueued`.
 */
export async function requireTakeable(tx: TenantTx, viewer: Viewer, id: string): Promise<void> {
  const { values, bind } = parameters()
  const row = await tx.maybe<{ heldBy: Conversation['heldBy']; assigneeId: string | null }>(
    `select c.held_by, c.assignee_id from conversations c where c.tenant_id = ${bind(tx.tenantId)} and c.id = ${bind(id)}
        and (${visibleTo(viewer, bind)} or c.group_id = any(${bind(viewer.groupIds)}::text[]))`,
    ...values,
  )
  if (row === undefined) throw unknownConversation(id)
  const { heldBy, assigneeId } = row
  if (heldBy === 'queue' || (assigneeId !== null && assigneeId === viewer.memberId)) return
  if (heldBy === 'agent') throw new Fault('conflict', 'conversation-taken', 'Somebody else holds this conversation.')
  throw new Fault('conflict', 'conversation-unqueued', 'It is with nobody, and waits for nobody.')
}

// In words of the statement, so that partial indexes are found.
const statusIs = {
  open: `c.status = 'open'`,
  resolved: `c.status = 'resolved'`,
  closed: `c.status = 'closed'`,
} as const

/** By what a list is ordered: the latest changed first, or whoever waits for our answer, longest first. */
const orders = {
  updated: { key: 'c.updated_at', order: 'desc', beyond: '<' },
  waiting: { key: 'c.waiting_since', order: 'asc', beyond: '>' },
} as const

/** Conversations that the viewer may see; in the order of waiting, those alone that wait for an answer. */
export async function listConversations(
  tx: TenantTx,
  viewer: Viewer,
  filter: ConversationFilter,
  page: PageRequest,
  by: keyof typeof orders = 'updated',
): Promise<Page<Conversation>> {
  const { key, order, beyond } = orders[by]
  const { values, bind } = parameters()
  const conditions = [`c.tenant_id = ${bind(tx.tenantId)}`, visibleTo(viewer, bind)]
  if (filter.status !== undefined) conditions.push(statusIs[filter.status])
  if (filter.heldBy !== undefined) conditions.push(`c.held_by = ${bind(filter.heldBy)}`)
  if (filter.assigneeId !== undefined) conditions.push(`c.assignee_id = ${bind(filter.assigneeId)}`)
  if (filter.groupId !== undefined) conditions.push(`c.group_id = ${bind(filter.groupId)}`)
  if (filter.contactId !== undefined) {
    conditions.push(`c.contact_id = any(${bind(await familyOf(tx, filter.contactId))}::text[])`)
  }
  if (filter.channelId !== undefined) conditions.push(`c.channel_id = ${bind(filter.channelId)}`)
  if (filter.participantId !== undefined) conditions.push(`${bind(filter.participantId)} = any(c.participant_ids)`)
  if (filter.category !== undefined) conditions.push(`c.category = ${bind(filter.category)}`)
  if (filter.snoozed !== undefined) conditions.push(`c.snoozed_at is ${filter.snoozed ? 'not ' : ''}null`)
  if (filter.unanswered === true) conditions.push(`c.status = 'open' and c.waiting_since is not null`)
  if (filter.unanswered === false) conditions.push(`(c.status <> 'open' or c.waiting_since is null)`)
  if (filter.tag !== undefined) {
    conditions.push(`exists (select from conversation_tags t where t.tenant_id = c.tenant_id and t.conversation_id = c.id
                                                               and t.tag = ${bind(filter.tag)})`)
  }
  if (by === 'waiting') conditions.push(`c.status = 'open' and c.waiting_since is not null`)
  if (page.after !== null) {
    conditions.push(`(${key}, c.id) ${beyond} (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<Named & { sortKey: string }>(
    `select ${conversationColumns}, coalesce(nullif(st.name, ''), ct.name) as contact_name, ${key}::text as sort_key
       from ${namedConversations}
      where ${conditions.join(' and ')}
      order by ${key} ${order}, c.id ${order} limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toConversation(row, row.contactName),
  )
}

/**
 * Messages of one conversation, ascending by number: those after a number, those before one (the nearest), or the latest.
 * Says nothing of permission: ask getConversation first.
 */
export async function listMessages(
  tx: TenantTx,
  conversationId: string,
  from: { readonly after?: number; readonly before?: number; readonly limit: number },
): Promise<Message[]> {
  const { values, bind } = parameters()
  const forward = from.after !== undefined
  const conditions = [`m.tenant_id = ${bind(tx.tenantId)}`, `m.conversation_id = ${bind(conversationId)}`]
  if (from.after !== undefined) conditions.push(`m.number > ${bind(from.after)}`)
  if (from.before !== undefined) conditions.push(`m.number < ${bind(from.before)}`)
  const rows = await tx.query<AuthoredRow>(
    `select ${authoredColumns} from ${authoredMessages} where ${conditions.join(' and ')}
      order by m.number ${forward ? 'asc' : 'desc'} limit ${bind(from.limit)}`,
    ...values,
  )
  if (!forward) rows.reverse()
  return rows.map((row) => toMessage(row, row.authorName))
}

export interface AuthoredRow extends MessageRow {
  readonly authorName: string | null
  /** 工号 of the member who wrote it. */
  readonly authorNumber: string | null
}

/** Messages with the names of who wrote them: what to select from where. */
export const authoredColumns = `${messageColumns}, coalesce(ac.name, am.name, ak.name) as author_name, am.number as author_number`
export const authoredMessages = `messages m
  left join contacts ac on m.author_kind = 'contact' and ac.tenant_id = m.tenant_id and ac.id = m.author_id
  left join members am on m.author_kind = 'member' and am.tenant_id = m.tenant_id and am.id = m.author_id
  left join api_keys ak on m.author_kind = 'bot' and ak.tenant_id = m.tenant_id and ak.id = m.author_id`

export interface LockedConversation extends ConversationRow {
  readonly contactName: string
}

/**
 * Takes the row until the end of the transaction; undefined if there is none. Locks go contacts, conversations, …, ids
 * ascending: whoever needs the contact's row too takes it before.
 */
export function lockConversation(tx: Tx, tenantId: string, id: string): Promise<LockedConversation | undefined> {
  return tx.maybe<LockedConversation>(
    `select ${conversationColumns},
            (select coalesce(nullif(st.name, ''), ct.name) from contacts ct
               join contacts st on st.tenant_id = ct.tenant_id and st.id = coalesce(ct.merged_into, ct.id)
              where ct.tenant_id = c.tenant_id and ct.id = c.contact_id) as contact_name
       from conversations c where c.tenant_id = $1 and c.id = $2 for no key update of c`,
    tenantId,
    id,
  )
}

/** The same for somebody who may only lock what they see. Faults with `conversation-unknown`. */
export async function lockSeen(tx: TenantTx, viewer: Viewer, id: string): Promise<LockedConversation> {
  const locked = await lockConversation(tx, tx.tenantId, id)
  if (locked === undefined) throw unknownConversation(id)
  await getConversation(tx, viewer, id)
  return locked
}

export function unknownConversation(id: string): Fault {
  return new Fault('not-found', 'conversation-unknown', `There is no conversation ${id}.`)
}
