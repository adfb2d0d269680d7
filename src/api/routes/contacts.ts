/** /v1/contacts: customers, the blocklist, and everything one of them ever said. */
import { type Static, Type } from 'typebox'
import { blockContact, unblockContact } from '../../core/contacts/blocklist.ts'
import { createContact, getContact, listContacts, maxAttributes, updateContact } from '../../core/contacts/contacts.ts'
import { listThread } from '../../core/conversations/thread.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { ticketsOfThread } from '../../core/desk/ticket-contacts.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { Contact, Message, Nullable, Time } from '../../core/events/shapes.ts'
import { Ticket } from '../../core/events/ticket-shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Name, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const attributeName = '^\\S.{0,63}$'
const Attribute = Type.String({ maxLength: 2000 })

const NewIdentity = Type.Object(
  {
    kind: Type.String({ minLength: 1, maxLength: 64, description: 'email, phone, or a word of your own.' }),
    scope: Type.Optional(Type.String({ maxLength: 200, default: '' })),
    address: Type.String({ minLength: 1, maxLength: 255 }),
    verified: Type.Optional(Type.Boolean()),
  },
  closed,
)

/** Messages, and between them the tickets that were made in the same time. */
const ThreadPage = Type.Object({ ...Page(Message).properties, tickets: Type.Array(Ticket) })

const tags = ['contacts']

export const contacts =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/contacts',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listContacts',
          tags,
          summary: 'List contacts, the latest changed first',
          querystring: ListQuery({
            search: Type.Optional(
              Type.String({ minLength: 1, maxLength: 100, description: 'Beginning of a name or an address.' }),
            ),
            blocked: Type.Optional(Type.Boolean()),
          }),
          response: { 200: Page(Contact) },
        },
      },
      async (request) => {
        const { search, blocked } = request.query
        const list = ['contacts', request.principal.tenantId, search, blocked]
        const page = pageRequest(vault, list, request.query)
        const filter = { ...(search !== undefined && { search }), ...(blocked !== undefined && { blocked }) }
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listContacts(tx, filter, page)))
      },
    )

    app.post(
      '/v1/contacts',
      {
        config: { permission: 'contact:write' },
        schema: {
          operationId: 'createContact',
          tags,
          summary: 'Make a contact',
          body: Type.Object(
            {
              name: Name(255),
              attributes: Type.Optional(
                Type.Record(Type.String({ pattern: attributeName }), Attribute, {
                  ...closed,
                  maxProperties: maxAttributes,
                }),
              ),
              identities: Type.Optional(Type.Array(NewIdentity, { maxItems: 20 })),
            },
            closed,
          ),
          response: { 201: Contact },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Contact>>(parts, request, reply, async (tx) => {
          const { identities = [], ...rest } = request.body
          const body = await createContact(tx, {
            ...rest,
            identities: identities.map(({ kind, scope = '', address, verified = false }) => ({
              kind,
              scope,
              address,
              verified,
            })),
          })
          return { status: 201, body, headers: { location: `/v1/contacts/${body.id}`, etag: etagOf(body.version) } }
        }),
    )

    app.get(
      '/v1/contacts/:id',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'getContact',
          tags,
          summary: 'Read a contact',
          description: 'Of a contact that was merged into another, that other one is answered.',
          params: ById('ctc'),
          response: { 200: Contact },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getContact(tx, request.params.id))),
    )

    app.patch(
      '/v1/contacts/:id',
      {
        config: { permission: 'contact:write' },
        schema: {
          operationId: 'updateContact',
          tags,
          summary: 'Change a contact',
          description: 'Attributes are merged: null takes one away.',
          params: ById('ctc'),
          body: Type.Object(
            {
              name: Type.Optional(Name(255)),
              attributes: Type.Optional(
                Type.Record(Type.String({ pattern: attributeName }), Nullable(Attribute), {
                  ...closed,
                  maxProperties: maxAttributes,
                }),
              ),
            },
            closed,
          ),
          response: { 200: Contact },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const changed = await write(parts, request.principal, (tx) =>
          updateContact(tx, request.params.id, request.body, version),
        )
        return withEtag(reply, changed)
      },
    )

    app.put(
      '/v1/contacts/:id/block',
      {
        config: { permission: 'contact:block' },
        schema: {
          operationId: 'blockContact',
          tags,
          summary: 'Put a contact on the blocklist',
          params: ById('ctc'),
          body: Type.Object(
            {
              reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
              until: Type.Optional(Time),
            },
            closed,
          ),
          response: { 200: Contact },
        },
      },
      async (request, reply) => {
        const { reason, until } = request.body
        const end = until === undefined ? undefined : new Date(until)
        if (end !== undefined && end.getTime() <= parts.clock()) {
          throw new Fault('invalid', 'block-over', 'The block would be over already.', {
            errors: [{ pointer: '/until', detail: 'is past' }],
          })
        }
        const block = { ...(reason !== undefined && { reason }), ...(end !== undefined && { until: end }) }
        const blocked = await write(parts, request.principal, (tx) => blockContact(tx, request.params.id, block))
        return withEtag(reply, blocked)
      },
    )

    app.delete(
      '/v1/contacts/:id/block',
      {
        config: { permission: 'contact:block' },
        schema: {
          operationId: 'unblockContact',
          tags,
          summary: 'Take a contact off the blocklist',
          params: ById('ctc'),
          response: { 200: Contact },
        },
      },
      async (request, reply) =>
        withEtag(reply, await write(parts, request.principal, (tx) => unblockContact(tx, request.params.id))),
    )

    app.get(
      '/v1/contacts/:id/thread',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'readThread',
          tags,
          summary: 'Read everything a contact ever said or was told, newest first',
          params: ById('ctc'),
          description:
            'Tickets of the contact that were made in the time a page covers stand in `tickets`, the newest 100 of them at most; empty without `ticket:read`.',
          querystring: ListQuery({}),
          response: { 200: ThreadPage },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['thread', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        const by = colleagueOf(request)
        return read(parts, request.principal, async (tx) => {
          const messages = await listThread(tx, viewerOf(by), id, page)
          const span = { from: messages.next?.[0] ?? null, to: page.after?.[0] ?? null }
          const tickets = by.permissions.has('ticket:read')
            ? await ticketsOfThread(tx, ticketViewerOf(by), id, span)
            : []
          return { ...pageAnswer(vault, list, messages), tickets }
        })
      },
    )
  }
