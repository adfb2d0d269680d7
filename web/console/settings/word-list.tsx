/** A list of a business's own words by their keys, for tickets and conversations: added, changed, and retired rather than removed. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { listDefined, putDefined } from '../../api-settings.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { ticketSettingWords } from '../../i18n/settings-desk.ts'
import { api } from '../calls.ts'
import { FormEnd, NumberField, TextField } from './controls.tsx'
import { type Form, useForm } from './form.ts'
import { attempt, Card, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

export interface Defined {
  key: string
  name: string
  position: number
  retired: boolean
}

interface WordListProps<Word extends Defined> {
  title: string
  hint?: string
  /** Where the hub keeps them, below /v1. */
  path: string
  /** What a new one begins with. */
  usual: Omit<Word, keyof Defined>
  /** What is particular of one, in a line. */
  said(word: Word, all: readonly Word[]): string
  /** The fields of what is particular. */
  fields(form: Form<Word>, all: readonly Word[]): ComponentChildren
}

export function WordList<Word extends Defined>(props: WordListProps<Word>) {
  const { title, hint, path, said } = props
  const w = words(ticketSettingWords)
  const s = words(settingsWords)
  const loaded = useLoaded(async () => (await listDefined<Word>(api, path)).data)
  const [edited, setEdited] = useState<Word | 'new'>()
  const retire = (word: Word) =>
    attempt(async () => {
      await putDefined(api, path, word.key, { retired: !word.retired })
      await loaded.reload()
    }, s.saved)
  return (
    <Card title={title} {...(hint && { hint })}>
      <Show of={loaded}>
        {(all) => (
          <>
            {all.length === 0 && !edited && <p class="hint">{w.none}</p>}
            <ul class="lines">
              {all.map((word) => (
                <li key={word.key} class="line">
                  <span class="row-text">
                    <strong>{word.name}</strong>
                    <small>{said(word, all)}</small>
                  </span>
                  {word.retired && <span class="standing">{w.retired}</span>}
                  <button type="button" aria-label={`${s.edit} ${word.name}`} onClick={() => setEdited(word)}>
                    {s.edit}
                  </button>
                  <button
                    type="button"
                    aria-label={`${word.retired ? w.restore : w.retire} ${word.name}`}
                    onClick={() => void retire(word)}
                  >
                    {word.retired ? w.restore : w.retire}
                  </button>
                </li>
              ))}
            </ul>
            {edited ? (
              <WordForm
                key={edited === 'new' ? 'new' : edited.key}
                {...props}
                word={edited === 'new' ? undefined : edited}
                all={all}
                onDone={() => {
                  setEdited(undefined)
                  void loaded.reload()
                }}
                onCancel={() => setEdited(undefined)}
              />
            ) : (
              <button type="button" aria-label={`${w.add} ${title}`} onClick={() => setEdited('new')}>
                {w.add}
              </button>
            )}
          </>
        )}
      </Show>
    </Card>
  )
}

interface WordFormProps<Word extends Defined> extends WordListProps<Word> {
  word: Word | undefined
  all: readonly Word[]
  onDone: () => void
  onCancel: () => void
}

function WordForm<Word extends Defined>({ path, usual, word, all, fields, onDone, onCancel }: WordFormProps<Word>) {
  const w = words(ticketSettingWords)
  const s = words(settingsWords)
  const position = Math.max(0, ...all.map((one) => one.position)) + 1
  // Everything that a word has: its own part is `usual`.
  const form = useForm<Word>(word ?? ({ key: '', name: '', position, retired: false, ...usual } as unknown as Word))
  const save = () =>
    form.submit(({ key, retired: _, ...draft }) => putDefined(api, path, key || freeKey(path, all), draft))
  return (
    <form
      class="sub-form"
      onSubmit={(event) => {
        event.preventDefault()
        void save().then((done) => done && onDone())
      }}
    >
      <TextField form={form} at="/name" label={s.name} required maxLength={60} />
      {fields(form, all)}
      <details class="more-fields">
        <summary>{w.moreFields}</summary>
        <TextField
          form={form}
          at="/key"
          label={w.key}
          hint={w.keyHint}
          pattern="[a-z][a-z0-9\-]*"
          maxLength={32}
          disabled={word !== undefined}
        />
        <NumberField form={form} at="/position" label={w.position} required />
      </details>
      <FormEnd form={form} onCancel={onCancel} />
    </form>
  )
}

/** A key that no other has, for whoever has no program that would ask for it: `category-3`. */
function freeKey(path: string, all: readonly Defined[]): string {
  const noun = path.split('-').at(-1)?.replace(/ies$/, 'y').replace(/e?s$/, '') ?? ''
  let count = all.length + 1
  while (all.some(({ key }) => key === `${noun}-${count}`)) count++
  return `${noun}-${count}`
}
