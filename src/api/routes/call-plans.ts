/** /v1/channels/{id}/call-plan and /v1/do-not-call: what a telephone channel does with calls, and who wants none. */
import { Type } from 'typebox'
import { barNumber, barNumbers, listBarred, unbarNumber } from '../../core/calls/barred.ts'
import { getCallPlan, putCallPlan } from '../../core/calls/plans.ts'
import { CallPlan, ChannelCallPlan } from '../../core/events/call-plan-shapes.ts'
import { Time } from '../../core/events/shapes.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ById, closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { ifMatch, withEtag } from '../versions.ts'

const TelephoneNumber = Type.String({ pattern: '^\\+?[0-9 -]{2,30}$' })
const Barred = Type.Object({ number: Type.String(), reason: Type.String(), createdAt: Time })

const tags = ['calls']

export const callPlans =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/channels/:id/call-plan',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'getCallPlan',
          tags,
          summary: 'Read what a channel does with calls',
          params: ById('chn'),
          response: { 200: ChannelCallPlan },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getCallPlan(tx, request.params.id))),
    )

    app.put(
      '/v1/channels/:id/call-plan',
      {
        config: { permission: 'channel:write', audit: 'call-plan.update' },
        schema: {
          operationId: 'putCallPlan',
          tags,
          summary: 'Say what a channel does with calls',
          description:
            'In the place of what was said before: menus, hours, voicemail, the survey, and what may be called. Calls that go on keep the plan with which they came. Sounds are files that were uploaded.',
          params: ById('chn'),
          body: CallPlan,
          response: { 200: ChannelCallPlan },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id } = request.params
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => putCallPlan(tx, id, request.body, version)),
        )
      },
    )

    app.get(
      '/v1/do-not-call',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listBarredNumbers',
          tags,
          summary: 'List numbers that want no calls, by number',
          querystring: ListQuery({
            number: Type.Optional(
              Type.String({ pattern: '^\\+?[0-9]{1,20}$', description: 'Digits that stand in the number.' }),
            ),
          }),
          response: { 200: Page(Barred) },
        },
      },
      async (request) => {
        const { number } = request.query
        const list = ['do-not-call', request.principal.tenantId, number ?? '']
        const page = pageRequest(parts.vault, list, request.query)
        return pageAnswer(parts.vault, list, await read(parts, request.principal, (tx) => listBarred(tx, number, page)))
      },
    )

    app.post(
      '/v1/do-not-call',
      {
        config: { permission: 'contact:block', audit: 'number.bar-many' },
        schema: {
          operationId: 'barNumbers',
          tags,
          summary: 'Let many numbers not be called',
          description:
            'They are read with the country of the business. What is no number is named by its place in `errors`, and nothing is barred then. Numbers that are barred stay so, with their reasons.',
          body: Type.Object(
            {
              numbers: Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 1000 }),
              reason: Type.Optional(Type.String({ maxLength: 500 })),
            },
            closed,
          ),
          response: {
            200: Type.Object({ added: Type.Integer({ description: 'How many of them were not barred before.' }) }),
          },
        },
      },
      async (request) => {
        const { numbers, reason = '' } = request.body
        return { added: await write(parts, request.principal, (tx) => barNumbers(tx, numbers, reason)) }
      },
    )

    app.put(
      '/v1/do-not-call/:number',
      {
        config: { permission: 'contact:block', audit: 'number.bar' },
        schema: {
          operationId: 'barNumber',
          tags,
          summary: 'Let a number not be called',
          description: 'It is read with the country of the business. A number that is barred stays so.',
          params: Type.Object({ number: TelephoneNumber }, closed),
          body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 500 })) }, closed),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { reason = '' } = request.body
        await write(parts, request.principal, (tx) => barNumber(tx, request.params.number, reason))
        reply.code(204)
        return null
      },
    )

    app.delete(
      '/v1/do-not-call/:number',
      {
        config: { permission: 'contact:block', audit: 'number.unbar' },
        schema: {
          operationId: 'unbarNumber',
          tags,
          summary: 'Let a number be called again',
          params: Type.Object({ number: TelephoneNumber }, closed),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => unbarNumber(tx, request.params.number))
        reply.code(204)
        return null
      },
    )
  }
