/**
 * The feed: every public event of a tenant in one dense order, kept in PostgreSQL for thirty days. Streams, webhooks and
 * `GET /v1/events` read it here, never from a partitioned topic, where the tenth can come before the ninth.
 */
import { ownerSession, type TenantTx, type Tx } from '../platform/database.ts'

export interface FeedEvent {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly data: unknown
  readonly actorId: string
  readonly causationId: string | null
  readonly at: Date
}

/** Events after `afterSeq`, ascending and without a gap, at most `limit`; `types` picks some, and then seqs have gaps. */
export function readFeed(
  tx: TenantTx | Tx,
  tenantId: string,
  afterSeq: number,
  limit: number,
  types?: readonly string[],
): Promise<FeedEvent[]> {
  return tx.query<FeedEvent>(
    `select seq, event_id as id, type, subject, data, actor_id, causation_id, at from events
      where tenant_id = $1 and seq > $2 and ($4::text[] is null or type = any($4))
      order by seq limit $3`,
    tenantId,
    afterSeq,
    limit,
    types ?? null,
  )
}

export interface FeedState {
  /** Changes when a restored database begins the order anew: cursors of another epoch mean nothing. */
  readonly epoch: string
  /** The newest seq given to an event of this tenant; 0 before the first. */
  readonly seq: number
  /** Events up to this one are no longer kept. */
  readonly forgotten: number
}

export async function feedState(tx: TenantTx | Tx, tenantId: string): Promise<FeedState> {
  return tx.one<FeedState>(
    `select epoch, coalesce((select seq from tenant_feeds where tenant_id = $1), 0) as seq,
            coalesce((select seq - 1 from events where tenant_id = $1 and seq is not null order by seq limit 1),
                     (select seq from tenant_feeds where tenant_id = $1), 0) as forgotten
       from feed`,
    tenantId,
  )
}

/**
 * Makes the days' tables ahead of time and drops those older than `keepDays`. Run at every start and each hour: while it
 * did not run for more than a week, events go to a default table and are kept longer. One process at a time does it.
 */
export async function maintainFeed(url: string, now: number, keepDays = 30): Promise<void> {
  const day = 86_400_000
  const today = Math.floor(now / day) * day
  const name = (ms: number) => `events_${new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')}`
  await ownerSession(url, async (run) => {
    await run('select pg_advisory_lock(7236002)')
    const tables = new Set(
      (
        await run<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass`,
        )
      ).map((row) => row.name),
    )
    for (let from = today; from <= today + 7 * day; from += day) {
      if (tables.has(name(from))) continue
      // Rows that came while there was no table for their day keep that day in the default table.
      const [strays] = await run<{ count: number }>(
        `select count(*) from events_default where taken_at >= '${iso(from)}' and taken_at < '${iso(from + day)}'`,
      )
      if ((strays?.count ?? 0) > 0) continue
      await run(
        `create table ${name(from)} partition of events for values from ('${iso(from)}') to ('${iso(from + day)}')`,
      )
    }
    const oldest = name(today - keepDays * day)
    for (const table of tables) {
      if (/^events_\d{8}$/.test(table) && table < oldest) await run(`drop table ${table}`)
    }
  })
}

/** Makes the tables of those days, `events_20260105`, where they are not there: for a feed that is restored. */
export async function makeFeedDays(url: string, tables: readonly string[]): Promise<void> {
  await ownerSession(url, async (run) => {
    for (const table of tables) {
      const [, year, month, day] = /^events_(\d{4})(\d\d)(\d\d)$/.exec(table) ?? []
      if (day === undefined) continue
      const from = Date.UTC(Number(year), Number(month) - 1, Number(day))
      const until = iso(from + 86_400_000)
      await run(
        `create table if not exists ${table} partition of events for values from ('${iso(from)}') to ('${until}')`,
      )
    }
  })
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
