/** Values that are changed where they stand: read as text, with a click a field, the hub's refusal beside it. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { fill } from '../i18n/locale.ts'
import { Icon } from './icon.tsx'
import { t } from './texts.ts'

/** Keeps a change; resolves with why it was refused, undefined when it is kept. */
export type Keep<Value = string> = (value: Value) => Promise<string | undefined>

interface EditableProps {
  label: string
  value: string
  keep: Keep
  /** What stands there while it is read; the value itself when left out. */
  children?: ComponentChildren
  type?: 'text' | 'number' | 'date' | 'datetime-local' | 'url'
  /** What it may be; a field of choice then. */
  options?: readonly (readonly [value: string, name: string])[]
  multiline?: boolean
  required?: boolean
  readOnly?: boolean
  maxLength?: number
}

/** Enter keeps, Escape leaves. What was typed stays when the hub refuses it. */
export function Editable(props: EditableProps) {
  const { label, value, readOnly, children = value } = props
  const isEditing = useSignal(false)
  const edit = useRef<HTMLButtonElement>(null)
  if (isEditing.value) {
    const end = () => {
      isEditing.value = false
      setTimeout(() => edit.current?.focus())
    }
    return <EditForm {...props} end={end} />
  }
  return (
    <span class="editable">
      <span class={value ? 'editable-value' : 'soft'}>{value ? children : '—'}</span>
      {!readOnly && (
        <button
          type="button"
          ref={edit}
          class="square"
          aria-label={`${t().edit} ${label}`}
          onClick={() => (isEditing.value = true)}
        >
          <Icon name="edit" />
        </button>
      )}
    </span>
  )
}

function EditForm({
  label,
  value,
  keep,
  type = 'text',
  options,
  multiline,
  required = false,
  maxLength = 255,
  end,
}: EditableProps & { end: () => void }) {
  const form = useRef<HTMLFormElement>(null)
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const began = useRef(value)
  const id = useId()
  useEffect(() => form.current?.querySelector<HTMLElement>('input, textarea, select')?.focus(), [])

  const submit = async (event?: Event) => {
    event?.preventDefault()
    const next = String(new FormData(form.current ?? undefined).get('value') ?? '').trim()
    if (next === value) return end()
    isBusy.value = true
    const why = await keep(next)
    isBusy.value = false
    if (why === undefined) end()
    else refused.value = why
  }
  const common = {
    name: 'value',
    'aria-label': label,
    'aria-invalid': refused.value !== '',
    'aria-describedby': id,
    required,
  }
  return (
    <form
      ref={form}
      class="edit-form"
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.isComposing || event.key !== 'Escape') return
        event.stopPropagation()
        end()
      }}
    >
      {options ? (
        <select {...common} defaultValue={value}>
          {!required && <option value="">—</option>}
          {options.map(([key, name]) => (
            <option key={key} value={key} selected={key === value}>
              {name}
            </option>
          ))}
        </select>
      ) : multiline ? (
        <textarea {...common} rows={4} maxLength={maxLength} defaultValue={value} />
      ) : (
        <input
          {...({ ...common, type, step: 'any', maxLength, defaultValue: value } as JSX.IntrinsicElements['input'])}
        />
      )}
      <p id={id} class="failure" role="alert">
        {refused.value || (value !== began.current && fill(t().changedMeanwhile, { value: value || '—' }))}
      </p>
      <p class="edit-acts">
        <button type="submit" class="primary" disabled={isBusy.value}>
          {t().save}
        </button>
        <button type="button" onClick={end}>
          {t().cancel}
        </button>
      </p>
    </form>
  )
}

interface ChipsProps {
  label: string
  values: readonly (readonly [value: string, name: string])[]
  /** What is offered while typing. */
  suggestions?: readonly string[]
  /** Only what is offered can be added; as value and name. */
  choices?: readonly (readonly [value: string, name: string])[]
  add: Keep
  remove: (value: string) => Promise<string | undefined>
  readOnly?: boolean
}

/** Words that something carries, each to be taken away, and a field to add one. */
export function Chips({ label, values, suggestions = [], choices, add, remove, readOnly = false }: ChipsProps) {
  const refused = useSignal('')
  const id = useId()
  const tried = async (act: () => Promise<string | undefined>) => {
    const why = await act()
    refused.value = why ?? ''
    return why === undefined
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const word = String(new FormData(form).get('word') ?? '').trim()
    if (!word || values.some(([value]) => value === word)) return form.reset()
    if (await tried(() => add(word))) form.reset()
  }
  const rest = choices?.filter(([value]) => !values.some(([had]) => had === value))
  return (
    <div class="chips">
      {values.map(([value, name]) => (
        <span key={value} class="chip">
          {name}
          {!readOnly && (
            <button
              type="button"
              aria-label={`${t().takeAway} ${name}`}
              onClick={() => void tried(() => remove(value))}
            >
              <Icon name="cross" />
            </button>
          )}
        </span>
      ))}
      {values.length === 0 && readOnly && <span class="soft">—</span>}
      {!readOnly && rest && rest.length > 0 && (
        <select
          aria-label={`${t().add} ${label}`}
          value=""
          onChange={({ currentTarget }) => {
            const word = currentTarget.value
            currentTarget.value = ''
            if (word) void tried(() => add(word))
          }}
        >
          <option value="">＋</option>
          {rest.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
      {!readOnly && !choices && (
        <form onSubmit={submit}>
          <input
            name="word"
            list={id}
            size={8}
            maxLength={64}
            autocomplete="off"
            aria-label={`${t().add} ${label}`}
            placeholder="＋"
          />
          <datalist id={id}>
            {suggestions.map((word) => (
              <option key={word} value={word} />
            ))}
          </datalist>
        </form>
      )}
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </div>
  )
}
