/** /v1/offers: conversations shown to an agent, to accept or decline. */
import { Type } from 'typebox'
import { Id, Offer } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { findOffer, listOpenOffers } from '../../routing/open-offers.ts'
import { memberOf, requirePermission } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { ById, closed, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const tags = ['offers']

export const offers =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/offers',
      {
        config: { permission: 'offer:read' },
        schema: {
          operationId: 'listOffers',
          tags,
          summary: 'Offers that wait for an answer',
          description:
            "One's own; with `conversation:read-all` those of another member, and a program with it sees all.",
          querystring: Type.Object({ memberId: Type.Optional(Id('usr')) }, closed),
          response: { 200: Whole(Offer) },
        },
      },
      async (request) => {
        const { principal } = request
        const own = principal.kind === 'member' ? principal.id : undefined
        const memberId = request.query.memberId ?? own
        if (memberId === undefined || memberId !== own) requirePermission(principal, 'conversation:read-all')
        return { data: await read(parts, principal, (tx) => listOpenOffers(tx, memberId)) }
      },
    )

    app.post(
      '/v1/offers/:id/accept',
      {
        config: { permission: 'offer:decide', unaudited: 'Routing keeps who took what, and why.' },
        schema: {
          operationId: 'acceptOffer',
          tags,
          summary: 'Take the conversation',
          params: ById('ofr'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const memberId = memberOf(request).id
        const offerId = request.params.id
        return askRouting(parts, request, reply, async (tx) => {
          await requireOffer(tx, offerId, memberId, 'accepted')
          return { kind: 'accept', offerId, memberId }
        })
      },
    )

    app.post(
      '/v1/offers/:id/decline',
      {
        config: { permission: 'offer:decide', unaudited: 'Routing keeps who declined what.' },
        schema: {
          operationId: 'declineOffer',
          tags,
          summary: 'Leave the conversation to others',
          params: ById('ofr'),
          body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 200 })) }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const memberId = memberOf(request).id
        const offerId = request.params.id
        return askRouting(parts, request, reply, async (tx) => {
          await requireOffer(tx, offerId, memberId, 'declined')
          return { kind: 'decline', offerId, memberId, ...request.body }
        })
      },
    )
  }

/** What has plainly ended need not be asked of routing; an answer given twice may come to it again. */
async function requireOffer(
  tx: TenantTx,
  id: string,
  memberId: string,
  repeated: 'accepted' | 'declined',
): Promise<void> {
  const offer = await findOffer(tx, id, memberId)
  if (offer === undefined) throw new Fault('not-found', 'offer-unknown', 'There is no such offer to you.')
  if (offer.state !== 'open' && offer.state !== repeated) {
    if (offer.reason === 'taken')
      throw new Fault('conflict', 'offer-taken', 'Somebody else has taken this conversation.')
    throw new Fault('conflict', 'offer-expired', `This offer is ${offer.state}.`)
  }
}
