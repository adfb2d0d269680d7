/** Tickets as the page holds them: the list, the one that is looked at, and what a business says tickets are. */
import { signal } from '@preact/signals'
import {
  getTicket,
  listTicketCategories,
  listTicketComments,
  listTicketFields,
  listTicketStatuses,
  listTickets,
  type Ticket,
  type TicketCategory,
  type TicketComment,
  type TicketField,
  type TicketFilter,
  type TicketStatus,
} from '../../api-tickets.ts'
import type { Frame } from '../../stream-position.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'

const pageSize = 50

export interface Kinds {
  statuses: readonly TicketStatus[]
  categories: readonly TicketCategory[]
  fields: readonly TicketField[]
}

/** What tickets of this business may be; empty until it is read. */
export const kinds = signal<Kinds>({ statuses: [], categories: [], fields: [] })
export const listed = signal<{ tickets: readonly Ticket[]; next: string | null; isRead: boolean }>({
  tickets: [],
  next: null,
  isRead: false,
})
/** Tickets that were read one by one, or told of by the stream, in their newest version. */
export const known = signal<Readonly<Record<string, Ticket>>>({})
export const comments = signal<Readonly<Record<string, readonly TicketComment[]>>>({})

export async function loadKinds(): Promise<void> {
  const [statuses, categories, fields] = await Promise.all([
    listTicketStatuses(api),
    listTicketCategories(api),
    listTicketFields(api),
  ])
  kinds.value = { statuses: statuses.data, categories: categories.data, fields: fields.data }
}

/** Takes a ticket in; of two versions the newer stays. */
export function putTicket(ticket: Ticket): Ticket {
  const before = known.peek()[ticket.id]
  const newest = before && before.version > ticket.version ? before : ticket
  known.value = { ...known.peek(), [ticket.id]: newest }
  const { tickets } = listed.peek()
  if (tickets.some(({ id }) => id === ticket.id)) {
    listed.value = { ...listed.peek(), tickets: tickets.map((one) => (one.id === ticket.id ? newest : one)) }
  }
  return newest
}

let asked = 0

/** Reads the beginning of a list, in place of what stands there. An answer that a later question overtook is dropped. */
export async function loadList(filter: TicketFilter): Promise<void> {
  const mine = ++asked
  const page = await listTickets(api, filter, undefined, pageSize)
  if (mine !== asked) return
  listed.value = { tickets: page.data, next: page.nextCursor, isRead: true }
}

export async function loadMore(filter: TicketFilter): Promise<void> {
  const mine = asked
  const { tickets, next } = listed.peek()
  if (next === null) return
  const page = await listTickets(api, filter, next, pageSize)
  if (mine !== asked) return
  const had = new Set(tickets.map(({ id }) => id))
  listed.value = {
    tickets: [...tickets, ...page.data.filter(({ id }) => !had.has(id))],
    next: page.nextCursor,
    isRead: true,
  }
}

export async function loadTicket(id: string): Promise<Ticket> {
  return putTicket(await getTicket(api, id))
}

export async function loadComments(id: string): Promise<void> {
  const all = await everyPage((cursor) => listTicketComments(api, id, cursor))
  comments.value = { ...comments.peek(), [id]: all }
}

export function putComment(comment: TicketComment): void {
  const before = comments.peek()[comment.ticketId] ?? []
  const rest = before.filter(({ id }) => id !== comment.id)
  comments.value = {
    ...comments.peek(),
    [comment.ticketId]: [...rest, comment].sort((a, b) => a.number - b.number),
  }
}

/** What the stream tells; true when lists may not be as they were. */
export function applyTicketFrame(frame: Frame): boolean {
  if (frame.type === 'stream.ready') return frame.recovered !== true
  const { ticket, comment, messageId, status } = (frame.data ?? {}) as {
    ticket?: Ticket
    comment?: TicketComment
    messageId?: string
    status?: TicketComment['status']
  }
  if (comment && comments.peek()[comment.ticketId]) putComment(comment)
  if (frame.type === 'message.status' && messageId && status) {
    const found = Object.values(comments.peek())
      .flat()
      .find((one) => one.messageId === messageId)
    if (found) putComment({ ...found, status })
  }
  if (ticket) putTicket(ticket)
  return ticket !== undefined
}
