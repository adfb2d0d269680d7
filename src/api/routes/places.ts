/** Where a conversation stands in line: for the visitor, and for programs that tell customers elsewhere. */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { contactOfVisitor, latestConversation } from '../../core/conversations/visitors.ts'
import { Id, Nullable } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Flows } from '../../routing/flows.ts'
import { readPlaces } from '../../routing/places.ts'
import { colleagueOf } from '../colleagues.ts'
import { visitorOf } from '../plugins/auth.ts'
import { ById } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { shownPlace } from '../stream/queue-watch.ts'
import { read } from '../transactions.ts'
import { requireSite } from '../visitor-sites.ts'

const PlaceShape = Type.Object({
  place: Nullable(
    Type.Object({
      conversationId: Id('cnv'),
      position: Type.Integer({ description: '1 is next.' }),
      estimate: Nullable(
        Type.Object({
          seconds: Type.Integer(),
          lowSeconds: Type.Integer({ description: 'Four waits of five lie between these two.' }),
          highSeconds: Type.Integer(),
        }),
      ),
    }),
  ),
})

export const places =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const flows = new Flows()
    const placeOf = async (tx: TenantTx, conversationId: string | undefined) => {
      const [found] = conversationId === undefined ? [] : await readPlaces(tx, flows, parts.clock(), conversationId)
      return { place: found === undefined ? null : shownPlace(found) }
    }

    app.get(
      '/v1/conversations/:id/place',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'getConversationPlace',
          tags: ['routing'],
          summary: 'Where it stands in line, and how long it will be',
          description:
            '`place` is null when it does not wait; `estimate` when nothing honest can be said, as when nobody is on duty.',
          params: ById('cnv'),
          response: { 200: PlaceShape },
        },
      },
      async (request) => {
        const { id } = request.params
        return read(parts, request.principal, async (tx) => {
          await getConversation(tx, viewerOf(colleagueOf(request)), id)
          return placeOf(tx, id)
        })
      },
    )

    app.get(
      '/v1/visitor/place',
      {
        config: { permission: 'visitor' },
        preHandler: requireSite(parts),
        schema: {
          operationId: 'getVisitorPlace',
          tags: ['visitor'],
          summary: 'Where you stand in line, and how long it will be',
          response: { 200: PlaceShape },
        },
      },
      async (request, reply) => {
        // As for all of /v1/visitor: see visitor.ts.
        reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin')
        const who = visitorOf(request)
        return read(parts, who, async (tx) => {
          const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
          const latest = contactId === undefined ? undefined : await latestConversation(tx, contactId)
          return placeOf(tx, latest?.id)
        })
      },
    )
  }
