/**
 * Comments on tickets: among colleagues, or to the customer. One to the customer is a message of a conversation like any answer:
 * its lane, receipts and failures are those of every message, and it stands in the contact's thread by itself.
 */
import { lockContact } from '../contacts/contacts.ts'
import type { LockedConversation } from '../conversations/conversations.ts'
import { lockOpenConversation, openConversation } from '../conversations/outreach.ts'
import { say } from '../conversations/reply.ts'
import { emit } from '../events/outbox.ts'
import type { Ticket, TicketComment } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import { type TicketRow, ticketColumns, toTicket } from './ticket-rows.ts'
import { ticketViewerOf } from './ticket-sight.ts'
import { getTicket, lockTicket } from './tickets.ts'

type Colleague = MemberPrincipal | KeyPrincipal

export interface CommentDraft {
  readonly kind: TicketComment['kind']
  readonly text: string
}

/**
 * Adds a comment. One to the customer goes into their open conversation, the ticket's own before others, else into a new one
 * on the channel where they wrote last, held by the ticket's assignee, else by the member who writes. Not recognised when
 * repeated: requests are, by their Idempotency-Key. Locks contact, conversation and ticket; emits ticket.commented.
 * Faults: `ticket-unknown`, `ticket-contactless`, `ticket-unassigned` (a new conversation would be nobody's),
 * `contact-unreachable`, `contact-blocked`, `channel-removed`, `version-stale` (its contact was changed at this moment).
 */
export async function addComment(
  tx: TenantTx,
  by: Colleague,
  ticketId: string,
  draft: CommentDraft,
): Promise<TicketComment> {
  const seen = await getTicket(tx, ticketViewerOf(by), ticketId)
  const message = draft.kind === 'customer' ? await tellCustomer(tx, by, seen, draft.text) : undefined
  const before = await lockTicket(tx, by, ticketId)
  if (message !== undefined && before.contactId !== seen.contactId) {
    throw new Fault('stale', 'version-stale', 'It was changed in the meantime; read it again.')
  }
  const row = await tx.one<TicketRow>(
    `update tickets t set last_comment = last_comment + 1, updated_at = now(), version = version + 1
      where t.tenant_id = $1 and t.id = $2 returning ${ticketColumns}`,
    tx.tenantId,
    ticketId,
  )
  const id = newId('tkc')
  await tx.run(
    `insert into ticket_comments (tenant_id, id, ticket_id, number, kind, author_id, text, message_id, conversation_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    tx.tenantId,
    id,
    ticketId,
    row.lastComment,
    draft.kind,
    by.id,
    storable(draft.text),
    message?.id ?? null,
    message?.conversationId ?? null,
  )
  const stored = await tx.one<CommentRow>(`${commentsWhere} c.tenant_id = $1 and c.id = $2`, tx.tenantId, id)
  const comment = toComment(stored)
  await emit(tx, 'ticket.commented', ticketId, { ticket: toTicket(row), comment })
  return comment
}

async function tellCustomer(tx: TenantTx, by: Colleague, ticket: Ticket, text: string) {
  if (ticket.contactId === null) {
    throw new Fault('conflict', 'ticket-contactless', 'The ticket belongs to no contact who could be told.')
  }
  const contact = await lockContact(tx, ticket.contactId)
  const conversation: LockedConversation =
    (await lockOpenConversation(tx, contact, ticket.conversationId)) ??
    (await openConversation(tx, contact, await holderOf(tx, by, ticket), ticket.groupId))
  return say(tx, by, conversation, { parts: [{ type: 'text', text }] })
}

/** Who gets the customer's answer where a conversation is opened: the assignee, else the member who writes. */
async function holderOf(tx: TenantTx, by: Colleague, ticket: Ticket): Promise<string> {
  const assignee =
    ticket.assigneeId === null
      ? undefined
      : await tx.maybe<{ id: string }>(
          'select id from members where tenant_id = $1 and id = $2 and disabled_at is null',
          tx.tenantId,
          ticket.assigneeId,
        )
  const holder = assignee?.id ?? (by.kind === 'member' ? by.id : undefined)
  if (holder === undefined) {
    throw new Fault('conflict', 'ticket-unassigned', 'Nobody would get the customer’s answer: assign the ticket first.')
  }
  return holder
}

/** Comments of one ticket, the oldest first. Says nothing of permission: ask getTicket first. */
export async function listComments(tx: TenantTx, ticketId: string, page: PageRequest): Promise<Page<TicketComment>> {
  const { values, bind } = parameters()
  const conditions = [`c.tenant_id = ${bind(tx.tenantId)}`, `c.ticket_id = ${bind(ticketId)}`]
  if (page.after !== null) conditions.push(`c.number > ${bind(page.after[0])}::int`)
  const rows = await tx.query<CommentRow>(
    `${commentsWhere} ${conditions.join(' and ')} order by c.number limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(rows, page.limit, (row) => [String(row.number)], toComment)
}

interface CommentRow extends Omit<TicketComment, 'author' | 'createdAt'> {
  readonly authorId: string
  readonly authorName: string | null
  readonly createdAt: Date
}

const commentsWhere = `select c.id, c.ticket_id, c.number, c.kind, c.author_id, coalesce(am.name, ak.name) as author_name,
         c.text, c.message_id, c.conversation_id, m.status, c.created_at
    from ticket_comments c
    left join members am on am.tenant_id = c.tenant_id and am.id = c.author_id
    left join api_keys ak on ak.tenant_id = c.tenant_id and ak.id = c.author_id
    left join messages m on m.tenant_id = c.tenant_id and m.id = c.message_id
   where`

function toComment({ authorId, authorName, createdAt, ...rest }: CommentRow): TicketComment {
  return { ...rest, author: { id: authorId, name: authorName }, createdAt: createdAt.toISOString() }
}
