/** The hub is killed at every named moment between acknowledgement and delivery: nothing lost, nothing doubled, in order. */
import { expect, test } from 'vitest'
import { crashPoints } from '../../src/core/platform/crash-points.ts'
import { startHub } from '../support/hub-process.ts'
import { describeWith, kafkaBrokers } from '../support/services.ts'
import { ShopTraffic } from '../support/shop-traffic.ts'

function killedEverywhere(brokers?: string) {
  test('killed once at every crash point under traffic, the hub loses nothing, doubles nothing and keeps order', async () => {
    const hub = await startHub({ kafkaBrokers: brokers })
    const traffic = new ShopTraffic(hub)
    try {
      await traffic.begin()
      await hub.stop()
      for (const [index, point] of crashPoints.entries()) {
        // Not at the first occasion: the recovery of the kill before should have passed.
        await hub.start(`${point}:3`)
        const hit = await hub.died()
        expect(hit.at(-1), `${point} is reached`).toBe(point)
        expect(hit).toHaveLength(index + 1)
      }
      await hub.start()
      await traffic.end()
      await traffic.verify()
      expect(traffic.said()).toBeGreaterThan(crashPoints.length)
    } finally {
      await traffic.close()
      await hub.close()
    }
  }, 600_000)
}

killedEverywhere()
describeWith('real Kafka', kafkaBrokers, 'on Kafka', (address) => killedEverywhere(address))
