/** /v1/visitor/files: what visitors send and see beside words. */
import multipart from '@fastify/multipart'
import { listFiles } from '../../core/conversations/files.ts'
import { StoredFile } from '../../core/events/file-shapes.ts'
import { shownFiles } from '../file-answers.ts'
import { visitorOf } from '../plugins/auth.ts'
import { Whole } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { read } from '../transactions.ts'
import { type FileServerParts, multipartLimits, takeUpload } from '../uploads.ts'
import { openToAllSites, requireSite } from '../visitor-sites.ts'
import { FileQuery } from './files.ts'

const tags = ['visitor']

export const visitorFiles =
  (parts: FileServerParts): RoutePlugin =>
  async (app) => {
    await app.register(multipart, multipartLimits(parts.files.limits.maxBytes))
    openToAllSites(app)
    const preHandler = requireSite(parts)

    app.post(
      '/v1/visitor/files',
      {
        config: { permission: 'visitor', unaudited: 'A visitor’s own.' },
        preHandler,
        schema: {
          operationId: 'uploadVisitorFile',
          tags,
          summary: 'Upload a file, to be sent with a message',
          description: 'multipart/form-data with one file; nobody but this visitor can send it.',
          consumes: ['multipart/form-data'],
          response: { 201: StoredFile },
        },
      },
      async (request, reply) => {
        const row = await takeUpload(parts, request)
        reply.code(201)
        return shownFiles(parts, request.principal.tenantId, [row])[0]
      },
    )

    app.get(
      '/v1/visitor/files',
      {
        config: { permission: 'visitor' },
        preHandler,
        schema: {
          operationId: 'listVisitorFiles',
          tags,
          summary: 'Read files of your own conversations, with addresses to fetch them from',
          querystring: FileQuery,
          response: { 200: Whole(StoredFile) },
        },
      },
      async (request) => {
        const who = visitorOf(request)
        const rows = await read(parts, who, (tx) => listFiles(tx, who, request.query.id))
        return { data: shownFiles(parts, who.tenantId, rows) }
      },
    )
  }
