/** What a tenant notes of a ticket beside what every ticket has: its own fields, and the check of what is written in them. */
import type { TicketField, TicketFieldValue } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { lockTicketSettings, maxTicketSettings, settingsFull } from './ticket-statuses.ts'

/** All of them, retired ones too, in their order. */
export function listFields(tx: TenantTx): Promise<TicketField[]> {
  return tx.query<TicketField>(
    `select key, name, type, options, required, position, retired from ticket_fields
      where tenant_id = $1 order by position, key`,
    tx.tenantId,
  )
}

export interface FieldChange {
  readonly name?: string
  readonly type?: TicketField['type']
  readonly options?: readonly string[]
  readonly required?: boolean
  readonly position?: number
  readonly retired?: boolean
}

/**
 * Makes a field, or changes one; a new one needs a name and a type. What tickets hold already stays as it is. Repeating it
 * changes nothing. Faults: `ticket-field-incomplete`, `ticket-field-fixed` (its type was to change), `ticket-settings-full`.
 */
export async function putField(tx: TenantTx, key: string, change: FieldChange): Promise<TicketField> {
  await lockTicketSettings(tx)
  const all = await listFields(tx)
  const before = all.find((field) => field.key === key)
  const { name, type, options = [] } = { ...before, ...change }
  if (name === undefined || type === undefined || (type === 'choice' && options.length === 0)) {
    throw new Fault('invalid', 'ticket-field-incomplete', 'A new field needs a name and a type, a choice its options.')
  }
  if (before !== undefined && before.type !== type) {
    throw new Fault('conflict', 'ticket-field-fixed', 'The type of a field never changes; make another field.')
  }
  if (before === undefined && all.length >= maxTicketSettings) throw settingsFull()
  const rest = { position: 0, retired: false, required: false, ...before, ...change }
  const after: TicketField = { ...rest, key, type, name: storable(name), options: storable([...options]) }
  await tx.run(
    `insert into ticket_fields (tenant_id, key, name, type, options, required, position, retired)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, key) do update set name = excluded.name, options = excluded.options,
       required = excluded.required, position = excluded.position, retired = excluded.retired`,
    tx.tenantId,
    key,
    after.name,
    after.type,
    after.options,
    after.required,
    after.position,
    after.retired,
  )
  return after
}

export type FieldValues = Readonly<Record<string, TicketFieldValue>>

/**
 * The values after a change: null takes one away. Pure. Faults with `ticket-field-invalid`, each mistake by its pointer:
 * a field that is not there or not in use, a value of another type, a required one that is missing. What is required is asked
 * of new tickets, and of whoever takes a value away: a field that became required later blocks no ticket.
 */
export function changedFields(
  fields: readonly TicketField[],
  before: FieldValues | undefined,
  change: Readonly<Record<string, TicketFieldValue | null>>,
): Record<string, TicketFieldValue> {
  const errors: FaultDetail[] = []
  const after = { ...before }
  for (const [key, value] of Object.entries(change)) {
    const field = fields.find((one) => one.key === key && !one.retired)
    const wrong = field === undefined ? 'is no field in use' : value === null ? undefined : objection(field, value)
    if (wrong !== undefined) errors.push({ pointer: `/fields/${key}`, detail: wrong })
    else if (value === null) delete after[key]
    else after[key] = storable(value)
  }
  for (const { key, required, retired } of fields) {
    const isAsked = before === undefined || Object.hasOwn(change, key)
    if (required && !retired && isAsked && !Object.hasOwn(after, key)) {
      errors.push({ pointer: `/fields/${key}`, detail: 'is required' })
    }
  }
  if (errors.length > 0) {
    throw new Fault('invalid', 'ticket-field-invalid', 'Fields of the ticket are not as they have to be.', { errors })
  }
  return after
}

function objection({ type, options, required }: TicketField, value: TicketFieldValue): string | undefined {
  if (type === 'number') return typeof value === 'number' ? undefined : 'must be a number'
  if (typeof value !== 'string') return 'must be a text'
  if (required && value.trim() === '') return 'is required'
  if (type === 'choice' && !options.includes(value)) return 'is none of the options'
  if (type === 'date' && !isDate(value)) return 'must be a day, as 2026-11-22'
  return undefined
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
