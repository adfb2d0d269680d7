/** A picture, a recording or a file within a message. A picture of the hub's making is shown, never the one that came. */
import { useEffect } from 'preact/hooks'
import type { Part } from '../api-agent.ts'
import { onHub, sizeText } from '../api-files.ts'
import { base } from './calls.ts'
import { known, wantFile, words, writeAgain } from './files.ts'

type MediaPart = Extract<Part, { type: 'image' | 'audio' | 'video' | 'file' | 'sticker' }>

export function FilePart({ part }: { part: MediaPart }) {
  const id = part.blob.fileId ?? ''
  // A message that has changed is drawn from another part: perhaps its file has come.
  useEffect(() => wantFile(id), [id, part])
  const file = known.value[id]
  if (file === null) return <>{`${part.blob.name ?? ''} (${words().gone})`}</>
  if (file === undefined) return <>{part.blob.name ?? '…'}</>
  if (file.state !== 'ready') {
    return (
      <span title={file.failure?.detail}>
        {`${file.name} (${words()[file.state]})`}
        {part.caption && <p>{part.caption}</p>}
      </span>
    )
  }
  const { download, inline, thumbnail } = file.addresses
  const link = onHub(base, download)
  const again = () => wantFile(id)
  return (
    <>
      {thumbnail ? (
        <a href={link} download={file.name} onPointerDown={again}>
          <img
            class="picture"
            src={onHub(base, thumbnail)}
            alt={file.name}
            width={file.width ?? undefined}
            height={file.height ?? undefined}
            loading="lazy"
          />
        </a>
      ) : (
        <>
          {inline && file.kind === 'video' && (
            // biome-ignore lint/a11y/useMediaCaption: nobody has written captions for what a customer filmed.
            <video class="picture" src={onHub(base, inline)} controls preload="metadata" />
          )}
          {inline && file.kind === 'audio' && (
            // biome-ignore lint/a11y/useMediaCaption: nobody has written down what a customer said.
            <audio src={onHub(base, inline)} controls preload="metadata" />
          )}
          <a class="file" href={link} download={file.name} onPointerDown={again}>
            {file.name} <small>{sizeText(file.bytes)}</small>
          </a>
        </>
      )}
      {part.caption && <p>{part.caption}</p>}
      {part.transcript && <p class="transcript">{part.transcript}</p>}
      {part.transcriptFailed && (
        <p class="soft">
          {words().notWritten}{' '}
          <button type="button" onClick={() => void writeAgain(id)}>
            {words().writeAgain}
          </button>
        </p>
      )}
    </>
  )
}
