/** /v1/visitor/reception and /v1/visitor/satisfaction: how things stand for a visitor who waits, and their score. */
import { type Static, Type } from 'typebox'
import { contactFamily } from '../../core/contacts/family.ts'
import { placeInLine } from '../../core/conversations/saying.ts'
import { contactOfVisitor, latestConversation } from '../../core/conversations/visitors.ts'
import { answerSatisfaction, openSatisfaction } from '../../core/desk/satisfaction.ts'
import type { Satisfaction } from '../../core/events/satisfaction-shapes.ts'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { hoursOf } from '../../core/tenancy/calendars.ts'
import { stateAt } from '../../core/tenancy/hours.ts'
import { isSomebodyOnDuty } from '../../core/tenancy/presences.ts'
import type { VisitorPrincipal } from '../../core/tenancy/principals.ts'
import { visitorOf } from '../plugins/auth.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { openToAllSites, requireSite } from '../visitor-sites.ts'

const Asked = Type.Object({
  id: Id('sat'),
  scale: Type.Integer({ description: 'The best score; 1 is the worst.' }),
  offeredTags: Type.Array(Type.String()),
  expiresAt: Time,
})

const Reception = Type.Object({
  open: Type.Boolean({ description: 'Whether it is within the opening hours.' }),
  opensAt: Nullable(Time),
  onDuty: Type.Boolean({ description: 'Whether somebody is there.' }),
  place: Nullable(Type.Integer({ description: 'Place in line, 1 being next; null when the visitor does not wait.' })),
  callbackAt: Nullable(Time, { description: 'When the visitor asked to be served, instead of waiting.' }),
  satisfaction: Nullable(Asked),
})

const tags = ['visitor']

export const visitorReception =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { clock } = parts
    openToAllSites(app)
    const preHandler = requireSite(parts)

    app.get(
      '/v1/visitor/reception',
      {
        config: { permission: 'visitor' },
        preHandler,
        schema: {
          operationId: 'readReception',
          tags,
          summary: 'Read whether it is open, whether somebody is there, your place in line, and what you are asked',
          response: { 200: Reception },
        },
      },
      (request) => read(parts, visitorOf(request), (tx) => receptionOf(tx, visitorOf(request), clock())),
    )

    app.post(
      '/v1/visitor/satisfaction',
      {
        config: { permission: 'visitor', unaudited: 'What a customer says is kept as a record of its own.' },
        preHandler,
        schema: {
          operationId: 'scoreService',
          tags,
          summary: 'Say how you were served, once',
          body: Type.Object(
            {
              id: Id('sat'),
              score: Type.Integer({ minimum: 1, maximum: 10 }),
              comment: Type.Optional(Type.String({ maxLength: 2000 })),
              tags: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { maxItems: 20 })),
            },
            closed,
          ),
          response: { 200: Type.Object({ id: Id('sat'), score: Type.Integer() }) },
        },
      },
      (request) =>
        write(parts, visitorOf(request), async (tx) => {
          const { id, ...verdict } = request.body
          await requireAsked(tx, visitorOf(request), id)
          const { score } = await answerSatisfaction(tx, id, { ...verdict, source: 'widget' }, clock())
          return { id, score: score ?? verdict.score }
        }),
    )
  }

async function receptionOf(tx: TenantTx, who: VisitorPrincipal, now: number): Promise<Static<typeof Reception>> {
  const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
  const latest = contactId === undefined ? undefined : await latestConversation(tx, contactId)
  const current = latest?.status === 'open' ? latest : undefined
  const channel = await tx.one<{ groupId: string | null }>(
    'select group_id from channels where tenant_id = $1 and id = $2',
    tx.tenantId,
    who.channelId,
  )
  const groupId = current?.groupId ?? channel.groupId
  const [hours] = await hoursOf(tx, [{ tenantId: tx.tenantId, channelId: who.channelId, groupId }])
  const state = hours === undefined ? undefined : stateAt(hours, now)
  const asked =
    contactId === undefined ? undefined : await openSatisfaction(tx, await contactFamily(tx, contactId), now)
  return {
    open: state?.open ?? true,
    opensAt: state?.opensAt == null ? null : new Date(state.opensAt).toISOString(),
    onDuty: current?.heldBy === 'agent' || (await isSomebodyOnDuty(tx, groupId)),
    place: (current === undefined ? undefined : await placeInLine(tx, current)) ?? null,
    callbackAt: (current?.heldBy === 'queue' ? current.snoozedUntil?.toISOString() : undefined) ?? null,
    satisfaction: asked === undefined ? null : shownAsked(asked),
  }
}

/** Faults with `satisfaction-unknown` for what another was asked. */
async function requireAsked(tx: TenantTx, who: VisitorPrincipal, id: string): Promise<void> {
  const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
  const found =
    contactId === undefined
      ? undefined
      : await tx.maybe(
          'select 1 from satisfactions where tenant_id = $1 and id = $2 and contact_id = any($3)',
          tx.tenantId,
          id,
          await contactFamily(tx, contactId),
        )
  if (found === undefined) throw new Fault('not-found', 'satisfaction-unknown', 'There is no such request.')
}

function shownAsked({ id, scale, offeredTags, expiresAt }: Satisfaction): Static<typeof Asked> {
  return { id, scale, offeredTags, expiresAt }
}
