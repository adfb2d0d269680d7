/** What PostgreSQL answers, as the hub reads it. */
interface ResultOfLists {
  readonly fields: readonly { readonly name: string }[]
  readonly rows: readonly (readonly unknown[])[]
}

const camelNames = new Map<string, string>()

function camel(name: string): string {
  let known = camelNames.get(name)
  if (known === undefined) {
    known = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    camelNames.set(name, known)
  }
  return known
}

/** The rows of a statement that was asked for lists, as objects with names in camelCase. */
export function rows<T>({ fields, rows }: ResultOfLists): T[] {
  const names = fields.map((field) => camel(field.name))
  // Copies of one object are made faster than objects of many members are built up.
  const blank = Object.fromEntries(names.map((name) => [name, null as unknown]))
  return rows.map((row) => {
    const out = { ...blank }
    names.forEach((name, place) => {
      out[name] = row[place]
    })
    return out as T
  })
}
