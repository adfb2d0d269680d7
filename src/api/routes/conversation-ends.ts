/** How conversations end (/v1/conversations/{id}/close, resolve), and what is asked of people then. */
import { Type } from 'typebox'
import { listCategories, putCategory } from '../../core/conversations/categories.ts'
import { listClosingRules, putClosingRule, removeClosingRule } from '../../core/conversations/closing-rules.ts'
import { closeConversation, resolveConversation } from '../../core/conversations/lifecycle.ts'
import { CategoryKey, ClosingRule, ConversationCategory } from '../../core/events/conversation-shapes.ts'
import { Conversation, Id, Nullable } from '../../core/events/shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { Ending } from '../ending.ts'
import { ById, closed, Name, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { withEtag } from '../versions.ts'

const tags = ['conversations']
const EndingBody = Type.Partial(Type.Object(Ending), closed)
const ByKey = Type.Object({ key: CategoryKey }, closed)
const ByScope = Type.Object({ scope: Type.Union([Type.Literal('all'), Id('grp')]) }, closed)
const groupOf = (scope: string) => (scope === 'all' ? null : scope)

export const conversationEnds =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const ends = { close: closeConversation, resolve: resolveConversation } as const
    const texts = {
      close: { summary: 'End a conversation', description: '关闭: the episode is over.' },
      resolve: {
        summary: 'Say that what the customer wanted is done',
        description:
          '已解决: nobody holds it any more. The customer’s next word opens it again; otherwise it is closed after the time of its closing rule.',
      },
    }
    for (const how of ['close', 'resolve'] as const) {
      app.post(
        `/v1/conversations/:id/${how}`,
        {
          config: { permission: 'conversation:close', audit: `conversation.${how}` },
          // Nothing has to be said: without a body it is as with an empty one.
          preValidation: async (request) => {
            if (request.body === undefined) request.body = {}
          },
          schema: {
            operationId: `${how}Conversation`,
            tags,
            ...texts[how],
            params: ById('cnv'),
            body: EndingBody,
            response: { 200: Conversation },
          },
        },
        async (request, reply) => {
          const by = colleagueOf(request)
          const { id } = request.params
          return withEtag(reply, await write(parts, by, (tx) => ends[how](tx, by, id, request.body)))
        },
      )
    }

    app.get(
      '/v1/conversation-categories',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listConversationCategories',
          tags,
          summary: 'List categories of conversations, each with those below it',
          response: { 200: Whole(ConversationCategory) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, (tx) => listCategories(tx)) }),
    )

    app.put(
      '/v1/conversation-categories/:key',
      {
        config: { permission: 'conversation:define', audit: 'conversation-category.update' },
        schema: {
          operationId: 'putConversationCategory',
          tags,
          summary: 'Make a category of conversations, or change one',
          description: 'What is left out stays as it is; a key that is not there yet makes a new one.',
          params: ByKey,
          body: Type.Partial(
            Type.Object({
              name: Name(60),
              parentKey: Nullable(CategoryKey),
              position: Type.Integer({ minimum: -10_000, maximum: 10_000 }),
              retired: Type.Boolean(),
            }),
            closed,
          ),
          response: { 200: ConversationCategory },
        },
      },
      (request) => write(parts, request.principal, (tx) => putCategory(tx, request.params.key, request.body)),
    )

    app.get(
      '/v1/closing-rules',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listClosingRules',
          tags,
          summary: 'What is asked of people who end a conversation, by skill group',
          description: 'The rule of a group, else that of all (`groupId` null); where there is none, nothing is asked.',
          response: { 200: Whole(ClosingRule) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, (tx) => listClosingRules(tx)) }),
    )

    app.put(
      '/v1/closing-rules/:scope',
      {
        config: { permission: 'conversation:define', audit: 'closing-rule.update' },
        schema: {
          operationId: 'putClosingRule',
          tags,
          summary: 'Make the closing rule of a skill group, or of all',
          description: 'What is left out stays as it is.',
          params: ByScope,
          body: Type.Partial(Type.Omit(ClosingRule, ['groupId']), closed),
          response: { 200: ClosingRule },
        },
      },
      (request) =>
        write(parts, request.principal, (tx) => putClosingRule(tx, groupOf(request.params.scope), request.body)),
    )

    app.delete(
      '/v1/closing-rules/:scope',
      {
        config: { permission: 'conversation:define', audit: 'closing-rule.remove' },
        schema: {
          operationId: 'removeClosingRule',
          tags,
          summary: 'Take a closing rule away',
          params: ByScope,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => removeClosingRule(tx, groupOf(request.params.scope)))
        reply.code(204)
        return null
      },
    )
  }
