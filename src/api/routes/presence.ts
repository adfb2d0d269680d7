/** /v1/presence: who is there, and saying so. */
import { type Static, Type } from 'typebox'
import { AgentStatus, Id, OneOf, Presence } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { requireStatus } from '../../core/tenancy/agent-statuses.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { listPresences } from '../../core/tenancy/presences.ts'
import type { Command } from '../../routing/commands.ts'
import { memberOf } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { closed, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))

const PresenceChange = Type.Object(
  {
    state: Type.Optional(OneOf('online', 'busy', 'away', 'offline')),
    status: Type.Optional(AgentStatus.properties.key),
    reason: Type.Optional(Type.String({ maxLength: 100, description: '小休, 整理, 学习…' })),
    closed: Type.Optional(
      Type.Array(OneOf('chat', 'call', 'ticket'), {
        maxItems: 3,
        uniqueItems: true,
        description: 'Media in which nothing is taken meanwhile, though online.',
      }),
    ),
    closedReasons: Type.Optional(
      Type.Object(
        { chat: Reason, call: Reason, ticket: Reason },
        { ...closed, description: 'Why, by medium. What has a reason here is closed.' },
      ),
    ),
  },
  {
    ...closed,
    description:
      'Name a `state`, or a `status` of one’s own: it says which state it stands for, and which media are closed.',
  },
)
type PresenceChange = Static<typeof PresenceChange>

/** What is asked of routing. Faults: `presence-unclear` without a state or with two, `status-unknown`. */
async function presenceCommand(tx: TenantTx, memberId: string, given: PresenceChange): Promise<Command> {
  const { state, status: key, reason, closedReasons } = given
  if ((state === undefined) === (key === undefined)) {
    throw new Fault('invalid', 'presence-unclear', 'Name a state, or a status that stands for one.', {
      errors: [{ pointer: '/state', detail: 'or /status, one of them' }],
    })
  }
  const status = key === undefined ? undefined : await requireStatus(tx, key)
  const media = new Set([...(status?.closed ?? []), ...(given.closed ?? []), ...mediaOf(closedReasons ?? {})])
  const why = reason ?? status?.name
  return {
    kind: 'presence',
    memberId,
    state: status?.state ?? state ?? 'online',
    ...(status !== undefined && { status: status.key }),
    ...(why !== undefined && { reason: why }),
    ...(media.size > 0 && { closed: [...media] }),
    ...(closedReasons !== undefined && { closedReasons }),
  }
}

const mediaOf = (reasons: NonNullable<PresenceChange['closedReasons']>) =>
  (['chat', 'call', 'ticket'] as const).filter((medium) => reasons[medium] !== undefined)

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
        return askRouting(parts, request, reply, (tx) => presenceCommand(tx, id, request.body))
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
          return presenceCommand(tx, id, request.body)
        }),
    )
  }
