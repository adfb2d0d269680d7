/** /v1/contact-tags, -fields, -groups: how a business sorts its contacts. */
import { type Static, Type } from 'typebox'
import { listFields, putField, removeField } from '../../core/contacts/fields.ts'
import {
  createContactGroup,
  getContactGroup,
  listContactGroups,
  removeContactGroup,
  renameContactGroup,
  setInGroup,
} from '../../core/contacts/groups.ts'
import { listTags } from '../../core/contacts/tags.ts'
import { ContactField, ContactGroup, ContactTag } from '../../core/events/contact-shapes.ts'
import { Contact, Id } from '../../core/events/shapes.ts'
import { attributeName, ContactRef } from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Name, Nothing, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const tags = ['contacts']
const ByKey = Type.Object({ key: Type.String({ pattern: attributeName, maxLength: 64 }) }, closed)
const InGroup = Type.Object({ id: Id('cgr'), contact: ContactRef }, closed)

export const contactOrder =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/contact-tags',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listContactTags',
          tags,
          summary: 'List the tags that contacts carry, with how many do',
          querystring: ListQuery({}),
          response: { 200: Page(ContactTag) },
        },
      },
      async (request) => {
        const list = ['contact-tags', request.principal.tenantId]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listTags(tx, page)))
      },
    )

    app.get(
      '/v1/contact-fields',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listContactFields',
          tags,
          summary: 'List the attributes that are defined for contacts',
          response: { 200: Whole(ContactField) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listFields) }),
    )

    app.put(
      '/v1/contact-fields/:key',
      {
        config: { permission: 'contact:define', audit: 'contact-field.update' },
        schema: {
          operationId: 'putContactField',
          tags,
          summary: 'Define an attribute of contacts, or change its definition',
          description: 'What stands in contacts already stays as it is; what is written from now on has to fit.',
          params: ByKey,
          body: Type.Object(
            {
              label: Name(),
              type: ContactField.properties.type,
              options: Type.Optional(
                Type.Array(Type.String({ minLength: 1, maxLength: 200, pattern: '^\\S(.*\\S)?$' }), {
                  maxItems: 100,
                  uniqueItems: true,
                }),
              ),
            },
            closed,
          ),
          response: { 200: ContactField },
        },
      },
      async (request, reply) => {
        const { options = [], ...rest } = request.body
        const field = await write(parts, request.principal, (tx) =>
          putField(tx, request.params.key, { ...rest, options }),
        )
        return withEtag(reply, field)
      },
    )

    app.delete(
      '/v1/contact-fields/:key',
      {
        config: { permission: 'contact:define', audit: 'contact-field.remove' },
        schema: {
          operationId: 'removeContactField',
          tags,
          summary: 'End the definition of an attribute; what stands in contacts stays',
          params: ByKey,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => removeField(tx, request.params.key))
        return reply.code(204).send(null)
      },
    )

    app.get(
      '/v1/contact-groups',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listContactGroups',
          tags,
          summary: 'List the groups of contacts, with how many are in each',
          querystring: ListQuery({}),
          response: { 200: Page(ContactGroup) },
        },
      },
      async (request) => {
        const list = ['contact-groups', request.principal.tenantId]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listContactGroups(tx, page)))
      },
    )

    app.post(
      '/v1/contact-groups',
      {
        config: { permission: 'contact:write', audit: 'contact-group.create' },
        schema: {
          operationId: 'createContactGroup',
          tags,
          summary: 'Make a group of contacts',
          body: Type.Object({ name: Name() }, closed),
          response: { 201: ContactGroup },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof ContactGroup>>(parts, request, reply, async (tx) => {
          const body = await createContactGroup(tx, request.body.name)
          const headers = { location: `/v1/contact-groups/${body.id}`, etag: etagOf(body.version) }
          return { status: 201, body, headers }
        }),
    )

    app.get(
      '/v1/contact-groups/:id',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'getContactGroup',
          tags,
          summary: 'Read a group of contacts',
          params: ById('cgr'),
          response: { 200: ContactGroup },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getContactGroup(tx, request.params.id))),
    )

    app.patch(
      '/v1/contact-groups/:id',
      {
        config: { permission: 'contact:write', audit: 'contact-group.update' },
        schema: {
          operationId: 'renameContactGroup',
          tags,
          summary: 'Rename a group of contacts',
          params: ById('cgr'),
          body: Type.Object({ name: Name() }, closed),
          response: { 200: ContactGroup },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id } = request.params
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => renameContactGroup(tx, id, request.body.name, version)),
        )
      },
    )

    app.delete(
      '/v1/contact-groups/:id',
      {
        config: { permission: 'contact:write', audit: 'contact-group.remove' },
        schema: {
          operationId: 'removeContactGroup',
          tags,
          summary: 'Take a group of contacts away; the contacts stay',
          params: ById('cgr'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeContactGroup(tx, request.params.id, version))
        return reply.code(204).send(null)
      },
    )

    for (const [method, within] of [
      ['PUT', true],
      ['DELETE', false],
    ] as const) {
      app.route({
        method,
        url: '/v1/contact-groups/:id/contacts/:contact',
        config: { permission: 'contact:write', audit: within ? 'contact-group.add' : 'contact-group.take-out' },
        schema: {
          operationId: within ? 'addToContactGroup' : 'removeFromContactGroup',
          tags,
          summary: within ? 'Put a contact into a group' : 'Take a contact out of a group',
          params: InGroup,
          response: { 200: Contact },
        },
        handler: async (request, reply) => {
          const { id, contact } = request.params
          return withEtag(reply, await write(parts, request.principal, (tx) => setInGroup(tx, contact, id, within)))
        },
      })
    }
  }
