/** A process that runs imports of contacts, for tests that kill it: `node import-runner-child.ts URL OWNER [KILL_AT]`, within that step. */
import { importHandler } from '../../src/core/contacts/import-job.ts'
import { Database } from '../../src/core/platform/database.ts'
import { JobRunner } from '../../src/core/platform/job-runner.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { Wake } from '../../src/core/platform/wake.ts'

const [url = '', owner = '', killAt = '0'] = process.argv.slice(2)
const db = new Database({ url, poolSize: 4, statementTimeoutMs: 30_000, log: silentLog })
const wake = new Wake(db)
await wake.start()
const handler = importHandler()
let steps = 0
const dying: typeof handler = {
  ...handler,
  async run(tx, job, prepared) {
    const again = await handler.run(tx, job, prepared)
    if (++steps === Number(killAt)) process.kill(process.pid, 'SIGKILL')
    return again
  },
}
new JobRunner({ db, wake, owner, log: silentLog, handlers: [dying] }).start()
