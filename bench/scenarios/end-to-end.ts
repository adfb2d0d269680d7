/**
 * From a connector to an agent's screen, over a whole hub in a process of its own: the time from when a connector was due to hand a
 * message over to the frame on the agent's stream. The load is a quarter of what pgbench stores in the same round. The ratio is how
 * many durable commits that takes at the median, each measured beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAgentStream } from '../agent-stream.ts'
import { commitCounts, countCommits } from '../commit-counts.ts'
import { startDurableCommits } from '../durable-commit.ts'
import { startHubProcess } from '../hub-process.ts'
import { type LoadChannel, openLoadChannel } from '../load-channel.ts'
import { sharedNow } from '../load-connector.ts'
import { cpuSeconds, median, percentile, quiet, round } from '../measure.ts'
import { conversationCount, prepareStore, runPgbench, storeScript } from '../pgbench.ts'
import type { Scenario } from '../scenario.ts'
import { startServer, statement } from '../server.ts'

interface Heard {
  /** When each message reached the agent, by the first word of its text. */
  readonly arrived: ReadonlyMap<string, number>
  readonly channel: LoadChannel
}

interface Turn {
  readonly pgbenchPerSecond: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly acknowledgedP50: number
  readonly commitP50: number
  readonly commitP99: number
  readonly hubCpu: number
}

export const scenario: Scenario = {
  name: 'end-to-end',
  async run(options) {
    const { rounds, seconds, say } = options
    const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
    const server = await startServer()
    try {
      const storeUrl = await server.createDatabase('store')
      await prepareStore(storeUrl)
      const hubUrl = await server.createDatabase('hub')
      await countCommits(hubUrl)
      const hub = await startHubProcess(hubUrl, options)
      const channel = await openLoadChannel(hub.url, hub.apiKey, '售前')
      const arrived = new Map<string, number>()
      const stream = await openAgentStream(hub.url, '8001', hub.passwordOf('8001'), (text) =>
        arrived.set(text.slice(0, text.indexOf(' ')), sharedNow()),
      )
      const turns: Turn[] = []
      const commits: Record<string, number>[] = []
      const heard = { arrived, channel }
      await load(heard, 200, conversationCount / 200)
      // As it is after an hour: the server knows its tables.
      await statement(hubUrl, 'analyze')
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        await server.settle()
        const speeds: number[] = []
        for (const sessions of [8, 32]) {
          speeds.push((await runPgbench(storeUrl, storeScript(), sessions, Math.ceil(seconds / 2), folder)).perSecond)
        }
        const pgbenchPerSecond = Math.max(...speeds)
        await server.settle()
        const perSecond = Math.max(10, Math.round(pgbenchPerSecond / 4))
        const beside = await startDurableCommits(storeUrl)
        const counted = await commitCounts(hubUrl)
        const cpu = await cpuSeconds(hub.pid)
        const { took, acknowledged } = await load(heard, perSecond, seconds)
        const hubCpu = (await cpuSeconds(hub.pid)) - cpu
        const commitTimes = await beside.stop()
        const after = await commitCounts(hubUrl)
        commits.push(
          Object.fromEntries(
            Object.entries(after).map(([name, value]) => [name, (value - (counted[name] ?? 0)) / took.length]),
          ),
        )
        const done: Turn = {
          pgbenchPerSecond,
          perSecond,
          p50: percentile(took, 0.5),
          p99: percentile(took, 0.99),
          acknowledgedP50: percentile(acknowledged, 0.5),
          commitP50: percentile(commitTimes, 0.5),
          commitP99: percentile(commitTimes, 0.99),
          hubCpu: (hubCpu / took.length) * 1000,
        }
        turns.push(done)
        say(
          `round ${turn} (pressure before ${pressure}): pgbench ${round(pgbenchPerSecond)}/s, load ${perSecond}/s, ${took.length} messages: ` +
            `p50 ${round(done.p50, 1)} ms, p99 ${round(done.p99, 1)} ms; durable commit p50 ${round(done.commitP50, 2)} ms, p99 ${round(done.commitP99, 1)} ms`,
        )
      }
      await stream.close()
      await hub.stop()
      const of = (pick: (turn: Turn) => number, digits = 1) => round(median(turns.map(pick)), digits)
      const groups = Object.keys(commits[0] ?? {})
      return {
        figures: {
          log: options.log,
          perSecond: of((turn) => turn.perSecond, 0),
          p50Ms: of((turn) => turn.p50),
          p99Ms: of((turn) => turn.p99),
          acknowledgedP50Ms: of((turn) => turn.acknowledgedP50),
          p50Commits: of((turn) => turn.p50 / turn.commitP50),
          p99Commits: of((turn) => turn.p99 / turn.commitP50),
          hubCpuSecondsPerThousand: of((turn) => turn.hubCpu, 2),
          commitsPerMessage: Object.fromEntries(
            groups.map((name) => [name, round(median(commits.map((counts) => counts[name] ?? 0)), 3)]),
          ),
        },
        baseline: {
          pgbenchPerSecond: of((turn) => turn.pgbenchPerSecond, 0),
          durableCommitP50Ms: of((turn) => turn.commitP50, 2),
          durableCommitP99Ms: of((turn) => turn.commitP99, 2),
        },
        ratio: of((turn) => turn.p50 / turn.commitP50),
      }
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** Has messages handed over and waits for all to arrive. Times count from when a message was due, so a stall is not hidden. */
async function load(
  { arrived, channel }: Heard,
  perSecond: number,
  seconds: number,
): Promise<{ took: number[]; acknowledged: readonly number[] }> {
  const run = Math.random().toString(36).slice(2, 10)
  const { dueAt, acknowledgedAfterMs } = await channel.speak(perSecond, Math.round(perSecond * seconds), run)
  const arrivalOf = (index: number) => arrived.get(`${run}.${index}`)
  const patience = performance.now() + 60_000
  while (dueAt.some((_, index) => arrivalOf(index) === undefined)) {
    if (performance.now() > patience) throw new Error('Not all messages arrived within a minute.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { took: dueAt.map((due, index) => (arrivalOf(index) ?? 0) - due), acknowledged: acknowledgedAfterMs }
}
