/**
 * Builds the web pages when they are not what the sources say: `node scripts/build-web.ts`, and from the start command.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSources, stampFile } from '../web/stamp.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'web/dist')
const lockFile = join(root, 'web/dist.lock')

/**
 * Makes sure that web/dist is built from today's sources. A few seconds when it was not, milliseconds when it was.
 *
 * Where Vite is not installed (a production image) a dist that exists is taken as it is; with neither it throws. Processes that
 * build at once wait for each other.
 */
export async function buildWebIfStale(): Promise<'built' | 'fresh' | 'as-found'> {
  const vite = await import('vite').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    return undefined
  })
  if (!vite) {
    if ((await readStamp()) !== undefined) return 'as-found'
    throw new Error('The web pages are not built, and Vite is not installed: run npm ci, then npm run build:web.')
  }
  if (await isFresh()) return 'fresh'
  await lock()
  try {
    if (await isFresh()) return 'fresh'
    await rm(dist, { recursive: true, force: true })
    const builder = await vite.createBuilder(
      { configFile: join(root, 'web/vite.config.ts'), configLoader: 'native', logLevel: 'error', mode: 'production' },
      null,
    )
    await builder.buildApp()
    return 'built'
  } finally {
    await rm(lockFile, { force: true })
  }
}

const readStamp = () => readFile(stampFile, 'utf8').catch(() => undefined)
const isFresh = async () => (await readStamp()) === (await hashSources())

/** Takes the lock, from a process that died with it too. */
async function lock(): Promise<void> {
  while (!(await take())) {
    const holder = Number(await readFile(lockFile, 'utf8').catch(() => ''))
    if (holder > 0 && !isRunning(holder)) await rm(lockFile, { force: true })
    else await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const take = () =>
  writeFile(lockFile, String(process.pid), { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      return false
    },
  )

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

if (process.argv[1] === import.meta.filename) console.log(`The web pages are ${await buildWebIfStale()}.`)
