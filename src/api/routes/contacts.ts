/** /v1/contacts: customers' records. */
import { type Static, Type } from 'typebox'
import { createContact, getContact, updateContact } from '../../core/contacts/contacts.ts'
import { upsertContact } from '../../core/contacts/external.ts'
import { listContacts } from '../../core/contacts/search.ts'
import { Contact } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import {
  ByContact,
  ContactChange,
  ContactFilterQuery,
  ExternalRef,
  GivenIdentity,
  identityOf,
  NewContactBody,
} from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { closed, ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

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
          querystring: ListQuery(ContactFilterQuery),
          response: { 200: Page(Contact) },
        },
      },
      async (request) => {
        const { search, blocked, tag, groupId } = request.query
        const list = ['contacts', request.principal.tenantId, search, blocked, tag, groupId]
        const page = pageRequest(vault, list, request.query)
        const filter = {
          ...(search !== undefined && { search }),
          ...(blocked !== undefined && { blocked }),
          ...(tag !== undefined && { tag }),
          ...(groupId !== undefined && { groupId }),
        }
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listContacts(tx, filter, page)))
      },
    )

    app.post(
      '/v1/contacts',
      {
        config: { permission: 'contact:write', audit: 'contact.create' },
        schema: {
          operationId: 'createContact',
          tags,
          summary: 'Make a contact',
          body: NewContactBody,
          response: { 201: Contact },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Contact>>(parts, request, reply, async (tx) => {
          const { identities = [], ...rest } = request.body
          const body = await createContact(tx, { ...rest, identities: identities.map(identityOf) })
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
          params: ByContact,
          response: { 200: Contact },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getContact(tx, request.params.id))),
    )

    app.patch(
      '/v1/contacts/:id',
      {
        config: { permission: 'contact:write', audit: 'contact.update' },
        schema: {
          operationId: 'updateContact',
          tags,
          summary: 'Change a contact',
          description: 'Attributes are merged: null takes one away. Tags are put in place of those that are there.',
          params: ByContact,
          body: Type.Object(ContactChange, closed),
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
      '/v1/contacts/:id',
      {
        config: { permission: 'contact:write', audit: 'contact.upsert' },
        schema: {
          operationId: 'upsertContact',
          tags,
          summary: 'Make or change the contact of a key of your own system',
          description:
            'What is not said stays as it is; identities are added. The same request again changes nothing and makes no event. ' +
            '`If-Match` changes only what you have seen, `If-None-Match: *` only makes.',
          params: Type.Object({ id: ExternalRef }, closed),
          querystring: Type.Object(
            {
              match: Type.Optional(
                Type.Boolean({
                  description: 'Gives a key that is new to the one contact that has one of the identities already.',
                }),
              ),
            },
            closed,
          ),
          body: Type.Object(
            { ...ContactChange, identities: Type.Optional(Type.Array(GivenIdentity, { maxItems: 20 })) },
            closed,
          ),
          response: { 200: Contact, 201: Contact },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const onlyNew = request.headers['if-none-match']?.trim()
        if (onlyNew !== undefined && onlyNew !== '*') {
          throw new Fault('invalid', 'version-malformed', 'If-None-Match takes * here.', {
            errors: [{ pointer: 'header:if-none-match', detail: 'is not *' }],
          })
        }
        const { identities, ...facts } = request.body
        const [, system = '', id = ''] = /^ext:([^:]+):(.+)$/s.exec(request.params.id) ?? []
        const { contact, created } = await write(parts, request.principal, (tx) =>
          upsertContact(
            tx,
            { system, id },
            { ...facts, ...(identities !== undefined && { identities: identities.map(identityOf) }) },
            {
              ...(version !== undefined && { version }),
              onlyNew: onlyNew === '*',
              match: request.query.match ?? false,
            },
          ),
        )
        if (created) reply.code(201).header('location', `/v1/contacts/${contact.id}`)
        return withEtag(reply, contact)
      },
    )
  }
