/** /v1/files: files of members and programs. /v1/media: the bytes, by signed address. */
import multipart from '@fastify/multipart'
import { type Static, Type } from 'typebox'
import { addressKey, isSigned } from '../../core/conversations/file-addresses.ts'
import { findFile, getFile, listFiles, unknownFile } from '../../core/conversations/files.ts'
import { StoredFile } from '../../core/events/file-shapes.ts'
import { Id, OneOf } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { isPlayable } from '../../core/platform/file-kinds.ts'
import { auditRecordings } from '../audit/recordings.ts'
import { rangeOf } from '../byte-range.ts'
import { dispositionOf, shownFiles } from '../file-answers.ts'
import { ById, closed, Whole } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { read } from '../transactions.ts'
import { type FileServerParts, multipartLimits, takeUpload } from '../uploads.ts'

/** Which files are asked for. */
export const FileQuery = Type.Object({ id: Type.Array(Id('fil'), { minItems: 1, maxItems: 50 }) }, closed)

const Media = Type.Object(
  { tenant: Id('ten'), id: Id('fil'), as: OneOf('attachment', 'inline', 'thumbnail', 'link') },
  closed,
)
const Signed = Type.Object(
  {
    expires: Type.Integer({ minimum: 0, maximum: 99_999_999_999 }),
    signature: Type.String({ pattern: '^[\\w-]{43}$' }),
  },
  closed,
)

const tags = ['files']

export const files =
  (parts: FileServerParts): RoutePlugin =>
  async (app) => {
    await app.register(multipart, multipartLimits(parts.files.limits.maxBytes))

    app.post(
      '/v1/files',
      {
        config: { permission: 'conversation:reply', unaudited: 'A file carries its uploader and its time.' },
        schema: {
          operationId: 'uploadFile',
          tags,
          summary: 'Upload a file, to be sent with a message',
          description:
            'multipart/form-data with one file. Its `id` then stands in the `blob` of a part of one message; it is gone after a day without one.',
          consumes: ['multipart/form-data'],
          response: { 201: StoredFile },
        },
      },
      async (request, reply) => {
        const row = await takeUpload(parts, request)
        reply.code(201).header('location', `/v1/files/${row.id}`)
        return shown(parts, request.principal.tenantId, row)
      },
    )

    app.get(
      '/v1/files',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listFiles',
          tags,
          summary: 'Read files, with addresses to fetch them from',
          description:
            'Those that you uploaded, and those in conversations that you may see. Others are left out. Who asks for a recording of a call stands in the audit log.',
          querystring: FileQuery,
          response: { 200: Whole(StoredFile) },
        },
      },
      async (request) => {
        const { tenantId } = request.principal
        const rows = await read(parts, request.principal, async (tx) => {
          const found = await listFiles(tx, request.principal, request.query.id)
          await auditRecordings(
            tx,
            request,
            found.map(({ id }) => id),
          )
          return found
        })
        return { data: shownFiles(parts, tenantId, rows) }
      },
    )

    app.get(
      '/v1/files/:id',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'getFile',
          tags,
          summary: 'Read a file, with addresses to fetch it from',
          params: ById('fil'),
          response: { 200: StoredFile },
        },
      },
      async (request) => {
        const { id } = request.params
        const row = await read(parts, request.principal, async (tx) => {
          const found = await getFile(tx, request.principal, id)
          await auditRecordings(tx, request, [id])
          return found
        })
        return shown(parts, request.principal.tenantId, row)
      },
    )

    app.get(
      '/v1/media/:tenant/:id/:as',
      {
        config: { permission: 'public', raw: true, unlimited: true },
        schema: {
          operationId: 'fetchMedia',
          tags,
          summary: 'Fetch the bytes of a file',
          description: 'By an address that the hub has signed; `Range` asks for a stretch (RFC 9110).',
          params: Media,
          querystring: Signed,
        },
      },
      async (request, reply) => {
        const { tenant, id, as } = request.params as Static<typeof Media>
        const { expires, signature } = request.query as Static<typeof Signed>
        if (
          !isSigned(addressKey(parts.vault), { tenantId: tenant, fileId: id, as, expires }, signature, parts.clock())
        ) {
          throw new Fault(
            'forbidden',
            'address-expired',
            'The address is not signed, or no longer good: ask for a new one.',
          )
        }
        const row = await read(parts, { id: 'media', tenantId: tenant }, (tx) => findFile(tx, id))
        if (row?.state === 'awaited') throw new Fault('not-found', 'file-awaited', 'The file has not come yet.')
        if (row?.state === 'failed') throw new Fault('not-found', 'file-failed', 'The file could not be had.')
        const own = as === 'thumbnail'
        const blobKey = own ? row?.thumbnailKey : row?.blobKey
        const size = own ? row?.thumbnailBytes : row?.bytes
        if (row === undefined || !blobKey || typeof size !== 'number') throw unknownFile(id)
        const etag = `"${row.sha256.slice(0, 32)}-${as}"`
        reply.headers({
          'content-type': own ? 'image/webp' : row.mediaType,
          'content-disposition': own
            ? 'inline'
            : dispositionOf(as === 'inline' && isPlayable(row.mediaType) ? 'inline' : 'attachment', row.name),
          // Nothing in it may run, wherever it is opened; any page that was given the address may show it.
          'content-security-policy': "sandbox; default-src 'none'",
          'cross-origin-resource-policy': 'cross-origin',
          'accept-ranges': 'bytes',
          'cache-control': 'private, max-age=3000, immutable',
          etag,
        })
        const ifRange = request.headers['if-range']
        const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, size) : undefined
        if (range === 'unsatisfiable') {
          return reply
            .code(416)
            .headers({ 'content-range': `bytes */${size}`, 'content-length': '0' })
            .send('')
        }
        const body = await parts.files.blobs.get(blobKey, range)
        if (body === undefined) throw unknownFile(id)
        if (range !== undefined) reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${size}`)
        reply.header('content-length', String(range === undefined ? size : range.last - range.first + 1))
        return reply.send(body)
      },
    )
  }

function shown(parts: FileServerParts, tenantId: string, row: Parameters<typeof shownFiles>[2][number]) {
  const [file] = shownFiles(parts, tenantId, [row])
  if (file === undefined) throw new TypeError('A file was not shown.')
  return file
}
