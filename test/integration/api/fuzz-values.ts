/** Random values of a JSON Schema: mostly as described, now and then almost. */

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly format?: string
}

export interface Random {
  /** A whole number from 0, smaller than `limit`. */
  below(limit: number): number
  chance(of: number): boolean
  one<T>(values: readonly T[]): T
  text(): string
}

/** The same sequence for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const one = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)]
    if (values.length === 0) throw new RangeError('There is nothing to choose from.')
    return value as T
  }
  return { below, one, chance: (of) => next() < of, text: () => one(hostile) }
}

/** Text that something or other once stumbled over. */
const hostile = [
  '',
  ' ',
  '您好 👋🏽',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e\u200b\ufeff',
  "'; drop table members; --",
  '%_\\',
  '<img src=x onerror=alert(1)>',
  '{{constructor.constructor("x")()}}',
  '../../../etc/passwd',
  '__proto__',
  'constructor',
  '-1',
  '1e309',
  'NaN',
  '2026-02-30T25:61:61Z',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  'x'.repeat(300),
  '漢'.repeat(5000),
  'aaaa@bbbb.example',
  'e\u0301'.repeat(50),
]

interface Making {
  readonly random: Random
  readonly schemas: Readonly<Record<string, Schema>>
  /** Ids of things that are there. */
  readonly known: readonly string[]
}

/** A value of that schema; one in twenty, at every level, is something else. */
export function makeValue(schema: Schema, making: Making, depth = 0): unknown {
  const { random, schemas } = making
  if (random.chance(0.05)) return random.one([null, [], {}, 'x', -1, 1e21, true, [[[]]], { $ne: 1 }])
  if (schema.$ref !== undefined) {
    return makeValue(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, making, depth + 1)
  }
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return random.one(schema.enum)
  if (schema.anyOf !== undefined) return makeValue(random.one(schema.anyOf), making, depth + 1)
  switch (schema.type) {
    case 'object':
      return makeObject(schema, making, depth)
    case 'array': {
      const length = (schema.minItems ?? 0) + (depth > 6 ? 0 : random.below(3))
      return Array.from({ length }, () => makeValue(schema.items ?? {}, making, depth + 1))
    }
    case 'string':
      return makeText(schema, making)
    case 'integer':
      return random.one([schema.minimum ?? 0, schema.maximum ?? 2147483647, (schema.minimum ?? 0) + random.below(10)])
    case 'number':
      return random.one([schema.minimum ?? -1.5, schema.maximum ?? 1.5, 0.1])
    case 'boolean':
      return random.chance(0.5)
    case 'null':
      return null
    default:
      return random.one([null, 1, random.text(), { a: random.text() }, [random.text()]])
  }
}

function makeObject(schema: Schema, making: Making, depth: number): Record<string, unknown> {
  const { random } = making
  const members = Object.entries(schema.properties ?? {})
    .filter(([name]) => schema.required?.includes(name) || random.chance(0.6))
    .map(([name, member]) => [name, makeValue(member, making, depth + 1)])
  for (const member of Object.values(schema.patternProperties ?? {})) {
    members.push([random.text().slice(0, 40), makeValue(member, making, depth + 1)])
  }
  if (random.chance(0.02)) members.push([random.text(), 1])
  return Object.fromEntries(members) as Record<string, unknown>
}

function makeText(schema: Schema, { random, known }: Making): string {
  if (random.chance(0.15)) return random.text()
  const prefix = /^\^([a-z]{3})_/.exec(schema.pattern ?? '')?.[1]
  if (prefix !== undefined) return random.one([...known.filter((id) => id.startsWith(prefix)), ...known])
  if (schema.format === 'date-time') return '2099-01-01T00:00:00.000Z'
  const simple = ['agent-1', 'zh-CN', 'a@b.example', '8001', 'custom', 'webchat', 'event:read', 'me', '小王']
  return random.chance(0.5) ? random.one(simple) : random.text().slice(0, schema.maxLength ?? 5000)
}
