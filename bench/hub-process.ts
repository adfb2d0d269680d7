/** A whole hub as a process of its own, as `npm start` runs it, on the database and the log of the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../scripts/runtime.ts'
import { residentBytes } from './measure.ts'
import type { BenchOptions } from './scenario.ts'

export interface HubProcess {
  readonly pid: number
  readonly url: string
  readonly apiKey: string
  /** The password of a member of the demo, by login. */
  passwordOf(login: string): string
  /** What it holds, in MB, once it has collected all it can: it is made to. */
  heldMb(): Promise<number>
  /** What of its memory lies in the machine's, in MB. */
  residentMb(): Promise<number>
  stop(): Promise<void>
}

export async function startHubProcess(databaseUrl: string, options: BenchOptions): Promise<HubProcess> {
  const data = await mkdtemp(join(tmpdir(), 'tributary-bench-hub-'))
  const port = await freePort()
  const child = spawn(process.execPath, ['--inspect-port=127.0.0.1:0', 'src/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: options.log === 'kafka' ? options.kafkaBrokers.join(',') : '',
      TRIBUTARY_KAFKA__TOPIC_PREFIX: `bench-${randomUUID().slice(0, 8)}.`,
      TRIBUTARY_SERVER__PORT: `${port}`,
      TRIBUTARY_DATA__DIRECTORY: data,
      TRIBUTARY_LOG__LEVEL: 'warn',
      // Platforms are played on this machine.
      TRIBUTARY_EGRESS__ALLOW: '127.0.0.0/8',
      TRIBUTARY_CONNECTORS__EXTRA: join(root, 'bench/load-connector.ts'),
      // One machine plays all customers.
      TRIBUTARY_SERVER__REQUESTS_PER_MINUTE: '1000000000',
      TRIBUTARY_SERVER__ANONYMOUS_REQUESTS_PER_MINUTE: '1000000000',
    },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const said = await firstWords(child)
  let inspector: Promise<string> | undefined
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    apiKey: /\btbk_\S+/.exec(said)?.[0] ?? '',
    async heldMb() {
      inspector ??= openInspector(child)
      return heldMb(await inspector)
    },
    async residentMb() {
      return (await residentBytes(child.pid ?? 0)) / 1_000_000
    },
    passwordOf: (login) => new RegExp(`\\b${login}\\s+(\\S+)`).exec(said)?.[1] ?? '',
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** What it says until it runs. Rejects when it ends before that. */
function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('is running') && /API key\s+tbk_\S+\s/.test(said)) resolve(said)
      })
    }
    child.once('exit', (code) => reject(new Error(`The hub ended with ${code}: ${said}`)))
  })
}

/** Has it listen for an inspector, which it does not while it is measured otherwise; answers with the address. */
function openInspector(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('The hub has ended.')))
    child.stderr?.on('data', (text: string) => {
      const [address] = /ws:\S+/.exec(text) ?? []
      if (address !== undefined) resolve(address)
    })
    child.kill('SIGUSR1')
  })
}

/** Asks over the inspector's protocol: https://chromedevtools.github.io/devtools-protocol/v8/. */
async function heldMb(inspector: string): Promise<number> {
  const socket = new WebSocket(inspector)
  const ask = (id: number, method: string) =>
    new Promise<{ usedSize?: number }>((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('The inspector does not answer.')))
      socket.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: { usedSize?: number } }
        if (answer.id === id) resolve(answer.result ?? {})
      })
      socket.send(JSON.stringify({ id, method }))
    })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('The inspector cannot be reached.')))
  })
  try {
    await ask(1, 'HeapProfiler.collectGarbage')
    return ((await ask(2, 'Runtime.getHeapUsage')).usedSize ?? 0) / 1_000_000
  } finally {
    socket.close()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })
}
