import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** They wait for leases, killed processes and brokers more than they compute, or have nothing to wait for: they share the machine well. */
const patient = [
  'test/unit/**/*.test.ts',
  'test/flows/{crash-points,random-kills}.test.ts',
  'test/conformance/kafka-*.test.ts',
  'test/integration/backup.test.ts',
  'test/integration/events/lease-pool.test.ts',
  'test/integration/platform/listen.test.ts',
  'test/integration/routing/takeover.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-global.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'patient',
          include: patient,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // One file at a time: browsers, telephones (a packet each 20 ms) and time-outs of platforms are not to suffer from a neighbour.
        test: {
          name: 'alone',
          include: ['test/{integration,conformance,flows,browser}/**/*.test.ts'],
          exclude: patient,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
