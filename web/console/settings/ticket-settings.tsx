/** What tickets may be: statuses, categories and fields. What is in use is retired, never removed. */
import { useState } from 'preact/hooks'
import type { TicketCategory, TicketField, TicketStatus } from '../../../src/core/events/ticket-shapes.ts'
import { listTicketWords, putTicketWord, type TicketWord } from '../../api-settings.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { ticketSettingWords } from '../../i18n/settings-desk.ts'
import { api } from '../calls.ts'
import { CheckField, FormEnd, LinesField, NumberField, SelectField, TextField } from './controls.tsx'
import { type Form, useForm } from './form.ts'
import { attempt, Card, PageHead, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

type Word = TicketStatus | TicketCategory | TicketField
type Draft = Partial<TicketStatus & TicketCategory & TicketField>

export function TicketSettingsPage() {
  const w = words(ticketSettingWords)
  return (
    <>
      <PageHead title={w.tickets} hint={w.ticketsHint} />
      <Words what="statuses" usual={{ category: 'open' }} />
      <Words what="categories" usual={{ parentKey: null }} />
      <Words what="fields" usual={{ type: 'text', required: false, options: [] }} />
    </>
  )
}

function Words({ what, usual }: { what: TicketWord; usual: Draft }) {
  const w = words(ticketSettingWords)
  const s = words(settingsWords)
  const loaded = useLoaded(async () => (await listTicketWords<Word>(api, what)).data)
  const [edited, setEdited] = useState<Word | 'new'>()
  const retire = (word: Word) =>
    attempt(async () => {
      await putTicketWord(api, what, word.key, { retired: !word.retired })
      await loaded.reload()
    }, s.saved)
  return (
    <Card title={w[what]}>
      <Show of={loaded}>
        {(all) => (
          <>
            {all.length === 0 && !edited && <p class="hint">{w.none}</p>}
            <ul class="lines">
              {all.map((word) => (
                <li key={word.key} class="line">
                  <span class="row-text">
                    <strong>{word.name}</strong> <code>{word.key}</code>
                    <small>{said(word, all, w)}</small>
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
                what={what}
                word={edited === 'new' ? undefined : edited}
                usual={{ ...usual, position: Math.max(0, ...all.map(({ position }) => position)) + 1 }}
                others={all}
                onDone={() => {
                  setEdited(undefined)
                  void loaded.reload()
                }}
                onCancel={() => setEdited(undefined)}
              />
            ) : (
              <button type="button" aria-label={`${w.add} ${w[what]}`} onClick={() => setEdited('new')}>
                {w.add}
              </button>
            )}
          </>
        )}
      </Show>
    </Card>
  )
}

/** What is particular of it, in a line. */
function said(word: Word, all: readonly Word[], w: Record<string, string>): string {
  if ('category' in word) return w[word.category] ?? ''
  if ('parentKey' in word) return all.find(({ key }) => key === word.parentKey)?.name ?? ''
  return [w[word.type], word.required ? w.required : '', ...word.options].filter(Boolean).join(' · ')
}

interface WordFormProps {
  what: TicketWord
  word: Word | undefined
  usual: Draft
  others: readonly Word[]
  onDone: () => void
  onCancel: () => void
}

function WordForm({ what, word, usual, others, onDone, onCancel }: WordFormProps) {
  const w = words(ticketSettingWords)
  const s = words(settingsWords)
  const form = useForm<Draft>({ key: '', name: '', ...usual, ...word })
  const save = () =>
    form.submit(({ key = '', retired: _, ...draft }) => {
      const { options, ...rest } = draft
      return putTicketWord(api, what, key, { ...rest, ...(draft.type === 'choice' && { options }) })
    })
  return (
    <form
      class="sub-form"
      onSubmit={(event) => {
        event.preventDefault()
        void save().then((done) => done && onDone())
      }}
    >
      <TextField form={form} at="/name" label={s.name} required maxLength={60} />
      <TextField
        form={form}
        at="/key"
        label={w.key}
        hint={w.keyHint}
        required
        pattern="[a-z][a-z0-9\-]*"
        maxLength={32}
        disabled={word !== undefined}
      />
      <Particular what={what} form={form} others={others} w={w} />
      <NumberField form={form} at="/position" label={w.position} required />
      <FormEnd form={form} onCancel={onCancel} />
    </form>
  )
}

function Particular({
  what,
  form,
  others,
  w,
}: Pick<WordFormProps, 'what' | 'others'> & { form: Form<Draft>; w: Record<string, string> }) {
  const named = (...names: string[]) => names.map((name) => [name, w[name] ?? name] as const)
  if (what === 'statuses') {
    return (
      <SelectField
        form={form}
        at="/category"
        label={w.statusCategory ?? ''}
        choices={named('new', 'open', 'pending', 'solved', 'closed')}
      />
    )
  }
  if (what === 'categories') {
    const { key } = form.value
    return (
      <SelectField
        form={form}
        at="/parentKey"
        label={w.parent ?? ''}
        none="—"
        choices={others.filter((one) => one.key !== key).map((one) => [one.key, one.name])}
      />
    )
  }
  return (
    <>
      <SelectField form={form} at="/type" label={w.type ?? ''} choices={named('text', 'number', 'date', 'choice')} />
      {form.value.type === 'choice' && (
        <LinesField form={form} at="/options" label={w.options ?? ''} hint={w.eachLine} />
      )}
      <CheckField form={form} at="/required" label={w.required ?? ''} />
    </>
  )
}
