/** Files between connectors and the hub: kept as they come, fetched when they are named only, handed out to be sent. */
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { addressKey, linkPath } from '../../core/conversations/file-addresses.ts'
import { type FileGround, lookAt, putBytes, withSpooled } from '../../core/conversations/file-intake.ts'
import { confirmFile, type FileRow, promiseFile, readyFiles, refuseFile } from '../../core/conversations/files.ts'
import type { PartBlob } from '../../core/conversations/model.ts'
import type { Database, TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import { type IncomingFile, type OutgoingFile, Undelivered } from '../contract.ts'
import type { ReceivingChannel } from './receive.ts'

export interface ChannelFileParts {
  readonly db: Database
  readonly vault: Vault
  readonly files: FileGround
  /** Where people and platforms reach the hub, without a slash at the end. */
  readonly publicUrl: string
}

/** How long what a connector has kept waits for its message: a log that lags must not lose it. */
const unusedHours = 168

/** What is wrong with a file itself: no later attempt can be better. */
const hopeless = new Set(['file-too-large', 'file-empty', 'file-broken', 'files-exceeded'])

export function isHopeless(error: unknown): error is Fault {
  return error instanceof Fault && hopeless.has(error.code)
}

/** As Hub.keep. */
export async function keepFile(
  parts: ChannelFileParts,
  channel: ReceivingChannel,
  given: IncomingFile,
): Promise<PartBlob> {
  const { files, db } = parts
  const limits = { ...files.limits, unusedHours }
  const uploader = { kind: 'channel', id: channel.channelId, channelId: channel.channelId } as const
  const write = <T>(run: (tx: TenantTx) => Promise<T>) =>
    db.work(channel.channelId, [channel.tenantId], (tx) => run({ ...tx, tenantId: channel.tenantId }))
  try {
    return await withSpooled(files, readableOf(given.body), async (spooled) => {
      const { bytes, sha256 } = spooled
      const { name, mediaType, picture } = await lookAt(files, spooled, given.name ?? '', true)
      const declaredType = given.mediaType
      const file = { name, declaredType, mediaType, bytes, sha256, ...(picture !== undefined && { picture }) }
      const row = await write((tx) => promiseFile(tx, uploader, file, limits))
      await putBytes(files, row, spooled, picture)
      if (!(await write((tx) => confirmFile(tx, row.id)))) {
        throw new Fault('unavailable', 'blob-broken', 'The file could not be kept whole; try again.')
      }
      const size = picture === undefined ? {} : { width: picture.width, height: picture.height }
      return { fileId: row.id, name, mediaType, size: bytes, ...size }
    })
  } catch (error) {
    if (!isHopeless(error)) throw error
    const failure = { code: error.code, detail: error.message }
    const { id, name } = await write((tx) =>
      refuseFile(tx, uploader, { name: given.name ?? '', declaredType: given.mediaType }, failure, unusedHours),
    )
    return { fileId: id, name, ...(given.mediaType !== undefined && { mediaType: given.mediaType.slice(0, 127) }) }
  }
}

/** As Hub.file. */
export async function fileToSend(
  parts: ChannelFileParts,
  { tenantId, channelId }: ReceivingChannel,
  { fileId }: PartBlob,
): Promise<OutgoingFile> {
  const known =
    fileId === undefined
      ? undefined
      : (await parts.db.work(channelId, [tenantId], (tx) => readyFiles(tx, tenantId, [fileId]))).get(fileId)
  if (known === undefined) throw new Undelivered('rejected', 'The file of the message is not there.')
  return {
    name: known.name,
    mediaType: known.mediaType,
    size: known.bytes,
    sha256: known.sha256,
    link: linkOf(parts, tenantId, known),
    async read() {
      const bytes = await parts.files.blobs.get(known.blobKey)
      if (bytes === undefined) throw new Undelivered('rejected', 'The file of the message is not there.')
      return bytes
    },
  }
}

/** An address that a customer may be given. */
export function linkOf(
  { vault, publicUrl }: Pick<ChannelFileParts, 'vault' | 'publicUrl'>,
  tenantId: string,
  file: Pick<FileRow, 'id' | 'createdAt'>,
): string {
  return publicUrl + linkPath(addressKey(vault), { tenantId, fileId: file.id }, file.createdAt.getTime(), Date.now())
}

export function readableOf(body: IncomingFile['body']): Readable {
  if (body instanceof Readable) return body
  if (body instanceof Uint8Array) return Readable.from([Buffer.from(body.buffer, body.byteOffset, body.byteLength)])
  return Readable.fromWeb(body as WebStream<Uint8Array>)
}
