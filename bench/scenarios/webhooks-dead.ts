/**
 * A thousand endpoints of which a hundred are dead (half hang, half refuse the connection): how long events are on their way to the
 * nine hundred others, beside the same with none dead. The ratio is that of the 95th percentiles.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { median, percentile, quiet, round } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'
import { startReceiver, startWebhookLoad } from '../webhook-load.ts'

const tenants = 100
const live = 9

export const scenario: Scenario = {
  name: 'webhooks-dead',
  async run({ rounds, seconds, say }) {
    const server = await startServer()
    const receiver = await startReceiver()
    let databases = 0
    const base = `http://127.0.0.1:${receiver.port}`
    // Port 9 is below 1024, where nothing may be called at all; a free one above refuses.
    const refusing = 'http://127.0.0.1:1025/'
    const measure = async (tenth: (tenant: number) => string) => {
      const urls = (tenant: number) => [...Array.from({ length: live }, () => `${base}/live`), tenth(tenant)]
      databases += 1
      const load = await startWebhookLoad(await server.createDatabase(`run${databases}`), tenants, urls)
      await load.send()
      // So that those that are dead are known to be, and connections are open.
      for (let warming = 0; warming < 2; warming += 1) await load.happen(load.tenants)
      await pause(5000)
      await quiet()
      await receiver.tell('forget')
      const until = performance.now() + seconds * 1000
      for (let at = 0; performance.now() < until; at = (at + 1) % tenants) {
        await load.happen(load.tenants.slice(at, at + 1))
        await pause(250)
      }
      await pause(2000)
      const { delays } = await receiver.tell()
      await load.stop()
      return { p50: percentile(delays, 0.5), p95: percentile(delays, 0.95), count: delays.length }
    }
    try {
      const turns: { dead: Awaited<ReturnType<typeof measure>>; none: Awaited<ReturnType<typeof measure>> }[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const withDead = () => measure((tenant) => (tenant % 2 === 0 ? `${base}/dead` : refusing))
        const withNone = () => measure(() => `${base}/live`)
        const first = turn % 2 === 1 ? await withDead() : undefined
        const none = await withNone()
        const dead = first ?? (await withDead())
        turns.push({ dead, none })
        say(
          `round ${turn}: p50 ${dead.p50} ms and p95 ${dead.p95} ms with a hundred dead, ${none.p50} and ${none.p95} with none`,
        )
      }
      const of = (pick: (turn: (typeof turns)[number]) => number, digits = 0) => round(median(turns.map(pick)), digits)
      return {
        figures: {
          p50Ms: of((turn) => turn.dead.p50),
          p95Ms: of((turn) => turn.dead.p95),
          deliveries: of((turn) => turn.dead.count),
        },
        baseline: { p50Ms: of((turn) => turn.none.p50), p95Ms: of((turn) => turn.none.p95) },
        ratio: of((turn) => turn.dead.p95 / turn.none.p95, 2),
      }
    } finally {
      receiver.stop()
      await server.stop()
    }
  },
}
