/**
 * The files of the embedded PostgreSQL: who owns them, where they lie, how they are made, and what is wrong with them when
 * the server does not start. Everything sits in one directory, of one account:
 *
 *   cluster/      PostgreSQL's own data, made in a directory of another name and moved here when complete
 *   password      the superuser's, 0600            port        where it listened last
 *   supervisor    the process that looks after it  server.log  what PostgreSQL says
 *   binaries/     a copy of the programs, only where node_modules cannot be used
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Account, BARE_ENVIRONMENT, type PostgresBinaries } from './embedded-postgres-binary.ts'
import { isRunning } from './embedded-postgres-process.ts'
import { Fault } from './errors.ts'

const run = promisify(execFile)
/** `nobody`: there on every system, so that no account has to be made. */
const NOBODY: Account = { uid: 65534, gid: 65534 }
/** A new data directory takes 40 MiB and grows at once; a running server cannot go on without its next 16 MiB of log. */
const LEAST_FREE_BYTES = { toBegin: 128 * 1024 * 1024, toGoOn: 32 * 1024 * 1024 }
export const SUPERUSER = 'postgres'

type Note = 'password' | 'port' | 'supervisor'

export interface Place {
  /** Absolute, links resolved, so that it compares with what the server says of itself. */
  readonly directory: string
  readonly cluster: string
  readonly account: Account | undefined
}

/**
 * Makes the directory if need be and settles whose it is: PostgreSQL refuses to run as root, so root runs it as the owner
 * of the directory, `nobody` when that is root itself. May be repeated.
 * Faults: `data-directory-unusable`, whose message says what to change.
 */
export async function preparePlace(dataDirectory: string): Promise<Place> {
  const wanted = resolve(dataDirectory)
  try {
    const made = await mkdir(wanted, { recursive: true, mode: 0o755 })
    const directory = await realpath(wanted)
    const account = process.getuid?.() === 0 ? await ownerFor(directory) : undefined
    if (made !== undefined) await openPath(await realpath(made), directory)
    if (account !== undefined) {
      await chown(directory, account.uid, account.gid)
      await refuseUnreachable(directory, account)
    } else {
      await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    }
    if (account !== undefined || (await stat(directory)).uid === process.getuid?.()) await chmod(directory, 0o700)
    return { directory, cluster: join(directory, 'cluster'), account }
  } catch (error) {
    throw error instanceof Fault ? error : unusable(wanted, error)
  }
}

/** The major version of the data that is there; undefined when there is none yet. Faults: `data-directory-unusable`. */
export async function majorOf(place: Place): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(place.cluster, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw unusable(place.directory, error)
  }
}

/**
 * Makes the data directory, with a random password that only its file knows. A killed run leaves nothing that the next one
 * would take for data; of two at the same time one wins and both go on with its data.
 * Faults: `database-user-unknown`, `data-directory-full`, `data-directory-unusable`, `database-start-failed`.
 */
export async function initialise(
  place: Place,
  binaries: PostgresBinaries,
  durable: 'durable' | 'throw-away',
): Promise<void> {
  refuseNamelessUser(place)
  const draft = join(place.directory, `unfinished-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await removeDrafts(place.directory)
    await refuseUnusable(place, 'toBegin')
    await keep(place, 'password', `${(await note(place, 'password')) ?? randomBytes(24).toString('base64url')}\n`)
    // Collation rules that PostgreSQL carries itself: an update of the C library or of ICU cannot corrupt an index.
    const locale =
      binaries.major >= 17
        ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : ['--locale=C.UTF-8', '--locale-provider=libc']
    await run(
      join(binaries.directory, 'initdb'),
      [
        `--pgdata=${draft}`,
        '--encoding=UTF8',
        ...locale,
        '--auth=scram-sha-256',
        `--username=${SUPERUSER}`,
        `--pwfile=${join(place.directory, 'password')}`,
        ...(durable === 'durable' ? [] : ['--no-sync']),
      ],
      { cwd: place.directory, env: BARE_ENVIRONMENT, ...place.account },
    )
    await rename(draft, place.cluster)
  } catch (error) {
    if ((await majorOf(place)) !== undefined) return
    await refuseUnusable(place, 'toBegin')
    if (error instanceof Fault) throw error
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
    throw new Fault(
      'unavailable',
      'database-start-failed',
      `initdb failed in ${place.directory}: ${said}. Set data.directory to another place, or DATABASE_URL to a server of your own.`,
      {
        cause: error,
      },
    )
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Names what keeps a server from running here, if it is the disk or the directory. */
export async function refuseUnusable(place: Place, purpose: keyof typeof LEAST_FREE_BYTES): Promise<void> {
  const disk = await statfs(place.directory).catch(() => undefined)
  if (disk !== undefined && disk.bavail * disk.bsize < LEAST_FREE_BYTES[purpose]) {
    const free = Math.floor((disk.bavail * disk.bsize) / 1024 / 1024)
    throw new Fault(
      'unavailable',
      'data-directory-full',
      `The disk of ${place.directory} is full (${free} MiB left of ${LEAST_FREE_BYTES[purpose] / 1024 / 1024} needed). Free some space there, or set data.directory to a larger disk.`,
    )
  }
  const probe = join(place.directory, `unfinished-${process.pid}-probe`)
  try {
    await writeFile(probe, '')
  } catch (error) {
    throw unusable(place.directory, error)
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}

/** Whether we may listen on the loopback port now. Port 0 answers with a free one. */
export async function freePort(port: number): Promise<number | undefined> {
  return new Promise((settle) => {
    const server = createServer()
    server.once('error', () => settle(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => settle(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

/** Reads one of the small files beside the data. */
export async function note(place: Place, name: Note): Promise<string | undefined> {
  try {
    return (await readFile(join(place.directory, name), 'utf8')).trim()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw unusable(place.directory, error)
  }
}

/** Replaces one of the small files whole, so that a crash leaves the old or the new. Only its account may read it. */
export async function keep(place: Place, name: Note, text: string): Promise<void> {
  const path = join(place.directory, name)
  const draft = join(place.directory, `unfinished-${process.pid}-${name}`)
  await writeFile(draft, text, { mode: 0o600, flush: true })
  if (place.account !== undefined) await chown(draft, place.account.uid, place.account.gid)
  await rename(draft, path)
}

/** Drafts of processes that are no more. A new process may have our own number: then they are not ours. */
async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = Number(/^unfinished-(\d+)-/.exec(name)?.[1])
    if (Number.isNaN(pid) || (pid !== process.pid && (await isRunning(pid)))) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function ownerFor(directory: string): Promise<Account> {
  const { uid, gid } = await stat(directory)
  return uid === 0 ? NOBODY : { uid, gid }
}

/** Directories that we made ourselves must not be closed to the account by a strict umask; others are not ours to open. */
async function openPath(first: string, last: string): Promise<void> {
  for (let path = dirname(last); path.length >= first.length; path = dirname(path)) await chmod(path, 0o755)
}

async function refuseUnreachable(directory: string, account: Account): Promise<void> {
  for (let path = dirname(directory); ; path = dirname(path)) {
    const { uid, gid, mode } = await stat(path)
    const search = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & search) === 0) {
      throw new Fault(
        'invalid',
        'data-directory-unusable',
        `PostgreSQL does not run as root, so it would run as user ${account.uid}, who may not enter ${path}. Set data.directory ` +
          `to a place that everybody may enter, such as /var/lib/tributary, or start as an ordinary user, or run: chmod o+x ${path}`,
      )
    }
    if (path === dirname(path)) return
  }
}

function refuseNamelessUser(place: Place): void {
  if (place.account !== undefined) return
  try {
    userInfo()
  } catch (error) {
    throw new Fault(
      'invalid',
      'database-user-unknown',
      `User ${process.getuid?.()} has no name on this system (no entry in /etc/passwd), and PostgreSQL needs one to make its data ` +
        'directory. Start as a user that has one, or set DATABASE_URL to a server of your own.',
      { cause: error },
    )
  }
}

function unusable(directory: string, cause: unknown): Fault {
  return new Fault(
    'invalid',
    'data-directory-unusable',
    `${directory} cannot be used for data (${(cause as Error).message}). Make it writable for the user that starts the program, or set ` +
      'data.directory to another place.',
    { cause },
  )
}
