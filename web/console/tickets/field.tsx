/** Fields of a ticket in a form: those that every ticket has, and those that a business defined. */
import type { ComponentChildren, JSX } from 'preact'
import type { TicketField } from '../../api-tickets.ts'
import { hub } from '../store.ts'
import { kinds } from './data.ts'
import { categoryName, words } from './words.ts'

export type Option = readonly [value: string, name: string]

export const priorityOptions = (): Option[] =>
  (['low', 'normal', 'high', 'urgent'] as const).map((key) => [key, words()[key]])

/** Statuses in use; one that is retired only where a ticket still has it. */
export const statusOptions = (present?: string): Option[] =>
  kinds.value.statuses.filter(({ key, retired }) => !retired || key === present).map(({ key, name }) => [key, name])

export const categoryOptions = (present?: string | null): Option[] =>
  kinds.value.categories
    .filter(({ key, retired }) => !retired || key === present)
    .map(({ key }) => [key, categoryName(key)])

export const memberOptions = (present?: string | null): Option[] =>
  Object.values(hub.value.members)
    .filter(({ id, disabled }) => !disabled || id === present)
    .map(({ id, name, number }) => [id, [name, number].filter(Boolean).join(' ')])

export const groupOptions = (): Option[] => Object.entries(hub.value.groups)

/** An instant as a field of date and time has it, in this machine's time zone. */
export function localTime(at: string | null): string {
  if (at === null) return ''
  const date = new Date(at)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export const instantOf = (local: string): string | null => (local === '' ? null : new Date(local).toISOString())

/** What a field of the business's own is as a value: numbers as numbers, nothing as null. */
export function ownValue(field: TicketField, text: string): string | number | null {
  if (text === '') return null
  return field.type === 'number' ? Number(text) : text
}

export function Labelled({
  label,
  required = false,
  wrong,
  children,
}: {
  label: string
  required?: boolean
  wrong: string | undefined
  children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control stands among the children
    <label class={wrong ? 'field is-wrong' : 'field'}>
      <span>
        {label}
        {required && <b title={words().required}> *</b>}
      </span>
      {children}
      {wrong && (
        <span class="failure" role="alert">
          {wrong}
        </span>
      )}
    </label>
  )
}

export function Choice({
  name,
  options,
  value = '',
  empty,
  required = false,
}: {
  name: string
  options: readonly Option[]
  value?: string
  /** What nothing is called; without it something has to be chosen. */
  empty?: string
  required?: boolean
}) {
  return (
    <select name={name} required={required}>
      {empty !== undefined && <option value="">{empty}</option>}
      {options.map(([key, text]) => (
        <option key={key} value={key} selected={key === value}>
          {text}
        </option>
      ))}
    </select>
  )
}

export function OwnField({ field }: { field: TicketField }) {
  const name = `own.${field.key}`
  if (field.type === 'choice') {
    return <Choice name={name} options={field.options.map((one) => [one, one])} empty="—" required={field.required} />
  }
  const input = { name, type: field.type, step: 'any', maxLength: 2000, required: field.required }
  return <input {...(input as JSX.IntrinsicElements['input'])} />
}
