/** Blobs as files of a folder: written beside, synced, renamed, so that a key names a whole blob or none, also after a power cut. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type BlobFacts, type BlobStore, type ByteRange, brokenBlob, requireKey } from './blobs.ts'

/** Opens the store in `directory`, which is made when it is first written to. */
export function openDiskBlobs(directory: string): BlobStore {
  const placeOf = (key: string): string => {
    requireKey(key)
    return join(directory, key)
  }
  return {
    async put(key, body, facts) {
      const place = placeOf(key)
      const folder = dirname(place)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const beside = `${place}.${randomBytes(6).toString('hex')}.part`
      try {
        await writeSynced(beside, body, facts)
        await rename(beside, place)
        await syncFolder(folder)
      } catch (error) {
        body.destroy()
        await rm(beside, { force: true })
        throw error
      }
    },
    async get(key, range?: ByteRange) {
      const handle = await open(placeOf(key), 'r').catch(absent)
      if (handle === undefined) return undefined
      const stretch = range === undefined ? {} : { start: range.first, end: range.last }
      return createReadStream('', { fd: handle, ...stretch })
    },
    async size(key) {
      return (await stat(placeOf(key)).catch(absent))?.size
    },
    async remove(key) {
      await rm(placeOf(key), { force: true })
    },
    async close() {},
  }
}

async function writeSynced(path: string, body: Readable, facts: BlobFacts): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.byteLength
      if (bytes > facts.bytes) break
      await handle.writeFile(chunk)
    }
    if (bytes !== facts.bytes || hash.digest('hex') !== facts.sha256) throw brokenBlob()
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A rename is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function absent(error: unknown): undefined {
  const { code } = error as { code?: unknown }
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw error
}
