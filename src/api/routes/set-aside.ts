/** /v1/set-aside: records of the log that could not be applied, for operators. */
import { Type } from 'typebox'
import { discardSetAside, listSetAside, replaySetAside } from '../../core/events/set-aside.ts'
import { Nullable, OneOf, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { pageOf } from '../../core/platform/page.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'

const SetAside = Type.Object({
  id: Type.Integer(),
  consumer: Type.String({ description: 'Which part of the hub could not apply it.' }),
  topic: Type.String(),
  partition: Type.Integer(),
  offset: Type.Integer(),
  key: Type.String(),
  state: OneOf('failed', 'held', 'replayed', 'discarded'),
  error: Nullable(Type.String()),
  attempts: Type.Integer(),
  dueAt: Time,
  createdAt: Time,
})

const ById = Type.Object({ id: Type.String({ pattern: '^[1-9]\\d{0,14}$' }) }, closed)

const tags = ['set-aside']

export const setAside =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/set-aside',
      {
        config: { permission: 'operator', audit: 'record.list' },
        schema: {
          operationId: 'listSetAside',
          tags,
          summary: 'Records that could not be applied, newest first',
          querystring: ListQuery({}),
          response: { 200: Page(SetAside) },
        },
      },
      async (request) => {
        const { tenantId } = request.principal
        const list = ['set-aside', tenantId]
        const { limit, after } = pageRequest(parts.vault, list, request.query)
        const before = after?.[0] === undefined ? undefined : Number(after[0])
        const rows = await listSetAside(parts.db, tenantId, limit + 1, before)
        const page = pageOf(
          rows,
          limit,
          (row) => [String(row.id)],
          (row) => ({ ...row, dueAt: row.dueAt.toISOString(), createdAt: row.createdAt.toISOString() }),
        )
        return pageAnswer(parts.vault, list, page)
      },
    )

    app.post(
      '/v1/set-aside/:id/replay',
      {
        config: { permission: 'operator', audit: 'record.replay' },
        schema: {
          operationId: 'replaySetAside',
          tags,
          summary: 'Try a record again now',
          params: ById,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        if (!(await replaySetAside(parts.db, Number(request.params.id), request.principal.tenantId))) throw notWaiting()
        parts.wake.hint('set-aside')
        reply.code(204)
        return null
      },
    )

    app.post(
      '/v1/set-aside/:id/discard',
      {
        config: { permission: 'operator', audit: 'record.discard' },
        schema: {
          operationId: 'discardSetAside',
          tags,
          summary: 'Give a record up',
          description: 'What waits behind it goes on.',
          params: ById,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        if (!(await discardSetAside(parts.db, Number(request.params.id), request.principal.tenantId)))
          throw notWaiting()
        parts.wake.hint('set-aside')
        reply.code(204)
        return null
      },
    )
  }

function notWaiting(): Fault {
  return new Fault('not-found', 'record-unknown', 'No such record waits here.')
}
