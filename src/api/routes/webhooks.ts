/** /v1/webhooks: endpoints that are told what happens. */
import { type Static, Type } from 'typebox'
import type { Egress } from '../../connectors/runtime/egress.ts'
import { catalogue } from '../../core/events/catalogue.ts'
import { WebhookEndpoint } from '../../core/events/webhook-shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ById, closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'
import {
  createEndpoint,
  getEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
  setEndpointActive,
  updateEndpoint,
} from '../webhooks/endpoints.ts'

export interface WebhookParts extends ServerParts {
  readonly egress: Egress
}

const settings = {
  url: Type.String({ minLength: 1, maxLength: 2000 }),
  description: Type.String({ maxLength: 500 }),
  events: Type.Union([
    Type.Array(Type.String({ pattern: '^[a-z]+\\.([a-z]+|\\*)$' }), { minItems: 1, maxItems: 100, uniqueItems: true }),
    Type.Null(),
  ]),
  ordered: Type.Boolean(),
}

const WithSecret = Type.Object({ endpoint: WebhookEndpoint, secret: Type.String({ description: 'Shown this once.' }) })

const tags = ['webhooks']

export const webhooks =
  (parts: WebhookParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/webhooks',
      {
        config: { permission: 'webhook:read' },
        schema: {
          operationId: 'listWebhooks',
          tags,
          summary: 'List endpoints, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(WebhookEndpoint) },
        },
      },
      async (request) => {
        const list = ['webhooks', request.principal.tenantId]
        const page = pageRequest(parts.vault, list, request.query)
        return pageAnswer(parts.vault, list, await read(parts, request.principal, (tx) => listEndpoints(tx, page)))
      },
    )

    app.post(
      '/v1/webhooks',
      {
        config: { permission: 'webhook:write', audit: 'webhook.create' },
        schema: {
          operationId: 'createWebhook',
          tags,
          summary: 'Have an endpoint told of events from now on',
          description:
            'The secret is shown this once. An Idempotency-Key has no effect here, because answers with secrets are not kept.',
          body: Type.Object(
            {
              url: settings.url,
              description: Type.Optional(settings.description),
              events: Type.Optional(settings.events),
              ordered: Type.Optional(settings.ordered),
            },
            closed,
          ),
          response: { 201: WithSecret },
        },
      },
      async (request, reply) => {
        const { url, description = '', events = null, ordered = false } = request.body
        judge(parts, { url, events })
        const made = await write(parts, request.principal, (tx) =>
          createEndpoint(tx, parts.vault, { url, description, events, ordered }),
        )
        reply.code(201).header('location', `/v1/webhooks/${made.endpoint.id}`)
        reply.header('etag', etagOf(made.endpoint.version))
        return made
      },
    )

    app.get(
      '/v1/webhooks/:id',
      {
        config: { permission: 'webhook:read' },
        schema: {
          operationId: 'getWebhook',
          tags,
          summary: 'Read an endpoint',
          params: ById('whe'),
          response: { 200: WebhookEndpoint },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getEndpoint(tx, request.params.id))),
    )

    app.patch(
      '/v1/webhooks/:id',
      {
        config: { permission: 'webhook:write', audit: 'webhook.update' },
        schema: {
          operationId: 'updateWebhook',
          tags,
          summary: 'Change an endpoint',
          params: ById('whe'),
          body: Type.Object(
            {
              url: Type.Optional(settings.url),
              description: Type.Optional(settings.description),
              events: Type.Optional(settings.events),
              ordered: Type.Optional(settings.ordered),
            },
            closed,
          ),
          response: { 200: WebhookEndpoint },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        judge(parts, request.body)
        const changed = await write(parts, request.principal, (tx) =>
          updateEndpoint(tx, request.params.id, request.body, version),
        )
        return withEtag(reply, changed)
      },
    )

    app.delete(
      '/v1/webhooks/:id',
      {
        config: { permission: 'webhook:write', audit: 'webhook.remove' },
        schema: {
          operationId: 'removeWebhook',
          tags,
          summary: 'Take an endpoint away',
          params: ById('whe'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeEndpoint(tx, request.params.id, version))
        reply.code(204)
        return null
      },
    )

    for (const [word, isActive, summary] of [
      ['pause', false, 'Let an endpoint rest: what happens meanwhile is kept for it'],
      ['resume', true, 'Let an endpoint go on where it stopped'],
    ] as const) {
      app.post(
        `/v1/webhooks/:id/${word}`,
        {
          config: { permission: 'webhook:write', audit: `webhook.${word}` },
          schema: {
            operationId: `${word}Webhook`,
            tags,
            summary,
            params: ById('whe'),
            response: { 200: WebhookEndpoint },
          },
        },
        async (request, reply) => {
          const { id } = request.params as { id: string }
          return withEtag(reply, await write(parts, request.principal, (tx) => setEndpointActive(tx, id, isActive)))
        },
      )
    }

    app.post(
      '/v1/webhooks/:id/rotate-secret',
      {
        config: { permission: 'webhook:write', audit: 'webhook.rotate-secret' },
        schema: {
          operationId: 'rotateWebhookSecret',
          tags,
          summary: 'Make a new secret',
          description: 'Shown this once. The old one signs beside it for a day.',
          params: ById('whe'),
          response: { 200: WithSecret },
        },
      },
      (request) =>
        write(parts, request.principal, (tx) => rotateSecret(tx, parts.vault, request.params.id, parts.clock())),
    )
  }

/** Refuses what can never be called, and events that there are not. A name is judged again at every call. */
function judge(
  { egress }: WebhookParts,
  { url, events }: { url?: string; events?: Static<typeof settings.events> },
): void {
  const refusal = url === undefined ? undefined : egress.refusal(url)
  if (refusal !== undefined) {
    throw new Fault('invalid', 'endpoint-url-refused', refusal.message, {
      errors: [{ pointer: '/url', detail: 'may not be called' }],
    })
  }
  const known = Object.entries(catalogue).flatMap(([name, type]) => ('internal' in type ? [] : [name]))
  const unknown = (events ?? []).findIndex((asked) => {
    const [noun, word] = asked.split('.')
    return word === '*' ? !known.some((name) => name.startsWith(`${noun}.`)) : !known.includes(asked)
  })
  if (unknown < 0) return
  throw new Fault('invalid', 'event-type-unknown', 'There are no events of this type.', {
    errors: [{ pointer: `/events/${unknown}`, detail: 'is no type of event' }],
  })
}
