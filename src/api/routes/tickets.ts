/** /v1/tickets: work that outlives a conversation. What hangs on a ticket is in ticket-parts.ts. */
import { type Static, Type } from 'typebox'
import { takeTicket, updateTicket, updateTickets } from '../../core/desk/ticket-edit.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { createTicket, getTicket, listTickets } from '../../core/desk/tickets.ts'
import { Id, OneOf, Time } from '../../core/events/shapes.ts'
import { Ticket, TicketKey, TicketPriority } from '../../core/events/ticket-shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { memberOf } from '../plugins/auth.ts'
import { problemOf } from '../plugins/errors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Nothing, Page, Problem } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { NewTicketBody, TicketBulkItem, TicketPatchBody, ticketOf } from '../ticket-bodies.ts'
import { read, write } from '../transactions.ts'
import { etagOf, isUnchanged, requiredIfMatch, withEtag } from '../versions.ts'

const BulkAnswer = Type.Object({
  data: Type.Array(
    Type.Object({ id: Id('tkt'), ticket: Type.Optional(Ticket), problem: Type.Optional(Problem) }, closed),
    { description: 'In the order of the items: each with the ticket as it is now, or why nothing was changed.' },
  ),
})

const tags = ['tickets']

export const tickets =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/tickets',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTickets',
          tags,
          summary: 'List the tickets you may see',
          querystring: ListQuery({
            statusCategory: Type.Optional(OneOf('new', 'open', 'pending', 'solved', 'closed', 'unsolved')),
            status: Type.Optional(TicketKey),
            priority: Type.Optional(TicketPriority),
            category: Type.Optional(TicketKey),
            assigneeId: Type.Optional(Type.Union([Type.Literal('me'), Type.Literal('none'), Id('usr')])),
            groupId: Type.Optional(Id('grp')),
            contactId: Type.Optional(Id('ctc')),
            conversationId: Type.Optional(Id('cnv')),
            watcherId: Type.Optional(Type.Union([Type.Literal('me'), Id('usr')])),
            tag: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
            dueBefore: Type.Optional(Time),
            text: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 100,
                description: 'Within subject or description, or the number.',
              }),
            ),
            sort: Type.Optional(OneOf('updated', 'due', 'priority')),
          }),
          response: { 200: Page(Ticket) },
        },
      },
      async (request) => {
        const { limit, cursor, sort = 'updated', dueBefore, ...filters } = request.query
        const filter = {
          ...filters,
          ...(dueBefore !== undefined && { dueBefore: new Date(dueBefore) }),
          ...(filters.assigneeId === 'me' && { assigneeId: memberOf(request).id }),
          ...(filters.watcherId === 'me' && { watcherId: memberOf(request).id }),
        }
        const list = ['tickets', request.principal.tenantId, sort, { ...filter, dueBefore }]
        const page = pageRequest(vault, list, request.query)
        const who = ticketViewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, (tx) => listTickets(tx, who, filter, sort, page))
        return pageAnswer(vault, list, found)
      },
    )

    app.post(
      '/v1/tickets',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'createTicket',
          tags,
          summary: 'Make a ticket, from a conversation or of itself',
          body: NewTicketBody,
          response: { 201: Ticket },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Ticket>>(parts, request, reply, async (tx) => {
          const body = await createTicket(tx, colleagueOf(request), ticketOf(request.body))
          return { status: 201, body, headers: { location: `/v1/tickets/${body.id}`, etag: etagOf(body.version) } }
        }),
    )

    app.post(
      '/v1/tickets/bulk',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'updateTickets',
          tags,
          summary: 'Change up to 100 tickets',
          description: 'Each by the version you have seen, and each for itself: one that is refused stops no other.',
          body: Type.Object({ items: Type.Array(TicketBulkItem, { minItems: 1, maxItems: 100 }) }, closed),
          response: { 200: BulkAnswer },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof BulkAnswer>>(parts, request, reply, async (tx) => {
          const results = await updateTickets(tx, colleagueOf(request), request.body.items.map(ticketOf))
          const data = results.map((result) =>
            'ticket' in result ? result : { id: result.id, problem: { ...problemOf(result.fault, request.id) } },
          )
          return { status: 200, body: { data } as Static<typeof BulkAnswer> }
        }),
    )

    app.get(
      '/v1/tickets/:id',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'getTicket',
          tags,
          summary: 'Read a ticket',
          params: ById('tkt'),
          response: { 200: Ticket, 304: Nothing },
        },
      },
      async (request, reply) => {
        const who = ticketViewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, (tx) => getTicket(tx, who, request.params.id))
        withEtag(reply, found)
        if (!isUnchanged(request, found.version)) return found
        reply.code(304)
        return null
      },
    )

    app.patch(
      '/v1/tickets/:id',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'updateTicket',
          tags,
          summary: 'Change a ticket',
          description: 'Needs `If-Match` with the ETag you have seen. Fields are merged: null takes one away.',
          params: ById('tkt'),
          body: TicketPatchBody,
          response: { 200: Ticket },
        },
      },
      async (request, reply) => {
        const version = requiredIfMatch(request)
        const by = colleagueOf(request)
        const patch = ticketOf(request.body)
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => updateTicket(tx, by, request.params.id, patch, version)),
        )
      },
    )

    app.post(
      '/v1/tickets/:id/take',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'takeTicket',
          tags,
          summary: 'Take a ticket that is nobody’s',
          description: 'Of two who try at once one gets it.',
          params: ById('tkt'),
          response: { 200: Ticket },
        },
      },
      async (request, reply) => {
        const member = memberOf(request)
        return withEtag(reply, await write(parts, request.principal, (tx) => takeTicket(tx, member, request.params.id)))
      },
    )
  }
