/** What colleagues have on a conversation between themselves: tags, who takes part, who is called out to in notes. */
import { Type } from 'typebox'
import type { Registry } from '../../connectors/registry.ts'
import { editConversation } from '../../core/conversations/edit.ts'
import { readExport, writeExport } from '../../core/conversations/export.ts'
import { listMentions } from '../../core/conversations/mentions.ts'
import { invite, leave } from '../../core/conversations/participants.ts'
import { listConversationTags } from '../../core/conversations/tags.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { listWays, type WayRow } from '../../core/conversations/ways.ts'
import { ContactTag } from '../../core/events/contact-shapes.ts'
import { Conversation, Id, Message, OneOf, Way } from '../../core/events/shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { Ending } from '../ending.ts'
import { dispositionOf } from '../file-answers.ts'
import { memberOf } from '../plugins/auth.ts'
import { ById, closed, ListQuery, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { ifMatch, withEtag } from '../versions.ts'

const tags = ['conversations']
const documentTypes = {
  json: ['application/json; charset=utf-8', 'json'],
  text: ['text/plain; charset=utf-8', 'txt'],
  html: ['text/html; charset=utf-8', 'html'],
} as const
const Participant = Type.Object({ id: Id('cnv'), memberId: Id('usr') }, closed)

export const conversationParts =
  (parts: ServerParts & { readonly registry: Registry }): RoutePlugin =>
  async (app) => {
    const { vault, registry } = parts

    app.get(
      '/v1/conversations/:id/ways',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listWays',
          tags,
          summary: 'List the channels on which its contact can be answered',
          description:
            'Those on which they have written, the last first. Where the window of one is closed, name another as `channelId` of the answer.',
          params: ById('cnv'),
          response: { 200: Whole(Way) },
        },
      },
      async (request) => {
        const by = colleagueOf(request)
        const ways = await read(parts, request.principal, (tx) => listWays(tx, viewerOf(by), request.params.id))
        return { data: ways.map((way) => toWay(way, registry)) }
      },
    )

    app.patch(
      '/v1/conversations/:id',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.edit' },
        schema: {
          operationId: 'editConversation',
          tags,
          summary: 'Change what colleagues write on a conversation',
          description: 'What is left out stays as it is. Customers see none of it.',
          params: ById('cnv'),
          body: Type.Partial(
            Type.Object({
              tags: Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 100 }),
              priority: Type.Integer({ minimum: -1000, maximum: 1000 }),
              ...Ending,
            }),
            closed,
          ),
          response: { 200: Conversation },
        },
      },
      async (request, reply) => {
        const by = colleagueOf(request)
        const version = ifMatch(request)
        const { id } = request.params
        const after = await write(parts, by, (tx) => editConversation(tx, by, id, request.body, version))
        return withEtag(reply, after)
      },
    )

    app.get(
      '/v1/conversations/:id/export',
      {
        config: { permission: 'conversation:read', raw: true, audit: 'conversation.export' },
        schema: {
          operationId: 'exportConversation',
          tags,
          summary: 'A conversation as a document',
          description:
            'JSON, plain text or a page of HTML, with times in the zone of the business. Without `notes` nothing that is for colleagues alone is in it.',
          params: ById('cnv'),
          querystring: Type.Object(
            {
              format: Type.Optional(OneOf('json', 'text', 'html')),
              notes: Type.Optional(Type.Boolean()),
              language: Type.Optional(OneOf('zh-CN', 'zh-TW', 'en')),
            },
            closed,
          ),
          response: {
            200: {
              content: {
                'application/json': { schema: Type.Object({}) },
                'text/plain': { schema: Type.String() },
                'text/html': { schema: Type.String() },
              },
            },
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params
        const { format = 'json', notes = false, language = 'zh-CN' } = request.query
        const who = viewerOf(colleagueOf(request))
        const found = await read(parts, request.principal, (tx) => readExport(tx, who, id, notes))
        const [type, ending] = documentTypes[format]
        reply.headers({
          'content-type': type,
          'content-disposition': dispositionOf('attachment', `${id}.${ending}`),
          // Nothing in it may run, wherever it is opened.
          'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        })
        return writeExport(found, format, language, notes)
      },
    )

    app.get(
      '/v1/conversation-tags',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listConversationTags',
          tags,
          summary: 'The tags that conversations carry, in order',
          querystring: ListQuery({}),
          response: { 200: Page(ContactTag) },
        },
      },
      async (request) => {
        const list = ['conversation-tags', request.principal.tenantId]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listConversationTags(tx, page)))
      },
    )

    app.put(
      '/v1/conversations/:id/participants/:memberId',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.invite' },
        schema: {
          operationId: 'inviteParticipant',
          tags,
          summary: 'Bring a colleague into a conversation',
          description: 'They see it and write in it beside its holder, and it takes nothing of their capacity.',
          params: Participant,
          response: { 200: Conversation },
        },
      },
      async (request, reply) => {
        const by = colleagueOf(request)
        const { id, memberId } = request.params
        return withEtag(reply, await write(parts, by, (tx) => invite(tx, by, id, memberId)))
      },
    )

    app.delete(
      '/v1/conversations/:id/participants/:memberId',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.leave' },
        schema: {
          operationId: 'removeParticipant',
          tags,
          summary: 'Leave a conversation, or send a colleague away from it',
          params: Participant,
          response: { 200: Conversation },
        },
      },
      async (request, reply) => {
        const by = colleagueOf(request)
        const { id, memberId } = request.params
        return withEtag(reply, await write(parts, by, (tx) => leave(tx, by, id, memberId)))
      },
    )

    app.get(
      '/v1/mentions',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listMentions',
          tags,
          summary: 'Notes that call out to you, newest first',
          querystring: ListQuery({}),
          response: { 200: Page(Message) },
        },
      },
      async (request) => {
        const member = memberOf(request)
        const list = ['mentions', member.tenantId, member.id]
        const page = pageRequest(vault, list, request.query)
        const who = { ...viewerOf(member), memberId: member.id }
        return pageAnswer(vault, list, await read(parts, member, (tx) => listMentions(tx, who, page)))
      },
    )
  }

/** A channel that is switched off takes nothing, nor one whose platform's permission has run out. */
function toWay({ enabled, lastInboundAt, ...way }: WayRow, registry: Registry) {
  const { replyWindow } = way
  const isAllowed =
    replyWindow === null || (Date.parse(replyWindow.expiresAt) > Date.now() && replyWindow.usesLeft !== 0)
  const { recall } = registry.find(way.kind)?.capabilities ?? {}
  return {
    ...way,
    isOpen: enabled && isAllowed,
    lastInboundAt: lastInboundAt?.toISOString() ?? null,
    recall:
      recall === undefined ? null : { withinSeconds: recall.withinMs === undefined ? null : recall.withinMs / 1000 },
  }
}
