/** A backlog of events told to endpoints, one process, beside the same client posting bodies of that size with nothing else to do. */
import { setTimeout as pause } from 'node:timers/promises'
import { cpuSeconds, median, quiet, round } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'
import { startReceiver, startWebhookLoad } from '../webhook-load.ts'

const endpoints = 10
const eventsEach = 200

export const scenario: Scenario = {
  name: 'webhooks',
  async run({ rounds, say }) {
    const server = await startServer()
    const receiver = await startReceiver()
    try {
      const turns: { perSecond: number; posted: number; own: number; postgres: number }[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const url = `http://127.0.0.1:${receiver.port}/live`
        const load = await startWebhookLoad(await server.createDatabase(`turn${turn}`), endpoints, () => [url])
        for (let event = 0; event < eventsEach; event += 1) await load.happen(load.tenants)
        await server.settle()
        const pressure = await quiet()
        const posted = await plainPosts(load.egress.fetch, url, endpoints * eventsEach)
        await receiver.tell('forget')
        const [began, ownBefore, postgresBefore] = [performance.now(), process.cpuUsage(), await cpuSeconds(server.pid)]
        await load.send()
        while ((await receiver.tell()).received < endpoints * eventsEach) await pause(20)
        const seconds = (performance.now() - began) / 1000
        const { user, system } = process.cpuUsage(ownBefore)
        const thousands = (endpoints * eventsEach) / 1000
        const own = (user + system) / 1e6 / thousands
        const postgres = ((await cpuSeconds(server.pid)) - postgresBefore) / thousands
        const perSecond = (endpoints * eventsEach) / seconds
        turns.push({ perSecond, posted, own, postgres })
        say(
          `round ${turn} (pressure before ${pressure}): ${round(perSecond)}/s delivered and recorded, ${round(posted)}/s posted`,
        )
        await load.stop()
      }
      const of = (pick: (turn: (typeof turns)[number]) => number, digits = 0) => round(median(turns.map(pick)), digits)
      return {
        figures: {
          deliveriesPerSecond: of((turn) => turn.perSecond),
          cpuSecondsPerThousand: { hub: of((turn) => turn.own, 2), postgres: of((turn) => turn.postgres, 2) },
        },
        baseline: { postsPerSecond: of((turn) => turn.posted) },
        ratio: of((turn) => turn.perSecond / turn.posted, 2),
      }
    } finally {
      receiver.stop()
      await server.stop()
    }
  },
}

/** How many bodies of that form go through the same guarded client in a second, with as many at once as the sender has. */
async function plainPosts(fetch: typeof globalThis.fetch, url: string, count: number): Promise<number> {
  const data = { memberId: 'usr_', state: 'online', reason: null, used: 0, capacity: 1 }
  const body = JSON.stringify({ type: 'bench.none', timestamp: new Date().toISOString(), data })
  let left = count
  const began = performance.now()
  await Promise.all(
    Array.from({ length: 20 * endpoints }, async () => {
      while (left-- > 0) {
        const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        await answer.text()
      }
    }),
  )
  return count / ((performance.now() - began) / 1000)
}
