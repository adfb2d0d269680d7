/** /v1/presence: who is there, and saying so. */
import { Type } from 'typebox'
import { Id, OneOf, Presence } from '../../core/events/shapes.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { listPresences } from '../../core/tenancy/presences.ts'
import { memberOf } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { closed, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const PresenceChange = Type.Object(
  {
    state: OneOf('online', 'busy', 'away', 'offline'),
    reason: Type.Optional(Type.String({ maxLength: 100, description: '小休, 整理, 学习…' })),
    closed: Type.Optional(
      Type.Array(OneOf('chat', 'call', 'ticket'), {
        maxItems: 3,
        uniqueItems: true,
        description: 'Media in which nothing is taken meanwhile, though online.',
      }),
    ),
  },
  closed,
)

const tags = ['presence']

export const presence =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/presence',
      {
        config: { permission: 'presence:read' },
        schema: {
          operationId: 'listPresence',
          tags,
          summary: 'Presence and load of every member',
          response: { 200: Whole(Presence) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listPresences) }),
    )

    app.put(
      '/v1/presence/me',
      {
        config: { permission: 'presence:write', unaudited: 'Presence is one’s own and kept by routing.' },
        schema: {
          operationId: 'setOwnPresence',
          tags,
          summary: 'Say whether one is there',
          body: PresenceChange,
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const { id } = memberOf(request)
        return askRouting(parts, request, reply, async () => ({ kind: 'presence', memberId: id, ...request.body }))
      },
    )

    app.put(
      '/v1/presence/:memberId',
      {
        config: { permission: 'presence:write-all', audit: 'presence.set' },
        schema: {
          operationId: 'setPresence',
          tags,
          summary: "Set somebody's presence",
          params: Type.Object({ memberId: Id('usr') }, closed),
          body: PresenceChange,
          response: commandAnswers,
        },
      },
      (request, reply) =>
        askRouting(parts, request, reply, async (tx) => {
          const { id } = await getMember(tx, request.params.memberId)
          return { kind: 'presence', memberId: id, ...request.body }
        }),
    )
  }
