import { expect, test } from 'vitest'
import { type Report, tally } from '../../../scripts/test-report.ts'

const report = (status: string, ...tests: [title: string, status: string][]): Report => ({
  testResults: [
    {
      name: '/repository/test/flows/chat.test.ts',
      status,
      assertionResults: tests.map(([fullName, result]) => ({ fullName, status: result })),
    },
  ],
})

test('passed, failed and skipped tests are counted apart', () => {
  const counted = tally(report('failed', ['a', 'passed'], ['b', 'failed'], ['c', 'skipped']), '/repository')
  expect(counted).toMatchObject({ passed: 1, failed: 1, skipped: [expect.stringContaining('c')] })
})

test('a skipped test is named with its file and with how to get the server that it needs', () => {
  const { skipped } = tally(report('passed', ['KafkaBus (needs KAFKA_BROKERS) keeps order', 'skipped']), '/repository')
  expect(skipped).toEqual([
    '(needs real Kafka: set KAFKA_BROKERS): test/flows/chat.test.ts: KafkaBus (needs KAFKA_BROKERS) keeps order',
  ])
})

test('a file that could not be loaded is a failure', () => {
  expect(tally(report('failed'), '/repository').failed).toBe(1)
})

test('a run that left no report has counted nothing', () => {
  expect(tally(undefined, '/repository')).toEqual({ passed: 0, failed: 0, skipped: [] })
})
