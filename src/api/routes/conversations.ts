/** /v1/conversations: what is said with customers, by whom, and the acts of those who serve. */
import { type Static, Type } from 'typebox'
import type { Registry } from '../../connectors/registry.ts'
import {
  getConversation,
  listConversations,
  listMessages,
  requireTakeable,
} from '../../core/conversations/conversations.ts'
import { readByAgent } from '../../core/conversations/lifecycle.ts'
import { recallMessage } from '../../core/conversations/recall.ts'
import { reply as answer } from '../../core/conversations/reply.ts'
import { resendMessage } from '../../core/conversations/resend.ts'
import type { Signals } from '../../core/conversations/signals.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { CategoryKey } from '../../core/events/conversation-shapes.ts'
import { Conversation, Id, Message, OneOf, Part } from '../../core/events/shapes.ts'
import { crashPoint } from '../../core/platform/crash-points.ts'
import { Fault } from '../../core/platform/errors.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { named } from '../named.ts'
import { memberOf } from '../plugins/auth.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { ById, closed, ListQuery, Nothing, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { signalTyping } from '../stream/typing.ts'
import { read, write } from '../transactions.ts'
import { isUnchanged, withEtag } from '../versions.ts'

export interface ConversationParts extends ServerParts {
  readonly signals: Signals
  readonly registry: Registry
}

const OneMessage = Type.Object({ id: Id('cnv'), messageId: Id('msg') }, closed)

const MessageQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Messages with a greater number.' })),
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'Messages with a smaller number, the nearest.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 25 })),
  },
  closed,
)

const Draft = Type.Object(
  {
    parts: Type.Array(Part, { minItems: 1, maxItems: 20 }),
    replyTo: Type.Optional(Id('msg')),
    note: Type.Optional(Type.Literal(true, { description: 'For colleagues only.' })),
    mentions: Type.Optional(
      Type.Array(Id('usr'), {
        minItems: 1,
        maxItems: 20,
        uniqueItems: true,
        description: 'Members to whom the note calls out; those who would not see it take part from then on.',
      }),
    ),
    channelId: Type.Optional(Id('chn')),
    clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
  },
  closed,
)

const tags = ['conversations']

export const conversations =
  (parts: ConversationParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/conversations',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listConversations',
          tags,
          summary: 'List the conversations you may see, the latest changed first',
          description: 'With `sort=waiting` those alone that wait for our answer, whoever has waited longest first.',
          querystring: ListQuery({
            status: Type.Optional(OneOf('open', 'resolved', 'closed')),
            unanswered: Type.Optional(Type.Boolean({ description: 'Open, and the customer waits for our answer.' })),
            snoozed: Type.Optional(Type.Boolean()),
            category: Type.Optional(CategoryKey),
            sort: Type.Optional(OneOf('updated', 'waiting')),
            heldBy: Type.Optional(OneOf('bot', 'queue', 'agent', 'nobody')),
            assigneeId: Type.Optional(Type.Union([Type.Literal('me'), Id('usr')])),
            groupId: Type.Optional(Id('grp')),
            contactId: Type.Optional(Id('ctc')),
            channelId: Type.Optional(Id('chn')),
            participantId: Type.Optional(Type.Union([Type.Literal('me'), Id('usr')])),
            tag: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          }),
          response: { 200: Page(Conversation) },
        },
      },
      async (request) => {
        const { limit, cursor, sort, ...filters } = request.query
        const filter = {
          ...filters,
          ...(filters.assigneeId === 'me' && { assigneeId: memberOf(request).id }),
          ...(filters.participantId === 'me' && { participantId: memberOf(request).id }),
        }
        const list = ['conversations', request.principal.tenantId, sort ?? 'updated', filter]
        const page = pageRequest(vault, list, request.query)
        const who = viewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, (tx) => listConversations(tx, who, filter, page, sort))
        return pageAnswer(vault, list, found)
      },
    )

    app.get(
      '/v1/conversations/:id',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'getConversation',
          tags,
          summary: 'Read a conversation',
          params: ById('cnv'),
          response: { 200: Conversation, 304: Nothing },
        },
      },
      async (request, reply) => {
        const who = viewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, (tx) => getConversation(tx, who, request.params.id))
        withEtag(reply, found)
        if (!isUnchanged(request, found.version)) return found
        reply.code(304)
        return null
      },
    )

    app.get(
      '/v1/conversations/:id/messages',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listMessages',
          tags,
          summary: 'Read messages of a conversation, ascending by number',
          description: 'Without `after` and `before` the latest ones.',
          params: ById('cnv'),
          querystring: MessageQuery,
          response: { 200: Whole(Message) },
        },
      },
      async (request) => {
        const { after, before, limit = 25 } = request.query
        const { id } = request.params
        const who = viewerOf(colleagueOf(request))
        const data = await read(parts, request.principal, async (tx) => {
          await getConversation(tx, who, id)
          return listMessages(tx, id, {
            limit,
            ...(after !== undefined && { after }),
            ...(before !== undefined && { before }),
          })
        })
        return { data }
      },
    )

    app.post(
      '/v1/conversations/:id/messages',
      {
        config: {
          permission: 'conversation:reply',
          idempotencyKey: 'required',
          unaudited: 'A message carries its author and its time.',
        },
        schema: {
          operationId: 'reply',
          tags,
          summary: 'Answer, or leave a note',
          params: ById('cnv'),
          body: Draft,
          response: { 201: Message },
        },
      },
      async (request, reply) => {
        const author = colleagueOf(request)
        const said = await idempotent<Static<typeof Message>>(parts, request, reply, async (tx) => ({
          status: 201,
          body: await answer(tx, author, request.params.id, request.body),
        }))
        crashPoint('reply:after-commit')
        parts.wake.hint('deliveries')
        return said
      },
    )

    app.post(
      '/v1/conversations/:id/messages/:messageId/resend',
      {
        config: { permission: 'conversation:reply', audit: 'message.resend' },
        schema: {
          operationId: 'resendMessage',
          tags,
          summary: 'Send again what failed or may not have arrived',
          description: 'A decision of a person: of an `unknown` message the customer may get a second copy.',
          params: OneMessage,
          response: { 200: Message },
        },
      },
      async (request) => {
        const { id, messageId } = request.params
        const author = colleagueOf(request)
        const message = await write(parts, request.principal, (tx) => resendMessage(tx, author, id, messageId))
        parts.wake.hint('deliveries')
        return message
      },
    )

    app.post(
      '/v1/conversations/:id/messages/:messageId/recall',
      {
        config: { permission: 'conversation:reply', audit: 'message.recall' },
        schema: {
          operationId: 'recallMessage',
          tags,
          summary: 'Take back what was said to a customer (撤回)',
          description:
            'What was not sent yet is not sent, on any channel. What the platform has is taken back there, if its kind of channel can (`recall` of its ' +
            'capabilities): `recall` of the message says how that stands, and message.updated when it changes. Agents take back what they said themselves.',
          params: OneMessage,
          response: { 200: Message },
        },
      },
      async (request) => {
        const { id, messageId } = request.params
        const by = colleagueOf(request)
        const message = await write(parts, request.principal, (tx) =>
          recallMessage(tx, by, id, messageId, (kind) => parts.registry.find(kind)?.capabilities.recall),
        )
        parts.wake.hint('recalls')
        return message
      },
    )

    app.post(
      '/v1/conversations/:id/read',
      {
        config: { permission: 'conversation:read', unaudited: 'A place of reading is nobody else’s.' },
        schema: {
          operationId: 'markRead',
          tags,
          summary: 'Say up to which message you have read',
          description: 'Counts when the conversation is assigned to you; never goes backwards.',
          params: ById('cnv'),
          body: Type.Object({ number: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }) }, closed),
          response: { 200: Conversation },
        },
      },
      async (request, reply) => {
        const by = colleagueOf(request)
        const { number } = request.body
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => readByAgent(tx, by, request.params.id, number)),
        )
      },
    )

    app.post(
      '/v1/conversations/:id/typing',
      {
        config: { permission: 'conversation:reply', unaudited: 'Typing is kept nowhere.' },
        schema: {
          operationId: 'signalTyping',
          tags,
          summary: 'Show that you are writing',
          params: ById('cnv'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await signalTyping(parts, colleagueOf(request), request.params.id)
        reply.code(204)
        return null
      },
    )

    app.post(
      '/v1/conversations/:id/pull',
      {
        config: { permission: 'conversation:reply', unaudited: 'Routing keeps who took what, and why.' },
        schema: {
          operationId: 'pullConversation',
          tags,
          summary: 'Take a waiting conversation yourself',
          params: ById('cnv'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const member = memberOf(request)
        const { id } = request.params
        return askRouting(parts, request, reply, async (tx) => {
          await requireTakeable(tx, viewerOf(member), id)
          return { kind: 'pull', conversationId: id, memberId: member.id }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/assign',
      {
        config: { permission: 'conversation:assign', audit: 'conversation.assign' },
        schema: {
          operationId: 'assignConversation',
          tags,
          summary: 'Give a conversation to an agent',
          params: ById('cnv'),
          body: Type.Object({ memberId: Id('usr') }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const { id } = request.params
        const { memberId } = request.body
        const who = viewerOf(colleagueOf(request))
        return askRouting(parts, request, reply, async (tx) => {
          await getConversation(tx, who, id)
          const member = await named(getMember(tx, memberId), '/memberId')
          if (member.disabled) throw new Fault('conflict', 'member-disabled', 'The member is disabled.')
          return { kind: 'assign', conversationId: id, memberId }
        })
      },
    )
  }
