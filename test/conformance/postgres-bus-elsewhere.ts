/** How another process reaches the embedded log under test. */
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { Database } from '../../src/core/platform/database.ts'
import { silentLog } from '../../src/core/platform/log.ts'

export async function connect(): Promise<PostgresBus> {
  const url = process.env.TEST_LOG_URL ?? ''
  const bus = new PostgresBus({
    db: new Database({ url, poolSize: 4, statementTimeoutMs: 30_000, log: silentLog }),
    log: silentLog,
  })
  await bus.start()
  return bus
}
