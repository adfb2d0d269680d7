/** Lists that are read in pages, by the sort key of the last row seen (keyset): rows that appear meanwhile shift nothing. */

export interface PageRequest {
  readonly limit: number
  /** The sort key after which the page begins, as `next` of the page before; null for the first one. */
  readonly after: readonly string[] | null
}

export interface Page<Item> {
  readonly data: Item[]
  /** The sort key of the last item, null when nothing follows. */
  readonly next: readonly string[] | null
}

/** A page of rows that were read with a limit of one more than asked for. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => readonly string[],
  item: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { data: shown.map(item), next: rows.length > limit && last !== undefined ? key(last) : null }
}

/** Collects the parameters of a statement that is put together: `bind(value)` is `$1`, `$2`… */
export function parameters(): { readonly values: unknown[]; bind(value: unknown): string } {
  const values: unknown[] = []
  return { values, bind: (value) => `$${values.push(value)}` }
}
