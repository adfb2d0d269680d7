/**
 * The server as the operating system sees it: how it is spawned, whether a process lives, whose lock lies in the data
 * directory, and how to end a server that may not be our child.
 */
import { spawn } from 'node:child_process'
import { chown, open, readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BARE_ENVIRONMENT } from './embedded-postgres-binary.ts'
import type { Place } from './embedded-postgres-cluster.ts'

const WATCH_MS = 100
/** A fast shutdown ends sessions and writes a checkpoint; after this the server is told to drop everything. */
const FAST_STOP_MS = 30_000
const QUICK_STOP_MS = 10_000
const LARGEST_LOG_BYTES = 8 * 1024 * 1024

/** Starts the server as a process that outlives ours. `ended` tells how it went away; pid 0: it could not be spawned. */
export async function spawnServer(
  place: Place,
  binaries: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ pid: number; ended: Promise<string> }> {
  const output = await openServerLog(place)
  const child = spawn(
    join(binaries, 'postgres'),
    ['-D', place.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: place.directory,
      env: BARE_ENVIRONMENT,
      // A session of its own: Ctrl-C in the terminal must not reach the server before we have let go of it.
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      ...place.account,
    },
  )
  const ended = new Promise<string>((settle) => {
    child.once('error', (error) => settle(error.message))
    child.once('exit', (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  child.unref()
  await output.close()
  return { pid: child.pid ?? 0, ended }
}

async function openServerLog({ directory, account }: Place) {
  const path = join(directory, 'server.log')
  const size = await stat(path).then(
    (entry) => entry.size,
    () => 0,
  )
  if (size > LARGEST_LOG_BYTES) await rename(path, `${path}.1`)
  const file = await open(path, 'a', 0o600)
  if (account !== undefined) await chown(path, account.uid, account.gid)
  return file
}

/** The head of postmaster.pid, https://www.postgresql.org/docs/18/storage-file-layout.html. Port 0: not written yet. */
export interface Lock {
  readonly pid: number
  readonly port: number
}

/** Who holds the data directory, or held it when it was killed. */
export async function readLock(cluster: string): Promise<Lock | undefined> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Math.abs(Number(lines[0]))
  return pid > 0 ? { pid, port: Number(lines[3]) || 0 } : undefined
}

/** Whether the process is a PostgreSQL at work in the directory, not one that inherited its number. Needs /proc to say yes. */
export async function worksIn(cluster: string, pid: number): Promise<boolean> {
  return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === cluster
}

/**
 * Takes away the lock of a server that is no more, when its number now belongs to another process of the same user: after a
 * restart of a container numbers begin anew, and PostgreSQL, which only sees that the number lives, would refuse for ever.
 * Leaves it where any process still works in the directory, or where one cannot know (without /proc).
 */
export async function dropStaleLock(cluster: string, lock: Lock): Promise<boolean> {
  const processes = await readdir('/proc').catch((): string[] => [])
  if (!processes.includes(String(process.pid))) return false
  for (const pid of processes.map(Number)) if (pid > 0 && (await worksIn(cluster, pid))) return false
  if ((await readLock(cluster))?.pid !== lock.pid) return false
  await rm(join(cluster, 'postmaster.pid'), { force: true })
  return true
}

/** Whether the process runs; one that has ended but was not collected by its parent does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return (await statusOf(pid))?.state !== 'Z'
}

/** Names a process beyond the reuse of its number, where the system tells when it began. */
export async function processName(pid: number): Promise<string> {
  return `${pid} ${(await statusOf(pid))?.startedAt ?? ''}`.trim()
}

/** Resolves when a process that is not our child has ended. Does not keep our own process alive. */
export async function endOf(pid: number): Promise<string> {
  while (await isRunning(pid)) await pause(WATCH_MS, undefined, { ref: false })
  return 'it ended while another process was its parent'
}

/** Ends a server: the fast way (sessions dropped, checkpoint written), then the immediate, then by force. */
export async function endServer(pid: number, ended: Promise<string>): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', QUICK_STOP_MS],
    ['SIGKILL', QUICK_STOP_MS],
  ] as const) {
    if (!(await isRunning(pid))) return
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw error
    }
    const patient = new AbortController()
    const timeOut = pause(patience, 'timeout', { signal: patient.signal }).catch(() => 'ended')
    const outcome = await Promise.race([ended.then(() => 'ended'), timeOut])
    patient.abort()
    if (outcome === 'ended') return
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 3 and 22; the second may hold blanks and brackets. */
async function statusOf(pid: number): Promise<{ state: string; startedAt: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : { state: fields[0] ?? '', startedAt: fields[19] ?? '' }
}
