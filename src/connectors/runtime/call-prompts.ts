/** Sounds of the business as telephones have them: whatever was uploaded, made WAV of 8 kHz, mono, 16 bits by ffmpeg, once for each file. */
import { spawn } from 'node:child_process'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { CallPrompt } from '../../core/events/call-plan-shapes.ts'
import type { BlobStore } from '../../core/platform/blobs.ts'
import type { Actor, Database } from '../../core/platform/database.ts'

const longestSeconds = 300
const patienceMs = 20_000

/** Answers with the path of the sound; undefined for a file that is not there, or is no sound. Kept in `folder`. */
export function promptsOf(
  { db, blobs }: { readonly db: Database; readonly blobs: BlobStore },
  actor: Actor & { readonly tenantId: string },
  folder: string,
): (say: CallPrompt) => Promise<string | undefined> {
  const under = new Map<string, Promise<string | undefined>>()
  const make = async (fileId: string): Promise<string | undefined> => {
    const path = join(folder, `${fileId}.wav`)
    if (await isThere(path)) return path
    const file = await db.transaction(actor, (tx) =>
      tx.maybe<{ blobKey: string }>(
        `select blob_key from files where tenant_id = $1 and id = $2 and state = 'ready' and media_type like 'audio/%'`,
        tx.tenantId,
        fileId,
      ),
    )
    if (file === undefined) return undefined
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const half = `${path}.part`
    const bytes = await blobs.get(file.blobKey)
    const isMade = bytes !== undefined && (await convert(bytes, half))
    if (isMade) await rename(half, path)
    else await rm(half, { force: true })
    return isMade ? path : undefined
  }
  return ({ fileId }) => {
    const known = under.get(fileId) ?? make(fileId).finally(() => under.delete(fileId))
    under.set(fileId, known)
    return known
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )
}

/** From a stream alone, so that nothing in the file can name another. False where there is no ffmpeg, or it made nothing of it. */
async function convert(bytes: Readable, path: string): Promise<boolean> {
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-protocol_whitelist',
    'pipe',
    '-i',
    'pipe:0',
    '-vn',
    '-t',
    String(longestSeconds),
  ]
  const ffmpeg = spawn('ffmpeg', [...args, '-ar', '8000', '-ac', '1', '-c:a', 'pcm_s16le', '-f', 'wav', '-y', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
    env: { PATH: '/usr/bin:/usr/local/bin' },
  })
  const ended = new Promise<boolean>((resolve) => {
    ffmpeg.once('error', () => resolve(false))
    ffmpeg.once('exit', (code) => resolve(code === 0))
  })
  // It may have enough before the end.
  await pipeline(bytes, ffmpeg.stdin).catch(() => {})
  return ended
}
