/** What an operator watches: how much waits where. Read when somebody asks (GET /metrics), so they cost nothing else. */
import { Gauge, type Registry } from 'prom-client'
import type { Consumer } from './core/events/consumer.ts'
import type { Database } from './core/platform/database.ts'
import type { Shard } from './routing/shard.ts'

/** Figures of the hub as a whole; every process tells the same. */
export function watchDatabase(figures: Registry, db: Database): void {
  gauge(figures, 'tributary_outbox_rows', 'Events that wait for the relay.', async () => {
    const [row] = await db.ground<{ count: number }>('select count(*) from outbox')
    return row?.count ?? 0
  })
  gauge(figures, 'tributary_outbox_oldest_seconds', 'How long the oldest of them has waited.', async () => {
    const [row] = await db.ground<{ age: number | null }>(
      'select extract(epoch from clock_timestamp() - min(at))::float8 as age from outbox',
    )
    return row?.age ?? 0
  })
  gauge(figures, 'tributary_set_aside_records', 'Records that wait for an operator or for another try.', async () => {
    const [row] = await db.ground<{ count: number }>(`select count(*) from set_aside where state in ('failed', 'held')`)
    return row?.count ?? 0
  })
  gauge(figures, 'tributary_deliveries_unsettled', 'Messages on their way to customers.', async () => {
    const [row] = await db.ground<{ count: number }>(
      `select count(*) from deliveries where state in ('queued', 'sending')`,
    )
    return row?.count ?? 0
  })
  gauge(figures, 'tributary_jobs_waiting', 'Durable jobs whose time has come and that wait or run.', async () => {
    const [row] = await db.ground<{ count: number }>('select count(*) from jobs where run_at <= clock_timestamp()')
    return row?.count ?? 0
  })
  gauge(figures, 'tributary_jobs_failing', 'Durable jobs that failed and will be tried again.', async () => {
    const [row] = await db.ground<{ count: number }>('select count(*) from jobs where attempts > 0')
    return row?.count ?? 0
  })
}

/** Records of this process's partitions that are not handled yet. */
export function watchIngest(figures: Registry, consumer: Consumer): void {
  gauge(figures, 'tributary_ingest_lag_records', 'Inbound records of own partitions not stored yet.', () =>
    consumer.lag(),
  )
}

export function watchRouting(figures: Registry, shard: Shard): void {
  gauge(figures, 'tributary_routing_lag_records', 'Work events of own partitions not decided yet.', () => shard.lag())
  gauge(figures, 'tributary_routing_decisions', 'Decisions since the start.', () => shard.figures().decisions)
  gauge(
    figures,
    'tributary_routing_differences',
    'What reconciliation had to repair; must stay 0.',
    () => shard.figures().differences,
  )
}

function gauge(figures: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [figures],
    async collect() {
      // A database that is away must not take the other figures with it.
      this.set(await Promise.resolve(read()).catch(() => Number.NaN))
    },
  })
}
