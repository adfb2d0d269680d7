/** /v1/canned-replies: what agents say often, shared and their own. */
import { type Static, Type } from 'typebox'
import {
  createCannedReply,
  listCannedReplies,
  type Reader,
  removeCannedReply,
  updateCannedReply,
} from '../../core/desk/canned-replies.ts'
import { CannedReply } from '../../core/events/desk-shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { type Colleague, colleagueOf } from '../colleagues.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const fields = {
  folder: Type.String({ maxLength: 100 }),
  title: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }),
  text: Type.String({ minLength: 1, maxLength: 5000, pattern: '\\S' }),
}
const tags = ['canned replies']

const readerOf = (who: Colleague): Reader => ({
  memberId: who.kind === 'member' ? who.id : null,
  mayShare: who.permissions.has('cannedreply:write'),
})

export const cannedReplies =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/canned-replies',
      {
        config: { permission: 'conversation:reply' },
        schema: {
          operationId: 'listCannedReplies',
          tags,
          summary: 'Shared replies and your own, by folder and title',
          description:
            'The text may hold `{{contact.name}}`, `{{agent.name}}` and `{{agent.number}}`: whoever inserts it fills them in.',
          response: { 200: Whole(CannedReply) },
        },
      },
      async (request) => {
        const reader = readerOf(colleagueOf(request))
        return { data: await read(parts, request.principal, (tx) => listCannedReplies(tx, reader)) }
      },
    )

    app.post(
      '/v1/canned-replies',
      {
        config: { permission: 'conversation:reply', audit: 'canned-reply.create' },
        schema: {
          operationId: 'createCannedReply',
          tags,
          summary: 'Keep a reply, for yourself or for all',
          description: '`own` is the default for members. Shared ones ask for `cannedreply:write`.',
          body: Type.Object(
            {
              title: fields.title,
              text: fields.text,
              folder: Type.Optional(fields.folder),
              own: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
          response: { 201: CannedReply },
        },
      },
      (request, reply) => {
        const reader = readerOf(colleagueOf(request))
        const { title, text, folder = '', own = reader.memberId !== null } = request.body
        if (own && reader.memberId === null) {
          throw new Fault('invalid', 'canned-reply-ownerless', 'A program has no replies of its own.', {
            errors: [{ pointer: '/own', detail: 'is for members' }],
          })
        }
        return idempotent<Static<typeof CannedReply>>(parts, request, reply, async (tx) => {
          const body = await createCannedReply(tx, reader, { folder, title, text }, own)
          return { status: 201, body, headers: { etag: etagOf(body.version) } }
        })
      },
    )

    app.patch(
      '/v1/canned-replies/:id',
      {
        config: { permission: 'conversation:reply', audit: 'canned-reply.update' },
        schema: {
          operationId: 'updateCannedReply',
          tags,
          summary: 'Change a reply',
          params: ById('rpl'),
          body: Type.Partial(Type.Object(fields), closed),
          response: { 200: CannedReply },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const reader = readerOf(colleagueOf(request))
        const changed = await write(parts, request.principal, (tx) =>
          updateCannedReply(tx, reader, request.params.id, request.body, version),
        )
        return withEtag(reply, changed)
      },
    )

    app.delete(
      '/v1/canned-replies/:id',
      {
        config: { permission: 'conversation:reply', audit: 'canned-reply.remove' },
        schema: {
          operationId: 'removeCannedReply',
          tags,
          summary: 'Take a reply away',
          params: ById('rpl'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const reader = readerOf(colleagueOf(request))
        await write(parts, request.principal, (tx) => removeCannedReply(tx, reader, request.params.id, version))
        reply.code(204)
        return null
      },
    )
  }
