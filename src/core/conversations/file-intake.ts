/**
 * The bytes of a file on their way in, whoever brings them: spooled to the disk, looked at, put into the blob store. Never in memory.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobStore } from '../platform/blobs.ts'
import { Fault } from '../platform/errors.ts'
import { cleanName, headBytes, isPicture, named, typeOf, unknownType } from '../platform/file-kinds.ts'
import type { OwnPicture, Pictures } from '../platform/pictures.ts'
import type { UploadLimits } from './files.ts'

/** What files need beside the database. */
export interface FileGround {
  readonly blobs: BlobStore
  readonly pictures: Pictures
  /** A folder of this process alone for what is on its way; made when needed. */
  readonly spool: string
  readonly limits: UploadLimits & { readonly maxBytes: number }
}

/** A file that has come in whole, for as long as it is looked at. */
export interface Spooled {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** What a look at the bytes says. `picture` is there when our own picture of it lies beside it. */
export interface Seen {
  readonly name: string
  readonly mediaType: string
  readonly picture?: OwnPicture
}

/** Where the bytes go: keys that a row of the database holds already, so that nothing lies there that nobody knows. */
export interface BlobKeys {
  readonly blobKey: string
  readonly thumbnailKey: string | null
}

/** Spools what `body` brings and gives it to `use`; afterwards nothing of it is left on the disk. Faults as `spool` and `use` do. */
export async function withSpooled<T>(
  { spool: folder, limits }: Pick<FileGround, 'spool' | 'limits'>,
  body: Readable,
  use: (spooled: Spooled) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomBytes(16).toString('hex'))
  try {
    return await use({ path, ...(await spool(body, path, limits.maxBytes)) })
  } finally {
    await rm(path, { force: true })
    await rm(ownPictureOf(path), { force: true })
  }
}

/** Faults with `file-too-large`, `file-empty`; with `file-broken` when the stream breaks off, whatever it says of it. */
async function spool(body: Readable, path: string, maxBytes: number): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      hash.update(chunk)
      if (bytes > maxBytes) done(tooLarge(maxBytes))
      else done(null, chunk)
    },
  })
  await pipeline(body, counting, createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch((error: unknown) => {
    // A disk says by a code what is wrong with it, and so do our own Faults; a stream that broke off does not.
    if (isOfDisk(error) || error instanceof Fault) throw error
    throw new Fault('invalid', 'file-broken', 'The file broke off before its end.', { cause: error })
  })
  if (bytes === 0) throw new Fault('invalid', 'file-empty', 'The file is empty.')
  return { bytes, sha256: hash.digest('hex') }
}

function isOfDisk(error: unknown): boolean {
  const { code, path, syscall } = error as { code?: unknown; path?: unknown; syscall?: unknown }
  return typeof code === 'string' && (typeof path === 'string' || syscall === 'write')
}

export function tooLarge(maxBytes: number): Fault {
  return new Fault('too-large', 'file-too-large', `A file has at most ${maxBytes} bytes.`)
}

/**
 * What the file is, and for a picture our own one beside it. Faults with `picture-refused`, `pictures-busy`. With `lenient`, for what
 * must not be lost: a picture that cannot be decoded is a bag of bytes, and a name without a known ending gets that of its bytes.
 */
export async function lookAt(
  { pictures }: Pick<FileGround, 'pictures'>,
  { path }: Spooled,
  given: string,
  lenient = false,
): Promise<Seen> {
  const head = await headOf(path)
  const name = lenient ? await named(head, cleanName(given)) : cleanName(given)
  const mediaType = await typeOf(head, name)
  if (!isPicture(mediaType)) return { name, mediaType }
  try {
    return { name, mediaType, picture: await pictures.make(path, ownPictureOf(path)) }
  } catch (error) {
    if (lenient && error instanceof Fault && error.code === 'picture-refused') return { name, mediaType: unknownType }
    throw error
  }
}

/** Puts the bytes, and our own picture of them, under the keys. Faults with `blob-broken`, `blobs-away`. May be repeated. */
export async function putBytes(
  { blobs }: Pick<FileGround, 'blobs'>,
  keys: BlobKeys,
  { path, bytes, sha256 }: Spooled,
  picture: OwnPicture | undefined,
): Promise<void> {
  await blobs.put(keys.blobKey, createReadStream(path), { bytes, sha256 })
  if (picture === undefined || keys.thumbnailKey === null) return
  const own = ownPictureOf(path)
  await blobs.put(keys.thumbnailKey, createReadStream(own), { bytes: picture.bytes, sha256: await digestOf(own) })
}

function ownPictureOf(path: string): string {
  return `${path}.webp`
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
