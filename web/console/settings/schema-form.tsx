/** A form made of a JSON Schema: how kinds of channel describe their settings. */
import { useState } from 'preact/hooks'
import type { Schema } from '../../api-settings.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { locale } from '../store.ts'
import {
  CheckField,
  type Choice,
  Field,
  type FieldProps,
  LinesField,
  NumberField,
  SelectField,
  TextArea,
  TextField,
} from './controls.tsx'
import { Each, SecretField } from './secret-field.tsx'
import { SoundField } from './sound-field.tsx'
import { words } from './words.ts'

type Fields = Pick<FieldProps, 'form' | 'at'> & { schema: Schema }

/** Every property of an object. */
export function SchemaFields({ form, at, schema, without = [] }: Fields & { without?: readonly string[] }) {
  const w = words(channelWords)
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !without.includes(name))
  if (properties.length === 0) return <p class="hint">{w.nothingToSet}</p>
  return (
    <>
      {properties.map(([name, property]) => (
        <SchemaField
          key={name}
          form={form}
          at={`${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`}
          schema={property}
          name={name}
          required={schema.required?.includes(name) === true}
        />
      ))}
    </>
  )
}

interface One extends Fields {
  name: string
  required: boolean
}

function SchemaField({ form, at, schema, name, required }: One) {
  const { title = name, description } = { ...schema, ...schema.words?.[locale.value] }
  const field = { form, at, label: title, hint: description }
  const { type } = schema
  const choices = choicesOf(schema)
  if (schema.secret || schema.items?.secret)
    return <SecretField {...field} many={type === 'array'} required={required} />
  if (choices) return <SelectField {...field} choices={choices} {...(!required && { none: '—' })} required={required} />
  if (type === 'boolean') return <CheckField {...field} />
  if (type === 'integer' || type === 'number') {
    return <NumberField {...field} min={schema.minimum} max={schema.maximum} required={required} empty={undefined} />
  }
  if (schema.file === 'audio') return <SoundField {...field} isPlain />
  if (type === 'string') {
    return (schema.maxLength ?? 0) > 400 && schema.format === undefined ? (
      <TextArea {...field} rows={3} required={required} maxLength={schema.maxLength} />
    ) : (
      <TextField
        {...field}
        optional
        required={required}
        maxLength={schema.maxLength}
        type={schema.format === 'uri' ? 'url' : 'text'}
      />
    )
  }
  if (type === 'array' && schema.items?.type === 'string')
    return <LinesField {...field} hint={<Each text={description} />} />
  if (type === 'object' && schema.properties) {
    return (
      <fieldset class="field">
        <legend>{title}</legend>
        <SchemaFields form={form} at={at} schema={schema} />
      </fieldset>
    )
  }
  return <JsonField {...field} />
}

/** The words that a schema chooses from; undefined when it is no choice. */
function choicesOf({ enum: names, anyOf }: Schema): Choice[] | undefined {
  const consts = anyOf?.every(({ const: value }) => typeof value === 'string')
  if (names?.every((name) => typeof name === 'string')) return names.map((name) => [name, name])
  if (anyOf && consts) {
    return anyOf.map((one) => [String(one.const), one.words?.[locale.value]?.title ?? one.title ?? String(one.const)])
  }
  return undefined
}

/** Whatever no other field can show. */
function JsonField({ form, at, label, hint }: FieldProps) {
  const w = words(channelWords)
  const value = form.read(at)
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2))
  return (
    <Field {...{ form, at, label, hint: hint ?? w.json }} namesPlace>
      {(control) => (
        <textarea
          {...control}
          rows={4}
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            form.write(at, parsed(currentTarget.value))
          }}
        />
      )}
    </Field>
  )
}

/** What is not JSON yet goes to the hub as text, which names it. */
function parsed(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
