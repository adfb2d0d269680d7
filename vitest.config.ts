import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Voices and telephones keep time in packets of 20 ms: beside them nothing else runs, so that what they lose is their own. */
const timed = [
  'test/conformance/media.test.ts',
  'test/flows/call*.test.ts',
  'test/browser/calls.test.ts',
  'test/integration/connectors/waiting-line.test.ts',
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
          name: 'together',
          include: ['test/{unit,integration,conformance,flows,browser}/**/*.test.ts'],
          exclude: timed,
          // Tests wait more than they compute: two files share a core well.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})
