/** Tickets as they leave the hub, in events and in answers of the API alike. */
import { type Static, Type } from 'typebox'
import { Id, MessageStatus, Nullable, OneOf, Time } from './shapes.ts'

/** The name of a status, category or field in programs: it never changes. */
export const TicketKey = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })

export const TicketStatusCategory = OneOf('new', 'open', 'pending', 'solved', 'closed')
export type TicketStatusCategory = Static<typeof TicketStatusCategory>

export const TicketPriority = OneOf('low', 'normal', 'high', 'urgent')
export type TicketPriority = Static<typeof TicketPriority>

export const TicketStatus = Type.Object({
  key: TicketKey,
  name: Type.String(),
  category: TicketStatusCategory,
  position: Type.Integer(),
  retired: Type.Boolean({ description: 'No ticket gets it any more.' }),
})
export type TicketStatus = Static<typeof TicketStatus>

export const TicketCategory = Type.Object({
  key: TicketKey,
  name: Type.String(),
  parentKey: Nullable(TicketKey),
  position: Type.Integer(),
  retired: Type.Boolean(),
})
export type TicketCategory = Static<typeof TicketCategory>

export const TicketField = Type.Object({
  key: TicketKey,
  name: Type.String(),
  type: OneOf('text', 'number', 'date', 'choice'),
  options: Type.Array(Type.String(), { description: 'What a choice may be.' }),
  required: Type.Boolean(),
  position: Type.Integer(),
  retired: Type.Boolean(),
})
export type TicketField = Static<typeof TicketField>

export const TicketFieldValue = Type.Union([Type.String({ maxLength: 2000 }), Type.Number()])
export type TicketFieldValue = Static<typeof TicketFieldValue>

export const Ticket = Type.Object({
  id: Id('tkt'),
  number: Type.Integer({ minimum: 1, description: 'Dense in its tenant: what people call it.' }),
  subject: Type.String(),
  description: Type.String(),
  status: TicketKey,
  statusCategory: TicketStatusCategory,
  priority: TicketPriority,
  category: Nullable(TicketKey),
  groupId: Nullable(Id('grp')),
  assigneeId: Nullable(Id('usr')),
  contactId: Nullable(Id('ctc')),
  conversationId: Nullable(Id('cnv')),
  fields: Type.Record(Type.String(), TicketFieldValue),
  tags: Type.Array(Type.String()),
  watcherIds: Type.Array(Id('usr')),
  dueAt: Nullable(Time),
  comments: Type.Integer({ minimum: 0, description: 'How many there are.' }),
  createdBy: Type.String(),
  createdAt: Time,
  updatedAt: Time,
  solvedAt: Nullable(Time),
  closedAt: Nullable(Time),
  version: Type.Integer({ minimum: 1 }),
})
export type Ticket = Static<typeof Ticket>

/** One thing that is not as it was; `field` is a member of the ticket, `fields.KEY` or `links`. */
export const TicketChange = Type.Object({ field: Type.String(), from: Type.Unknown(), to: Type.Unknown() })
export type TicketChange = Static<typeof TicketChange>

export const TicketHistoryEntry = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  actorId: Type.String(),
  at: Time,
  changes: Type.Array(TicketChange),
})
export type TicketHistoryEntry = Static<typeof TicketHistoryEntry>

export const TicketComment = Type.Object({
  id: Id('tkc'),
  ticketId: Id('tkt'),
  number: Type.Integer({ minimum: 1, description: 'Dense in its ticket.' }),
  kind: OneOf('internal', 'customer'),
  author: Type.Object({ id: Type.String(), name: Nullable(Type.String()) }),
  text: Type.String(),
  messageId: Nullable(Id('msg')),
  conversationId: Nullable(Id('cnv')),
  status: Nullable(MessageStatus),
  createdAt: Time,
})
export type TicketComment = Static<typeof TicketComment>

/** A link as one of its tickets sees it. */
export const TicketLinkKind = OneOf('relates', 'duplicates', 'duplicated-by', 'blocks', 'blocked-by', 'parent', 'child')
export type TicketLinkKind = Static<typeof TicketLinkKind>

export const TicketLink = Type.Object({
  kind: TicketLinkKind,
  ticketId: Id('tkt'),
  number: Type.Integer({ minimum: 1 }),
  subject: Nullable(Type.String({ description: 'Null where you may not see the ticket.' })),
  statusCategory: TicketStatusCategory,
})
export type TicketLink = Static<typeof TicketLink>
