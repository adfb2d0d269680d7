/** Categories of conversations (小结分类): a tree, as the tenant names it. What is in use is retired, never removed. */
import type { ConversationCategory } from '../events/conversation-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'

export const maxCategories = 500
/** How deep the tree is at most. */
export const maxLevels = 4

/** All of them, retired ones too: each with those below it, in their order. */
export async function listCategories(tx: TenantTx): Promise<ConversationCategory[]> {
  const rows = await tx.query<ConversationCategory>(
    `select key, name, parent_key, position, retired from conversation_categories where tenant_id = $1 order by position, key`,
    tx.tenantId,
  )
  const below = Map.groupBy(rows, (row) => row.parentKey)
  const branch = (parentKey: string | null): ConversationCategory[] =>
    (below.get(parentKey) ?? []).flatMap((row) => [row, ...branch(row.key)])
  return branch(null)
}

export interface CategoryChange {
  readonly name?: string
  readonly parentKey?: string | null
  readonly position?: number
  readonly retired?: boolean
}

/**
 * Makes a category, or changes one; a new one needs a name. Repeating it changes nothing. Changes come one after another. Faults:
 * `category-incomplete`, `category-unknown` (the parent), `category-circular`, `category-deep`, `categories-too-many`.
 */
export async function putCategory(tx: TenantTx, key: string, change: CategoryChange): Promise<ConversationCategory> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('conversation-categories ' || $1, 0))`, tx.tenantId)
  const all = new Map((await listCategories(tx)).map((category) => [category.key, category]))
  const before = all.get(key)
  const { name, parentKey = null } = { ...before, ...change }
  if (name === undefined) {
    throw new Fault('invalid', 'category-incomplete', 'A new category needs a name.', {
      errors: [{ pointer: '/name', detail: 'is missing' }],
    })
  }
  if (before === undefined && all.size >= maxCategories) {
    throw new Fault('conflict', 'categories-too-many', `There are at most ${maxCategories} categories.`)
  }
  if (parentKey !== null && !all.has(parentKey)) throw unknownCategory(parentKey, '/parentKey')
  const after = { position: 0, retired: false, ...before, ...change, key, parentKey, name: storable(name) }
  requireTree(all.set(key, after))
  await tx.run(
    `insert into conversation_categories (tenant_id, key, name, parent_key, position, retired) values ($1, $2, $3, $4, $5, $6)
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

function requireTree(all: ReadonlyMap<string, ConversationCategory>): void {
  for (const start of all.keys()) {
    const path: string[] = []
    for (let key: string | null = start; key !== null; key = all.get(key)?.parentKey ?? null) {
      if (path.includes(key)) throw new Fault('conflict', 'category-circular', 'It would be above itself.')
      path.push(key)
    }
    if (path.length > maxLevels) {
      throw new Fault('conflict', 'category-deep', `Categories have at most ${maxLevels} levels.`)
    }
  }
}

/** Faults with `category-unknown` unless a conversation may get it. */
export async function requireCategory(tx: TenantTx, key: string): Promise<void> {
  const found = await tx.maybe(
    'select 1 from conversation_categories where tenant_id = $1 and key = $2 and not retired',
    tx.tenantId,
    key,
  )
  if (found === undefined) throw unknownCategory(key, '/category')
}

function unknownCategory(key: string, pointer: string): Fault {
  return new Fault('invalid', 'category-unknown', `There is no category ${key} in use.`, {
    errors: [{ pointer, detail: 'names no category in use' }],
  })
}
