/** /v1/search/messages: what was said, found by its words. */
import { Type } from 'typebox'
import { searchMessages } from '../../core/conversations/search.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { CategoryKey } from '../../core/events/conversation-shapes.ts'
import { Conversation, Id, Message, Time } from '../../core/events/shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { memberOf } from '../plugins/auth.ts'
import { ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const Found = Type.Object({
  message: Message,
  contactName: Type.String(),
  status: Conversation.properties.status,
  assigneeId: Conversation.properties.assigneeId,
  groupId: Conversation.properties.groupId,
  snippet: Type.Object(
    {
      text: Type.String(),
      marks: Type.Array(Type.Object({ start: Type.Integer({ minimum: 0 }), end: Type.Integer({ minimum: 1 }) })),
    },
    { description: 'Where it stands first; marks in UTF-16 units.' },
  ),
})

export const search =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts
    app.get(
      '/v1/search/messages',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'searchMessages',
          tags: ['conversations'],
          summary: 'Search what was said, newest first',
          description:
            'All of the words, in whatever case, width and script (simplified or traditional), among the conversations you may see: any part of three letters of a word, ' +
            'any character of a Chinese one; one or two letters find words that begin with them. A message is found within seconds of being said.',
          querystring: ListQuery({
            q: Type.String({ minLength: 1, maxLength: 200 }),
            from: Type.Optional(Time),
            to: Type.Optional(Time),
            assigneeId: Type.Optional(Type.Union([Type.Literal('me'), Id('usr')])),
            groupId: Type.Optional(Id('grp')),
            channelId: Type.Optional(Id('chn')),
            contactId: Type.Optional(Id('ctc')),
            tag: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
            category: Type.Optional(CategoryKey),
          }),
          response: { 200: Page(Found) },
        },
      },
      async (request) => {
        const { limit, cursor, q: words, from, to, ...filters } = request.query
        const who = viewerOf(colleagueOf(request))
        const list = ['search', request.principal.tenantId, words, from ?? null, to ?? null, filters]
        const page = pageRequest(vault, list, request.query)
        const asked = {
          ...filters,
          words,
          ...(filters.assigneeId === 'me' && { assigneeId: memberOf(request).id }),
          ...(from !== undefined && { from: new Date(from) }),
          ...(to !== undefined && { to: new Date(to) }),
        }
        return pageAnswer(
          vault,
          list,
          await read(parts, request.principal, (tx) => searchMessages(tx, who, asked, page)),
        )
      },
    )
  }
