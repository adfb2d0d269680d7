/** Categories of tickets, in two levels, as the tenant names them. */
import type { TicketCategory } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { lockTicketSettings, maxTicketSettings, settingsFull } from './ticket-statuses.ts'

/** All of them, retired ones too: each of the first level, then those below it. */
export async function listCategories(tx: TenantTx): Promise<TicketCategory[]> {
  const rows = await tx.query<TicketCategory>(
    `select key, name, parent_key, position, retired from ticket_categories where tenant_id = $1 order by position, key`,
    tx.tenantId,
  )
  return rows
    .filter(({ parentKey }) => parentKey === null)
    .flatMap((first) => [first, ...rows.filter(({ parentKey }) => parentKey === first.key)])
}

export interface CategoryChange {
  readonly name?: string
  readonly parentKey?: string | null
  readonly position?: number
  readonly retired?: boolean
}

/**
 * Makes a category, or changes one; a new one needs a name. Repeating it changes nothing.
 * Faults: `ticket-category-incomplete`, `ticket-category-unknown` (the parent), `ticket-category-deep` (a third level),
 * `ticket-settings-full`.
 */
export async function putCategory(tx: TenantTx, key: string, change: CategoryChange): Promise<TicketCategory> {
  await lockTicketSettings(tx)
  const all = await listCategories(tx)
  const before = all.find((category) => category.key === key)
  const { name, parentKey = null } = { ...before, ...change }
  if (name === undefined) {
    throw new Fault('invalid', 'ticket-category-incomplete', 'A new category needs a name.')
  }
  if (parentKey !== null) requireParent(all, key, parentKey)
  if (before === undefined && all.length >= maxTicketSettings) throw settingsFull()
  const after = { position: 0, retired: false, ...before, ...change, key, parentKey, name: storable(name) }
  await tx.run(
    `insert into ticket_categories (tenant_id, key, name, parent_key, position, retired) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, key) do update set name = excluded.name, parent_key = excluded.parent_key,
       position = excluded.position, retired = excluded.retired`,
    tx.tenantId,
    key,
    after.name,
    after.parentKey,
    after.position,
    after.retired,
  )
  return after
}

function requireParent(all: readonly TicketCategory[], key: string, parentKey: string): void {
  const parent = all.find((category) => category.key === parentKey)
  if (parent === undefined) throw unknownCategory(parentKey, '/parentKey')
  if (parentKey === key || parent.parentKey !== null || all.some((category) => category.parentKey === key)) {
    throw new Fault('conflict', 'ticket-category-deep', 'Categories have two levels.')
  }
}

/** Faults with `ticket-category-unknown` unless a ticket may get it. */
export async function requireCategory(tx: TenantTx, key: string): Promise<void> {
  const found = await tx.maybe(
    'select 1 from ticket_categories where tenant_id = $1 and key = $2 and not retired',
    tx.tenantId,
    key,
  )
  if (found === undefined) throw unknownCategory(key, '/category')
}

function unknownCategory(key: string, pointer: string): Fault {
  return new Fault('invalid', 'ticket-category-unknown', `There is no category ${key} in use.`, {
    errors: [{ pointer, detail: 'names no category in use' }],
  })
}
