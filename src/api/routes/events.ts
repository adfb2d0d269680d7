/** /v1/events: the feed by pages, for programs that catch up or do not hold a stream open. */
import { Type } from 'typebox'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { eventType } from '../../core/events/catalogue.ts'
import { feedState, readFeed } from '../../core/events/feed.ts'
import { Id, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { colleagueOf } from '../colleagues.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { ColleagueAudience } from '../stream/audience.ts'
import { eventObject } from '../stream/frames.ts'
import { parsePosition, positionPattern, writePosition } from '../stream/position.ts'
import { read } from '../transactions.ts'

const Frame = Type.Object({
  v: Type.Literal(1),
  id: Id('evt'),
  seq: Type.Integer(),
  epoch: Type.String(),
  type: Type.String(),
  at: Time,
  subject: Type.String(),
  actor: Type.String(),
  data: Type.Unknown(),
})

const Query = Type.Object(
  {
    after: Type.Optional(
      Type.String({
        pattern: positionPattern,
        description: '`next` of the page before; absent: from the oldest kept.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    types: Type.Optional(
      Type.String({ pattern: '^[a-z.-]{1,64}(,[a-z.-]{1,64}){0,49}$', description: 'Types of events, with commas.' }),
    ),
  },
  closed,
)

export const events =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/events',
      {
        config: { permission: 'event:read' },
        schema: {
          operationId: 'listEvents',
          tags: ['events'],
          summary: 'Read events in their order',
          description:
            'Events that you may not see, or did not ask for, are left out: a page may be empty while `endOfStream` is false. ' +
            'Kept for thirty days.',
          querystring: Query,
          response: {
            200: Type.Object({
              data: Type.Array(Frame),
              next: Type.String({ description: 'Where the next page begins.' }),
              endOfStream: Type.Boolean(),
            }),
          },
        },
      },
      async (request) => {
        const colleague = colleagueOf(request)
        const { limit = 100, after } = request.query
        const types = request.query.types?.split(',')
        const unknown = types?.find((type) => eventType(type) === undefined)
        if (unknown !== undefined) {
          throw new Fault('invalid', 'event-type-unknown', 'There is no such type of event.', {
            errors: [{ pointer: '?types', detail: `${unknown} is no type of event` }],
          })
        }
        return read(parts, colleague, async (tx) => {
          const state = await feedState(tx, tx.tenantId)
          const from = startOf(after, state)
          const found = await readFeed(tx, tx.tenantId, from, limit, types)
          const offers = await tx.query<{ id: string; conversationId: string }>(
            `select id, conversation_id from offers where tenant_id = $1 and agent_id = $2 and state = 'open'`,
            tx.tenantId,
            colleague.id,
          )
          const audience = new ColleagueAudience(
            colleague,
            viewerOf(colleague),
            new Map(offers.map((offer) => [offer.id, offer.conversationId])),
          )
          const endOfStream = found.length < limit
          const seq = endOfStream ? Math.max(state.seq, found.at(-1)?.seq ?? 0) : (found.at(-1)?.seq ?? from)
          return {
            data: found.filter((event) => audience.admits(event)).map((event) => eventObject(event, state.epoch)),
            next: writePosition({ epoch: state.epoch, seq }),
            endOfStream,
          }
        })
      },
    )
  }

/** Faults with `position-gone` when events after it are no longer kept, or it is of another history. */
function startOf(after: string | undefined, state: { epoch: string; seq: number; forgotten: number }): number {
  if (after === undefined) return state.forgotten
  const position = parsePosition(after)
  if (position?.epoch === state.epoch && position.seq >= state.forgotten && position.seq <= state.seq) {
    return position.seq
  }
  throw new Fault('conflict', 'position-gone', 'The events after this place are not kept; begin without `after`.')
}
