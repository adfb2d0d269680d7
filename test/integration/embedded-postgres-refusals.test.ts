/** Whose the embedded PostgreSQL is, and how it says what is wrong: each refusal names the setting to change. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testWhen } from '../support/applying.ts'
import {
  afterwards,
  as,
  ask,
  copySeed,
  emptyDirectory,
  faultOf,
  isRoot,
  kill,
  lineOf,
  nobody,
  node,
  prepareSeed,
  program,
  seeded,
  serverOf,
  start,
  startChild,
  taken,
} from '../support/embedded-postgres.ts'

const canBecomeNobody =
  isRoot &&
  spawnSync('setpriv', [...as(nobody), node, '--eval', 'fs.readFileSync(process.argv[1])', program]).status === 0
const canMount = isRoot && process.platform === 'linux' && canMountHere()

prepareSeed()

test('a taken port names the setting', async () => {
  const port = await taken()
  const fault = await faultOf({ dataDirectory: await seeded(), port })
  expect(fault.code).toBe('database-port-taken')
  expect(fault.message).toContain('database.embedded.port')
  expect(fault.message).toContain(String(port))
})

test('a data directory that cannot be made names the setting', async () => {
  const file = join(await emptyDirectory(), 'file')
  await writeFile(file, '')
  const fault = await faultOf({ dataDirectory: join(file, 'data') })
  expect(fault.code).toBe('data-directory-unusable')
  expect(fault.message).toContain('data.directory')
})

testWhen(!isRoot || canBecomeNobody)('a data directory that may not be written names the setting', async () => {
  const directory = await emptyDirectory()
  await chmod(directory, 0o555)
  const dataDirectory = join(directory, 'data')
  const said = isRoot
    ? await lineOf(
        spawn('setpriv', [...as(nobody), node, program, dataDirectory], { stdio: ['ignore', 'pipe', 'inherit'] }),
      )
    : await faultOf({ dataDirectory })
  expect(said.code).toBe('data-directory-unusable')
  expect(said.message).toContain('data.directory')
})

testWhen(isRoot)('as root, a directory that the server’s user may not enter is named with the setting', async () => {
  const closed = await emptyDirectory()
  await chmod(closed, 0o700)
  const fault = await faultOf({ dataDirectory: join(closed, 'data') })
  expect(fault.code).toBe('data-directory-unusable')
  expect(fault.message).toContain(closed)
  expect(fault.message).toContain('data.directory')
})

testWhen(canMount)('a full disk names the setting, at the first start and at a later one', async () => {
  const disk = await emptyDirectory()
  mount(disk, '20m')
  const first = await faultOf({ dataDirectory: join(disk, 'data') })
  expect(first.code).toBe('data-directory-full')
  expect(first.message).toContain('data.directory')
  spawnSync('umount', [disk])
  mount(disk, '200m')
  const dataDirectory = join(disk, 'data')
  await mkdir(dataDirectory)
  await copySeed(dataDirectory)
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=1M'])
  const later = await faultOf({ dataDirectory })
  expect(later.code).toBe('data-directory-full')
  expect(later.message).toContain('data.directory')
})

test('data of another major version is refused and left as it is', async () => {
  const dataDirectory = await seeded()
  const path = join(dataDirectory, 'cluster/PG_VERSION')
  await writeFile(path, '9\n')
  const fault = await faultOf({ dataDirectory })
  expect(fault.code).toBe('postgres-version-mismatch')
  expect(fault.message).toContain('data.directory')
  expect(await readFile(path, 'utf8')).toBe('9\n')
})

test('a setting that the server refuses is told in its own words, at once', async () => {
  const fault = await faultOf({ dataDirectory: await seeded(), settings: { shared_buffers: 'plenty' } })
  expect(fault.code).toBe('database-start-failed')
  expect(fault.message).toContain('invalid value for parameter "shared_buffers": "plenty"')
})

testWhen(isRoot)('as root the server runs as nobody, who owns its files', async () => {
  const { dataDirectory } = await start({ dataDirectory: await seeded() })
  expect((await stat(join(dataDirectory, 'cluster'))).uid).toBe(nobody)
  expect((await stat(`/proc/${await serverOf(dataDirectory)}`)).uid).toBe(nobody)
})

testWhen(isRoot)('as root the server runs as the owner that the data directory has', async () => {
  const dataDirectory = await emptyDirectory()
  await chown(dataDirectory, 1, 1)
  await start({ dataDirectory })
  expect((await stat(`/proc/${await serverOf(dataDirectory)}`)).uid).toBe(1)
})

testWhen(canBecomeNobody)('as an ordinary user the server runs as that user', async () => {
  const dataDirectory = await emptyDirectory()
  await chown(dataDirectory, nobody, nobody)
  const child = await startChild(dataDirectory, nobody)
  expect(child.uid).toBe(nobody)
  expect((await stat(join(dataDirectory, 'cluster'))).uid).toBe(nobody)
  expect(await ask(child.url, 'select 1 as n')).toEqual([{ n: 1 }])
  const pid = await serverOf(dataDirectory)
  await kill(child.process)
  // What an ordinary user began, root goes on with, and the other way round.
  const server = await start({ dataDirectory })
  expect(await serverOf(dataDirectory)).toBe(pid)
  await server.stop()
  expect((await startChild(dataDirectory, nobody)).url).toBe(child.url)
})

testWhen(canBecomeNobody)('a user without a name gets told so', async () => {
  const dataDirectory = await emptyDirectory()
  await chown(dataDirectory, 54321, 54321)
  const child = spawn('setpriv', [...as(54321), node, program, dataDirectory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = await lineOf(child)
  expect(said.code).toBe('database-user-unknown')
  expect(said.message).toContain('DATABASE_URL')
})

function mount(directory: string, size: string): void {
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', directory]).status).toBe(0)
  afterwards(async () => spawnSync('umount', [directory]))
}

/** Whether this root may mount, which root in a container may not. */
function canMountHere(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]).status === 0
  if (mounted) spawnSync('umount', [directory])
  rmSync(directory, { recursive: true })
  return mounted
}
