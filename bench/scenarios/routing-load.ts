/**
 * How long a command to routing takes until its outcome is durable, while 2,000 conversations a second are given to agents; as
 * multiples of one durable commit of as many rows as the shell commits at a time at that rate, made on the same server in the same seconds.
 */
import pg from 'pg'
import { silentLog } from '../../src/core/platform/log.ts'
import { Shard } from '../../src/routing/shard.ts'
import { median, percentile, quiet, round } from '../measure.ts'
import { openRoutingHub } from '../routing-hub.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

const perSecond = 2000
const everyMs = 50

export const scenario: Scenario = {
  name: 'routing-load',
  async run({ rounds, seconds, say }) {
    const server = await startServer()
    try {
      const turns: { p50: number; p99: number; commitP50: number; rate: number; ratio: number }[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        const hub = await openRoutingHub(await server.createDatabase(`load_${turn}`), {
          agents: 1 + Math.ceil((perSecond * seconds) / 100),
          conversations: perSecond * seconds,
        })
        const shard = new Shard({ ...hub.parts, owner: `shard-${turn}`, log: silentLog })
        try {
          await shard.start()
          // The first is the one whose commands are timed; nobody is given to them.
          const [asker = '', ...serving] = hub.memberIds
          for (const memberId of serving) await hub.presence(memberId, 'online')
          await hub.ask(asker, 'busy')
          await server.settle()
          const commits = await startBatchCommits(hub.url, (perSecond * everyMs) / 1000)
          const answers: number[] = []
          const before = shard.figures().decisions
          const begun = performance.now()
          const until = begun + seconds * 1000
          const asking = (async () => {
            while (performance.now() < until) {
              answers.push(await hub.ask(asker, 'busy'))
              await new Promise((resolve) => setTimeout(resolve, 20))
            }
          })()
          for (let given = 0; performance.now() < until; ) {
            const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - begun) * perSecond) / 1000))
            if (due > given) await hub.announce(given, due)
            given = Math.max(given, due)
            await new Promise((resolve) => setTimeout(resolve, everyMs))
          }
          await asking
          const rate = ((shard.figures().decisions - before) * 1000) / (performance.now() - begun)
          const took = await commits.stop()
          const [p50, p99] = [percentile(answers, 0.5), percentile(answers, 0.99)]
          const commitP50 = percentile(took, 0.5)
          turns.push({ p50, p99, commitP50, rate, ratio: p50 / commitP50 })
          say(
            `round ${turn}: ${round(rate)} decisions/s, outcome p50 ${round(p50, 1)} ms, p99 ${round(p99, 1)} ms, batch commit p50 ${round(commitP50, 1)} ms, pressure before ${pressure}`,
          )
        } finally {
          await shard.stop()
          await hub.close()
        }
      }
      const of = (pick: (turn: (typeof turns)[number]) => number) => median(turns.map(pick))
      return {
        figures: {
          decisionsPerSecond: round(of(({ rate }) => rate)),
          outcomeP50Ms: round(
            of(({ p50 }) => p50),
            1,
          ),
          outcomeP99Ms: round(
            of(({ p99 }) => p99),
            1,
          ),
          outcomeP99Commits: round(
            of(({ p99, commitP50 }) => p99 / commitP50),
            1,
          ),
        },
        baseline: {
          batchCommitP50Ms: round(
            of(({ commitP50 }) => commitP50),
            2,
          ),
        },
        ratio: round(
          of(({ ratio }) => ratio),
          2,
        ),
      }
    } finally {
      await server.stop()
    }
  },
}

/** One commit of so many rows of 300 bytes, over and over, beside whatever else the server does. */
async function startBatchCommits(url: string, rows: number): Promise<{ stop(): Promise<number[]> }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('create table batch_commits (n int not null, body text not null)')
  const took: number[] = []
  let isOver = false
  const loop = (async () => {
    while (!isOver) {
      const begun = performance.now()
      await client.query(`insert into batch_commits select n, repeat('x', 300) from generate_series(1, ${rows}) n`)
      took.push(performance.now() - begun)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    async stop() {
      isOver = true
      await loop
      await client.end()
      return took
    },
  }
}
