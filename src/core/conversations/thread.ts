/**
 * The thread: everything a contact ever said or was told, over all channels and conversations. A reading, not a table.
 * What was said by or to contacts that were merged into this one belongs to it.
 */
import { getContact } from '../contacts/contacts.ts'
import { contactFamily } from '../contacts/family.ts'
import type { Message } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { type AuthoredRow, authoredColumns, authoredMessages } from './conversations.ts'
import { toMessage } from './rows.ts'
import { type Viewer, visibleTo } from './visibility.ts'

/**
 * Messages of a contact, newest first. Who does not see every conversation reads the thread of those contacts of whom they
 * see at least one: whoever serves a customer knows the customer's history.
 * Faults: `contact-unknown`, `thread-hidden`.
 */
export async function listThread(
  tx: TenantTx,
  viewer: Viewer,
  contactId: string,
  page: PageRequest,
): Promise<Page<Message>> {
  const contact = await getContact(tx, contactId)
  const family = await contactFamily(tx, contact.id)
  await requireSight(tx, viewer, family)
  const { values, bind } = parameters()
  const before =
    page.after === null
      ? ''
      : `and (m.created_at, m.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<AuthoredRow & { sortKey: string }>(
    `select ${authoredColumns}, m.created_at::text as sort_key from ${authoredMessages}
      where m.tenant_id = ${bind(tx.tenantId)} and m.contact_id = any(${bind(family)}::text[]) ${before}
      order by m.created_at desc, m.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toMessage(row, row.authorName),
  )
}

export interface VisitorConversation {
  readonly id: string
  readonly status: 'open' | 'closed'
  readonly openedAt: Date
  readonly closedAt: Date | null
  readonly lastMessageAt: Date | null
  readonly preview: string | null
  /** Notes are not counted. */
  readonly messages: number
}

/** A customer's own conversations, newest first: of each what they may know (查看自己之前的咨询历史). */
export async function listVisitorConversations(
  tx: TenantTx,
  contactId: string,
  page: PageRequest,
): Promise<Page<VisitorConversation>> {
  const family = await contactFamily(tx, contactId)
  const { values, bind } = parameters()
  const before =
    page.after === null ? '' : `and (c.opened_at, c.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<VisitorConversation & { sortKey: string }>(
    `select c.id, case when c.status = 'closed' then 'closed' else 'open' end as status, c.opened_at, c.closed_at,
            c.preview, c.opened_at::text as sort_key, s.messages, s.last_message_at
       from conversations c cross join lateral (
              select count(*) as messages, max(m.created_at) as last_message_at from messages m
               where m.tenant_id = c.tenant_id and m.conversation_id = c.id and m.direction <> 'note') s
      where c.tenant_id = ${bind(tx.tenantId)} and c.contact_id = any(${bind(family)}::text[]) ${before}
      order by c.opened_at desc, c.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    ({ sortKey: _, ...row }) => row,
  )
}

/** What a visitor may read of it: what was said to and by them, without notes, from the oldest after a place on. */
export async function listVisitorThread(
  tx: TenantTx,
  contactId: string,
  page: PageRequest,
  conversationId?: string,
): Promise<Page<AuthoredRow>> {
  const family = await contactFamily(tx, contactId)
  const { values, bind } = parameters()
  const after =
    page.after === null
      ? ''
      : `and (m.created_at, m.id) > (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const within = conversationId === undefined ? '' : `and m.conversation_id = ${bind(conversationId)}`
  const rows = await tx.query<AuthoredRow & { sortKey: string }>(
    `select ${authoredColumns}, m.created_at::text as sort_key from ${authoredMessages}
      where m.tenant_id = ${bind(tx.tenantId)} and m.contact_id = any(${bind(family)}::text[]) and m.direction <> 'note' ${within} ${after}
      order by m.created_at, m.id limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => row,
  )
}

async function requireSight(tx: TenantTx, viewer: Viewer, contactIds: readonly string[]): Promise<void> {
  if (viewer.all) return
  const { values, bind } = parameters()
  const seen = await tx.maybe(
    `select 1 from conversations c where c.tenant_id = ${bind(tx.tenantId)}
        and c.contact_id = any(${bind(contactIds)}::text[]) and ${visibleTo(viewer, bind)} limit 1`,
    ...values,
  )
  if (seen === undefined) {
    throw new Fault('forbidden', 'thread-hidden', 'You serve no conversation of this contact.')
  }
}
