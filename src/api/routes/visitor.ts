/**
 * /v1/visitor: the side of web chat that browsers see. A visitor is whoever holds a token; what they say goes to the log as
 * from any platform, and is acknowledged once it is durable there.
 */
import { Type } from 'typebox'
import type { Registry } from '../../connectors/registry.ts'
import { webchat } from '../../connectors/webchat/index.ts'
import { fromVisitor } from '../../connectors/webchat/translate.ts'
import { claimFiles } from '../../core/conversations/attachments.ts'
import type { AuthoredRow } from '../../core/conversations/conversations.ts'
import { readByCustomer } from '../../core/conversations/lifecycle.ts'
import type { Inbound, Part } from '../../core/conversations/model.ts'
import { toMessage } from '../../core/conversations/rows.ts'
import { openChannelSettings } from '../../core/conversations/served-channels.ts'
import { listVisitorConversations, listVisitorThread } from '../../core/conversations/thread.ts'
import {
  contactOfVisitor,
  latestConversation,
  openVisitorSession,
  visitorWords,
} from '../../core/conversations/visitors.ts'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { crashPoint } from '../../core/platform/crash-points.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { VisitorPrincipal } from '../../core/tenancy/principals.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { principalOf, visitorOf } from '../plugins/auth.ts'
import { closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { listenOn, visitorFrames } from '../stream/client-frames.ts'
import { toVisitorMessage } from '../stream/frames.ts'
import { SocketOutlet } from '../stream/outlets.ts'
import { parsePosition, positionPattern } from '../stream/position.ts'
import { VisitorReader } from '../stream/readers.ts'
import { closeCodes, hasRoom, type Streams } from '../stream/streams.ts'
import { signalVisitorTyping } from '../stream/typing.ts'
import { read, write } from '../transactions.ts'
import { verifyIdentity } from '../visitor-identity.ts'

import { VisitorConversation, VisitorMessage, VisitorParts } from '../visitor-shapes.ts'
import { admitted, openToAllSites, requireSite } from '../visitor-sites.ts'

export interface VisitorRouteParts extends ServerParts {
  readonly registry: Registry
  readonly streams: Streams
  /** Makes what was said durable on the log; resolves once it is. */
  readonly receive: (
    channel: { readonly tenantId: string; readonly id: string; readonly kind: string },
    events: readonly Inbound[],
  ) => Promise<void>
  /** How long a visitor is known without coming back; 180 days unless said. */
  readonly visitorDays?: number
}

const Claims = Type.Record(Type.String({ pattern: '^[\\w.-]{1,64}$' }), Type.String({ maxLength: 2000 }), {
  maxProperties: 20,
  additionalProperties: false,
  description: 'What the page says of the person, unproven; `name` goes with their messages.',
})

const typingEveryMs = 2000
const tags = ['visitor']

export const visitor =
  (parts: VisitorRouteParts): RoutePlugin =>
  async (app) => {
    const { db, vault, streams, clock, log } = parts

    openToAllSites(app)

    app.options(
      '/v1/visitor/*',
      { config: { permission: 'public' }, schema: { hide: true, response: { 204: Nothing } } },
      async (_request, reply) => {
        reply.code(204).headers({
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'authorization, content-type',
          'access-control-max-age': '7200',
        })
        return null
      },
    )

    const preHandler = requireSite(parts)

    app.post(
      '/v1/visitor/sessions',
      {
        config: { permission: 'public', unaudited: 'A visitor’s own.' },
        schema: {
          operationId: 'openVisitorSession',
          tags,
          summary: 'Begin a visitor’s session, or prolong one',
          description:
            'With `identity`, a JWT of the business, the visitor is who it says. A token that is no longer good counts as none.',
          body: Type.Object(
            {
              channelId: Id('chn'),
              token: Type.Optional(Type.String({ maxLength: 400 })),
              identity: Type.Optional(Type.String({ minLength: 1, maxLength: 4000 })),
              claims: Type.Optional(Claims),
            },
            closed,
          ),
          response: {
            201: Type.Object({
              token: Type.String(),
              visitorId: Id('vis'),
              subject: Nullable(Type.String()),
              channel: Type.Object({ id: Id('chn'), name: Type.String(), look: Type.Unknown() }),
              expiresAt: Time,
            }),
          },
        },
      },
      async (request, reply) => {
        const { channelId, token, identity, claims } = request.body
        const channel = await admitted(parts, request, channelId)
        const { identitySecrets: secrets } = openChannelSettings(vault, channel) as { identitySecrets?: string[] }
        const vouched =
          identity === undefined ? undefined : await verifyIdentity(identity, channelId, secrets ?? [], clock())
        const holder = token === undefined ? undefined : await principalOf(parts, token)
        const known =
          token !== undefined && holder?.kind === 'visitor' && holder.channelId === channelId
            ? { token, visitorId: holder.id, subject: holder.subject }
            : undefined
        const session = await write(parts, { id: known?.visitorId ?? channelId, tenantId: channel.tenantId }, (tx) =>
          openVisitorSession(tx, {
            channelId,
            now: clock(),
            lifeMs: (parts.visitorDays ?? 180) * 86_400_000,
            ...(known !== undefined && { known }),
            ...(vouched !== undefined && { identity: vouched }),
            ...(claims !== undefined && { claims }),
          }),
        )
        reply.code(201)
        return {
          token: session.token,
          visitorId: session.visitorId,
          subject: session.subject,
          channel: { id: channelId, name: channel.name, look: channel.settings.look ?? null },
          expiresAt: session.expiresAt.toISOString(),
        }
      },
    )

    app.get(
      '/v1/visitor/messages',
      {
        config: { permission: 'visitor' },
        preHandler,
        schema: {
          operationId: 'listVisitorMessages',
          tags,
          summary: 'Read your own conversations, oldest first',
          querystring: Type.Object(
            {
              after: Type.Optional(Type.String({ maxLength: 1000, description: 'nextCursor of the page before.' })),
              conversationId: Type.Optional(Id('cnv')),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 25 })),
            },
            closed,
          ),
          response: { 200: Page(VisitorMessage) },
        },
      },
      async (request) => {
        const who = visitorOf(request)
        const { after, conversationId, limit = 25 } = request.query
        const list = ['visitor', who.tenantId, who.channelId, who.subject ?? who.id, conversationId ?? null]
        const page = pageRequest(vault, list, { limit, ...(after !== undefined && { cursor: after }) })
        const found = await read(parts, who, async (tx) => {
          const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
          return contactId === undefined
            ? { data: [], next: null }
            : listVisitorThread(tx, contactId, page, conversationId)
        })
        return pageAnswer(vault, list, { data: found.data.map(shown), next: found.next })
      },
    )

    app.get(
      '/v1/visitor/conversations',
      {
        config: { permission: 'visitor' },
        preHandler,
        schema: {
          operationId: 'listVisitorConversations',
          tags,
          summary: 'Your own conversations, newest first',
          description: 'What was said in one: `GET /v1/visitor/messages?conversationId=…`.',
          querystring: ListQuery({}),
          response: { 200: Page(VisitorConversation) },
        },
      },
      async (request) => {
        const who = visitorOf(request)
        const list = ['visitor-conversations', who.tenantId, who.channelId, who.subject ?? who.id]
        const page = pageRequest(vault, list, request.query)
        const found = await read(parts, who, async (tx) => {
          const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
          return contactId === undefined ? { data: [], next: null } : listVisitorConversations(tx, contactId, page)
        })
        const data = found.data.map((one) => ({
          ...one,
          openedAt: one.openedAt.toISOString(),
          closedAt: one.closedAt?.toISOString() ?? null,
          lastMessageAt: one.lastMessageAt?.toISOString() ?? null,
        }))
        return pageAnswer(vault, list, { data, next: found.next })
      },
    )

    /** Hands a visitor's words to the log; resolves once they are durable there. */
    const say = async (
      who: VisitorPrincipal,
      token: string,
      said: { readonly clientId: string; readonly parts: readonly Part[] },
    ): Promise<void> => {
      const words = await visitorWords(db, token)
      if (words === undefined) throw new Fault('unauthenticated', 'credential-invalid', 'The session has ended.')
      const { channelId, tenantId } = who
      const spoken = await write(parts, who, (tx) => claimFiles(tx, who, said.parts, said.clientId))
      const event = fromVisitor({
        channelId,
        visitorId: who.id,
        subject: who.subject,
        clientId: said.clientId,
        parts: spoken,
        atMs: clock(),
        ...(words.name !== null && { name: words.name }),
        ...(Object.keys(words.claims).length > 0 && { claims: words.claims }),
      })
      await parts.receive({ tenantId, id: channelId, kind: webchat.kind }, [event])
      crashPoint('visitor:before-acknowledge')
    }

    app.post(
      '/v1/visitor/messages',
      {
        config: { permission: 'visitor', unaudited: 'A visitor’s own.' },
        preHandler,
        schema: {
          operationId: 'sayAsVisitor',
          tags,
          summary: 'Say something',
          description: 'Answered once it is durable. The same `clientId` again is the same message.',
          body: Type.Object({ clientId: Type.String({ minLength: 1, maxLength: 120 }), parts: VisitorParts }, closed),
          response: { 202: Type.Object({ clientId: Type.String() }) },
        },
      },
      async (request, reply) => {
        await say(visitorOf(request), request.token ?? '', request.body)
        reply.code(202)
        return { clientId: request.body.clientId }
      },
    )

    app.route({
      method: 'GET',
      url: '/v1/visitor/stream',
      config: { permission: 'visitor', raw: true },
      preHandler,
      schema: {
        operationId: 'visitorStream',
        tags,
        summary: 'Talk over a WebSocket',
        description:
          'Sec-WebSocket-Protocol: `tributary.v1, bearer.<token>`. Sends `message`, `typing`, `read`, `ping`; receives what concerns ' +
          'the visitor, as /v1/stream does.',
        querystring: Type.Object({ since: Type.Optional(Type.String({ pattern: positionPattern })) }, closed),
      },
      handler: async () => {
        throw new Fault('unsupported', 'stream-protocol-unsupported', 'Open a WebSocket here.')
      },
      wsHandler: (socket, request) => {
        const who = visitorOf(request)
        const token = request.token ?? ''
        const outlet = new SocketOutlet(socket)
        if (!hasRoom(streams.hub, who.credential)) return outlet.close(closeCodes.slow, 'too many streams')
        const since = parsePosition((request.query as { since?: string }).since)
        const { look, leave: forget } = streams.queues.enter(who, outlet)
        const reader = new VisitorReader(who, () => {
          streams.visitors.tellAgain(who)
          look()
        })
        const subscription = streams.hub.subscribe(reader, outlet, since)
        const leave = streams.visitors.enter(who)
        socket.on('close', () => {
          subscription.close()
          leave()
          forget()
        })
        let typedAt = 0
        listenOn({ socket, outlet, clock, log }, visitorFrames, {
          message: (frame) => say(who, token, frame),
          async typing() {
            if (clock() - typedAt < typingEveryMs) return
            typedAt = clock()
            await signalVisitorTyping({ db, signals: streams.signals }, who)
          },
          async read({ number, conversationId }) {
            await write(parts, who, async (tx) => {
              const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
              const latest = contactId === undefined ? undefined : await latestConversation(tx, contactId)
              if (latest === undefined || (conversationId !== undefined && conversationId !== latest.id)) return
              await readByCustomer(tx, latest.id, number)
            })
          },
        })
      },
    })
  }

function shown(row: AuthoredRow) {
  return toVisitorMessage(toMessage(row, row.authorName), row.authorNumber)
}
