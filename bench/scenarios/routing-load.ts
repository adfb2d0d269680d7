/**
 * How long a command to routing takes until its outcome is durable, while 2,000 conversations a second are given to agents; as
 * multiples of one durable commit of as many decisions as come at a time at that rate: their rows alone, stored once more on the same server
 * in the same seconds.
 */
import { silentLog } from '../../src/core/platform/log.ts'
import { Shard } from '../../src/routing/shard.ts'
import { type DecisionRows, openDecisionRows } from '../decision-rows.ts'
import { median, percentile, quiet, round } from '../measure.ts'
import { openRoutingHub } from '../routing-hub.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

const perSecond = 2000
const everyMs = 50
const perBatch = (perSecond * everyMs) / 1000
const batchEveryMs = 200

export const scenario: Scenario = {
  name: 'routing-load',
  async run({ rounds, seconds, say }) {
    const server = await startServer()
    try {
      const turns: { p50: number; p99: number; commitP50: number; rate: number; ratio: number }[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        // Given before anything is measured; their rows are those of the commits.
        const given = perBatch * Math.ceil((seconds * 1000) / batchEveryMs)
        const conversations = given + perSecond * seconds
        const hub = await openRoutingHub(await server.createDatabase(`load_${turn}`), {
          agents: 1 + Math.ceil(conversations / 100),
          conversations,
        })
        const shard = new Shard({ ...hub.parts, owner: `shard-${turn}`, log: silentLog })
        try {
          await shard.start()
          // The first is the one whose commands are timed; nobody is given to them.
          const [asker = '', ...serving] = hub.memberIds
          for (const memberId of serving) await hub.presence(memberId, 'online')
          await hub.ask(asker, 'busy')
          await hub.announce(0, given)
          await hub.published('conversation.assigned', given)
          await server.settle()
          const rows = await openDecisionRows(hub.url)
          const commits = startBatchCommits(rows)
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
          for (let said = given; performance.now() < until; ) {
            const due = Math.min(conversations, given + Math.floor(((performance.now() - begun) * perSecond) / 1000))
            if (due > said) await hub.announce(said, due)
            said = Math.max(said, due)
            await new Promise((resolve) => setTimeout(resolve, everyMs))
          }
          await asking
          const rate = ((shard.figures().decisions - before) * 1000) / (performance.now() - begun)
          const took = await commits.stop()
          await rows.close()
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

/** A commit of so many decisions over and over, beside whatever else the server does. */
function startBatchCommits(rows: DecisionRows): { stop(): Promise<number[]> } {
  const took: number[] = []
  let isOver = false
  const loop = (async () => {
    for (let from = 0; !isOver && from + perBatch <= rows.count; from += perBatch) {
      took.push(await rows.store(from, from + perBatch))
      await new Promise((resolve) => setTimeout(resolve, batchEveryMs))
    }
  })()
  return {
    async stop() {
      isOver = true
      await loop
      return took
    },
  }
}
