/** What an agent's page asks of the hub about tickets. */
import type {
  Ticket,
  TicketCategory,
  TicketComment,
  TicketField,
  TicketHistoryEntry,
  TicketLink,
  TicketLinkKind,
  TicketPriority,
  TicketStatus,
} from '../src/core/events/ticket-shapes.ts'
import type { Api, Page } from './api.ts'

export type {
  Ticket,
  TicketCategory,
  TicketComment,
  TicketField,
  TicketHistoryEntry,
  TicketLink,
  TicketLinkKind,
  TicketPriority,
  TicketStatus,
} from '../src/core/events/ticket-shapes.ts'

export interface TicketFilter {
  statusCategory?: string
  priority?: string
  category?: string
  assigneeId?: string
  groupId?: string
  contactId?: string
  conversationId?: string
  watcherId?: string
  text?: string
  sort?: string
}

/** What may be changed of a ticket; null takes a thing away. */
export interface TicketPatch {
  subject?: string
  description?: string
  status?: string
  priority?: TicketPriority
  category?: string | null
  groupId?: string | null
  assigneeId?: string | null
  tags?: string[]
  watcherIds?: string[]
  dueAt?: string | null
  fields?: Record<string, string | number | null>
}

export type NewTicket = TicketPatch & { subject: string; conversationId?: string; contactId?: string }

export const listTickets = (api: Api, filter: TicketFilter, cursor?: string, limit = 50) =>
  api<Page<Ticket>>('GET', 'tickets', { query: { ...filter, limit, cursor } })
export const getTicket = (api: Api, id: string) => api<Ticket>('GET', `tickets/${id}`)
/** The same key never makes a second ticket. */
export const createTicket = (api: Api, key: string, body: NewTicket) =>
  api<Ticket>('POST', 'tickets', { body, headers: { 'Idempotency-Key': key } })
/** Refused with 412 `version-stale` when somebody changed the ticket since. */
export const patchTicket = (api: Api, { id, version }: Ticket, body: TicketPatch) =>
  api<Ticket>('PATCH', `tickets/${id}`, { body, headers: { 'If-Match': `"v${version}"` } })
export const takeTicket = (api: Api, id: string) => api<Ticket>('POST', `tickets/${id}/take`)

export const listTicketComments = (api: Api, id: string, cursor?: string) =>
  api<Page<TicketComment>>('GET', `tickets/${id}/comments`, { query: { limit: 100, cursor } })
export const commentOnTicket = (api: Api, id: string, key: string, body: Pick<TicketComment, 'kind' | 'text'>) =>
  api<TicketComment>('POST', `tickets/${id}/comments`, { body, headers: { 'Idempotency-Key': key } })
export const listTicketHistory = (api: Api, id: string, cursor?: string) =>
  api<Page<TicketHistoryEntry>>('GET', `tickets/${id}/history`, { query: { limit: 50, cursor } })

export const listTicketLinks = (api: Api, id: string) => api<{ data: TicketLink[] }>('GET', `tickets/${id}/links`)
export const putTicketLink = (api: Api, id: string, kind: TicketLinkKind, otherId: string) =>
  api<{ data: TicketLink[] }>('PUT', `tickets/${id}/links/${kind}/${otherId}`)
export const removeTicketLink = (api: Api, id: string, kind: TicketLinkKind, otherId: string) =>
  api<{ data: TicketLink[] }>('DELETE', `tickets/${id}/links/${kind}/${otherId}`)

export const listTicketStatuses = (api: Api) => api<{ data: TicketStatus[] }>('GET', 'ticket-statuses')
export const listTicketCategories = (api: Api) => api<{ data: TicketCategory[] }>('GET', 'ticket-categories')
export const listTicketFields = (api: Api) => api<{ data: TicketField[] }>('GET', 'ticket-fields')
