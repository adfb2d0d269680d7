/** What hangs on a ticket: comments, links, and the record of its changes. */
import { type Static, Type } from 'typebox'
import { addComment, listComments } from '../../core/desk/ticket-comments.ts'
import { listHistory } from '../../core/desk/ticket-history.ts'
import { linkTickets, listLinks, unlinkTickets } from '../../core/desk/ticket-links.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { getTicket } from '../../core/desk/tickets.ts'
import { Id } from '../../core/events/shapes.ts'
import { TicketComment, TicketHistoryEntry, TicketLink, TicketLinkKind } from '../../core/events/ticket-shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const Linked = Type.Object({ id: Id('tkt'), kind: TicketLinkKind, otherId: Id('tkt') }, closed)

const tags = ['tickets']

export const ticketParts =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/tickets/:id/comments',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTicketComments',
          tags,
          summary: 'List comments on a ticket, the oldest first',
          params: ById('tkt'),
          querystring: ListQuery({}),
          response: { 200: Page(TicketComment) },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['ticket-comments', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        const who = ticketViewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, async (tx) => {
          await getTicket(tx, who, id)
          return listComments(tx, id, page)
        })
        return pageAnswer(vault, list, found)
      },
    )

    app.post(
      '/v1/tickets/:id/comments',
      {
        config: {
          permission: 'ticket:write',
          idempotencyKey: 'required',
          unaudited: 'A comment carries its author and its time.',
        },
        schema: {
          operationId: 'commentOnTicket',
          tags,
          summary: 'Write on a ticket, for colleagues or to the customer',
          description:
            'To the customer it goes as a message of their open conversation, else of a new one on the channel where they wrote last.',
          params: ById('tkt'),
          body: Type.Object(
            {
              kind: TicketComment.properties.kind,
              text: Type.String({ minLength: 1, maxLength: 20_000, pattern: '\\S' }),
            },
            closed,
          ),
          response: { 201: TicketComment },
        },
      },
      async (request, reply) => {
        const by = colleagueOf(request)
        const said = await idempotent<Static<typeof TicketComment>>(parts, request, reply, async (tx) => ({
          status: 201,
          body: await addComment(tx, by, request.params.id, request.body),
        }))
        parts.wake.hint('deliveries')
        return said
      },
    )

    app.get(
      '/v1/tickets/:id/history',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'readTicketHistory',
          tags,
          summary: 'Read who changed what of a ticket, newest first',
          params: ById('tkt'),
          querystring: ListQuery({}),
          response: { 200: Page(TicketHistoryEntry) },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['ticket-history', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        const who = ticketViewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, async (tx) => {
          await getTicket(tx, who, id)
          return listHistory(tx, id, page)
        })
        return pageAnswer(vault, list, found)
      },
    )

    app.get(
      '/v1/tickets/:id/links',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTicketLinks',
          tags,
          summary: 'List links of a ticket, as it sees them',
          params: ById('tkt'),
          response: { 200: Whole(TicketLink) },
        },
      },
      async (request) => {
        const who = ticketViewerOf(colleagueOf(request))
        const data = await read(parts, request.principal, async (tx) => {
          await getTicket(tx, who, request.params.id)
          return listLinks(tx, who, request.params.id)
        })
        return { data }
      },
    )

    app.put(
      '/v1/tickets/:id/links/:kind/:otherId',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'linkTickets',
          tags,
          summary: 'Link two tickets',
          description: '`parent` says that the other one is this one’s parent. Repeating it changes nothing.',
          params: Linked,
          response: { 200: Whole(TicketLink) },
        },
      },
      async (request) => {
        const { id, kind, otherId } = request.params
        const by = colleagueOf(request)
        const data = await write(parts, request.principal, async (tx) => {
          await linkTickets(tx, by, id, kind, otherId)
          return listLinks(tx, ticketViewerOf(by), id)
        })
        return { data }
      },
    )

    app.delete(
      '/v1/tickets/:id/links/:kind/:otherId',
      {
        config: { permission: 'ticket:write', unaudited: 'A ticket’s history keeps who changed what.' },
        schema: {
          operationId: 'unlinkTickets',
          tags,
          summary: 'Take a link away',
          params: Linked,
          response: { 200: Whole(TicketLink) },
        },
      },
      async (request) => {
        const { id, kind, otherId } = request.params
        const by = colleagueOf(request)
        const data = await write(parts, request.principal, async (tx) => {
          await unlinkTickets(tx, by, id, kind, otherId)
          return listLinks(tx, ticketViewerOf(by), id)
        })
        return { data }
      },
    )
  }
