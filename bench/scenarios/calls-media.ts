/**
 * Recorded calls of two sides on one core, through the embedded engine and through rtpengine (the baseline: Debian's, in user space), in turn.
 * More and more calls, until one in a thousand packets is lost or the 99th of a hundred comes more than 20 ms later than without an engine. The
 * engine has one core, the telephones have the rest: where they cannot keep up, the step says nothing and the ramp ends. The ratio is that of
 * calls per core: calls of the highest step that held, over the share of the core that it took.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedMedia } from '../../src/connectors/sip/embedded-media.ts'
import type { CallMedia, MediaEngine } from '../../src/connectors/sip/media.ts'
import { openRtpengine } from '../../src/connectors/sip/rtpengine.ts'
import { cpuSeconds, median, percentile, residentBytes, round } from '../measure.ts'
import type { BenchOptions, Scenario } from '../scenario.ts'
import type { LoadAnswer, LoadOrder } from '../voice-load.ts'

const steps = [25, 50, 100, 150, 200, 250, 300, 400, 500]
const most = { addedMs: 20, lost: 0.001 }
const ngPort = 22_990
const host = '127.0.0.1'

interface Step {
  readonly calls: number
  readonly share: number
  readonly p99Ms: number
  readonly lost: number
  readonly bytesPerCall: number
}

export const scenario: Scenario = {
  name: 'calls-media',
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-calls-'))
    const load = fork(join(import.meta.dirname, '../voice-load.ts'), { execArgv: [] })
    pin(load.pid, 1)
    try {
      const [own, theirs]: [Step[], Step[]] = [[], []]
      for (let n = 0; n < options.rounds; n++) {
        own.push(await ramp('embedded', options, load, folder))
        theirs.push(await ramp('rtpengine', options, load, folder))
      }
      const [subject, baseline] = [own, theirs].map(figuresOf)
      const ratio = median(own.map((step, n) => perCore(step) / perCore(theirs[n] ?? step)))
      return { figures: subject ?? {}, baseline: baseline ?? {}, ratio: round(ratio, 2) }
    } finally {
      load.disconnect()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function figuresOf(all: readonly Step[]) {
  const of = (pick: (step: Step) => number, digits = 0) => round(median(all.map(pick)), digits)
  return {
    callsPerCore: of(perCore),
    heldCalls: of(({ calls }) => calls),
    coreShare: of(({ share }) => share, 2),
    addedP99Ms: of(({ p99Ms }) => p99Ms, 1),
    lostShare: of(({ lost }) => lost, 5),
    kilobytesPerCall: of(({ bytesPerCall }) => bytesPerCall / 1024),
  }
}

function perCore({ calls, share }: Step): number {
  return share === 0 ? 0 : calls / share
}

/** The highest step that held. */
async function ramp(
  name: 'embedded' | 'rtpengine',
  options: BenchOptions,
  load: ChildProcess,
  folder: string,
): Promise<Step> {
  let held: Step = { calls: 0, share: 0, p99Ms: 0, lost: 0, bytesPerCall: 0 }
  for (const calls of steps) {
    const bare = await straight(load, calls, options.seconds)
    if (bare.p99Ms > 10 || bare.lost > 0) {
      options.say(`${calls} calls: the telephones alone are too slow (p99 ${round(bare.p99Ms, 1)} ms)`)
      break
    }
    const step = await through(name, load, calls, options.seconds, bare.p99Ms, join(folder, `${name}-${calls}`))
    const words = `p99 +${round(step.p99Ms, 1)} ms, lost ${round(step.lost, 5)}, ${round(step.share * 100)} % of a core`
    options.say(`${name}, ${calls} calls: ${words}`)
    if (step.p99Ms > most.addedMs || step.lost > most.lost) break
    held = step
  }
  return held
}

async function straight(load: ChildProcess, calls: number, seconds: number) {
  const { ports } = (await ask(load, { do: 'open', legs: calls * 2 })) as { ports: number[] }
  await ask(load, { do: 'send', to: ports.map((_, index) => ports[index ^ 1] ?? 0) })
  return measured((await ask(load, { do: 'measure', ms: seconds * 500 })) as Measured)
}

async function through(
  name: 'embedded' | 'rtpengine',
  load: ChildProcess,
  calls: number,
  seconds: number,
  bareMs: number,
  folder: string,
): Promise<Step> {
  const server = name === 'rtpengine' ? await startRtpengine() : undefined
  const own = openEmbeddedMedia({ host, address: host, ports: [40_000, 44_999] })
  const engine: MediaEngine = server === undefined ? own : await openRtpengine({ host, port: ngPort, own })
  const pids = [...childrenOf(process.pid).filter((pid) => pid !== load.pid)]
  for (const pid of pids) pin(pid, 0)
  try {
    const empty = await bytesOf(pids)
    const { ports } = (await ask(load, { do: 'open', legs: calls * 2 })) as { ports: number[] }
    mkdirSync(folder, { recursive: true })
    const media: CallMedia[] = []
    for (let n = 0; n < calls; n++) media.push(await talk(engine, n, ports, folder))
    await ask(load, { do: 'send', to: media.flatMap(({ at }) => [at.caller.port, at.agent.port]) })
    // Everybody is found, and what was made for the beginning is forgotten.
    await ask(load, { do: 'measure', ms: 4000 })
    const before = await cpuOf(pids)
    const began = performance.now()
    const found = measured((await ask(load, { do: 'measure', ms: seconds * 1000 })) as Measured)
    const share = ((await cpuOf(pids)) - before) / ((performance.now() - began) / 1000)
    const bytesPerCall = ((await bytesOf(pids)) - empty) / calls
    return { calls, share, p99Ms: Math.max(0, found.p99Ms - bareMs), lost: found.lost, bytesPerCall }
  } finally {
    await engine.close()
    server?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function talk(engine: MediaEngine, n: number, ports: readonly number[], folder: string): Promise<CallMedia> {
  const call = await engine.open(`call-${n}`)
  for (const [index, side] of (['caller', 'agent'] as const).entries()) {
    await call.connect(side, { address: host, port: ports[n * 2 + index] ?? 0, codec: 0, events: 101 })
  }
  await call.talk(join(folder, `${n}.wav`))
  return call
}

type Measured = Exclude<LoadAnswer, null | { ports: unknown }>

function measured({ sent, received, latencies }: Measured) {
  // What is on its way at the end of the measurement is no loss: it is as much as at its beginning.
  return { p99Ms: percentile(latencies, 0.99), lost: Math.max(0, 1 - received / Math.max(1, sent)) }
}

function ask(load: ChildProcess, order: LoadOrder): Promise<LoadAnswer> {
  return new Promise((resolve) => {
    load.once('message', (answer: LoadAnswer) => resolve(answer))
    load.send(order)
  })
}

async function startRtpengine(): Promise<ChildProcess> {
  const places = [`--interface=${host}`, `--listen-ng=${host}:${ngPort}`, '--port-min=46000', '--port-max=59999']
  const flags = [
    '--config-file=none',
    '--table=-1',
    '--delete-delay=0',
    '--endpoint-learning=heuristic',
    '--num-threads=1',
  ]
  const child = spawn('rtpengine', [...flags, ...places, '--foreground', '--log-level=3', '--log-stderr'], {
    stdio: 'ignore',
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    setTimeout(resolve, 1500)
  })
  return child
}

function pin(pid: number | undefined, core: number): void {
  if (pid !== undefined) execFileSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' })
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuSeconds))
  return each.reduce((sum, one) => sum + one, 0)
}

async function bytesOf(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(residentBytes))
  return each.reduce((sum, one) => sum + one, 0)
}
