/**
 * Settings: config/default.yaml, over it config/local.yaml, over it the environment. Checked once, frozen, passed down as
 * values. This is the one file that reads the environment.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { parse, YAMLParseError } from 'yaml'
import { Fault } from './errors.ts'

const Count = (minimum: number, maximum = 1_000_000_000) => Type.Integer({ minimum, maximum })
const Texts = Type.Array(Type.String({ minLength: 1 }))
const group = <T extends Record<string, TSchema>>(members: T) => Type.Object(members, { additionalProperties: false })

export const roles = ['api', 'connectors', 'ingest', 'routing', 'relay', 'webhooks', 'jobs'] as const
export type RoleName = (typeof roles)[number]

export const configSchema = group({
  roles: Type.Array(Type.Enum([...roles]), { minItems: 1, uniqueItems: true }),
  server: group({
    host: Type.String({ minLength: 1 }),
    port: Count(0, 65_535),
    publicUrl: Type.String({ pattern: '^(https?://[^/?#]+)?$' }),
    allowedOrigins: Type.Array(Type.String({ pattern: '^https?://[^/?#]+$' })),
    trustedProxies: Type.Array(
      Type.String({ pattern: '^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$' }),
    ),
    bodyLimitBytes: Count(1024),
    requestsPerMinute: Count(1),
    anonymousRequestsPerMinute: Count(1),
    loginFailuresPerAccount: Count(1),
    loginFailuresPerAddress: Count(1),
    loginWindowMinutes: Count(1),
    sessionIdleHours: Count(1),
    sessionDays: Count(1),
    commandWaitMs: Count(0, 30_000),
    presenceGraceSeconds: Count(0, 86_400),
    idempotencyHours: Count(1),
  }),
  data: group({ directory: Type.String({ minLength: 1 }) }),
  database: group({
    url: Type.String({ pattern: '^(postgres(ql)?://.+)?$' }),
    poolSize: Count(4, 500),
    statementTimeoutMs: Count(100),
    embedded: group({ port: Count(0, 65_535) }),
  }),
  kafka: group({
    brokers: Type.Array(Type.String({ pattern: '^[^:\\s]+:\\d+$' })),
    topicPrefix: Type.String({ pattern: '^[a-zA-Z0-9._-]*$', maxLength: 100 }),
    tls: Type.Boolean(),
    mechanism: Type.Enum(['', 'plain', 'scram-sha-256', 'scram-sha-512']),
    username: Type.String(),
    password: Type.String(),
  }),
  log: group({
    level: Type.Enum(['debug', 'info', 'warn', 'error']),
    partitions: Count(0, 1000),
    retentionHours: Count(1),
  }),
  secrets: group({ masterKey: Type.String({ pattern: '^([A-Za-z0-9+/_-]{43}=?)?$' }) }),
  egress: group({ allow: Texts }),
  blobs: group({
    kind: Type.Enum(['disk', 's3']),
    endpoint: Type.String({ pattern: '^(https?://[^/?#]+)?$' }),
    region: Type.String({ minLength: 1 }),
    bucket: Type.String({ pattern: '^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$' }),
    accessKeyId: Type.String(),
    secretAccessKey: Type.String(),
  }),
  files: group({
    maxBytes: Count(1024),
    visitorFilesPerDay: Count(0),
    tenantBytesPerDay: Count(0, Number.MAX_SAFE_INTEGER),
    unusedHours: Count(1, 720),
  }),
  audit: group({ keepDays: Count(180, 36_500) }),
  telephony: group({
    host: Type.String({ minLength: 1 }),
    address: Type.String(),
    firstRtpPort: Count(1024, 65_534),
    lastRtpPort: Count(1025, 65_535),
    rtpengine: Type.String({ pattern: '^(.+:[0-9]{1,5})?$' }),
    drachtio: Type.String({ pattern: '^(.+:[0-9]{1,5})?$' }),
    drachtioSecret: Type.String(),
    drachtioSipPort: Count(1, 65_535),
  }),
  speech: group({
    url: Type.String({ pattern: '^(https?://[^\\s?#]+)?$' }),
    key: Type.String(),
    speechModel: Type.String({ minLength: 1 }),
    voice: Type.String({ minLength: 1 }),
    transcriptionModel: Type.String({ minLength: 1 }),
    timeoutSeconds: Count(5, 3600),
  }),
  connectors: group({ extra: Texts }),
  demo: group({ enabled: Type.Boolean() }),
  test: group({ crashAt: Type.String(), crashLog: Type.String() }),
})

export type Config = Static<typeof configSchema>

/** Names that other programs use for the same. */
const aliases: Readonly<Record<string, string>> = {
  DATABASE_URL: 'TRIBUTARY_DATABASE__URL',
  KAFKA_BROKERS: 'TRIBUTARY_KAFKA__BROKERS',
}

/**
 * Reads the settings from `directory`. Faults with `config-invalid`, naming the setting, where it was set, and for an
 * unknown name the nearest known one; the value itself is never repeated, since it may be a secret.
 */
export function loadConfig(directory: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const layers = [
    { from: 'config/default.yaml', values: readYaml(join(directory, 'default.yaml'), true) },
    { from: 'config/local.yaml', values: readYaml(join(directory, 'local.yaml'), false) },
    ...fromEnvironment(environment),
  ]
  const config: Record<string, unknown> = {}
  for (const layer of layers) {
    refuseUnknown(layer.values, configSchema, [], layer.from)
    overlay(config, layer.values)
    const validate = new Ajv({ allErrors: true, strict: false }).compile(configSchema)
    if (!validate(config)) throw invalid(validate.errors ?? [], layer.from)
  }
  return freeze(config as Config)
}

function readYaml(path: string, required: boolean): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (!required) return {}
    throw new Fault('invalid', 'config-invalid', `The settings file ${path} cannot be read.`, { cause })
  }
  const values = readValues(path, text)
  if (values === null) return {}
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new Fault('invalid', 'config-invalid', `The settings file ${path} does not hold settings by name.`)
  }
  return values as Record<string, unknown>
}

function readValues(path: string, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    // Without its cause, which quotes the line: that may hold a secret.
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined
    const place = line === undefined ? '' : ` in line ${line}`
    throw new Fault('invalid', 'config-invalid', `The settings file ${path} is not YAML${place}.`)
  }
}

function fromEnvironment(environment: NodeJS.ProcessEnv): { from: string; values: Record<string, unknown> }[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    const known = aliases[name] ?? name
    if (!known.startsWith('TRIBUTARY_') || text === undefined || /^TRIBUTARY_(TEST_(?!_)|NO_)/.test(known)) return []
    const path = known
      .slice('TRIBUTARY_'.length)
      .split('__')
      .map((word) => word.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))
    const values: Record<string, unknown> = {}
    const last = path.pop() ?? ''
    let at = values
    for (const word of path) {
      const inner: Record<string, unknown> = {}
      at[word] = inner
      at = inner
    }
    at[last] = typedValue(text, schemaAt([...path, last]))
    return [{ from: `the environment variable ${name}`, values }]
  })
}

/** A text from the environment, read as its setting's type. */
function typedValue(text: string, schema: TSchema | undefined): unknown {
  const type = (schema as { type?: unknown } | undefined)?.type
  if (type === 'integer') return /^-?\d+$/.test(text.trim()) ? Number(text) : text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'array') {
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
  return text
}

function schemaAt(path: readonly string[]): TSchema | undefined {
  let schema: TSchema | undefined = configSchema
  for (const word of path) schema = (schema as TObject | undefined)?.properties?.[word]
  return schema
}

function refuseUnknown(values: Record<string, unknown>, schema: TObject, path: readonly string[], from: string): void {
  for (const [name, value] of Object.entries(values)) {
    const known = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (known === undefined) {
      const near = nearest(name, Object.keys(schema.properties))
      const hint = near === undefined ? '' : ` Did you mean ${[...path, near].join('.')}?`
      throw new Fault('invalid', 'config-invalid', `${from}: there is no setting ${[...path, name].join('.')}.${hint}`)
    }
    if ('properties' in known && value !== null && typeof value === 'object' && !Array.isArray(value)) {
      refuseUnknown(value as Record<string, unknown>, known as TObject, [...path, name], from)
    }
  }
}

function overlay(base: Record<string, unknown>, over: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(over)) {
    const before = base[name]
    if (isGroup(value) && isGroup(before)) overlay(before, value)
    else base[name] = isGroup(value) ? structuredClone(value) : value
  }
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function invalid(errors: readonly ErrorObject[], from: string): Fault {
  const [error] = errors
  const name = error?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  const allowed = (error?.params as { allowedValues?: unknown[] } | undefined)?.allowedValues
  const detail =
    allowed === undefined ? (error?.message ?? 'is not valid') : `must be one of ${allowed.map(String).join(', ')}`
  return new Fault('invalid', 'config-invalid', `${from}: ${name} ${detail}.`)
}

/** The known name with the fewest letters to change (Levenshtein), if not more than half of them. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((word) => ({ word, distance: distance(name.toLowerCase(), word.toLowerCase()) }))
  ranked.sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.ceil(name.length / 2) ? best.word : undefined
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
