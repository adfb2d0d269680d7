/** Files of a message: by the address that came with it, or asked for again, since QQ's addresses run out within hours. */
import { type Fetching, FileGone, fileAt, type IncomingFile, textIn } from '../contract.ts'
import { type Gateway, Refused } from './gateway.ts'
import type { Locator } from './parts.ts'
import { webAddress } from './segments.ts'

export async function fetchFile(locator: Locator, gateway: Gateway, fetching: Fetching): Promise<IncomingFile> {
  const inline = inlineOf(locator.file)
  if (inline !== undefined) return inline
  const first = await download(locator.url ?? webAddress(locator.file), fetching)
  if (first !== undefined) return first
  const asked = await ask(locator, gateway, fetching.signal)
  const { base64, url, file } = (asked ?? {}) as { base64?: unknown; url?: unknown; file?: unknown }
  if (typeof base64 === 'string' && base64 !== '') return { body: Buffer.from(base64, 'base64') }
  const again = inlineOf(textIn(file, 100)) ?? (await download(webAddress(url) || webAddress(file), fetching))
  if (again !== undefined) return again
  // A path on the gateway's own disk is nothing to us.
  throw new FileGone('The gateway does not hand the file out.')
}

function inlineOf(file: string | undefined): IncomingFile | undefined {
  return file?.startsWith('base64://') ? { body: Buffer.from(file.slice(9), 'base64') } : undefined
}

/** Undefined when there is no address, or nothing behind it any more. */
async function download(url: string, fetching: Fetching): Promise<IncomingFile | undefined> {
  if (url === '') return undefined
  const response = await fileAt('QQ', url, fetching).catch((error: unknown) => {
    if (error instanceof FileGone) return undefined
    throw error
  })
  if (response === undefined) return undefined
  if (response.body === null) throw new Error('QQ handed out a file without bytes.')
  return { body: response.body }
}

/** A larger file does not fit into an answer over a socket, in base64: only its address is asked for. */
const largestAnswer = 600_000

/**
 * get_image and get_record are of the standard, the others extensions; a gateway that has not got one says so. Rejects when the gateway
 * cannot be asked now.
 */
async function ask(
  { kind, file, fileId, size = 0, peer }: Locator,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<unknown> {
  const group = /^group:(\d+)$/.exec(peer)?.[1]
  const actions: [string, object][] = []
  if (kind === 'image') actions.push(['get_image', { file }])
  if (kind === 'record') actions.push(['get_record', { file, out_format: 'mp3' }])
  if (fileId !== undefined) {
    if (group === undefined) actions.push(['get_private_file_url', { file_id: fileId }])
    else actions.push(['get_group_file_url', { group_id: Number(group), file_id: fileId }])
  }
  if (size <= largestAnswer) actions.push(['get_file', { file_id: fileId ?? file, file }])
  for (const [action, params] of actions) {
    try {
      return await gateway.call(action, params, signal)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }
  return undefined
}
