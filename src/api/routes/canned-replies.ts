/** /v1/canned-replies: what agents say often, shared and their own. */
import { type Static, Type } from 'typebox'
import { exportCannedReplies, importCannedReplies } from '../../core/desk/canned-csv.ts'
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
import { dispositionOf } from '../file-answers.ts'
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

function requireOwner({ memberId }: Reader, own: boolean): void {
  if (!own || memberId !== null) return
  throw new Fault('invalid', 'canned-reply-ownerless', 'A program has no replies of its own.', {
    errors: [{ pointer: '/own', detail: 'is for members' }],
  })
}

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
        requireOwner(reader, own)
        return idempotent<Static<typeof CannedReply>>(parts, request, reply, async (tx) => {
          const body = await createCannedReply(tx, reader, { folder, title, text }, own)
          return { status: 201, body, headers: { etag: etagOf(body.version) } }
        })
      },
    )

    app.get(
      '/v1/canned-replies/export',
      {
        config: { permission: 'conversation:reply', raw: true },
        schema: {
          operationId: 'exportCannedReplies',
          tags,
          summary: 'Shared replies, or your own, as a table (CSV)',
          description: 'UTF-8 with its mark; columns `folder`, `title`, `text`.',
          querystring: Type.Object({ own: Type.Optional(Type.Boolean()) }, closed),
          response: { 200: { content: { 'text/csv': { schema: Type.String() } } } },
        },
      },
      async (request, reply) => {
        const reader = readerOf(colleagueOf(request))
        const { own = false } = request.query
        const csv = await read(parts, request.principal, (tx) => exportCannedReplies(tx, reader, own))
        reply.headers({
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': dispositionOf('attachment', 'canned-replies.csv'),
        })
        return csv
      },
    )

    app.post(
      '/v1/canned-replies/import',
      {
        config: { permission: 'conversation:reply', audit: 'canned-reply.import' },
        schema: {
          operationId: 'importCannedReplies',
          tags,
          summary: 'Take a table of replies in, all of it or nothing',
          description:
            'A reply of that folder and title is given its text, others are made, none is taken away. `dryRun` only says what would be. Shared ones ask for `cannedreply:write`.',
          body: Type.Object(
            {
              csv: Type.String({ minLength: 1, maxLength: 900_000 }),
              own: Type.Optional(Type.Boolean()),
              dryRun: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
          response: {
            200: Type.Object({ created: Type.Integer(), changed: Type.Integer(), unchanged: Type.Integer() }),
          },
        },
      },
      (request) => {
        const reader = readerOf(colleagueOf(request))
        const { csv, own = reader.memberId !== null, dryRun = false } = request.body
        requireOwner(reader, own)
        return write(parts, request.principal, (tx) => importCannedReplies(tx, reader, csv, own, dryRun))
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
