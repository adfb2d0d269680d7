/**
 * One round of one endpoint: what it is to be told next, and what became of it. Between the two its events are posted,
 * outside any transaction: a crash there repeats them with the same webhook-id, and loses none, since the cursor moves with
 * the record of what happened.
 */
import { type FeedEvent, feedState, readFeed } from '../../core/events/feed.ts'
import { type Lease, proveLease } from '../../core/events/leases.ts'
import { emitAll } from '../../core/events/outbox.ts'
import type { Database, Tx } from '../../core/platform/database.ts'
import { newId } from '../../core/platform/ids.ts'
import { type SealedSecret, shape } from './endpoints.ts'
import type { Attempted } from './post.ts'
import { giveUpMs, isWanted, nextDelayMs, verdictOf } from './schedule.ts'

/** Events of one round at most; an endpoint that fails is tried with one. */
const perRound = 20
/** While so many events wait to be tried again, the cursor waits too: a dead endpoint gathers no mountain of rows. */
const mostPending = 100

export interface EndpointToServe {
  readonly id: string
  readonly url: string
  readonly ordered: boolean
  readonly secrets: readonly SealedSecret[]
  readonly sealedKey: string
}

export interface Due {
  readonly event: FeedEvent
  /** Events of one lane are posted one after the other, and the first failure ends the lane's turn. */
  readonly lane: string
  /** Failed attempts before. */
  readonly attempts: number
  /** Something older of its lane waits to be tried again: it is recorded as waiting too, and not posted. */
  readonly isHeld: boolean
}

export interface Round {
  readonly endpoint: EndpointToServe
  readonly due: readonly Due[]
  /** Where the cursor stands once all of `due` is recorded. */
  readonly cursor: { readonly epoch: string; readonly seq: number }
}

interface EndpointRow extends EndpointToServe {
  readonly events: readonly string[] | null
  readonly cursorSeq: number
  readonly cursorEpoch: string
  readonly failingSince: Date | null
}

/**
 * What the endpoint is to be told now: what is due to be tried again first, then what is new. Undefined when there is nothing to
 * do or to record. Faults with `lease-lost`.
 */
export function planRound(db: Database, lease: Lease, tenantId: string, id: string): Promise<Round | undefined> {
  return db.work('webhooks', [tenantId], async (tx) => {
    await proveLease(tx, lease)
    const row = await tx.maybe<EndpointRow>(
      `select e.id, e.url, e.ordered, e.secrets, e.events, e.cursor_seq, e.cursor_epoch, e.failing_since, t.sealed_key
         from webhook_endpoints e join tenants t on t.id = e.tenant_id
        where e.tenant_id = $1 and e.id = $2 and e.state = 'active' and e.removed_at is null`,
      tenantId,
      id,
    )
    if (row === undefined) return undefined
    const most = row.failingSince === null ? perRound : 1
    const again = await dueAgain(tx, tenantId, row, most)
    const { pending, lanes } = await waiting(tx, tenantId, row)
    const { epoch, seq, forgotten } = await feedState(tx, tenantId)
    // A restored database has begun another history: what it holds has places up to its own newest one.
    const from = Math.max(row.cursorEpoch === epoch ? row.cursorSeq : Math.min(row.cursorSeq, seq), forgotten)
    const room = pending >= mostPending ? 0 : most - again.length
    const fresh = room <= 0 ? { events: [], upTo: from } : await freshEvents(tx, tenantId, row, from, seq, room)
    const news = fresh.events.map((event) => ({ event, lane: laneOf(row, event), attempts: 0 }))
    const due = [...again, ...news.map((one) => ({ ...one, isHeld: lanes.has(one.lane) }))]
    if (due.length === 0 && fresh.upTo === row.cursorSeq && row.cursorEpoch === epoch) return undefined
    const { url, ordered, secrets, sealedKey } = row
    return {
      endpoint: { id, url, ordered, secrets, sealedKey },
      due,
      cursor: { epoch, seq: fresh.upTo },
    }
  })
}

/** Rows whose time has come, with their events; of each lane of an ordered endpoint only the oldest. */
async function dueAgain(tx: Tx, tenantId: string, endpoint: EndpointRow, most: number): Promise<Due[]> {
  const rows = await tx.query<FeedEvent & { lane: string; attempts: number }>(
    `select f.seq, f.event_id as id, f.type, f.subject, f.data, f.actor_id, f.causation_id, f.at, d.lane, d.attempts
       from webhook_deliveries d join events f on f.tenant_id = d.tenant_id and f.seq = d.seq
      where d.tenant_id = $1 and d.endpoint_id = $2 and d.state = 'pending' and d.due_at <= clock_timestamp()
        and (not $3 or not exists (select from webhook_deliveries o
                                    where o.tenant_id = $1 and o.endpoint_id = $2 and o.state = 'pending'
                                      and o.lane = d.lane and o.seq < d.seq))
      order by d.due_at, d.seq limit $4`,
    tenantId,
    endpoint.id,
    endpoint.ordered,
    most,
  )
  return rows.map(({ lane, attempts, ...event }) => ({ event, lane, attempts, isHeld: false }))
}

/** How much waits to be tried again, and, where order counts, in which lanes. */
async function waiting(tx: Tx, tenantId: string, { id, ordered }: EndpointRow) {
  const { pending, lanes } = await tx.one<{ pending: number; lanes: string[] | null }>(
    `select count(*)::int as pending, case when $3 then array_agg(distinct lane) end as lanes from webhook_deliveries
      where tenant_id = $1 and endpoint_id = $2 and state = 'pending'`,
    tenantId,
    id,
    ordered,
  )
  return { pending, lanes: new Set(lanes ?? []) }
}

/** The next events that are asked for, and how far the feed was looked through for them. */
async function freshEvents(
  tx: Tx,
  tenantId: string,
  { events }: EndpointRow,
  from: number,
  newest: number,
  room: number,
): Promise<{ events: FeedEvent[]; upTo: number }> {
  const page = events === null ? room : 500
  const found = await readFeed(tx, tenantId, from, page)
  const wanted = found.filter(({ type }) => isWanted(events, type)).slice(0, room)
  const last = wanted.length === room ? wanted.at(-1) : found.at(-1)
  // Nothing is there up to the newest place that has been given, or it is of a day that is gone.
  return { events: wanted, upTo: last?.seq ?? Math.max(from, newest) }
}

/** What an event must not overtake: others of its conversation, else of its subject. */
function laneOf({ ordered }: EndpointRow, { subject, data, id }: FeedEvent): string {
  if (!ordered) return id
  const { message, conversationId, offer } = data as Record<string, { conversationId?: unknown } | undefined>
  for (const found of [message?.conversationId, offer?.conversationId, conversationId]) {
    if (typeof found === 'string') return found
  }
  return subject
}

export interface Told {
  readonly due: Due
  /** Undefined when it was not posted: something before it in its lane was not taken. */
  readonly attempted: Attempted | undefined
}

/** Records what became of a round and moves the cursor, in one transaction. Faults with `lease-lost`; then nothing is recorded. */
export function recordRound(
  db: Database,
  lease: Lease,
  tenantId: string,
  { endpoint, cursor }: Round,
  told: readonly Told[],
): Promise<void> {
  return db.work('webhooks', [tenantId], async (tx) => {
    await proveLease(tx, lease)
    const locked = await tx.maybe<{ id: string }>(
      `select id from webhook_endpoints where tenant_id = $1 and id = $2 and removed_at is null for no key update`,
      tenantId,
      endpoint.id,
    )
    if (locked === undefined) return
    const attempts = told.filter(({ attempted }) => attempted !== undefined)
    await writeAttempts(tx, tenantId, endpoint.id, attempts)
    await writeRows(tx, tenantId, endpoint.id, told)
    await tx.run(
      `update webhook_endpoints set cursor_seq = $3, cursor_epoch = $4 where tenant_id = $1 and id = $2`,
      tenantId,
      endpoint.id,
      cursor.seq,
      cursor.epoch,
    )
    if (attempts.length > 0) await judge(tx, tenantId, endpoint.id, attempts)
  })
}

async function writeAttempts(tx: Tx, tenantId: string, endpointId: string, attempts: readonly Told[]): Promise<void> {
  const done = attempts.flatMap(({ due, attempted }) => (attempted === undefined ? [] : [{ due, attempted }]))
  if (done.length === 0) return
  await tx.run(
    `insert into webhook_attempts (tenant_id, id, endpoint_id, event_id, type, number, at, duration_ms, succeeded, status, response, error)
     select $1, i, $2, e, y, n, a, d, k, s, r, x
       from unnest($3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::int[], $9::bool[], $10::int[], $11::text[], $12::text[])
            as u (i, e, y, n, a, d, k, s, r, x)`,
    tenantId,
    endpointId,
    done.map(() => newId('wha')),
    done.map(({ due }) => due.event.id),
    done.map(({ due }) => due.event.type),
    done.map(({ due }) => due.attempts + 1),
    done.map(({ attempted }) => new Date(attempted.at)),
    done.map(({ attempted }) => attempted.durationMs),
    done.map(({ attempted }) => verdictOf(attempted) === 'taken'),
    done.map(({ attempted }) => attempted.status ?? null),
    done.map(({ attempted }) => attempted.response?.replaceAll('\u0000', '') ?? null),
    done.map(({ attempted }) => attempted.error),
  )
}

/** What was taken needs no row any more; what was not gets one, due after its pause, or kept as exhausted. */
async function writeRows(tx: Tx, tenantId: string, endpointId: string, told: readonly Told[]): Promise<void> {
  const taken = told.filter(({ attempted }) => attempted !== undefined && verdictOf(attempted) === 'taken')
  if (taken.length > 0) {
    // What somebody asked to be told again since it was posted stays.
    await tx.run(
      `delete from webhook_deliveries d using unnest($3::text[], $4::timestamptz[]) as t (event_id, at)
        where d.tenant_id = $1 and d.endpoint_id = $2 and d.event_id = t.event_id and d.due_at <= t.at`,
      tenantId,
      endpointId,
      taken.map(({ due }) => due.event.id),
      taken.map(({ attempted }) => new Date(attempted?.at ?? 0)),
    )
  }
  const left = told.filter((one) => !taken.includes(one))
  if (left.length === 0) return
  const delays = left.map(({ due, attempted }) =>
    attempted === undefined ? 0 : nextDelayMs(due.attempts + 1, attempted),
  )
  await tx.run(
    `insert into webhook_deliveries as d (tenant_id, endpoint_id, event_id, seq, lane, state, attempts, due_at, event_at)
     select $1, $2, e, s, l, case when w is null then 'exhausted' else 'pending' end, n,
            clock_timestamp() + coalesce(w, 0) * interval '1 millisecond', a
       from unnest($3::text[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::timestamptz[]) as u (e, s, l, n, w, a)
     on conflict (tenant_id, endpoint_id, event_id) do update
        set state = excluded.state, attempts = excluded.attempts, due_at = excluded.due_at`,
    tenantId,
    endpointId,
    left.map(({ due }) => due.event.id),
    left.map(({ due }) => due.event.seq),
    left.map(({ due }) => due.lane),
    left.map(({ due, attempted }) => due.attempts + (attempted === undefined ? 0 : 1)),
    delays.map((delay) => delay ?? null),
    left.map(({ due }) => due.event.at),
  )
}

/** A success clears the record; nothing but failures for days, or a 410, ends it. */
async function judge(tx: Tx, tenantId: string, endpointId: string, attempts: readonly Told[]): Promise<void> {
  const verdicts = attempts.flatMap(({ attempted }) => (attempted === undefined ? [] : [verdictOf(attempted)]))
  if (verdicts.includes('taken')) {
    await tx.run(
      `update webhook_endpoints set failing_since = null where tenant_id = $1 and id = $2 and failing_since is not null`,
      tenantId,
      endpointId,
    )
    return
  }
  const isGone = verdicts.includes('gone')
  await tx.run(
    `update webhook_endpoints set failing_since = coalesce(failing_since, clock_timestamp()) where tenant_id = $1 and id = $2`,
    tenantId,
    endpointId,
  )
  const ended = await tx.maybe<Parameters<typeof shape>[0]>(
    `update webhook_endpoints set state = 'disabled', state_reason = $3, version = version + 1
      where tenant_id = $1 and id = $2 and state = 'active'
        and ($3 = 'gone' or failing_since < clock_timestamp() - $4 * interval '1 millisecond')
      returning id, url, description, events, ordered, state, state_reason, failing_since, created_at, version`,
    tenantId,
    endpointId,
    isGone ? 'gone' : 'failing',
    giveUpMs,
  )
  if (ended === undefined) return
  await emitAll(tx, [{ type: 'endpoint.disabled', tenantId, subject: endpointId, data: { endpoint: shape(ended) } }])
}
