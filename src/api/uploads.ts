/** A file on its way in as the form of a request: the rest of the way is that of all files (core/conversations/file-intake.ts). */
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import {
  type FileGround,
  lookAt,
  putBytes,
  type Seen,
  type Spooled,
  tooLarge,
  withSpooled,
} from '../core/conversations/file-intake.ts'
import { confirmFile, type FileRow, promiseFile } from '../core/conversations/files.ts'
import { Fault } from '../core/platform/errors.ts'
import type { ServerParts } from './server.ts'
import { write } from './transactions.ts'

export type FileServerParts = ServerParts & { readonly files: FileGround }

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

export interface Upload extends Spooled {
  readonly given: MultipartFile
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
  const given = await fileOf(request)
  return withSpooled(files, given.file, (spooled) => {
    if (given.file.truncated) throw tooLarge(files.limits.maxBytes)
    return use({ ...spooled, given })
  })
}

async function fileOf(request: FastifyRequest): Promise<MultipartFile> {
  // Nothing but the form is read here, so whatever goes wrong is wrong with the form.
  const given = await request.file().catch((cause: unknown) => {
    throw missing(cause)
  })
  if (given === undefined) throw missing()
  return given
}

async function keep(parts: FileServerParts, request: FastifyRequest, { given, ...spooled }: Upload): Promise<FileRow> {
  const seen = await lookAt(parts.files, spooled, given.filename ?? '')
  return keepUpload(parts, request.principal, spooled, seen, given.mimetype)
}

/** Keeps what lies on the disk as a file of theirs. Resolves once it is durable. Faults with `files-exceeded`, `blob-broken`, `blobs-away`. */
export async function keepUpload(
  parts: FileServerParts,
  principal: FastifyRequest['principal'],
  spooled: Spooled,
  { name, mediaType, picture }: Seen,
  declaredType: string,
): Promise<FileRow> {
  const { bytes, sha256 } = spooled
  const file = { name, declaredType, mediaType, bytes, sha256, ...(picture !== undefined && { picture }) }
  const row = await write(parts, principal, (tx) => promiseFile(tx, principal, file, parts.files.limits))
  await putBytes(parts.files, row, spooled, picture)
  const confirmed = await write(parts, principal, (tx) => confirmFile(tx, row.id))
  if (!confirmed) throw new Fault('unavailable', 'blob-broken', 'The file could not be kept whole; try again.')
  return row
}

function missing(cause?: unknown): Fault {
  return new Fault('invalid', 'file-missing', 'The request carries one file in one field, and nothing else.', {
    cause,
    errors: [{ pointer: '/file', detail: 'is required, alone' }],
  })
}
