/**
 * Messages from the log into conversations, one process, beside pgbench storing the same messages with one statement each.
 * The ratio is the median over the rounds of hub to the better of pgbench with 8 and 32 sessions, both of the same round.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHubIngest } from '../hub-ingest.ts'
import { cpuSeconds, median, quiet, round } from '../measure.ts'
import { prepareStore, runPgbench, storeScript } from '../pgbench.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

interface Turn {
  readonly perSecond: number
  /** Processor seconds for a thousand messages, of the client (hub or pgbench) and of PostgreSQL. */
  readonly clientCpu: number
  readonly serverCpu: number
}

export const scenario: Scenario = {
  name: 'ingest',
  async run(options) {
    const { rounds, seconds, say } = options
    const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
    const server = await startServer()
    try {
      const storeUrl = await server.createDatabase('store')
      await prepareStore(storeUrl)
      const hub = await startHubIngest(await server.createDatabase('hub'), options)
      const commitsPerMessage: number[] = []

      const measured = async (
        work: () => Promise<{ perSecond: number; messages: number; cpu: number }>,
      ): Promise<Turn> => {
        await server.settle()
        const before = await cpuSeconds(server.pid)
        const { perSecond, messages, cpu } = await work()
        const serverCpu = (await cpuSeconds(server.pid)) - before
        return { perSecond, clientCpu: (cpu / messages) * 1000, serverCpu: (serverCpu / messages) * 1000 }
      }
      const pgbench = (sessions: number) =>
        measured(async () => {
          const { perSecond, cpuSeconds: cpu } = await runPgbench(storeUrl, storeScript(), sessions, seconds, folder)
          return { perSecond, messages: perSecond * seconds, cpu }
        })
      const ownCpu = async <T extends object>(work: () => Promise<T>): Promise<T & { cpu: number }> => {
        const before = process.cpuUsage()
        const result = await work()
        const { user, system } = process.cpuUsage(before)
        return { ...result, cpu: (user + system) / 1e6 }
      }
      const ingest = () =>
        measured(() =>
          ownCpu(async () => {
            const run = await hub.store(seconds)
            commitsPerMessage.push(run.commits / run.messages)
            return run
          }),
        )
      const ingestAndRelay = () => measured(() => ownCpu(() => hub.storeAndRelay(seconds)))

      const turns: { best: Turn; hub: Turn; relayed: Turn }[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        // Subject and baseline take turns at going first.
        const first = turn % 2 === 1 ? [await pgbench(8), await pgbench(32)] : []
        const stored = await ingest()
        const relayed = await ingestAndRelay()
        const sessions = first.length > 0 ? first : [await pgbench(8), await pgbench(32)]
        const best = sessions.reduce((a, b) => (a.perSecond > b.perSecond ? a : b))
        turns.push({ best, hub: stored, relayed })
        say(
          `round ${turn} (pressure before ${pressure}): pgbench ${sessions.map((one) => round(one.perSecond)).join(' and ')}/s, ` +
            `hub ${round(stored.perSecond)}/s = ${round(stored.perSecond / best.perSecond, 2)}, with the relay ${round(relayed.perSecond)}/s`,
        )
      }
      await hub.stop()
      const of = (pick: (turn: (typeof turns)[number]) => number, digits = 0) => round(median(turns.map(pick)), digits)
      return {
        figures: {
          log: options.log,
          perSecond: of((turn) => turn.hub.perSecond),
          withRelayPerSecond: of((turn) => turn.relayed.perSecond),
          withRelayRatio: of((turn) => turn.relayed.perSecond / turn.best.perSecond, 2),
          commitsPerMessage: { ingest: round(median(commitsPerMessage), 4) },
          cpuSecondsPerThousand: {
            hub: of((turn) => turn.hub.clientCpu, 2),
            postgres: of((turn) => turn.hub.serverCpu, 2),
          },
          worstRatio: round(Math.min(...turns.map((turn) => turn.hub.perSecond / turn.best.perSecond)), 2),
        },
        baseline: {
          pgbenchPerSecond: of((turn) => turn.best.perSecond),
          cpuSecondsPerThousand: {
            pgbench: of((turn) => turn.best.clientCpu, 2),
            postgres: of((turn) => turn.best.serverCpu, 2),
          },
        },
        ratio: of((turn) => turn.hub.perSecond / turn.best.perSecond, 2),
      }
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
}
