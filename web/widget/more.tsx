/**
 * What not every visitor needs at once, loaded when it is: files in both directions, other parts that are no text, the picker
 * of emojis, and the reception. Its looks are set piece by piece,
 * so that no further style sheet has to come.
 */
import type { Part } from '../../src/core/events/shapes.ts'
import { asProblem, openApi } from '../api.ts'
import { type FileShown, onHub, sizeText, uploadFile } from '../api-files.ts'
import { fill } from '../i18n/locale.ts'
import { moreTexts } from '../i18n/widget-more.ts'
import { emojis, partText } from '../parts.ts'
import { Linked } from './linked.tsx'
import { type Ground as ReceptionGround, settle as settleReception } from './reception.tsx'

export { play } from '../sound.ts'
export { Care } from './reception.tsx'

export interface Ground extends ReceptionGround {
  /** Begins the session of whoever has none yet. */
  start(): Promise<unknown>
}

let ground: Ground
/** What is known of files by their id; null of those that are gone. */
const known = new Map<string, FileShown | null>()
const wanted = new Set<string>()
let asking = false

/** To be called once, before all else. */
export function settle(given: Ground): void {
  ground = given
  settleReception(given)
}

/** Uploads each and sends it as a message of its own; `tell` is given what the visitor is to know, at last nothing or what went wrong. */
export async function sendFiles(files: readonly File[], tell: (notice: string) => void): Promise<void> {
  const texts = moreTexts[ground.locale]
  let wrong = ''
  for (const file of files) {
    tell(fill(texts.uploading, { name: file.name }))
    try {
      if (!ground.token()) await ground.start()
      const kept = await uploadFile(ground.base, 'visitor/files', file, ground.token())
      known.set(kept.id, kept)
      ground.send([{ type: kept.kind, blob: { fileId: kept.id } }])
    } catch (error) {
      const { code } = asProblem(error)
      const why = code === 'file-too-large' || code === 'picture-refused' || code === 'files-exceeded' ? code : 'failed'
      wrong = fill(texts[why], { name: file.name })
    }
  }
  tell(wrong)
}

/** How long before its end an address is asked for anew. */
const marginMs = 120_000
const atOnce = 50

function want(id: string): void {
  const file = known.get(id)
  if (file === null || (file && Date.parse(file.addresses.expiresAt) - Date.now() > marginMs)) return
  wanted.add(id)
  if (asking) return
  asking = true
  // All that one drawing wants is asked for together.
  queueMicrotask(() => void askForWanted())
}

async function askForWanted(): Promise<void> {
  const api = openApi({ base: ground.base, token: ground.token })
  while (wanted.size > 0) {
    const ids = [...wanted].slice(0, atOnce)
    for (const id of ids) wanted.delete(id)
    try {
      const query = new URLSearchParams(ids.map((id) => ['id', id]))
      const { data } = await api<{ data: FileShown[] }>('GET', `visitor/files?${query}`)
      for (const id of ids) known.set(id, data.find((file) => file.id === id) ?? null)
      ground.redraw()
    } catch {
      // Shown in words meanwhile, and asked for again with the next drawing.
    }
  }
  asking = false
}

const shape = { display: 'block', maxWidth: '100%', maxHeight: '240px', height: 'auto', borderRadius: '6px' }

/** A part that is no text. */
export function OtherPart({ part }: { part: Part }) {
  const texts = moreTexts[ground.locale]
  const isRecalled = part.type === 'unsupported' && part.native === 'recall'
  const words = isRecalled ? texts.recalled : partText(part, texts)
  if ('blob' in part && part.blob.fileId) return <FilePart id={part.blob.fileId} words={words} />
  return (
    <>
      <Linked text={words} />
      {part.type === 'choice' &&
        part.options.map(({ id, label }) => (
          <button type="button" key={id} class="choice" onClick={() => ground.send([{ type: 'text', text: label }])}>
            {label}
          </button>
        ))}
    </>
  )
}

/** A file; `words` stand for it until it is known. */
function FilePart({ id, words }: { id: string; words: string }) {
  want(id)
  const file = known.get(id)
  if (!file) return <>{words}</>
  const { download, inline, thumbnail } = file.addresses
  const address = onHub(ground.base, thumbnail ?? inline ?? download)
  if (file.kind === 'audio' && inline) {
    // biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said.
    return <audio src={address} controls preload="metadata" style={{ maxWidth: '100%' }} />
  }
  if (file.kind === 'video' && inline) {
    // biome-ignore lint/a11y/useMediaCaption: nobody has written captions for it.
    return <video src={address} controls preload="metadata" style={shape} />
  }
  return (
    <a href={onHub(ground.base, download)} download={file.name}>
      {thumbnail ? (
        <img
          src={address}
          alt={file.name}
          width={file.width ?? undefined}
          height={file.height ?? undefined}
          style={{ ...shape, width: 'auto' }}
        />
      ) : (
        `${file.name} (${sizeText(file.bytes)})`
      )}
    </a>
  )
}

const grid = {
  display: 'grid',
  gridTemplateColumns: 'repeat(auto-fill, minmax(44px, 1fr))',
  padding: '6px',
  borderBottom: '1px solid var(--line)',
}

export function Emojis({ pick }: { pick: (sign: string) => void }) {
  return (
    <div class="emojis" style={grid}>
      {emojis.map((sign) => (
        <button type="button" key={sign} style={{ height: '44px', fontSize: '22px' }} onClick={() => pick(sign)}>
          {sign}
        </button>
      ))}
    </div>
  )
}
