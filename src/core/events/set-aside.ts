/**
 * Records that could not be applied, kept whole with the reason. Later records of the same key wait behind the failed one,
 * so order holds; everything else goes on. They are tried again with growing pauses, shown to operators, and can be
 * replayed at once or discarded by hand.
 */
import { type Database, sqlState, type Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storableText } from '../platform/text.ts'
import type { StoredRecord } from './bus.ts'

export interface SetAside {
  readonly id: number
  readonly consumer: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly tenantId: string | null
  readonly state: 'failed' | 'held' | 'replayed' | 'discarded'
  readonly error: string | null
  readonly attempts: number
  readonly dueAt: Date
  readonly createdAt: Date
}

/** What of an error is kept: where it was foreseen its code and sentence, else its name and the first line. */
function reason(error: unknown): string {
  if (error instanceof Fault) return `${error.code}: ${error.message}`
  if (!(error instanceof Error)) return 'unknown'
  const state = sqlState(error)
  return storableText(
    `${error.name}${state === '' ? '' : ` ${state}`}: ${error.message.split('\n', 1)[0] ?? ''}`.slice(0, 500),
  )
}

/** Keys of these partitions for which something waits; a key is of one partition only. Few: usually none. */
export async function waitingKeys(
  tx: Tx,
  consumer: string,
  topic: string,
  partitions: readonly number[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ key: string }>(
    `select distinct key from set_aside
      where consumer = $1 and topic = $2 and partition = any($3) and state in ('failed', 'held')`,
    consumer,
    topic,
    partitions,
  )
  return new Set(rows.map((row) => row.key))
}

export async function setAside(tx: Tx, consumer: string, record: StoredRecord, error: unknown): Promise<void> {
  await insert(tx, consumer, [record], 'failed', reason(error), 5)
}

/** Puts records behind an earlier one of their key. */
export async function keepBehind(tx: Tx, consumer: string, records: readonly StoredRecord[]): Promise<void> {
  if (records.length > 0) await insert(tx, consumer, records, 'held', null, 0)
}

export interface DueRecord {
  readonly record: StoredRecord
  /** Whether it still waited; then the caller applies it in the same transaction. */
  settle(tx: Tx, state: 'replayed'): Promise<boolean>
  postpone(tx: Tx, error: unknown): Promise<void>
}

/** The first waiting record of each key whose time has come, of the given partitions. */
export async function dueSetAside(
  db: Database,
  consumer: string,
  topic: string,
  partitions: readonly number[],
): Promise<DueRecord[]> {
  if (partitions.length === 0) return []
  const rows = await db.ground<StoredRecord & { id: number; text: string }>(
    `select * from (
       select distinct on (partition, key) id, topic, partition, "offset", key, value as text, headers, due_at
         from set_aside
        where consumer = $1 and topic = $2 and partition = any($3) and state in ('failed', 'held')
        order by partition, key, id) heads
      where due_at <= now() order by id limit 100`,
    consumer,
    topic,
    partitions,
  )
  return rows.map(({ id, text, ...rest }) => ({
    record: { ...rest, value: Buffer.from(text, 'base64'), timestamp: 0 },
    async settle(tx) {
      const settled = await tx.run(
        `update set_aside set state = 'replayed', settled_at = now() where id = $1 and state in ('failed', 'held')`,
        id,
      )
      return settled === 1
    },
    async postpone(tx, error) {
      await tx.run(
        `update set_aside set state = 'failed', error = $2, attempts = attempts + 1,
                due_at = now() + least(3600, 5 * power(2, least(attempts, 12))) * interval '1 second'
          where id = $1 and state in ('failed', 'held')`,
        id,
        reason(error),
      )
    },
  }))
}

/** What waits or waited, newest first, for operators; `tenantId` narrows it to one tenant's. */
export function listSetAside(
  db: Database,
  tenantId: string | undefined,
  limit: number,
  before?: number,
): Promise<SetAside[]> {
  return db.ground<SetAside>(
    `select id, consumer, topic, partition, "offset", key, tenant_id, state, error, attempts, due_at, created_at
       from set_aside where ($1::text is null or tenant_id = $1) and ($3::bigint is null or id < $3)
      order by id desc limit $2`,
    tenantId ?? null,
    limit,
    before ?? null,
  )
}

/** Has it tried again within a second. False when it does not wait (any more), or is another tenant's. */
export async function replaySetAside(db: Database, id: number, tenantId: string): Promise<boolean> {
  const rows = await db.ground(
    `update set_aside set due_at = now() where id = $1 and tenant_id = $2 and state in ('failed', 'held') returning id`,
    id,
    tenantId,
  )
  return rows.length === 1
}

/** Gives it up; what waits behind it goes on. False when it does not wait (any more), or is another tenant's. */
export async function discardSetAside(db: Database, id: number, tenantId: string): Promise<boolean> {
  const rows = await db.ground(
    `update set_aside set state = 'discarded', settled_at = now()
      where id = $1 and tenant_id = $2 and state in ('failed', 'held') returning id`,
    id,
    tenantId,
  )
  return rows.length === 1
}

async function insert(
  tx: Tx,
  consumer: string,
  records: readonly StoredRecord[],
  state: 'failed' | 'held',
  error: string | null,
  pauseSeconds: number,
): Promise<void> {
  await tx.run(
    `insert into set_aside (consumer, topic, partition, "offset", key, tenant_id, value, headers, state, error, due_at)
     select $1, t, p, o, k, n, v, h::jsonb, $2, $3, now() + $4 * interval '1 second'
       from unnest($5::text[], $6::int[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[])
            as u (t, p, o, k, n, v, h) order by o
     on conflict (consumer, topic, partition, "offset") do nothing`,
    consumer,
    state,
    error,
    pauseSeconds,
    records.map((record) => record.topic),
    records.map((record) => record.partition),
    records.map((record) => record.offset),
    records.map((record) => storableText(record.key)),
    records.map(tenantOf),
    records.map((record) => record.value.toString('base64')),
    records.map((record) => JSON.stringify(record.headers)),
  )
}

/** The tenant that the event names, only so that its administrators are shown it. */
function tenantOf(record: StoredRecord): string | null {
  try {
    const event = JSON.parse(record.value.toString('utf8')) as { tenantid?: unknown }
    return typeof event.tenantid === 'string' ? storableText(event.tenantid) : null
  } catch {
    return null
  }
}
