/**
 * A process with one routing shard, for tests that kill or freeze it: `node routing-shard-child.ts URL OWNER [CRASH_AT LOG [BATCH]]`.
 * Prints `ready` once it has joined; SIGTERM stops it.
 */
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { armCrash } from '../../src/core/platform/crash-points.ts'
import { Database } from '../../src/core/platform/database.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { Wake } from '../../src/core/platform/wake.ts'
import { Shard } from '../../src/routing/shard.ts'

const [url = '', owner = '', crashAt, crashLog = '', batch = '5'] = process.argv.slice(2)
const db = new Database({ url, poolSize: 6, statementTimeoutMs: 30_000, log: silentLog })
const bus = new PostgresBus({ db, log: silentLog })
const wake = new Wake(db)
await bus.start()
await wake.start()
armCrash(crashAt, crashLog)
// Small batches, so that a kill finds some of the work done and some not.
const shard = new Shard({ db, bus, wake, owner, log: silentLog, maxRecords: Number(batch) })
await shard.start()
process.on('SIGTERM', async () => {
  await shard.stop()
  await wake.stop()
  await bus.stop()
  await db.close()
})
console.log('ready')
