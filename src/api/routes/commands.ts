/** /v1/commands: what became of something that was asked of routing. */
import { Type } from 'typebox'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { findCommand } from '../../routing/commands.ts'
import { OutcomeShape } from '../routing-commands.ts'
import { ById } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

export const commands =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/commands/:id',
      {
        config: { permission: 'anyone' },
        schema: {
          operationId: 'getCommand',
          tags: ['commands'],
          summary: 'What became of a command',
          description: "One's own; with `conversation:read-all` anybody's.",
          params: ById('cmd'),
          response: {
            200: Type.Object({
              id: Id('cmd'),
              kind: Type.String(),
              outcome: Nullable(OutcomeShape),
              createdAt: Time,
              decidedAt: Nullable(Time),
            }),
          },
        },
      },
      async (request) => {
        const { principal, params } = request
        const found = await read(parts, principal, (tx) => findCommand(tx, params.id))
        if (
          found === undefined ||
          (found.actorId !== principal.id && !principal.permissions.has('conversation:read-all'))
        ) {
          throw new Fault('not-found', 'command-unknown', 'There is no such command of yours.')
        }
        const { id, kind, outcome, createdAt, decidedAt } = found
        return {
          id,
          kind,
          outcome: outcome === null ? null : { ...outcome },
          createdAt: createdAt.toISOString(),
          decidedAt: decidedAt?.toISOString() ?? null,
        }
      },
    )
  }
