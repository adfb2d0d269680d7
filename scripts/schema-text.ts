/** JSON Schema, as TypeBox makes it, in words for a table: `string`, `cnv_…`, `'open' | 'closed'`, `Message`. */

export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, Schema>>
}

export type NameOf = (schema: Schema) => string | undefined

/** The type of a value in one line. Schemas that have a name are called by it. */
export function typeText(schema: Schema, nameOf: NameOf): string {
  return nameOf(schema) ?? ownTypeText(schema, nameOf)
}

/** The same for the schema of a named shape itself. */
export function ownTypeText(schema: Schema, nameOf: NameOf): string {
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeText(one, nameOf)).join(' | ')
  if (schema.type === 'array' && schema.items !== undefined) {
    const item = typeText(schema.items, nameOf)
    return item.includes(' ') ? `(${item})[]` : `${item}[]`
  }
  const id = /^\^([a-z]{3})_\[/.exec(schema.pattern ?? '')?.[1]
  if (id !== undefined) return `${id}_…`
  if (schema.format === 'date-time') return 'time'
  const [values] = Object.values(schema.patternProperties ?? {})
  if (values !== undefined) return `{ [name]: ${typeText(values, nameOf)} }`
  if (schema.properties !== undefined) {
    const members = Object.entries(schema.properties).map(
      ([key, value]) => `${key}${schema.required?.includes(key) ? '' : '?'}: ${typeText(value, nameOf)}`,
    )
    return `{ ${members.join('; ')} }`
  }
  return schema.type ?? 'any'
}

/** A table with one row for each member of an object. */
export function memberTable(schema: Schema, nameOf: NameOf): string {
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const optional = schema.required?.includes(key) ? '' : ', may be absent'
    // What a time is stands once, at the head of the page.
    const notes = value.format === 'date-time' ? '' : (value.description ?? '').replaceAll('\n', ' ')
    return `| \`${key}\` | ${code(typeText(value, nameOf))}${optional} | ${notes} |`
  })
  return ['| member | type | |', '|---|---|---|', ...rows].join('\n')
}

export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}
