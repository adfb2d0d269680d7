/** What requests about tickets carry. */
import { Type } from 'typebox'
import { Id, Nullable, Time } from '../core/events/shapes.ts'
import { TicketFieldValue, TicketKey, TicketPriority } from '../core/events/ticket-shapes.ts'
import { closed } from './schemas.ts'

const Subject = Type.String({ minLength: 1, maxLength: 300, pattern: '\\S' })
const Description = Type.String({ maxLength: 20_000 })
const Tags = Type.Array(Type.String({ minLength: 1, maxLength: 64, pattern: '\\S' }), { maxItems: 50 })
const Watchers = Type.Array(Id('usr'), { maxItems: 50 })
const keyed = { ...closed, maxProperties: 200 } as const

const common = {
  description: Type.Optional(Description),
  status: Type.Optional(TicketKey),
  priority: Type.Optional(TicketPriority),
  category: Type.Optional(Nullable(TicketKey)),
  groupId: Type.Optional(Nullable(Id('grp'))),
  assigneeId: Type.Optional(Nullable(Id('usr'))),
  contactId: Type.Optional(Nullable(Id('ctc'))),
  tags: Type.Optional(Tags),
  watcherIds: Type.Optional(Watchers),
  dueAt: Type.Optional(Nullable(Time)),
}

export const NewTicketBody = Type.Object(
  {
    subject: Subject,
    ...common,
    conversationId: Type.Optional(Id('cnv')),
    fields: Type.Optional(Type.Record(TicketKey, TicketFieldValue, keyed)),
  },
  closed,
)

const changes = {
  subject: Type.Optional(Subject),
  ...common,
  fields: Type.Optional(Type.Record(TicketKey, Nullable(TicketFieldValue), keyed)),
}

export const TicketPatchBody = Type.Object(changes, closed)

export const TicketBulkItem = Type.Object(
  { id: Id('tkt'), version: Type.Integer({ minimum: 1, maximum: 999_999_999 }), ...changes },
  closed,
)

type Dated = { readonly dueAt?: string | null }

/** A body as the functions of the desk take it: times as dates. */
export function ticketOf<Body extends Dated>(body: Body): Omit<Body, 'dueAt'> & { dueAt?: Date | null } {
  const { dueAt, ...rest } = body
  return dueAt === undefined ? rest : { ...rest, dueAt: dueAt === null ? null : new Date(dueAt) }
}
