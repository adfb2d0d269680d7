/** A ticket's row, as it is stored and as it is shown. */
import type { Ticket, TicketFieldValue, TicketPriority, TicketStatusCategory } from '../events/ticket-shapes.ts'
import { Fault } from '../platform/errors.ts'

export interface TicketRow {
  readonly id: string
  readonly number: number
  readonly subject: string
  readonly description: string
  readonly status: string
  readonly statusCategory: TicketStatusCategory
  readonly priority: number
  readonly category: string | null
  readonly groupId: string | null
  readonly assigneeId: string | null
  readonly contactId: string | null
  readonly conversationId: string | null
  readonly fields: Record<string, TicketFieldValue>
  readonly tags: string[]
  readonly watcherIds: string[]
  readonly dueAt: Date | null
  readonly lastComment: number
  readonly createdBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly solvedAt: Date | null
  readonly closedAt: Date | null
  readonly version: number
}

/** The columns that make a TicketRow, of `tickets` under the alias `t`. */
export const ticketColumns = `t.id, t.number, t.subject, t.description, t.status, t.status_category, t.priority, t.category,
  t.group_id, t.assignee_id, t.contact_id, t.conversation_id, t.fields, t.tags, t.watcher_ids, t.due_at, t.last_comment,
  t.created_by, t.created_at, t.updated_at, t.solved_at, t.closed_at, t.version`

/** In the order in which they are stored. */
export const priorities: readonly TicketPriority[] = ['low', 'normal', 'high', 'urgent']

export function toTicket(row: TicketRow): Ticket {
  const { lastComment, ...rest } = row
  return {
    ...rest,
    priority: priorities[row.priority] ?? 'normal',
    comments: lastComment,
    dueAt: row.dueAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    solvedAt: row.solvedAt?.toISOString() ?? null,
    closedAt: row.closedAt?.toISOString() ?? null,
  }
}

export function unknownTicket(id: string): Fault {
  return new Fault('not-found', 'ticket-unknown', `There is no ticket ${id}.`)
}
