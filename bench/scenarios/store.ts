/** The ground itself: what pgbench stores on this machine, and how long one durable commit takes. Its ratio is 1. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDurableCommits } from '../durable-commit.ts'
import { cpuSeconds, median, percentile, quiet, round } from '../measure.ts'
import { prepareStore, runPgbench, storeScript } from '../pgbench.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

export const scenario: Scenario = {
  name: 'store',
  async run({ rounds, seconds, say }) {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
    const server = await startServer()
    try {
      const url = await server.createDatabase('store')
      await prepareStore(url)
      const best: number[] = []
      const commits: number[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        const speeds: number[] = []
        for (const sessions of [8, 32]) {
          await server.settle()
          const before = await cpuSeconds(server.pid)
          const run = await runPgbench(url, storeScript(), sessions, seconds, folder)
          const used = (await cpuSeconds(server.pid)) - before
          speeds.push(run.perSecond)
          say(
            `round ${turn}: pgbench c${sessions} ${round(run.perSecond)}/s, pgbench ${round(run.cpuSeconds, 1)} and ` +
              `PostgreSQL ${round(used, 1)} CPU-seconds in ${seconds} s, pressure before ${pressure}`,
          )
        }
        best.push(Math.max(...speeds))
        const idle = await startDurableCommits(url, 10)
        await new Promise((resolve) => setTimeout(resolve, 2000))
        commits.push(...(await idle.stop()))
      }
      const baseline = {
        pgbenchPerSecond: round(median(best)),
        durableCommitP50Ms: round(percentile(commits, 0.5), 2),
        durableCommitP99Ms: round(percentile(commits, 0.99), 2),
      }
      return { figures: baseline, baseline, ratio: 1 }
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
}
