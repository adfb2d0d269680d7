/** /v1/satisfaction: what customers said of how they were served, and asking them. */
import { type Static, Type } from 'typebox'
import { askForSatisfaction, getSatisfaction } from '../../core/desk/satisfaction.ts'
import { listSatisfactions, readSatisfactionFigures } from '../../core/desk/satisfaction-figures.ts'
import { satisfactionPath } from '../../core/desk/satisfaction-links.ts'
import { Satisfaction, SatisfactionSource } from '../../core/events/satisfaction-shapes.ts'
import { Id, Nullable, OneOf, Time } from '../../core/events/shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const filters = {
  memberId: Type.Optional(Id('usr')),
  groupId: Type.Optional(Id('grp')),
  channelId: Type.Optional(Id('chn')),
  source: Type.Optional(SatisfactionSource),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
}

const Listed = Type.Object({ ...Satisfaction.properties, contactName: Type.String() })

const Figures = Type.Object({
  id: Nullable(Type.String()),
  name: Nullable(Type.String({ description: 'What it is called; null for what is not there any more.' })),
  requested: Type.Integer(),
  answered: Type.Integer(),
  average: Nullable(Type.Number({ description: 'Of those answered: 0 is the worst score of its scale, 1 the best.' })),
  scores: Type.Array(Type.Object({ scale: Type.Integer(), score: Type.Integer(), count: Type.Integer() })),
})

const Asked = Type.Object({
  ...Satisfaction.properties,
  link: Type.String({ description: 'The page on which the customer answers, without logging in.' }),
})

const tags = ['satisfaction']

export const satisfaction =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault, settings } = parts

    app.get(
      '/v1/satisfaction',
      {
        config: { permission: 'satisfaction:read' },
        schema: {
          operationId: 'listSatisfaction',
          tags,
          summary: 'List what customers were asked and said, the latest asked first',
          querystring: ListQuery({
            ...filters,
            contactId: Type.Optional(Id('ctc')),
            conversationId: Type.Optional(Id('cnv')),
            answered: Type.Optional(Type.Boolean()),
            maxScore: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: 'This score, or worse.' })),
          }),
          response: { 200: Page(Listed) },
        },
      },
      async (request) => {
        const { limit, cursor, ...filter } = request.query
        const list = ['satisfaction', request.principal.tenantId, filter]
        const page = pageRequest(vault, list, request.query)
        const found = await read(parts, request.principal, (tx) => listSatisfactions(tx, datesOf(filter), page))
        return pageAnswer(vault, list, found)
      },
    )

    app.get(
      '/v1/satisfaction/figures',
      {
        config: { permission: 'satisfaction:read' },
        schema: {
          operationId: 'readSatisfactionFigures',
          tags,
          summary: 'Count what customers said, per agent, skill group or channel',
          querystring: Type.Object({ by: OneOf('member', 'group', 'channel'), ...filters }, closed),
          response: { 200: Whole(Figures) },
        },
      },
      async (request) => {
        const { by, ...filter } = request.query
        const data = await read(parts, request.principal, (tx) => readSatisfactionFigures(tx, by, datesOf(filter)))
        return { data: data.map((row) => ({ ...row, scores: [...row.scores] })) }
      },
    )

    app.get(
      '/v1/satisfaction/:id',
      {
        config: { permission: 'satisfaction:read' },
        schema: {
          operationId: 'getSatisfaction',
          tags,
          summary: 'Read what a customer was asked and said',
          params: ById('sat'),
          response: { 200: Satisfaction },
        },
      },
      (request) => read(parts, request.principal, (tx) => getSatisfaction(tx, request.params.id)),
    )

    app.post(
      '/v1/conversations/:id/satisfaction',
      {
        config: { permission: 'conversation:reply', audit: 'satisfaction.request' },
        schema: {
          operationId: 'askForSatisfaction',
          tags,
          summary: 'Ask the customer how they were served',
          description:
            'Once for each conversation: asked again, it answers with what there is. In web chat the widget asks; elsewhere a link is sent.',
          params: ById('cnv'),
          response: { 200: Asked },
        },
      },
      (request, reply) => {
        const { id } = request.params
        const by = colleagueOf(request)
        return idempotent<Static<typeof Asked>>(parts, request, reply, async (tx) => {
          const asked = await askForSatisfaction(tx, by, id)
          const link = `${settings.publicUrl}${satisfactionPath(vault, { tenantId: tx.tenantId, id: asked.id })}`
          return { status: 200, body: { ...asked, link } }
        })
      },
    )
  }

function datesOf<F extends { readonly from?: string; readonly to?: string }>({ from, to, ...filter }: F) {
  return {
    ...filter,
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  }
}
