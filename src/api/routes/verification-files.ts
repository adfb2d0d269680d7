/** /v1/verification-files, and the files themselves at the root of the hub's address. */
import { type Static, Type } from 'typebox'
import { Time } from '../../core/events/shapes.ts'
import {
  contentPattern,
  listVerificationFiles,
  namePattern,
  putVerificationFile,
  readVerificationFile,
  removeVerificationFile,
  type VerificationFile,
} from '../../core/tenancy/verification-files.ts'
import { closed, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const File = Type.Object({ name: Type.String(), content: Type.String(), createdBy: Type.String(), createdAt: Time })

const ByName = Type.Object({ name: Type.String({ pattern: namePattern }) }, closed)

const tags = ['verification-files']

export const verificationFiles =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/verification-files',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'listVerificationFiles',
          tags,
          summary: 'List the files by which platforms see that this address is yours',
          response: { 200: Whole(File) },
        },
      },
      async (request) => ({ data: (await read(parts, request.principal, listVerificationFiles)).map(shape) }),
    )

    app.put(
      '/v1/verification-files/:name',
      {
        config: { permission: 'channel:write', audit: 'verification-file.put' },
        schema: {
          operationId: 'putVerificationFile',
          tags,
          summary: 'Put such a file at the root of the hub’s address',
          description: 'It is served at /{name} to anybody, as plain text.',
          params: ByName,
          body: Type.Object({ content: Type.String({ pattern: contentPattern }) }, closed),
          response: { 200: File },
        },
      },
      async (request) => {
        const { params, body, principal } = request
        return shape(await write(parts, principal, (tx) => putVerificationFile(tx, params.name, body.content)))
      },
    )

    app.delete(
      '/v1/verification-files/:name',
      {
        config: { permission: 'channel:write', audit: 'verification-file.remove' },
        schema: {
          operationId: 'removeVerificationFile',
          tags,
          summary: 'Take such a file away',
          params: ByName,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => removeVerificationFile(tx, request.params.name))
        reply.code(204)
        return null
      },
    )

    app.get(
      `/:name(${namePattern})`,
      { config: { permission: 'public', raw: true }, schema: { hide: true, params: ByName } },
      async (request, reply) => {
        const content = await readVerificationFile(parts.db, request.params.name)
        return reply.type('text/plain; charset=utf-8').send(content)
      },
    )
  }

function shape({ createdAt, ...file }: VerificationFile): Static<typeof File> {
  return { ...file, createdAt: createdAt.toISOString() }
}
