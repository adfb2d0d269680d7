/**
 * A process that runs jobs of the kind `count`, for tests that kill it: `node job-runner-child.ts URL OWNER [KILL_AT]`. Each step
 * adds 1 to the counter in the channel's memory that the job names, ten times; the process dies within step KILL_AT.
 */
import { Database } from '../../src/core/platform/database.ts'
import { JobRunner } from '../../src/core/platform/job-runner.ts'
import { jobKind, onJob } from '../../src/core/platform/jobs.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { Wake } from '../../src/core/platform/wake.ts'

export const count = jobKind<{ channelId: string; done: number }>('count')

export const counting = (killAt = 0) =>
  onJob({
    kind: count,
    async run(tx, job) {
      const { channelId, done } = job.data
      await tx.run(
        `insert into channel_memory (tenant_id, channel_id, name, value) values ($1, $2, 'count', '1')
         on conflict (tenant_id, channel_id, name) do update set value = to_jsonb((channel_memory.value #>> '{}')::int + 1)`,
        tx.tenantId,
        channelId,
      )
      if (done + 1 === killAt) process.kill(process.pid, 'SIGKILL')
      return done + 1 < 10 ? { afterMs: 0, data: { channelId, done: done + 1 } } : undefined
    },
  })

if (process.argv[1] === import.meta.filename) {
  const [url = '', owner = '', killAt = '0'] = process.argv.slice(2)
  const db = new Database({ url, poolSize: 4, statementTimeoutMs: 30_000, log: silentLog })
  const wake = new Wake(db)
  await wake.start()
  new JobRunner({ db, wake, owner, log: silentLog, handlers: [counting(Number(killAt))] }).start()
}
