/**
 * Fetches the files that platforms have named, over the channels that are open here: those that the platform forgets first, first, a
 * few at once, later each time when it fails. Which process fetches what is a row in the database; that a file comes twice does no harm.
 */
import {
  type AwaitedFile,
  arrive,
  awaitLonger,
  claimAwaited,
  failAwaited,
  failOverdueFiles,
} from '../../core/conversations/awaited-files.ts'
import { lookAt, putBytes, withSpooled } from '../../core/conversations/file-intake.ts'
import { requireRoom } from '../../core/conversations/files.ts'
import type { Tx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { FileGone, type IncomingFile } from '../contract.ts'
import type { Egress } from './egress.ts'
import { type ErrandParts, Errands } from './errands.ts'
import { type ChannelFileParts, isHopeless, readableOf } from './files.ts'
import { egressOf, logFor } from './hub.ts'
import type { OpenChannel } from './supervisor.ts'
import { pauseMs, within } from './timing.ts'

/** Unless said: look every 5 s, 6 at once, pauses from 5 s to 30 min. */
export interface FetcherOptions extends ErrandParts, Pick<ChannelFileParts, 'files'> {
  readonly egress: Egress
}

/** How long one file may take, and how long nobody else tries it meanwhile. */
const fetchMs = 120_000
const holdSeconds = 150

export class Fetcher {
  readonly #options: FetcherOptions
  readonly #errands: Errands<AwaitedFile>

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#errands = new Errands(options, {
      name: 'files to fetch',
      hint: 'files',
      pollMs: 5000,
      concurrency: 6,
      giveUpEveryMs: 60_000,
      stopMs: 5000,
      isFor: () => true,
      claim: (tx, lanes, limit) => claimAwaited(tx, lanes, limit, holdSeconds),
      failOverdue: failOverdueFiles,
      run: (channel, file) => this.#fetch(channel, file),
      idOf: ({ id }) => ({ fileId: id }),
    })
  }

  start(): void {
    this.#errands.start()
  }

  /** Breaks off what is being fetched: somebody else fetches it later. Never throws. */
  stop(): Promise<void> {
    return this.#errands.stop()
  }

  async #fetch(channel: OpenChannel, file: AwaitedFile): Promise<void> {
    const { connector, served } = channel
    const signal = AbortSignal.any([AbortSignal.timeout(fetchMs), this.#errands.signal])
    if (connector.media === undefined) {
      const failure = { code: 'file-unsupported', detail: 'The channel cannot fetch files.' }
      return this.#write(file, (tx) => failAwaited(tx, file, failure))
    }
    try {
      const fetching = { fetch: egressOf(this.#options, served).fetchFile, signal }
      const given = await within(fetchMs, 'Fetching', connector.media(file.locator, fetching))
      await this.#keep(file, given, signal)
    } catch (error) {
      if (this.#errands.signal.aborted) return this.#write(file, (tx) => awaitLonger(tx, file, 0, interrupted))
      const { redactor } = served
      logFor(this.#options.log, served).warn({ err: error, fileId: file.id }, 'a file could not be fetched')
      const gone = lastWord(error)
      if (gone !== undefined) {
        return this.#write(file, (tx) =>
          failAwaited(tx, file, { ...gone, detail: redactor.text(gone.detail).slice(0, 300) }),
        )
      }
      const afterMs = pauseMs(file.fetches, this.#options.backoff ?? { firstMs: 5000, maxMs: 1_800_000 })
      await this.#write(file, (tx) => awaitLonger(tx, file, afterMs, unreachable))
    }
  }

  async #keep(file: AwaitedFile, given: IncomingFile, signal: AbortSignal): Promise<void> {
    const { files, db, owner } = this.#options
    const body = readableOf(given.body)
    // It may be broken off before anybody reads it.
    body.on('error', () => {})
    const abort = () => body.destroy(new Error('The file took too long.'))
    signal.addEventListener('abort', abort, { once: true })
    await withSpooled(files, body, async (spooled) => {
      signal.removeEventListener('abort', abort)
      const seen = await lookAt(files, spooled, given.name ?? file.name, true)
      const { tenantId } = file
      const channel = { kind: 'channel', id: file.channelId } as const
      await db.work(owner, [tenantId], (tx) => requireRoom({ ...tx, tenantId }, channel, spooled.bytes, files.limits))
      await putBytes(files, file, spooled, seen.picture)
      const { bytes, sha256 } = spooled
      const arrived = await db.work(owner, [tenantId], (tx) => arrive(tx, file, { ...seen, bytes, sha256 }))
      if (arrived) return
      // Erased meanwhile, or somebody else was faster: then the bytes are there twice under one key, and stay.
      const kept = await db.work(owner, [tenantId], (tx) => isKept(tx, file))
      if (kept) return
      await files.blobs.remove(file.blobKey)
      await files.blobs.remove(file.thumbnailKey)
    })
  }

  async #write(file: AwaitedFile, record: (tx: Tx) => Promise<void>): Promise<void> {
    await this.#options.db.work(this.#options.owner, [file.tenantId], record)
  }
}

async function isKept(tx: Tx, { tenantId, id }: AwaitedFile): Promise<boolean> {
  const sql = `select 1 from files where tenant_id = $1 and id = $2 and state <> 'removing'`
  return (await tx.maybe(sql, tenantId, id)) !== undefined
}

const interrupted = { code: 'file-expired', detail: 'It could not be fetched in time.' }
const unreachable = { code: 'file-expired', detail: 'The platform did not hand it out in time.' }

/** Why it will never come; undefined when it may. A stream that breaks off may hold the next time. */
function lastWord(error: unknown): { code: string; detail: string } | undefined {
  if (error instanceof FileGone) return { code: 'file-gone', detail: error.message }
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof Fault && (at.code === 'response-too-large' || at.code === 'address-refused')) {
      return { code: at.code === 'address-refused' ? at.code : 'file-too-large', detail: at.message }
    }
  }
  if (isHopeless(error) && error.code !== 'file-broken') return { code: error.code, detail: error.message }
  return undefined
}
