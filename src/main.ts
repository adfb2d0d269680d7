/** The process: reads settings, builds the hub, prints where things are, stops it on a signal. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openHub } from './app.ts'
import { backUp, type Manifest, readBackup } from './backup.ts'
import { openRegistry } from './connectors/registry.ts'
import { loadConfig } from './core/platform/config.ts'
import { armCrash } from './core/platform/crash-points.ts'
import { Fault } from './core/platform/errors.ts'
import { openLog, silentLog } from './core/platform/log.ts'
import { demoPhones } from './demo-phones.ts'
import { openGround } from './ground.ts'
import { moveLog } from './move-log.ts'
import { restore } from './restore.ts'
import { type FirstLogins, newApiKey, resetPassword } from './setup.ts'

const root = join(import.meta.dirname, '..')

/** How long a stop may take before the process ends all the same: the crash path is as correct. */
const stopMs = 10_000

async function start(): Promise<void> {
  const config = loadConfig(join(root, 'config'))
  armCrash(config.test.crashAt, config.test.crashLog)
  const log = openLog({ level: config.log.level })
  const stopping = new AbortController()
  const opened = openHub(config, root, log, stopping.signal)
  const stop = async () => {
    if (stopping.signal.aborted) process.exit(1)
    stopping.abort()
    setTimeout(() => process.exit(1), stopMs).unref()
    await (await opened.catch(() => undefined))?.close()
    process.exit(0)
  }
  process.on('SIGINT', () => void stop())
  process.on('SIGTERM', () => void stop())
  process.on('uncaughtException', (err) => {
    log.error({ err }, 'the process ends: a fault that nobody foresaw')
    process.exit(1)
  })
  const hub = await opened
  say(hub.places, hub.firstLogins)
}

async function admin(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { tenant: { type: 'string' }, name: { type: 'string', default: 'admin' } },
  })
  const [task, login] = positionals
  if (task === 'move-log') {
    await moveLog(loadConfig(join(root, 'config')), root, silentLog)
    process.stderr.write('The log lies in Kafka now. Start the hub with the same settings.\n')
    return
  }
  if (!((task === 'reset-password' && login !== undefined) || task === 'new-key' || task === 'demo-phones')) {
    throw new Fault(
      'invalid',
      'command-unknown',
      'npm run admin -- reset-password <e-mail or number> [--tenant slug]\nnpm run admin -- new-key [--name name] [--tenant slug]\nnpm run admin -- demo-phones [--tenant slug]\nnpm run admin -- move-log',
    )
  }
  const config = loadConfig(join(root, 'config'))
  const ground = await openGround(config, root, silentLog, new AbortController().signal)
  const { db, vault } = ground
  const act = async () => {
    if (task === 'new-key') return newApiKey(db, values.name, values.tenant)
    if (task === 'reset-password') return resetPassword(db, login ?? '', values.tenant)
    return demoPhones(db, vault, await openRegistry(config.connectors.extra, root), values.tenant)
  }
  try {
    const made = await act()
    process.stdout.write(`${made}\n`)
  } finally {
    await ground.close()
  }
}

/** `npm run backup -- FOLDER`, `npm run restore -- FOLDER`, with `--check` only whether it could be restored. */
async function keep(word: 'backup' | 'restore', words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false } },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) {
    throw new Fault('invalid', 'command-unknown', 'npm run backup -- FOLDER\nnpm run restore -- FOLDER [--check]')
  }
  const began = Date.now()
  const config = () => loadConfig(join(root, 'config'))
  const tell = ({ madeAt, tables, blobs, absent }: Manifest, what: string) => {
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    const missing = absent === 0 ? '' : `, ${absent} files were on their way and are not in it`
    process.stderr.write(
      `${what}: ${rows} rows of ${tables.length} tables, ${blobs.length} files, of ${madeAt}${missing}; ${Date.now() - began} ms.\n`,
    )
  }
  if (word === 'backup') return tell(await backUp(config(), root, folder, silentLog), 'Backed up')
  if (values.check) return tell(await readBackup(folder), 'Whole')
  tell(await restore(config(), root, folder, silentLog), 'Restored and checked')
}

/** For people, not for programs: on the standard error, so that the log on the standard output stays one JSON a line. */
function say(places: Readonly<Record<string, string>>, first: FirstLogins | undefined): void {
  const rows = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, value]) => `  ${name.padEnd(14)} ${value}`).join('\n')
  const lines = ['', 'Tributary 汇流 is running.', rows(Object.entries(places))]
  if (first !== undefined) {
    lines.push(
      '',
      'The demo shop is set up. Shown once; `npm run admin -- reset-password <login>` and `-- new-key` make new ones:',
      rows(first.logins.map(({ role, name, login, password }) => [role, `${login}  ${password}  (${name})`] as const)),
      rows([['API key', first.apiKey]]),
    )
  }
  process.stderr.write(`${lines.join('\n')}\n\n`)
}

try {
  const [word, ...rest] = process.argv.slice(2)
  if (word === 'admin') await admin(rest)
  else if (word === 'backup' || word === 'restore') await keep(word, rest)
  else await start()
} catch (error) {
  if (!(error instanceof Fault)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
