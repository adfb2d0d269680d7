import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../../src/core/platform/config.ts'
import { readSource, root } from '../laws/source-files.ts'

const defaults = `${root}/config`
const canary = 'canary-77'

/** The settings of a process with this config/local.yaml and this environment. */
function load(local: string, environment: NodeJS.ProcessEnv = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'default.yaml'), readSource('config/default.yaml'))
  writeFileSync(join(directory, 'local.yaml'), local)
  return loadConfig(directory, environment)
}

/** How a setting is refused. */
function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toMatchObject({ kind: 'invalid', code: 'config-invalid' })
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

test('the local file is laid over the defaults, and the environment over both', () => {
  const config = load('server: { port: 1111, host: 0.0.0.0 }', { TRIBUTARY_SERVER__PORT: '2222' })
  expect(config.server).toMatchObject({ port: 2222, host: '0.0.0.0', sessionDays: 7 })
  expect(loadConfig(defaults, {}).server.port).toBe(8200)
})

test('an empty local file changes nothing', () => {
  expect(load('')).toEqual(loadConfig(defaults, {}))
  expect(load('# only a comment\n')).toEqual(loadConfig(defaults, {}))
})

test('names of the environment follow the path, words in capitals parted by underscores', () => {
  const config = loadConfig(defaults, {
    TRIBUTARY_SERVER__PUBLIC_URL: 'https://hub.example',
    TRIBUTARY_DATABASE__EMBEDDED__PORT: '5555',
    TRIBUTARY_DATABASE__STATEMENT_TIMEOUT_MS: ' 500 ',
    TRIBUTARY_KAFKA__TLS: 'true',
    TRIBUTARY_DEMO__ENABLED: 'false',
    TRIBUTARY_TEST__CRASH_AT: 'ingest:after-commit',
  })
  expect(config.server.publicUrl).toBe('https://hub.example')
  expect(config.database).toMatchObject({ embedded: { port: 5555 }, statementTimeoutMs: 500 })
  expect(config).toMatchObject({
    kafka: { tls: true },
    demo: { enabled: false },
    test: { crashAt: 'ingest:after-commit' },
  })
})

test('a list in the environment is parted by commas', () => {
  const { roles, kafka } = loadConfig(defaults, {
    TRIBUTARY_ROLES: 'api, ingest,relay',
    TRIBUTARY_KAFKA__BROKERS: 'a:9092,b:9092,',
  })
  expect(roles).toEqual(['api', 'ingest', 'relay'])
  expect(kafka.brokers).toEqual(['a:9092', 'b:9092'])
  expect(loadConfig(defaults, { TRIBUTARY_KAFKA__BROKERS: '' }).kafka.brokers).toEqual([])
})

test('the names that other programs use are understood', () => {
  const config = loadConfig(defaults, { DATABASE_URL: 'postgres://u@h/d', KAFKA_BROKERS: 'k:9092' })
  expect(config.database.url).toBe('postgres://u@h/d')
  expect(config.kafka.brokers).toEqual(['k:9092'])
})

test('the rest of the environment, and what tests and scripts set there, is not looked at', () => {
  const environment = { PATH: '/bin', TRIBUTARY_TEST_DATABASE_URL: 'x', TRIBUTARY_NO_SKIP: '1', TRIBUTARYX: '1' }
  expect(loadConfig(defaults, environment)).toEqual(loadConfig(defaults, {}))
})

test.for([
  { local: 'server: { prot: 1 }', says: 'there is no setting server.prot. Did you mean server.port?' },
  { local: 'sever: { port: 1 }', says: 'there is no setting sever. Did you mean server?' },
  {
    local: 'database: { embedded: { Port: 1 } }',
    says: 'database.embedded.Port. Did you mean database.embedded.port?',
  },
  { local: 'weather: fine', says: 'there is no setting weather.' },
  { local: 'constructor: 1', says: 'there is no setting constructor.' },
  { local: '__proto__: { port: 1 }', says: 'there is no setting __proto__.' },
])('a setting that is not there is refused: $says', ({ local, says }) => {
  const message = refusal(() => load(local))
  expect(message).toContain(says)
  expect(message).toContain('config/local.yaml')
})

test('an unknown name in the environment is told with the variable it came from', () => {
  const message = refusal(() => loadConfig(defaults, { TRIBUTARY_SERVER__PORTS: '1' }))
  expect(message).toContain('the environment variable TRIBUTARY_SERVER__PORTS')
  expect(message).toContain('Did you mean server.port?')
})

test.for([
  { local: `server: { port: ${canary} }`, says: 'server.port must be integer' },
  { local: 'server: { port: 70000 }', says: 'server.port must be <= 65535' },
  { local: 'server: 5', says: 'server must be object' },
  { local: 'server: [1]', says: 'server must be object' },
  { local: `roles: [api, ${canary}]`, says: 'must be one of api, connectors, ingest, routing, relay, webhooks, jobs' },
  { local: 'roles: []', says: 'roles must NOT have fewer than 1 items' },
  { local: 'roles: [api, api]', says: 'roles must NOT have duplicate items' },
  { local: `database: { url: "mysql://${canary}" }`, says: 'database.url must match pattern' },
  { local: `secrets: { masterKey: ${canary} }`, says: 'secrets.masterKey must match pattern' },
  { local: `kafka: { tls: ${canary} }`, says: 'kafka.tls must be boolean' },
  { local: `log: { level: ${canary} }`, says: 'log.level must be one of debug, info, warn, error' },
  { local: `kafka: { password: { a: ${canary} } }`, says: 'kafka.password must be string' },
])('a wrong value is refused by name, and not repeated: $says', ({ local, says }) => {
  const message = refusal(() => load(local))
  expect(message).toContain(says)
  expect(message).not.toContain(canary)
})

test.for([
  { name: 'TRIBUTARY_SERVER__PORT', text: '80x' },
  { name: 'TRIBUTARY_SERVER__PORT', text: '' },
  { name: 'TRIBUTARY_KAFKA__TLS', text: 'yes' },
  { name: 'TRIBUTARY_SERVER', text: canary },
  { name: 'KAFKA_BROKERS', text: `no-port-${canary}` },
  { name: 'DATABASE_URL', text: canary },
])('$name=$text is refused, with the name of the variable', ({ name, text }) => {
  const message = refusal(() => loadConfig(defaults, { [name]: text }))
  expect(message).toContain(`the environment variable ${name}`)
  if (text.includes(canary)) expect(message).not.toContain(canary)
})

test('a file that is no YAML, or holds no settings by name, is refused without being quoted', () => {
  for (const local of [`secrets: { masterKey: ${canary}`, `a: ${canary}: b`, `- ${canary}`, canary]) {
    const message = refusal(() => load(local))
    expect(message).toContain('local.yaml')
    expect(message).not.toContain(canary)
  }
})

test('a missing file of defaults is refused', () => {
  expect(refusal(() => loadConfig('/nowhere', {}))).toContain('cannot be read')
})

test('settings are frozen, inside as well', () => {
  const config = load('kafka: { brokers: ["a:1"] }')
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
  expect(frozen(config)).toBe(true)
})
