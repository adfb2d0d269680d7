/** /v1/wrap-ups and /v1/conversations/{id}/wrap-up: the time that agents have after the end of a conversation (整理). */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { listWrapUps } from '../../routing/wrap-ups.ts'
import { memberOf, requirePermission } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { ById, closed, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const WrapUpShape = Type.Object({
  conversationId: Id('cnv'),
  memberId: Id('usr'),
  since: Time,
  until: Nullable(Time, { description: 'When it is over by itself; null: when the agent says so.' }),
  mayEnd: Type.Boolean({ description: 'Whether the agent may end it before that.' }),
})

const tags = ['presence']

export const wrapUps =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/wrap-ups',
      {
        config: { permission: 'presence:read' },
        schema: {
          operationId: 'listWrapUps',
          tags,
          summary: 'Conversations that are over, and still take their agent’s time',
          description:
            "One's own; with `conversation:read-all` those of another member, and a program with it sees all.",
          querystring: Type.Object({ memberId: Type.Optional(Id('usr')) }, closed),
          response: { 200: Whole(WrapUpShape) },
        },
      },
      async (request) => {
        const { principal } = request
        const own = principal.kind === 'member' ? principal.id : undefined
        const memberId = request.query.memberId ?? own
        if (memberId === undefined || memberId !== own) requirePermission(principal, 'conversation:read-all')
        const rows = await read(parts, principal, (tx) => listWrapUps(tx, memberId))
        return {
          data: rows.map(({ isFixed, since, until, ...row }) => ({
            ...row,
            since: since.toISOString(),
            until: until?.toISOString() ?? null,
            mayEnd: !isFixed,
          })),
        }
      },
    )

    app.post(
      '/v1/conversations/:id/wrap-up',
      {
        config: { permission: 'presence:write', unaudited: 'Presence is one’s own and kept by routing.' },
        schema: {
          operationId: 'askForWrapUp',
          tags,
          summary: 'Ask for time after the end of a conversation that one holds',
          description:
            'Where its skill group gives it on request (`routing.wrapUp`); elsewhere it changes nothing. Ask before the end.',
          params: ById('cnv'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const member = memberOf(request)
        const { id } = request.params
        return askRouting(parts, request, reply, async (tx) => {
          await getConversation(tx, viewerOf(member), id)
          return { kind: 'wrap-up', conversationId: id, memberId: member.id }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/wrap-up/done',
      {
        config: { permission: 'presence:write', unaudited: 'Presence is one’s own and kept by routing.' },
        schema: {
          operationId: 'endWrapUp',
          tags,
          summary: 'Say that one is through with what came after the end',
          description:
            'Refused with `conversation-stale` where there is nothing of the kind, or the group has it last for its time.',
          params: ById('cnv'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const member = memberOf(request)
        const { id } = request.params
        return askRouting(parts, request, reply, async (tx) => {
          // It may be another's by now, and out of sight.
          const isMine = (await listWrapUps(tx, member.id)).some(({ conversationId }) => conversationId === id)
          if (!isMine) await getConversation(tx, viewerOf(member), id)
          return { kind: 'wrap-up-done', conversationId: id, memberId: member.id }
        })
      },
    )
  }
