/** /v1/api-keys: credentials of programs. */
import { Type } from 'typebox'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { createApiKey, listApiKeys, revokeApiKey } from '../../core/tenancy/api-keys.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { isScope, permissions, permissionsOfScopes } from '../permissions.ts'
import { requireNoMore } from '../plugins/auth.ts'
import { ById, closed, ListQuery, Name, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const ApiKey = Type.Object({
  id: Id('key'),
  name: Type.String(),
  prefix: Type.String({ description: 'How the key begins, to recognise it by.' }),
  scopes: Type.Array(Type.String()),
  createdBy: Type.String(),
  createdAt: Time,
  usedAt: Nullable(Time),
})

const tags = ['api-keys']

export const apiKeys =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/api-keys',
      {
        config: { permission: 'key:write', audit: 'key.list' },
        schema: {
          operationId: 'listApiKeys',
          tags,
          summary: 'List keys, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(ApiKey) },
        },
      },
      async (request) => {
        const list = ['api-keys', request.principal.tenantId]
        const page = pageRequest(parts.vault, list, request.query)
        const keys = await read(parts, request.principal, (tx) => listApiKeys(tx, page))
        return pageAnswer(parts.vault, list, {
          ...keys,
          data: keys.data.map((key) => ({ ...key, scopes: [...key.scopes] })),
        })
      },
    )

    app.post(
      '/v1/api-keys',
      {
        config: { permission: 'key:write', audit: 'key.create' },
        schema: {
          operationId: 'createApiKey',
          tags,
          summary: 'Make a key',
          description:
            'The secret is shown this once. An Idempotency-Key has no effect here, because answers with secrets are not kept.',
          body: Type.Object(
            {
              name: Name(),
              scopes: Type.Array(Type.String({ maxLength: 64 }), {
                minItems: 1,
                maxItems: 50,
                description: `\`admin\` or \`*\`: everything; else of ${permissions.map((word) => `\`${word}\``).join(', ')}.`,
              }),
            },
            closed,
          ),
          response: { 201: Type.Object({ key: ApiKey, secret: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { name, scopes } = request.body
        const unknown = scopes.findIndex((scope) => !isScope(scope))
        if (unknown !== -1) {
          throw new Fault('invalid', 'scope-unknown', 'One of the scopes is not known.', {
            errors: [{ pointer: `/scopes/${unknown}`, detail: 'is not a scope' }],
          })
        }
        requireNoMore(request.principal, permissionsOfScopes(scopes))
        const made = await write(parts, request.principal, (tx) => createApiKey(tx, { name, scopes }))
        reply.code(201)
        return { secret: made.secret, key: { ...made.key, scopes: [...made.key.scopes] } }
      },
    )

    app.delete(
      '/v1/api-keys/:id',
      {
        config: { permission: 'key:write', audit: 'key.revoke' },
        schema: {
          operationId: 'revokeApiKey',
          tags,
          summary: 'Revoke a key',
          description: 'It is refused from the next request on.',
          params: ById('key'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => revokeApiKey(tx, request.params.id))
        reply.code(204)
        return null
      },
    )
  }
