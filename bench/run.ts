/**
 * `npm run bench -- NAME [--log postgres|kafka] [--rounds N] [--seconds N]`: one scenario, with its baseline in the same
 * run. What it does goes to the standard error as it happens; the last line of the standard output is one line of JSON,
 * {"name", "figures", "baseline", "ratio"}.
 *
 * The server is an embedded PostgreSQL of its own with default durability (fsync and synchronous_commit on). Kafka is the
 * one at KAFKA_BROKERS.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { requireNode } from '../scripts/runtime.ts'
import type { BenchOptions, Scenario } from './scenario.ts'

requireNode()

const scenarios = readdirSync(new URL('scenarios/', import.meta.url))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    log: { type: 'string', default: 'postgres' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const [name = ''] = positionals
if (values.help || !scenarios.includes(name) || (values.log !== 'postgres' && values.log !== 'kafka')) {
  console.error(`Usage: npm run bench -- ${scenarios.join('|')} [--log postgres|kafka] [--rounds 5] [--seconds 8]`)
  process.exit(values.help ? 0 : 2)
}
if (values.log === 'kafka' && !process.env.KAFKA_BROKERS) {
  console.error('The log kafka needs KAFKA_BROKERS; .ci/kafka/start.sh starts one and prints it.')
  process.exit(2)
}

const options: BenchOptions = {
  log: values.log,
  kafkaBrokers: (process.env.KAFKA_BROKERS ?? '').split(',').filter((broker) => broker !== ''),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  say: (line) => console.error(line),
}
const scenario = ((await import(`./scenarios/${name}.ts`)) as { scenario: Scenario }).scenario
const result = await scenario.run(options)
console.log(JSON.stringify({ name, ...result }))
