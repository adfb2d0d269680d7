/**
 * A file on its way in: from the request's body to a temporary file, looked at, promised in the database, kept in the blob store,
 * confirmed. Never in memory. What breaks off on the way leaves at most a promise, which housekeeping takes back.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { confirmFile, type FileRow, promiseFile, type UploadLimits } from '../core/conversations/files.ts'
import type { BlobStore } from '../core/platform/blobs.ts'
import { Fault } from '../core/platform/errors.ts'
import { cleanName, headBytes, isPicture, typeOf } from '../core/platform/file-kinds.ts'
import type { Pictures } from '../core/platform/pictures.ts'
import type { ServerParts } from './server.ts'
import { write } from './transactions.ts'

/** What routes of files need beside the rest. */
export interface FileParts {
  readonly blobs: BlobStore
  readonly pictures: Pictures
  /** A folder of this process alone for what is on its way; made when needed. */
  readonly spool: string
  readonly limits: UploadLimits & { readonly maxBytes: number }
}

export type FileServerParts = ServerParts & { readonly files: FileParts }

/** The limits of the multipart reader: one file, no other fields. */
export const multipartLimits = (maxBytes: number) => ({
  limits: { fileSize: maxBytes, files: 1, fields: 0, parts: 1, headerPairs: 20 },
  throwFileSizeLimit: false,
})

/**
 * Takes the one file of a multipart request. Resolves once it is durable. Faults with `file-missing`, `file-broken`, `file-empty`, `file-too-large`,
 * `picture-refused`, `files-exceeded`, `media-type-unsupported`, `blob-broken`, `blobs-away`, `pictures-busy`; then nothing is kept.
 */
export async function takeUpload(parts: FileServerParts, request: FastifyRequest): Promise<FileRow> {
  return withUpload(parts, request, (upload) => keep(parts, request, upload))
}

/** A file that has come in whole, for as long as it is looked at. */
export interface Upload {
  readonly path: string
  readonly given: MultipartFile
  readonly bytes: number
  readonly sha256: string
}

/**
 * The one file of a multipart request, on the disk until `use` is done with it. Faults with `file-missing`, `file-broken`, `file-empty`,
 * `file-too-large`, `media-type-unsupported`.
 */
export async function withUpload<T>(
  { files }: FileServerParts,
  request: FastifyRequest,
  use: (upload: Upload) => Promise<T>,
): Promise<T> {
  if (!request.isMultipart()) {
    throw new Fault('unsupported', 'media-type-unsupported', 'A file is expected as multipart/form-data.')
  }
  await mkdir(files.spool, { recursive: true, mode: 0o700 })
  const path = join(files.spool, randomBytes(16).toString('hex'))
  try {
    const given = await fileOf(request)
    return await use({ path, given, ...(await spool(given, path, files.limits.maxBytes)) })
  } finally {
    await rm(path, { force: true })
    await rm(`${path}.webp`, { force: true })
  }
}

async function fileOf(request: FastifyRequest): Promise<MultipartFile> {
  // Nothing but the form is read here, so whatever goes wrong is wrong with the form.
  const given = await request.file().catch((cause: unknown) => {
    throw missing(cause)
  })
  if (given === undefined) throw missing()
  return given
}

interface Spooled {
  readonly bytes: number
  readonly sha256: string
}

async function spool({ file }: MultipartFile, path: string, maxBytes: number): Promise<Spooled> {
  const hash = createHash('sha256')
  let bytes = 0
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(file, counting, createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch((error: unknown) => {
    // A disk says by a code what is wrong with it; the reader of the form does not.
    if (typeof (error as { code?: unknown }).code === 'string') throw error
    throw new Fault('invalid', 'file-broken', 'The file broke off before its end.', { cause: error })
  })
  if (file.truncated) {
    throw new Fault('too-large', 'file-too-large', `A file has at most ${maxBytes} bytes.`)
  }
  if (bytes === 0) throw new Fault('invalid', 'file-empty', 'The file is empty.')
  return { bytes, sha256: hash.digest('hex') }
}

async function keep(
  parts: FileServerParts,
  request: FastifyRequest,
  { path, given, bytes, sha256 }: Upload,
): Promise<FileRow> {
  const { blobs, pictures, limits } = parts.files
  const name = cleanName(given.filename ?? '')
  const mediaType = await typeOf(await headOf(path), name)
  const own = `${path}.webp`
  const picture = isPicture(mediaType) ? await pictures.make(path, own) : undefined
  const row = await write(parts, request.principal, (tx) =>
    promiseFile(
      tx,
      request.principal,
      { name, declaredType: given.mimetype, mediaType, bytes, sha256, ...(picture !== undefined && { picture }) },
      limits,
    ),
  )
  await blobs.put(row.blobKey, createReadStream(path), { bytes, sha256 })
  if (picture !== undefined && row.thumbnailKey !== null) {
    await blobs.put(row.thumbnailKey, createReadStream(own), { bytes: picture.bytes, sha256: await digestOf(own) })
  }
  const confirmed = await write(parts, request.principal, (tx) => confirmFile(tx, row.id))
  if (!confirmed) throw new Fault('unavailable', 'blob-broken', 'The file could not be kept whole; try again.')
  return row
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function missing(cause?: unknown): Fault {
  return new Fault('invalid', 'file-missing', 'The request carries one file in one field, and nothing else.', {
    cause,
    errors: [{ pointer: '/file', detail: 'is required, alone' }],
  })
}
