/** A hub kept and brought back by the commands that operators use: from the embedded database to one outside, and on to Kafka. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Manifest } from '../../src/backup.ts'
import { eventually } from '../support/eventually.ts'
import { formWith } from '../support/files.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith, kafkaBrokers } from '../support/services.ts'

const root = join(import.meta.dirname, '../..')
const kafkaSettings = {
  KAFKA_BROKERS: kafkaBrokers ?? '',
  TRIBUTARY_KAFKA__TOPIC_PREFIX: `backup-${randomBytes(4).toString('hex')}.`,
  TRIBUTARY_LOG__PARTITIONS: '4',
}

let folder: string
let first: HubProcess
let key: string
let fileId: string
/** The outside server's database, in the hands of a role that is no superuser. */
let outside: string
let masterKey: string
const settings: Record<string, string> = {}
const open: HubProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-backup-'))
  // The embedded server of a run as root is another account's.
  chmodSync(folder, 0o711)
  settings.TRIBUTARY_DATA__DIRECTORY = join(folder, 'data')
  first = await startHub({ databaseUrl: '', settings })
  open.push(first)
  key = first.apiKey
  await say(first, '在吗')
  const { body, headers } = formWith('价目表.pdf', Buffer.from('%PDF-1.4 tea'), 'application/pdf')
  const answer = await fetch(`${first.base}/v1/files`, { method: 'POST', body, headers: { ...headers, ...bearer() } })
  fileId = ((await answer.json()) as { id: string }).id
  masterKey = readFileSync(join(folder, 'data', 'master.key'), 'utf8').trim()
  outside = await ownDatabase()
}, 120_000)

afterAll(async () => {
  for (const hub of open) await hub.close()
  const name = new URL(outside).pathname.slice(1)
  await asSuperuser(`drop database if exists ${name} with (force)`, `drop owned by ${name}`, `drop role ${name}`)
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

const bearer = () => ({ authorization: `Bearer ${key}` })

async function ask<T>(hub: HubProcess, path: string, body?: unknown, token = key): Promise<T> {
  const answer = await fetch(hub.base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  expect(answer.status, path).toBeLessThan(300)
  return (await answer.json()) as T
}

/** A visitor of the web chat says something; resolves when it stands in a conversation. */
async function say(hub: HubProcess, text: string): Promise<void> {
  const { data } = await ask<{ data: { id: string; kind: string }[] }>(hub, '/v1/channels')
  const channelId = data.find(({ kind }) => kind === 'webchat')?.id
  const { token } = await ask<{ token: string }>(hub, '/v1/visitor/sessions', { channelId })
  await ask(
    hub,
    '/v1/visitor/messages',
    { clientId: randomBytes(8).toString('hex'), parts: [{ type: 'text', text }] },
    token,
  )
  await eventually(async () => (await said(hub)).includes(text))
}

async function said(hub: HubProcess): Promise<string[]> {
  const { data } = await ask<{ data: { id: string }[] }>(hub, '/v1/conversations')
  const pages = await Promise.all(
    data.map(({ id }) => ask<{ data: { parts: { text?: string }[] }[] }>(hub, `/v1/conversations/${id}/messages`)),
  )
  return pages.flatMap((page) => page.data.flatMap(({ parts }) => parts.map(({ text }) => text ?? '')))
}

const epochOf = async (hub: HubProcess) => (await ask<{ next: string }>(hub, '/v1/events?limit=1')).next.split(':')[0]

/** One of the npm commands, as its script runs it. */
function command(
  words: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
    execFile(process.execPath, ['src/main.ts', ...words], { cwd: root, env }, (error, _out, said) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, said }),
    )
  })
}

async function asSuperuser(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

async function ownDatabase(): Promise<string> {
  const name = `outside_${randomBytes(6).toString('hex')}`
  await asSuperuser(
    `create role ${name} login createrole password 'x'`,
    `grant tributary_app, tributary_worker to ${name} with admin option`,
    `create database ${name} owner ${name}`,
  )
  const url = new URL(inject('postgresUrl'))
  Object.assign(url, { pathname: `/${name}`, username: name, password: 'x' })
  return url.href
}

const manifestIn = (name: string) => JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')) as Manifest
const at = (name: string) => join(folder, name)
const elsewhere = () => ({
  DATABASE_URL: outside,
  TRIBUTARY_DATA__DIRECTORY: at('moved'),
  TRIBUTARY_SECRETS__MASTER_KEY: masterKey,
})

test('a backup is made while the hub runs, whole, of one moment, readable by its owner alone, over nothing', async () => {
  expect(await command(['backup', at('one')], settings)).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^Backed up/),
  })
  expect((await command(['backup', at('one')], settings)).said).toContain('is there already')
  const manifest = manifestIn('one')
  expect(manifest.tables.find(({ name }) => name === 'messages')?.rows).toBe(1)
  expect(manifest.blobs).toHaveLength(1)
  expect(statSync(at('one')).mode & 0o077).toBe(0)
  expect(existsSync(at('one.unfinished'))).toBe(false)
  expect(JSON.stringify(manifest)).not.toContain(masterKey)
  expect((await command(['restore', '--check', at('one')], {})).said).toMatch(/^Whole/)
  await say(first, '后来的')
})

test('nothing is restored over what is there, of what is broken, or without the hub’s own master key', async () => {
  expect((await command(['restore', at('one')], settings)).said).toContain('restore into an empty one')
  cpSync(at('one'), at('bent'), { recursive: true })
  appendFileSync(join(at('bent'), 'tables', 'messages.gz'), 'x')
  expect((await command(['restore', at('bent')], elsewhere())).said).toContain('is not what was written')
  const { TRIBUTARY_SECRETS__MASTER_KEY: _, ...keyless } = elsewhere()
  expect((await command(['restore', at('one')], keyless)).said).toContain('master key')
  const other = { ...elsewhere(), TRIBUTARY_SECRETS__MASTER_KEY: randomBytes(32).toString('base64') }
  expect((await command(['restore', at('one')], other)).said).toContain('not the master key')
})

test('a hub restored outside goes on with all that was kept, under a new epoch', async () => {
  const before = await epochOf(first)
  await first.stop()
  expect(await command(['restore', at('one')], elsewhere())).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^Restored/),
  })
  const { DATABASE_URL: databaseUrl, ...rest } = elsewhere()
  const second = await startHub({ databaseUrl, settings: rest })
  open.push(second)
  expect(await said(second)).toEqual(['在吗'])
  expect(await epochOf(second)).not.toBe(before)
  const file = await ask<{ addresses: { download: string } }>(second, `/v1/files/${fileId}`)
  const address = new URL(file.addresses.download)
  expect(await (await fetch(second.base + address.pathname + address.search)).text()).toBe('%PDF-1.4 tea')
  await say(second, '还在吗')
  expect((await said(second)).toSorted()).toEqual(['在吗', '还在吗'].toSorted())
  await second.stop()
})

test('what a role without rights of a superuser backs up is the whole, and goes back into an embedded database', async () => {
  expect((await command(['backup', at('two')], elsewhere())).said).toMatch(/^Backed up/)
  const [one, two] = [manifestIn('one'), manifestIn('two')]
  const rowsOf = (manifest: Manifest, table: string) => manifest.tables.find(({ name }) => name === table)
  for (const table of ['tenants', 'members', 'skill_groups', 'api_keys', 'files']) {
    expect(rowsOf(two, table)?.rows, table).toBe(rowsOf(one, table)?.rows)
  }
  expect(rowsOf(two, 'messages')?.rows).toBe(2)
  expect(rowsOf(two, 'events')?.rows).toBeGreaterThan(rowsOf(one, 'events')?.rows ?? 0)
  const back = { TRIBUTARY_DATA__DIRECTORY: at('back'), TRIBUTARY_SECRETS__MASTER_KEY: masterKey }
  expect((await command(['restore', at('two')], back)).said).toMatch(/^Restored/)
})

describeWith('KAFKA_BROKERS', kafkaBrokers, 'the way to Kafka', () => {
  test('a log that is left in the database is refused, moved by a command, and nothing is lost on the way', async () => {
    const { DATABASE_URL: databaseUrl, ...rest } = elsewhere()
    const production = { ...rest, ...kafkaSettings }
    // A hub that went down before everybody had read the log: reception had not even begun.
    const behind = await startHub({
      databaseUrl,
      settings: { ...rest, TRIBUTARY_ROLES: 'api,connectors,ingest,routing,relay' },
    })
    open.push(behind)
    await say(behind, '走之前')
    await behind.stop()
    await expect(startHub({ databaseUrl, settings: production })).rejects.toThrow('move-log')
    const moved = await command(['admin', 'move-log'], { DATABASE_URL: databaseUrl, ...production })
    expect(moved.said).toContain('lies in Kafka now')
    const third = await startHub({ databaseUrl, settings: production })
    open.push(third)
    await say(third, '搬家了')
    expect((await said(third)).toSorted()).toEqual(['在吗', '还在吗', '走之前', '搬家了'].toSorted())
    await third.stop()
    expect((await command(['admin', 'move-log'], { DATABASE_URL: databaseUrl, ...production })).said).toContain(
      'holds records',
    )
  }, 240_000)
})
