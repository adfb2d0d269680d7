/** What was attempted at an endpoint, and asking for it once more. */
import { feedState } from '../../core/events/feed.ts'
import type { WebhookAttempt } from '../../core/events/webhook-shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { timeOfId } from '../../core/platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../../core/platform/page.ts'
import { getEndpoint } from './endpoints.ts'

interface AttemptRow extends Omit<WebhookAttempt, 'at'> {
  readonly at: Date
}

export interface AttemptFilter {
  readonly eventId?: string
  readonly succeeded?: boolean
}

/** Newest first, kept for thirty days. Faults with `endpoint-unknown`. */
export async function listAttempts(
  tx: TenantTx,
  endpointId: string,
  { eventId, succeeded }: AttemptFilter,
  { limit, after }: PageRequest,
): Promise<Page<WebhookAttempt>> {
  await getEndpoint(tx, endpointId)
  const rows = await tx.query<AttemptRow>(
    `select id, event_id, type, number, at, duration_ms, succeeded, status, response, error from webhook_attempts
      where tenant_id = $1 and endpoint_id = $2 and ($3::text is null or id < $3)
        and ($4::text is null or event_id = $4) and ($5::boolean is null or succeeded = $5)
      order by id desc limit $6`,
    tx.tenantId,
    endpointId,
    after?.[0] ?? null,
    eventId ?? null,
    succeeded ?? null,
    limit + 1,
  )
  return pageOf(
    rows,
    limit,
    (row) => [row.id],
    ({ at, ...row }) => ({ ...row, at: at.toISOString() }),
  )
}

export interface Waiting {
  readonly pending: number
  readonly exhausted: number
  /** When the next of them is tried. */
  readonly nextAt: Date | null
  /** Events that came since, and have not been looked at: a busy, failing or paused endpoint lags behind. */
  readonly behind: number
}

/** How far an endpoint is behind. Faults with `endpoint-unknown`. */
export async function readWaiting(tx: TenantTx, endpointId: string): Promise<Waiting> {
  await getEndpoint(tx, endpointId)
  return tx.one<Waiting>(
    `select count(*) filter (where d.state = 'pending')::int as pending,
            count(*) filter (where d.state = 'exhausted')::int as exhausted,
            min(d.due_at) filter (where d.state = 'pending') as next_at,
            (select greatest(0, f.seq - e.cursor_seq)::int from webhook_endpoints e join tenant_feeds f on f.tenant_id = e.tenant_id
              where e.tenant_id = $1 and e.id = $2) as behind
       from webhook_deliveries d where d.tenant_id = $1 and d.endpoint_id = $2`,
    tx.tenantId,
    endpointId,
  )
}

/** How long an event may have been on its way into the feed: only the tables of those days are looked through for it. */
const longestWayMs = 3 * 86_400_000

/**
 * Has one event told once more, whatever became of it before, under the same webhook-id. Faults with `endpoint-unknown`,
 * `event-unknown`.
 */
export async function resendEvent(tx: TenantTx, endpointId: string, eventId: string): Promise<void> {
  const { ordered } = await getEndpoint(tx, endpointId)
  const added = await tx.run(
    `insert into webhook_deliveries as d (tenant_id, endpoint_id, event_id, seq, lane, due_at, event_at)
     select tenant_id, $2, event_id, seq, case when $4 then subject else event_id end, clock_timestamp(), at
       from events where tenant_id = $1 and event_id = $3 and seq is not null
        and taken_at between $5 and $6
     on conflict (tenant_id, endpoint_id, event_id) do update set state = 'pending', attempts = 0, due_at = excluded.due_at`,
    tx.tenantId,
    endpointId,
    eventId,
    ordered,
    new Date(timeOfId(eventId) - 3_600_000),
    new Date(timeOfId(eventId) + longestWayMs),
  )
  if (added === 0) throw new Fault('not-found', 'event-unknown', 'There is no such event, or it is no longer kept.')
}

/**
 * Has everything since then told again that the endpoint never took; with `all` also what it took, each under its old
 * webhook-id. Answers with how many events that is at most. Faults with `endpoint-unknown`.
 */
export async function recoverSince(tx: TenantTx, endpointId: string, since: Date, all: boolean): Promise<number> {
  await getEndpoint(tx, endpointId)
  if (!all) {
    return tx.run(
      `update webhook_deliveries set state = 'pending', attempts = 0, due_at = clock_timestamp()
        where tenant_id = $1 and endpoint_id = $2 and event_at >= $3`,
      tx.tenantId,
      endpointId,
      since,
    )
  }
  const { epoch, seq } = await feedState(tx, tx.tenantId)
  const { first } = await tx.one<{ first: number | null }>(
    'select min(seq) as first from events where tenant_id = $1 and seq is not null and at >= $2',
    tx.tenantId,
    since,
  )
  if (first === null) return 0
  await tx.run(
    `update webhook_endpoints set cursor_seq = least(cursor_seq, $3), cursor_epoch = $4 where tenant_id = $1 and id = $2`,
    tx.tenantId,
    endpointId,
    first - 1,
    epoch,
  )
  return seq - first + 1
}
