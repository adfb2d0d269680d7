/**
 * What every log promises, whichever stands behind the port (src/core/events/bus.ts).
 *
 * An implementation plugs in with a file of its own:
 *
 *     busConformance('PostgresBus', async () => ({ bus, unreachable, openAppend, forget, elsewhere, close }))
 *
 * `make` runs once, before the first test; every member is described at LogUnderTest in bus-log.ts. Topics have fresh
 * names in each test, so the tests need no reset, and may run beside other users of the same log.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { appending } from './bus-appending.ts'
import { delivery } from './bus-delivery.ts'
import { Bench, type LogUnderTest } from './bus-log.ts'
import { ownership } from './bus-ownership.ts'

export type { LogUnderTest } from './bus-log.ts'

export function busConformance(name: string, make: () => Promise<LogUnderTest>): void {
  describe(name, () => {
    let bench: Bench | undefined
    beforeAll(async () => {
      bench = new Bench(await make())
    })
    afterAll(async () => {
      await bench?.close()
    })
    const current = (): Bench => {
      if (!bench) throw new Error('the log under test was not made')
      return bench
    }
    describe('appending', () => appending(current))
    describe('delivery', () => delivery(current))
    describe('ownership', () => ownership(current))
  })
}
