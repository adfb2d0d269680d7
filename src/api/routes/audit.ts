/** /v1/audit: who changed what, and who read what is sensitive. */
import { Type } from 'typebox'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { listAuditEntries } from '../audit/entries.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const AuditEntry = Type.Object({
  id: Id('aud'),
  at: Time,
  action: Type.String({ description: '`noun.verb`, as the route says.' }),
  subject: Nullable(Type.String({ description: 'The record that it was done to.' })),
  actorId: Type.String({ description: 'A member, a key, or `operator` for whoever has the machine.' }),
  credential: Nullable(Type.String({ description: 'The session or key that it came with, as its id.' })),
  address: Nullable(Type.String()),
  userAgent: Nullable(Type.String()),
  requestId: Nullable(Type.String()),
  changes: Type.Array(
    Type.Object({
      field: Type.String(),
      before: Type.Optional(Type.Unknown()),
      after: Type.Optional(Type.Unknown()),
    }),
    { description: 'Without secrets; of customers’ own data only the names of fields.' },
  ),
})

export const audit =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/audit',
      {
        config: { permission: 'audit:read', audit: 'audit.read' },
        schema: {
          operationId: 'listAuditEntries',
          tags: ['audit'],
          summary: 'List what was changed and what was read that is sensitive, newest first',
          querystring: ListQuery({
            action: Type.Optional(
              Type.String({
                pattern: '^[a-z][a-z-]*\\.([a-z][a-z-]*|\\*)$',
                description: '`member.update`, or `member.*`.',
              }),
            ),
            actorId: Type.Optional(Type.String({ maxLength: 64 })),
            subject: Type.Optional(Type.String({ maxLength: 200 })),
            since: Type.Optional(Time),
            until: Type.Optional(Time),
          }),
          response: { 200: Page(AuditEntry) },
        },
      },
      async (request) => {
        const { action, actorId, subject, since, until } = request.query
        const list = ['audit', request.principal.tenantId, action, actorId, subject, since, until]
        const page = pageRequest(parts.vault, list, request.query)
        const filter = {
          ...(action !== undefined && { action }),
          ...(actorId !== undefined && { actorId }),
          ...(subject !== undefined && { subject }),
          ...(since !== undefined && { since: new Date(since) }),
          ...(until !== undefined && { until: new Date(until) }),
        }
        const entries = await read(parts, request.principal, (tx) => listAuditEntries(tx, filter, page))
        return pageAnswer(parts.vault, list, {
          ...entries,
          data: entries.data.map((entry) => ({ ...entry, changes: [...entry.changes] })),
        })
      },
    )
  }
