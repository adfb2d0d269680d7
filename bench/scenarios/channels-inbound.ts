/**
 * What comes in over each kind of channel: a whole hub in a process of its own, and its platform as the conformance suite plays it (test/fakes), over
 * real sockets. A message counts when the hub has acknowledged it in the platform's own way, so it is durable on the log; where a platform is told
 * nothing, when it is read there. The baseline is the custom channel, in the same round; the ratio is the median of the others over it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/runtime.ts'
import { openRegistry, visitorKind } from '../../src/connectors/registry.ts'
import type { ConnectorUnderTest, FarEnd } from '../../test/fakes/far-end.ts'
import { openApi } from '../hub-api.ts'
import { startHubProcess } from '../hub-process.ts'
import { LogTail } from '../log-tail.ts'
import { cpuSeconds, median, quiet, round } from '../measure.ts'
import type { BenchOptions, Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

/** Customers who write at once, each the next message when the one before is acknowledged. */
const customers = 16
const baselineKind = 'custom'

interface Load {
  readonly count: number
  readonly perSecond: number
}

interface Turn {
  readonly perSecond: number
  /** Of the hub, for a thousand messages. */
  readonly cpu: number
}

export const scenario: Scenario = {
  name: 'channels-inbound',
  async run(options) {
    const { rounds, seconds, say } = options
    const ends = await farEnds(options)
    const server = await startServer()
    const opened: FarEnd[] = []
    const database = await server.createDatabase('hub')
    const tail = new LogTail(database, 'inbound')
    try {
      const hub = await startHubProcess(database, options)
      await tail.open()
      const api = openApi(hub)
      const fars = new Map<string, FarEnd>()
      for (const under of ends) {
        const far = await under.open()
        opened.push(far)
        fars.set(under.kind.kind, far)
        const { id } = await api<{ id: string }>('/v1/channels', {
          kind: under.kind.kind,
          name: under.kind.title,
          settings: far.settings,
        })
        const none = () => Promise.reject(new Error('There is a hub for that.'))
        far.serve({
          channelId: id,
          hookUrl: `${hub.url}/hooks/${under.kind.kind}/${id}`,
          receive: none,
          accepted: none,
          received: (peer) => tail.count(`${id}/${peer}`),
        })
      }
      const turns = new Map<string, Turn[]>(ends.map(({ kind }) => [kind.kind, []]))
      for (const [kind, far] of fars) await load(far, `warm-${kind}`, 2, say)
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        for (const [kind, far] of fars) {
          await server.settle()
          const before = await cpuSeconds(hub.pid)
          const { count, perSecond } = await load(far, `${turn}-${kind}`, seconds, say)
          const cpu = (((await cpuSeconds(hub.pid)) - before) / Math.max(1, count)) * 1000
          turns.get(kind)?.push({ perSecond, cpu })
        }
        const said = [...turns].map(([kind, list]) => `${kind} ${round(list.at(-1)?.perSecond ?? 0)}/s`)
        say(`round ${turn} (pressure before ${pressure}): ${said.join(', ')}`)
      }
      await hub.stop()
      const of = (kind: string, pick: (turn: Turn) => number) => median((turns.get(kind) ?? []).map(pick))
      const others = [...turns.keys()].filter((kind) => kind !== baselineKind)
      const base = of(baselineKind, ({ perSecond }) => perSecond)
      const each = (pick: (kind: string) => number, digits: number) =>
        Object.fromEntries(others.map((kind) => [kind, round(pick(kind), digits)]))
      return {
        figures: {
          log: options.log,
          perSecond: each((kind) => of(kind, ({ perSecond }) => perSecond), 0),
          ratioOfEach: each((kind) => of(kind, ({ perSecond }) => perSecond) / base, 2),
          hubCpuSecondsPerThousand: each((kind) => of(kind, ({ cpu }) => cpu), 2),
        },
        baseline: {
          perSecond: round(base),
          hubCpuSecondsPerThousand: round(
            of(baselineKind, ({ cpu }) => cpu),
            2,
          ),
        },
        ratio: round(median(others.map((kind) => of(kind, ({ perSecond }) => perSecond) / base)), 2),
      }
    } finally {
      await Promise.all(opened.map((far) => far.close()))
      await tail.close()
      await server.stop()
    }
  },
}

/** Every kind of the registry that has a platform of its own: visitors of web chat speak to the API, calls carry no messages. */
async function farEnds({ log, say }: BenchOptions): Promise<ConnectorUnderTest[]> {
  const { kinds } = await openRegistry([], root)
  const ends: ConnectorUnderTest[] = []
  for (const { kind, capabilities } of kinds) {
    const path = join(root, 'test/fakes', `${kind}.ts`)
    if (kind === visitorKind || capabilities.calls === true || !existsSync(path)) continue
    const { farEnd } = (await import(path)) as { farEnd: ConnectorUnderTest }
    const missing =
      farEnd.needs ??
      (farEnd.isToldNothing && log !== 'postgres' ? 'the log in the database, to count what came' : undefined)
    if (missing === undefined) ends.push(farEnd)
    else say(`${kind} is left out: its platform needs ${missing}`)
  }
  return ends
}

/**
 * Has so many customers write for that long, and each wait for the last of theirs; how many messages a second were acknowledged in all that time.
 * What was not is told.
 */
async function load(far: FarEnd, run: string, seconds: number, say: (line: string) => void): Promise<Load> {
  const begun = performance.now()
  let count = 0
  let failed = 0
  const speak = async (customer: number) => {
    for (let index = 0; performance.now() < begun + seconds * 1000; index += 1) {
      const said = { id: `${run}-${customer}-${index}`, peer: `customer-${customer}` }
      await far.say({ ...said, parts: [{ type: 'text', text: `${run} ${index}` }] }).then(
        () => {
          count += 1
        },
        () => {
          failed += 1
        },
      )
    }
  }
  await Promise.all(Array.from({ length: customers }, (_, customer) => speak(customer)))
  if (failed > 0) say(`${run}: ${failed} were not acknowledged`)
  return { count, perSecond: (count * 1000) / (performance.now() - begun) }
}
