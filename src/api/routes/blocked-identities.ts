/** /v1/blocked-identities: the blocklist by address. That of contacts is in contact-parts.ts. */
import { type Static, Type } from 'typebox'
import {
  blockIdentity,
  getBlockedIdentity,
  listBlockedIdentities,
  unblockIdentity,
} from '../../core/contacts/blocked-identities.ts'
import { BlockedIdentity } from '../../core/events/contact-shapes.ts'
import { Id } from '../../core/events/shapes.ts'
import { BlockFacts, blockOf, GivenIdentity } from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const tags = ['contacts']
const { kind, scope, address } = GivenIdentity.properties

export const blockedIdentities =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/blocked-identities',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listBlockedIdentities',
          tags,
          summary: 'List the addresses on the blocklist, the newest first',
          description: 'Contacts on the blocklist are `GET /v1/contacts?blocked=true`.',
          querystring: ListQuery({
            kind: Type.Optional(kind),
            address: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 255,
                description: 'Only this one; phone numbers and e-mails in whatever form.',
              }),
            ),
            contactId: Type.Optional(Id('ctc')),
          }),
          response: { 200: Page(BlockedIdentity) },
        },
      },
      async (request) => {
        const { kind, address, contactId } = request.query
        const list = ['blocked-identities', request.principal.tenantId, kind, address, contactId]
        const page = pageRequest(vault, list, request.query)
        const filter = {
          ...(kind !== undefined && { kind }),
          ...(address !== undefined && { address }),
          ...(contactId !== undefined && { contactId }),
        }
        return pageAnswer(
          vault,
          list,
          await read(parts, request.principal, (tx) => listBlockedIdentities(tx, filter, page)),
        )
      },
    )

    app.post(
      '/v1/blocked-identities',
      {
        config: { permission: 'contact:block', audit: 'blocked-identity.create' },
        schema: {
          operationId: 'blockIdentity',
          tags,
          summary: 'Put an address on the blocklist, whether or not it is a contact’s',
          description:
            'Nothing that comes from there is taken in, until its end or until it is taken off. The same address again changes reason and end (200).',
          body: Type.Object({ kind, scope, address, ...BlockFacts }, closed),
          response: { 200: BlockedIdentity, 201: BlockedIdentity },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof BlockedIdentity>>(parts, request, reply, async (tx) => {
          const { kind, scope = '', address, ...facts } = request.body
          const { block, isNew } = await blockIdentity(tx, { kind, scope, address }, blockOf(facts, parts.clock()))
          if (!isNew) return { status: 200, body: block }
          return { status: 201, body: block, headers: { location: `/v1/blocked-identities/${block.id}` } }
        }),
    )

    app.get(
      '/v1/blocked-identities/:id',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'getBlockedIdentity',
          tags,
          summary: 'Read an entry of the blocklist',
          params: ById('blk'),
          response: { 200: BlockedIdentity },
        },
      },
      (request) => read(parts, request.principal, (tx) => getBlockedIdentity(tx, request.params.id)),
    )

    app.delete(
      '/v1/blocked-identities/:id',
      {
        config: { permission: 'contact:block', audit: 'blocked-identity.remove' },
        schema: {
          operationId: 'unblockIdentity',
          tags,
          summary: 'Take an address off the blocklist',
          params: ById('blk'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => unblockIdentity(tx, request.params.id))
        return reply.code(204).send(null)
      },
    )
  }
