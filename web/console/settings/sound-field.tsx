/** A sound: uploaded, or made of text by the speech service; heard before it is kept. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { CallPrompt } from '../../../src/core/events/call-plan-shapes.ts'
import { type FileShown, onHub, uploadFile } from '../../api-files.ts'
import { speakPrompt } from '../../api-speech.ts'
import { fill } from '../../i18n/locale.ts'
import { soundWords } from '../../i18n/settings-calls.ts'
import { tell } from '../actions.ts'
import { api, base } from '../calls.ts'
import { known, wantFile } from '../files.ts'
import type { FieldProps } from './controls.tsx'
import { attempt } from './parts.tsx'
import { words } from './words.ts'

interface Props extends FieldProps {
  /** The value is the id of a file alone; else it is that of a prompt, with its words. */
  isPlain?: boolean
}

export function SoundField({ form, at, label, hint, isPlain }: Props) {
  const w = words(soundWords)
  const value = form.read(at) as CallPrompt | string | undefined
  const prompt: CallPrompt | undefined = typeof value === 'string' ? { fileId: value } : value
  const [busy, setBusy] = useState(false)
  const [text, setText] = useState<string>()
  const input = useRef<HTMLInputElement>(null)
  const error = form.errorAt(at)
  const put = (file: FileShown, said?: string) => {
    known.value = { ...known.peek(), [file.id]: file }
    form.write(at, isPlain ? file.id : { fileId: file.id, ...(said && { text: said }) })
  }
  const take = async (file: File | undefined) => {
    if (!file) return
    setBusy(true)
    await attempt(async () => {
      const kept = await uploadFile(base, 'files', file)
      if (kept.kind === 'audio') put(kept)
      else tell(fill(w.noSound, { name: kept.name }), 'error')
    })
    setBusy(false)
  }
  const make = async (said: string) => {
    if (said === '') return
    setBusy(true)
    const isMade = await attempt(async () => put(await speakPrompt(api, said), said))
    setBusy(false)
    if (isMade) setText(undefined)
  }
  return (
    <fieldset class={error ? 'field sound is-wrong' : 'field sound'}>
      <legend>{label}</legend>
      {prompt ? <Heard prompt={prompt} /> : <p class="hint">{hint ?? w.usual}</p>}
      {text !== undefined && (
        <>
          <textarea
            rows={2}
            maxLength={1000}
            aria-label={`${label} ${w.textOf}`}
            placeholder={w.textOf}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <button type="button" disabled={busy} onClick={() => void make(text.trim())}>
            {busy ? w.making : w.make}
          </button>
        </>
      )}
      <span class="sound-acts">
        <input
          ref={input}
          type="file"
          accept="audio/*"
          hidden
          aria-label={`${label} ${w.upload}`}
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0])
            currentTarget.value = ''
          }}
        />
        <button type="button" disabled={busy} onClick={() => input.current?.click()}>
          {busy && text === undefined ? w.uploading : w.upload}
        </button>
        {text === undefined && (
          <button type="button" disabled={busy} onClick={() => setText(prompt?.text ?? '')}>
            {w.fromText}
          </button>
        )}
        {prompt && (
          <button type="button" class="quiet" onClick={() => form.write(at, undefined)}>
            {w.takeAway}
          </button>
        )}
      </span>
      {error && <p class="field-error">{error}</p>}
    </fieldset>
  )
}

function Heard({ prompt: { fileId, text } }: { prompt: CallPrompt }) {
  const w = words(soundWords)
  useEffect(() => wantFile(fileId), [fileId])
  const file = known.value[fileId]
  return (
    <>
      {text && <q class="sound-text">{text}</q>}
      {file?.addresses.inline ? (
        // biome-ignore lint/a11y/useMediaCaption: what it says stands beside it where it was made of text.
        <audio src={onHub(base, file.addresses.inline)} controls preload="none" aria-label={text ?? file.name} />
      ) : (
        !text && <p>{file?.name ?? w.isSet}</p>
      )}
    </>
  )
}
