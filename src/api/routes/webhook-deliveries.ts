/** /v1/webhooks/{id}/…: what was delivered and what was not, trying it out, and having it told again. */
import { Type } from 'typebox'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { WebhookAttempt } from '../../core/events/webhook-shapes.ts'
import { newId } from '../../core/platform/ids.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ById, closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { read, write } from '../transactions.ts'
import { listAttempts, readWaiting, recoverSince, resendEvent } from '../webhooks/attempts.ts'
import { endpointToTest } from '../webhooks/endpoints.ts'
import { postNotice } from '../webhooks/post.ts'
import { verdictOf } from '../webhooks/schedule.ts'
import type { WebhookParts } from './webhooks.ts'

const tags = ['webhooks']
const Waiting = Type.Object({
  pending: Type.Integer({ description: 'Being tried again.' }),
  exhausted: Type.Integer({ description: 'Never taken, and no longer tried by itself.' }),
  nextAt: Nullable(Time),
  behind: Type.Integer({ description: 'Events of the tenant that have not been looked at yet.' }),
})

export const webhookDeliveries =
  (parts: WebhookParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/webhooks/:id/attempts',
      {
        config: { permission: 'webhook:write' },
        schema: {
          operationId: 'listWebhookAttempts',
          tags,
          summary: 'What was attempted, newest first',
          description: 'Kept for thirty days. It shows what the endpoint answered, so it asks for `webhook:write`.',
          params: ById('whe'),
          querystring: ListQuery({ eventId: Type.Optional(Id('evt')), succeeded: Type.Optional(Type.Boolean()) }),
          response: { 200: Page(WebhookAttempt) },
        },
      },
      async (request) => {
        const { eventId, succeeded } = request.query
        const { id } = request.params
        const filter = { ...(eventId !== undefined && { eventId }), ...(succeeded !== undefined && { succeeded }) }
        const list = ['webhook-attempts', request.principal.tenantId, id, filter]
        const page = pageRequest(parts.vault, list, request.query)
        const found = await read(parts, request.principal, (tx) => listAttempts(tx, id, filter, page))
        return pageAnswer(parts.vault, list, found)
      },
    )

    app.get(
      '/v1/webhooks/:id/waiting',
      {
        config: { permission: 'webhook:read' },
        schema: {
          operationId: 'getWebhookWaiting',
          tags,
          summary: 'How much waits for an endpoint',
          params: ById('whe'),
          response: { 200: Waiting },
        },
      },
      async (request) => {
        const waiting = await read(parts, request.principal, (tx) => readWaiting(tx, request.params.id))
        return { ...waiting, nextAt: waiting.nextAt?.toISOString() ?? null }
      },
    )

    app.post(
      '/v1/webhooks/:id/test',
      {
        config: { permission: 'webhook:write', audit: 'webhook.test' },
        schema: {
          operationId: 'testWebhook',
          tags,
          summary: 'Post an event of type endpoint.test now, and see what comes back',
          description: 'Signed as every event is, tried once, kept nowhere. Works on an endpoint that is paused, too.',
          params: ById('whe'),
          response: { 200: Type.Omit(WebhookAttempt, ['id', 'number']) },
        },
      },
      async (request) => {
        const { id } = request.params
        const now = parts.clock()
        const to = await write(parts, request.principal, (tx) => endpointToTest(tx, parts.vault, id, now))
        const notice = {
          id: newId('evt'),
          seq: 0,
          type: 'endpoint.test',
          subject: id,
          actorId: request.principal.id,
          at: new Date(now),
          data: { endpointId: id },
        }
        const attempted = await postNotice(parts.egress, to, notice)
        return {
          eventId: notice.id,
          type: notice.type,
          at: new Date(attempted.at).toISOString(),
          durationMs: attempted.durationMs,
          succeeded: verdictOf(attempted) === 'taken',
          status: attempted.status ?? null,
          response: attempted.response,
          error: attempted.error,
        }
      },
    )

    app.post(
      '/v1/webhooks/:id/events/:eventId/resend',
      {
        config: { permission: 'webhook:write', audit: 'webhook.resend' },
        schema: {
          operationId: 'resendWebhookEvent',
          tags,
          summary: 'Have one event told once more',
          description: 'Whatever became of it before, under the same webhook-id.',
          params: Type.Object({ id: Id('whe'), eventId: Id('evt') }, closed),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { id, eventId } = request.params
        await write(parts, request.principal, (tx) => resendEvent(tx, id, eventId))
        parts.wake.hint('feed')
        reply.code(204)
        return null
      },
    )

    app.post(
      '/v1/webhooks/:id/recover',
      {
        config: { permission: 'webhook:write', audit: 'webhook.recover' },
        schema: {
          operationId: 'recoverWebhook',
          tags,
          summary: 'Have told again what an endpoint never took since a time',
          description:
            'With `all` also what it took: each event under its old webhook-id, so that receivers recognise it.',
          params: ById('whe'),
          body: Type.Object({ since: Time, all: Type.Optional(Type.Boolean()) }, closed),
          response: { 200: Type.Object({ events: Type.Integer({ description: 'At most so many.' }) }) },
        },
      },
      async (request) => {
        const { since, all = false } = request.body
        const events = await write(parts, request.principal, (tx) =>
          recoverSince(tx, request.params.id, new Date(since), all),
        )
        parts.wake.hint('feed')
        return { events }
      },
    )
  }
