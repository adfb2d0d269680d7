/** Reads the test runner's JSON report: how many passed and failed, and what was skipped for which reason. */
import { relative } from 'node:path'

export interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

export interface Tally {
  readonly passed: number
  readonly failed: number
  /** One line for each skipped test: `(why): file: title`. */
  readonly skipped: readonly string[]
}

/** How a reader gets the server that a test names in its title as `(needs NAME)`. */
const servers: Readonly<Record<string, string>> = {
  KAFKA_BROKERS: 'needs real Kafka: set KAFKA_BROKERS',
  'real Kafka': 'needs real Kafka: set KAFKA_BROKERS',
  Chromium: 'needs a browser: set CHROMIUM',
}

/** A file that could not be loaded counts as one failure. No report at all counts as nothing: the exit code tells. */
export function tally(report: Report | undefined, root: string): Tally {
  let passed = 0
  let failed = 0
  const skipped: string[] = []
  for (const file of report?.testResults ?? []) {
    let failedHere = 0
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1
      else if (test.status === 'failed') failedHere += 1
      else skipped.push(`(${reason(test.fullName)}): ${relative(root, file.name)}: ${test.fullName}`)
    }
    if (file.status === 'failed' && failedHere === 0) failedHere = 1
    failed += failedHere
  }
  return { passed, failed, skipped: skipped.sort() }
}

function reason(title: string): string {
  const name = /\(needs ([^)]+)\)/.exec(title)?.[1]
  if (name === undefined) return 'cannot run here'
  return servers[name] ?? `needs ${name}`
}
