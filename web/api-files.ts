/** Files as pages ask for them: uploaded as a form, read with addresses that are good for an hour. */
import { Problem } from './api.ts'

export interface FileShown {
  id: string
  /** awaited: its platform has not handed it out yet. failed: it will not come. */
  state: 'ready' | 'awaited' | 'failed'
  failure: { code: string; detail: string } | null
  name: string
  mediaType: string
  kind: 'image' | 'audio' | 'video' | 'file'
  bytes: number
  width: number | null
  height: number | null
  addresses: { download: string; inline: string | null; thumbnail: string | null; expiresAt: string }
}

/** A large file on a slow line takes as long as the hub allows it to. */
const patienceMs = 60_000

/** Uploads to `path` below /v1 and answers what the hub made of it. Throws `Problem`. */
export async function uploadFile<Made = FileShown>(
  base: string,
  path: string,
  file: File,
  token?: string,
  timeoutMs: number = patienceMs,
): Promise<Made> {
  const body = new FormData()
  body.append('file', file, file.name)
  const response = await fetch(new URL(`v1/${path}`, base), {
    method: 'POST',
    body,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => undefined)
  if (response === undefined) throw new Problem(0, 'network-unreachable', '')
  const answer = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  if (response.ok) return answer as Made
  throw new Problem(response.status, answer.code ?? `status-${response.status}`, answer.detail ?? '')
}

/** A signed address on the very hub that the page talks to, whatever name it is known by elsewhere. */
export function onHub(base: string, address: string): string {
  const { pathname, search } = new URL(address)
  return new URL(pathname.slice(1) + search, base).href
}

/** A size for people: `12 KB`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const inKilo = bytes / 1000
  return inKilo < 1000 ? `${Math.round(inKilo)} KB` : `${(inKilo / 1000).toFixed(1)} MB`
}
