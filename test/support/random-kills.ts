/**
 * The hub is killed at random moments, again and again: by seed, so that a failure can be run again. SEED and RUNS say
 * otherwise; half of the runs are on each log.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crashPoints } from '../../src/core/platform/crash-points.ts'
import { startHub } from './hub-process.ts'
import { ShopTraffic } from './shop-traffic.ts'

const runs = Number(process.env.RUNS ?? 50)
const seed = Number(process.env.SEED ?? 20_261_122)
/** Kills of one hub under one day's traffic; then everything is held against what was acknowledged. */
const killsOfADay = 10

/** Tests of half of the runs, on the log in the database or on Kafka; the seed is moved on, so that the two differ. */
export function killedAtRandom(moved: number, brokers?: string): void {
  const kills = Math.ceil(runs / 2)
  const ofSeed = seed + moved
  const moment = fc.record({ point: fc.constantFrom(...crashPoints), occasion: fc.integer({ min: 1, max: 6 }) })
  const days = fc.sample(fc.array(moment, { minLength: killsOfADay, maxLength: killsOfADay }), {
    seed: ofSeed,
    numRuns: Math.ceil(kills / killsOfADay),
  })
  for (const [index, moments] of days.entries()) {
    const day = moments.slice(0, kills - index * killsOfADay)
    test(`day ${index + 1} of seed ${ofSeed}: ${day.length} kills lose nothing, double nothing and keep order`, async () => {
      const hub = await startHub({ kafkaBrokers: brokers })
      const traffic = new ShopTraffic(hub, 3)
      try {
        await traffic.begin()
        await hub.stop()
        for (const { point, occasion } of day) {
          await hub.start(`${point}:${occasion}`)
          expect((await hub.died()).at(-1)).toBe(point)
        }
        await hub.start()
        await traffic.end()
        await traffic.verify()
      } finally {
        await traffic.close()
        await hub.close()
      }
    }, 1_200_000)
  }
}
