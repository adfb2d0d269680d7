/**
 * Attributes that a tenant defines: a key, what people call it, and what may stand in it. Values are texts in one form for each
 * type; attributes that nobody defined are free texts.
 */
import type { ContactField } from '../events/contact-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'

/** How many a tenant defines at most. */
export const maxFields = 100

interface FieldRow extends Omit<ContactField, 'createdAt'> {
  readonly createdAt: Date
}

const columns = 'key, label, type, options, version, created_at'

const toField = (row: FieldRow): ContactField => ({
  key: row.key,
  label: row.label,
  type: row.type,
  options: row.options,
  createdAt: row.createdAt.toISOString(),
  version: row.version,
})

export async function listFields(tx: TenantTx): Promise<ContactField[]> {
  const rows = await tx.query<FieldRow>(
    `select ${columns} from contact_fields where tenant_id = $1 order by created_at, key`,
    tx.tenantId,
  )
  return rows.map(toField)
}

export type FieldDefinition = Pick<ContactField, 'label' | 'type' | 'options'>

/**
 * Defines an attribute, or changes its definition; values that stand already stay as they are. Repeating it changes nothing.
 * Faults: `field-invalid` for a choice without options, `fields-too-many`.
 */
export async function putField(tx: TenantTx, key: string, definition: FieldDefinition): Promise<ContactField> {
  const { label, type, options } = storable(definition)
  if ((type === 'choice') !== options.length > 0) {
    throw new Fault('invalid', 'field-invalid', 'A choice needs options, and only a choice has them.', {
      errors: [{ pointer: '/options', detail: type === 'choice' ? 'is empty' : 'is for a choice only' }],
    })
  }
  const row = await tx.maybe<FieldRow>(
    `insert into contact_fields as f (tenant_id, key, label, type, options) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, key) do update
        set label = excluded.label, type = excluded.type, options = excluded.options, version = f.version + 1
      where (f.label, f.type, f.options) is distinct from (excluded.label, excluded.type, excluded.options)
     returning ${columns}`,
    tx.tenantId,
    key,
    label,
    type,
    JSON.stringify(options),
  )
  const all = await listFields(tx)
  if (all.length > maxFields) {
    throw new Fault('conflict', 'fields-too-many', `A tenant defines at most ${maxFields} attributes.`)
  }
  return row === undefined ? (all.find((field) => field.key === key) as ContactField) : toField(row)
}

/** Ends a definition; what stands in contacts stays, as free text. Faults with `field-unknown`. */
export async function removeField(tx: TenantTx, key: string): Promise<void> {
  const gone = await tx.run('delete from contact_fields where tenant_id = $1 and key = $2', tx.tenantId, key)
  if (gone === 0) throw new Fault('not-found', 'field-unknown', `No attribute ${key} is defined.`)
}

/** A value in the form of its type; undefined when it cannot stand there. */
export function formOf(field: Pick<ContactField, 'type' | 'options'>, value: string): string | undefined {
  const text = value.trim()
  switch (field.type) {
    case 'number':
      return /^[+-]?\d{1,15}(\.\d{1,10})?$/.test(text) ? String(Number(text)) : undefined
    case 'boolean':
      if (/^(true|yes|1|是)$/i.test(text)) return 'true'
      return /^(false|no|0|否)$/i.test(text) ? 'false' : undefined
    case 'date':
      return dateOf(text)
    case 'choice':
      return field.options.includes(text) ? text : undefined
    case 'link':
      return URL.canParse(text) && /^https?:/i.test(text) ? text : undefined
    default:
      return value
  }
}

/** Calendar dates as people and spreadsheets write them, as ISO 8601. */
function dateOf(text: string): string | undefined {
  const [, year = '', month = '', day = ''] = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text) ?? []
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const date = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : undefined
}

/** Attributes in the forms of their types. Faults with `attribute-invalid`, naming each that cannot stand. */
export function checkAttributes<Value extends string | null>(
  fields: readonly ContactField[],
  attributes: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const known = new Map(fields.map((field) => [field.key, field]))
  const wrong: { pointer: string; detail: string }[] = []
  const checked = Object.entries(attributes).map(([key, value]) => {
    const field = known.get(key)
    if (field === undefined || value === null) return [key, value] as const
    const form = formOf(field, value)
    if (form === undefined) wrong.push({ pointer: `/attributes/${key}`, detail: `is no ${field.type}` })
    return [key, (form ?? value) as Value] as const
  })
  if (wrong.length > 0) {
    throw new Fault('invalid', 'attribute-invalid', 'An attribute is not of the type that is defined for it.', {
      errors: wrong,
    })
  }
  return Object.fromEntries(checked)
}
