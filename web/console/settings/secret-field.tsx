/** A secret: written, never read. */
import { useState } from 'preact/hooks'
import { channelWords } from '../../i18n/settings-channels.ts'
import { Field, type FieldProps, LinesField, TextField } from './controls.tsx'
import { words } from './words.ts'

/** What the hub shows of a secret; sent back, it stays as it is. */
const hidden = '****'

/** What is set is only said to be. */
export function SecretField({
  form,
  at,
  label,
  hint,
  many,
  required,
}: FieldProps & { many: boolean; required: boolean }) {
  const w = words(channelWords)
  const value = form.read(at)
  const [wasSet, setWasSet] = useState(value === hidden)
  if (value === hidden && !wasSet) setWasSet(true)
  if (value === hidden) {
    return (
      <Field {...{ form, at, label, hint }}>
        {(control) => (
          <span class="secret-set">
            <input {...control} value={w.secretSet} readOnly />
            <button type="button" onClick={() => form.write(at, many ? [] : '')}>
              {w.secretChange}
            </button>
            {!required && (
              <button type="button" onClick={() => form.write(at, undefined)}>
                {w.secretClear}
              </button>
            )}
          </span>
        )}
      </Field>
    )
  }
  return (
    <>
      {many ? (
        <LinesField {...{ form, at, label }} hint={<Each text={String(hint ?? '')} />} />
      ) : (
        <TextField
          {...{ form, at, label, hint }}
          type="password"
          autocomplete="new-password"
          optional={!required}
          required={required}
        />
      )}
      {wasSet && (
        <button type="button" class="quiet" onClick={() => form.write(at, hidden)}>
          {w.secretKeep}
        </button>
      )}
    </>
  )
}

/** That each stands in a line of its own, before what else there is to say. */
export function Each({ text }: { text: string | undefined }) {
  const w = words(channelWords)
  return (
    <>
      {w.oneEachLine}
      {text && ` · ${text}`}
    </>
  )
}
