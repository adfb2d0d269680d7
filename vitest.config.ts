import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * They wait for leases, killed processes and brokers more than they compute, or for nothing but the database: they share
 * the machine well.
 */
const patient = [
  'test/unit/**/*.test.ts',
  'test/flows/{crash-points,random-kills,random-kills-kafka}.test.ts',
  'test/conformance/kafka-*.test.ts',
  'test/integration/backup.test.ts',
  'test/integration/{api,contacts,conversations,desk,events,ingest,platform,webhooks}/**/*.test.ts',
  'test/integration/routing/takeover.test.ts',
]

/** They take minutes: begun last, they would keep a run waiting alone. */
const longest = ['crash-points', 'random-kills-kafka', 'random-kills', 'backup']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-global.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'patient',
          include: patient,
          maxWorkers: availableParallelism() + 1,
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
