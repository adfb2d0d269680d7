/**
 * A program that appends until it is killed, for the test that kills it: `bus-publisher.ts <module> <topic> <life>`. Each
 * value acknowledged is a line on the standard output, written at once. Values are `<life>:<key>:<number>`; several calls
 * are under way at any time.
 */
import { writeSync } from 'node:fs'
import type { Bus } from '../../src/core/events/bus.ts'

const [, , module = '', topic = '', life = ''] = process.argv
const { connect } = (await import(module)) as { connect(): Promise<Bus> }
const bus = await connect()

let number = 0
async function append(): Promise<never> {
  for (;;) {
    const key = `${number % 7}`
    const value = `${life}:${key}:${Number(life) * 1_000_000 + number++}`
    await bus.publish(topic, [{ key, value: Buffer.from(value) }])
    writeSync(1, `${value}\n`)
  }
}
await Promise.all(Array.from({ length: 10 }, append))
