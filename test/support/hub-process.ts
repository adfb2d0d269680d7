/** The hub as its users have it: a process of its own, started with settings, stopped, killed, started again. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestDatabase } from './database.ts'
import { eventually } from './eventually.ts'

const root = join(import.meta.dirname, '../..')
const command = promisify(execFile)

export interface HubProcess {
  /** `http://127.0.0.1:<port>`, the same over all starts. */
  readonly base: string
  readonly apiKey: string
  /** Passwords that the first start has shown, by login. */
  readonly passwords: ReadonlyMap<string, string>
  /** Everything that any start has written to its log. */
  log(): string
  /** Starts it (again); resolves when it is open. `crashAt` arms a crash point, `name` or `name:3`. */
  start(crashAt?: string): Promise<void>
  /** Resolves with the crash points hit so far, once the process is dead. */
  died(): Promise<string[]>
  isRunning(): boolean
  kill(): Promise<void>
  /** Stops as Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>
  /** One of the operator's commands beside it, `npm run admin -- …`; resolves with what it prints. */
  admin(...words: string[]): Promise<string>
  /** Stops it and removes what it kept. */
  close(): Promise<void>
}

export interface HubOptions {
  readonly kafkaBrokers?: string | undefined
  readonly settings?: Readonly<Record<string, string>>
  readonly databaseUrl?: string
}

/** A hub of its own on a database of its own, with the demo shop, started. */
export async function startHub(options: HubOptions = {}): Promise<HubProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-hub-'))
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined
  const port = await freePort()
  const crashLog = join(directory, 'crashes')
  const lines: string[] = []
  const errors: string[] = []
  let child: ChildProcess | undefined
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TRIBUTARY_SERVER__PORT: String(port),
    TRIBUTARY_DATA__DIRECTORY: join(directory, 'data'),
    TRIBUTARY_EGRESS__ALLOW: '127.0.0.0/8',
    TRIBUTARY_SERVER__REQUESTS_PER_MINUTE: '1000000',
    TRIBUTARY_SERVER__ANONYMOUS_REQUESTS_PER_MINUTE: '1000000',
    TRIBUTARY_TEST__CRASH_LOG: crashLog,
    DATABASE_URL: database?.url ?? options.databaseUrl,
    ...(options.kafkaBrokers && {
      KAFKA_BROKERS: options.kafkaBrokers,
      TRIBUTARY_KAFKA__TOPIC_PREFIX: `t${port}-${process.pid}.`,
      TRIBUTARY_LOG__PARTITIONS: '4',
    }),
    ...options.settings,
  }

  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const ended = () => eventually(() => !isRunning() || undefined, 60_000)
  const crashes = () => (existsSync(crashLog) ? readFileSync(crashLog, 'utf8').trim().split('\n') : [])

  const hub = {
    base: `http://127.0.0.1:${port}`,
    apiKey: '',
    passwords: new Map<string, string>(),
    log: () => lines.join(''),
    isRunning,
    async start(crashAt = '') {
      if (isRunning()) throw new Error('the hub runs already')
      const started = spawn(process.execPath, ['src/main.ts'], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...env, TRIBUTARY_TEST__CRASH_AT: crashAt },
      })
      child = started
      const from = errors.length
      started.stdout.on('data', (data) => lines.push(String(data)))
      started.stderr.on('data', (data) => errors.push(String(data)))
      const said = () => errors.slice(from).join('')
      await eventually(() => said().includes('is running.') || !isRunning())
      if (!isRunning() && crashes().length === 0)
        throw new Error(`the hub ended: ${said()} ${lines.slice(-3).join('')}`)
      const key = /API key\s+(tbk_\S+)/.exec(errors.join(''))?.[1]
      if (key !== undefined) hub.apiKey = key
      for (const [, login, password] of errors
        .join('')
        .matchAll(/^ {2}(?:admin|supervisor|agent)\s+(\S+) {2}(\S+)/gm)) {
        if (login !== undefined && password !== undefined) hub.passwords.set(login, password)
      }
    },
    async died() {
      await ended().catch((cause: unknown) => {
        throw new Error(`the hub did not end: ${lines.join('').slice(-3000)}`, { cause })
      })
      return crashes()
    },
    async kill() {
      child?.kill('SIGKILL')
      await ended()
    },
    async stop() {
      child?.kill('SIGINT')
      await ended()
      return child?.exitCode ?? null
    },
    async admin(...words: string[]) {
      return (await command(process.execPath, ['src/main.ts', 'admin', ...words], { cwd: root, env })).stdout
    },
    async close() {
      if (isRunning()) await hub.kill()
      await database?.drop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  try {
    await hub.start()
  } catch (error) {
    await hub.close()
    throw error
  }
  return hub
}

/** A port that nothing listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** The processes of voices of the hub that listens there, one for each channel. Linux. */
export function voicesOf(base: string): number[] {
  const ofHub = `TRIBUTARY_SERVER__PORT=${new URL(base).port}`
  const found: number[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('media-child.ts')) continue
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      if (readFileSync(`/proc/${parent}/environ`, 'utf8').includes(ofHub)) found.push(Number(pid))
    } catch {
      // It ended while we looked.
    }
  }
  return found
}
