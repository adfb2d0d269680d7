/** Fields of forms: each with its label, its hint, and beside it what the hub found wrong with it. */
import type { ComponentChildren, TextareaHTMLAttributes } from 'preact'
import { useId } from 'preact/hooks'
import { settingsWords } from '../../i18n/settings.ts'
import type { Form } from './form.ts'
import { words } from './words.ts'

// biome-ignore lint/suspicious/noExplicitAny: a field knows the place in the form, not the whole form.
type AnyForm = Form<any>

export interface FieldProps {
  form: AnyForm
  /** Where the value stands, as a JSON pointer: the same that the hub names in its refusals. */
  at: string
  label: string
  hint?: ComponentChildren
}

interface Control {
  id: string
  'aria-describedby': string
  'aria-invalid': boolean
}

/** Label, control, hint and error as one. */
export function Field({
  form,
  at,
  label,
  hint,
  required,
  namesPlace,
  children,
}: FieldProps & {
  required?: boolean | undefined
  /** One control for a value of many members: an error says of which it is. */
  namesPlace?: boolean
  children: (control: Control) => ComponentChildren
}) {
  const id = useId()
  const error = form.errorAt(at, namesPlace)
  return (
    <div class={error ? 'field is-wrong' : 'field'}>
      <label for={id}>
        {label}
        {required && <span class="required"> *</span>}
      </label>
      {children({ id, 'aria-describedby': `${id}-hint`, 'aria-invalid': error !== '' })}
      <p id={`${id}-hint`} class={error ? 'field-error' : 'hint'}>
        {error || hint}
      </p>
    </div>
  )
}

/** Of what an input takes, as far as our fields pass it on. */
interface InputAttributes {
  type?: 'text' | 'url' | 'email' | 'password' | 'date' | 'time'
  required?: boolean | undefined
  disabled?: boolean | undefined
  placeholder?: string | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  pattern?: string | undefined
  min?: number | undefined
  max?: number | undefined
  step?: 'any' | undefined
  autocomplete?: string | undefined
}

/** One line of text; an empty one is left out of the value when `optional`. */
export function TextField({
  optional,
  list,
  ...props
}: FieldProps &
  InputAttributes & {
    optional?: boolean
    /** What is proposed. */
    list?: readonly string[]
  }) {
  const { form, at, label, hint, ...input } = props
  return (
    <Field {...{ form, at, label, hint }} required={Boolean(input.required)}>
      {(control) => (
        <>
          <input
            {...input}
            {...control}
            {...(list && { list: `${control.id}-list` })}
            type={(input.type ?? 'text') as 'text'}
            value={String(form.read(at) ?? '')}
            onInput={({ currentTarget: { value } }) => form.write(at, optional && value === '' ? undefined : value)}
          />
          {list && (
            <datalist id={`${control.id}-list`}>
              {list.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

export function NumberField({
  form,
  at,
  label,
  hint,
  unit,
  empty,
  ...input
}: FieldProps & { unit?: string; empty?: null | undefined } & InputAttributes) {
  return (
    <Field {...{ form, at, label, hint }} required={Boolean(input.required)}>
      {(control) => (
        <span class="with-unit">
          <input
            {...input}
            {...control}
            type="number"
            value={(form.read(at) as number | null | undefined) ?? ''}
            onInput={({ currentTarget: { value } }) => form.write(at, value === '' ? empty : Number(value))}
          />
          {unit}
        </span>
      )}
    </Field>
  )
}

export function TextArea({
  form,
  at,
  label,
  hint,
  ...area
}: FieldProps & Pick<TextareaHTMLAttributes<HTMLTextAreaElement>, 'rows' | 'required' | 'placeholder' | 'maxLength'>) {
  return (
    <Field {...{ form, at, label, hint }} required={Boolean(area.required)}>
      {(control) => (
        <textarea
          {...area}
          {...control}
          value={String(form.read(at) ?? '')}
          onInput={({ currentTarget }) => form.write(at, currentTarget.value)}
        />
      )}
    </Field>
  )
}

/** Lines of text as a list; empty ones count for nothing. */
export function LinesField({
  form,
  at,
  label,
  hint,
  ...area
}: FieldProps & Pick<TextareaHTMLAttributes<HTMLTextAreaElement>, 'rows' | 'placeholder'>) {
  const lines = (form.read(at) as readonly string[] | undefined) ?? []
  return (
    <Field {...{ form, at, label, hint }}>
      {(control) => (
        <textarea
          {...area}
          rows={area.rows ?? 3}
          {...control}
          // What is being written keeps its empty lines; the value does not have them.
          defaultValue={lines.join('\n')}
          onInput={({ currentTarget }) =>
            form.write(
              at,
              currentTarget.value
                .split('\n')
                .map((line) => line.trim())
                .filter((line) => line !== ''),
            )
          }
        />
      )}
    </Field>
  )
}

export type Choice = readonly [value: string, label: string]

export function SelectField({
  form,
  at,
  label,
  hint,
  choices,
  none,
  required,
}: FieldProps & {
  choices: readonly Choice[]
  /** What stands for nothing chosen, which is null. */
  none?: string
  required?: boolean
}) {
  return (
    <Field {...{ form, at, label, hint }} required={required}>
      {(control) => (
        <select
          {...control}
          required={required}
          value={String(form.read(at) ?? '')}
          onChange={({ currentTarget: { value } }) => form.write(at, value === '' ? null : value)}
        >
          {none !== undefined && <option value="">{none}</option>}
          {choices.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A yes or no with its words beside it. */
export function CheckField({ form, at, label, hint }: FieldProps) {
  const id = useId()
  const error = form.errorAt(at)
  return (
    <div class="field is-check">
      <input
        id={id}
        type="checkbox"
        checked={form.read(at) === true}
        aria-describedby={`${id}-hint`}
        onChange={({ currentTarget }) => form.write(at, currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      <p id={`${id}-hint`} class={error ? 'field-error' : 'hint'}>
        {error || hint}
      </p>
    </div>
  )
}

/** Several of some, each with a box to tick. */
export function ChecksField({
  form,
  at,
  label,
  hint,
  choices,
  emptyIsNone,
}: FieldProps & {
  choices: readonly Choice[]
  /** Nothing ticked is left out of the value. */
  emptyIsNone?: boolean
}) {
  const put = (ticked: readonly string[]) => form.write(at, ticked.length === 0 && emptyIsNone ? undefined : ticked)
  const chosen = (form.read(at) as readonly string[] | undefined) ?? []
  const error = form.errorAt(at)
  return (
    <fieldset class="field checks">
      <legend>{label}</legend>
      <div class="checks-grid">
        {choices.map(([value, name]) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={({ currentTarget: { checked } }) =>
                put(checked ? [...chosen, value] : chosen.filter((one) => one !== value))
              }
            />
            {name}
          </label>
        ))}
      </div>
      <p class={error ? 'field-error' : 'hint'}>{error || hint}</p>
    </fieldset>
  )
}

/** The end of a form: what is wrong with the whole of it, and the buttons. */
export function FormEnd({
  form,
  label,
  onCancel,
  children,
}: {
  form: AnyForm
  label?: string
  onCancel?: () => void
  children?: ComponentChildren
}) {
  const w = words(settingsWords)
  return (
    <div class="form-end">
      <p class="failure" role="alert">
        {form.failure}
      </p>
      <button type="submit" class="primary" disabled={form.busy}>
        {form.busy ? w.saving : (label ?? w.save)}
      </button>
      {onCancel && (
        <button type="button" onClick={onCancel}>
          {w.cancel}
        </button>
      )}
      {children}
    </div>
  )
}
