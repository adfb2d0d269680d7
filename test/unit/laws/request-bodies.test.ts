/** A member that nobody knows is a mistake of whoever wrote it: no body of a request passes over one in silence. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}
interface Operation {
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
}
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const described = JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')) as Described

function resolved({ $ref, ...schema }: Schema): Schema {
  if ($ref === undefined) return schema
  return $ref
    .split('/')
    .slice(1)
    .reduce((found: unknown, name) => (found as Record<string, unknown>)[name], described) as Schema
}

/** Objects in it that take members beside those that they name. */
function open(given: Schema, at: string, depth = 0): string[] {
  if (depth > 12) return []
  const { type, properties = {}, additionalProperties, items, anyOf = [], allOf = [] } = resolved(given)
  const isOpen = type === 'object' && Object.keys(properties).length > 0 && additionalProperties !== false
  return [
    ...(isOpen ? [at] : []),
    ...Object.entries(properties).flatMap(([name, one]) => open(one, `${at}/${name}`, depth + 1)),
    ...(items === undefined ? [] : open(items, `${at}/-`, depth + 1)),
    ...[...anyOf, ...allOf].flatMap((one) => open(one, at, depth + 1)),
  ]
}

test('every object of a request’s body takes only the members that it names', () => {
  const bodies = Object.entries(described.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content?.['application/json']?.schema
      return schema === undefined ? [] : [{ name: `${method.toUpperCase()} ${path}: `, schema }]
    }),
  )
  expect(bodies.length).toBeGreaterThan(50)
  expect(bodies.flatMap(({ name, schema }) => open(schema, name))).toEqual([])
})
