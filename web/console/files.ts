/** Files of the console: sent when the hub has them, read in batches, each address used while it is good. */
import { signal } from '@preact/signals'
import { asProblem } from '../api.ts'
import type { Part } from '../api-agent.ts'
import { type FileShown, uploadFile } from '../api-files.ts'
import { fileTexts } from '../i18n/console-files.ts'
import { fill } from '../i18n/locale.ts'
import { api, base } from './calls.ts'
import { sendMessage } from './sending.ts'
import { expired, locale, notice } from './store.ts'
import { refusalOf, t } from './texts.ts'

/** What is known of files by their id; null of those that are gone or not to be seen. */
export const known = signal<Readonly<Record<string, FileShown | null>>>({})
/** Names of files on their way to the hub, by conversation. */
export const uploading = signal<readonly { conversationId: string; name: string }[]>([])

export const words = () => fileTexts[locale.value]

/** How long before its end an address is asked for anew. */
const marginMs = 120_000
const atOnce = 50
const wanted = new Set<string>()
let asking = false

/** The file as it was last read; asks for it when nothing is known, it had not come, or its addresses run out. */
export function wantFile(id: string): void {
  const file = known.peek()[id]
  const hasCome = file?.state !== 'awaited'
  if (file === null || (file && hasCome && Date.parse(file.addresses.expiresAt) - Date.now() > marginMs)) return
  wanted.add(id)
  if (asking) return
  asking = true
  // All that one drawing of the page wants is asked for together.
  queueMicrotask(() => void askForWanted())
}

async function askForWanted(): Promise<void> {
  while (wanted.size > 0) {
    const ids = [...wanted].slice(0, atOnce)
    for (const id of ids) wanted.delete(id)
    try {
      const path = `files?${new URLSearchParams(ids.map((id) => ['id', id]))}`
      const { data } = await api<{ data: FileShown[] }>('GET', path)
      const found = Object.fromEntries(ids.map((id) => [id, data.find((file) => file.id === id) ?? null]))
      known.value = { ...known.peek(), ...found }
    } catch {
      // Shown by name meanwhile, and asked for again when it is next drawn.
    }
  }
  asking = false
}

/** Has a sound written down once more; says why not, where that is refused. */
export const writeAgain = (id: string): Promise<unknown> =>
  api('POST', `files/${id}/transcript`).catch((error: unknown) => {
    notice.value = { kind: 'error', text: refusalOf(error) }
  })

/** Uploads each and sends it as a message of its own; says what could not be. */
export async function sendFiles(conversationId: string, files: readonly File[], note: boolean): Promise<void> {
  for (const file of files) {
    const entry = { conversationId, name: file.name }
    uploading.value = [...uploading.peek(), entry]
    try {
      const kept = await uploadFile(base, 'files', file)
      known.value = { ...known.peek(), [kept.id]: kept }
      sendMessage(conversationId, [partOf(kept)], note)
    } catch (error) {
      const { code, message, status } = asProblem(error)
      if (status === 401) expired.value = true
      const own: Record<string, string> = { 'file-too-large': words().tooLarge, 'picture-refused': words().broken }
      const why = own[code] ?? t().problems[code] ?? (message || code)
      notice.value = { kind: 'error', text: fill(words().notSent, { name: file.name, why }) }
    } finally {
      uploading.value = uploading.peek().filter((one) => one !== entry)
    }
  }
}

function partOf({ id, name, mediaType, bytes, width, height, kind }: FileShown): Part {
  const blob = {
    fileId: id,
    name,
    mediaType,
    size: bytes,
    ...(width !== null && height !== null && { width, height }),
  }
  return { type: kind, blob }
}
