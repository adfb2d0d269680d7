/**
 * From the outbox to the feed to the log. One process at a time does this, under a lease: it gives each committed event
 * its position (one order for the hub) and its seq (dense in its tenant), keeps it in the feed in the same transaction,
 * and only then publishes it. A crash in between repeats a publication with the same position, which consumers skip.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { crashPoint } from '../platform/crash-points.ts'
import type { Database, Tx } from '../platform/database.ts'
import type { Logger } from '../platform/log.ts'
import type { Wake } from '../platform/wake.ts'
import type { Bus, LogRecord } from './bus.ts'
import { catalogue, eventType } from './catalogue.ts'
import { encodeEvent, envelope } from './envelope.ts'
import { type Lease, LeasePool, provingLease } from './leases.ts'

export interface RelayOptions {
  readonly db: Database
  readonly bus: Bus
  readonly wake: Wake
  readonly owner: string
  readonly log: Logger
}

interface Taken {
  readonly position: number
  readonly tenantId: string
  readonly eventId: string
  readonly type: string
  readonly subject: string
  readonly data: unknown
  readonly actorId: string
  readonly causationId: string | null
  readonly at: Date
}

/**
 * A round takes this many events, shared among the tenants that have some, and at least so many of each: an import cannot
 * stall the others, and a tenant alone is not slowed by rounds that are nearly empty.
 */
const perRound = 1000
const perTenant = 64

const internalTypes = Object.entries(catalogue)
  .filter(([, type]) => 'internal' in type)
  .map(([name]) => name)

/** Runs wherever the role `relay` is; does its work where the lease is. */
export class Relay {
  readonly #options: RelayOptions
  readonly #pool: LeasePool
  #stopping: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: RelayOptions) {
    this.#options = options
    this.#pool = new LeasePool({
      db: options.db,
      pool: 'relay',
      owner: options.owner,
      items: () => ['feed'],
      log: options.log,
      onGain: async (lease) => {
        this.#stopping = new AbortController()
        this.#running = this.#run(lease, this.#stopping.signal)
      },
      onLose: async () => {
        this.#stopping?.abort()
        await this.#running
      },
    })
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  /** Ends after the round under way. Never throws. */
  stop(): Promise<void> {
    return this.#pool.stop()
  }

  /**
   * Takes a round while the one before is being published: who reads the feed does not wait for the log. Publications
   * follow each other, so what is published is always a beginning of the feed.
   */
  async #run(lease: Lease, signal: AbortSignal): Promise<void> {
    const { wake, log } = this.#options
    let published: number | undefined
    let publication: Promise<number> | undefined
    let pauseMs = 100
    while (!signal.aborted) {
      try {
        published ??= await this.#catchUp(lease)
        const woken = wake.wait('outbox', 500, signal)
        const taken = await this.#take(lease, published)
        if (taken.length > 0) wake.hint('feed')
        published = (await publication) ?? published
        publication = undefined
        if (taken.length > 0) {
          publication = this.#publish(taken)
          // Its failure is met where it is awaited; until then it is no unhandled one.
          publication.catch(() => {})
        } else {
          await woken
        }
        pauseMs = 100
      } catch (err) {
        // What was published is unknown now: look it up again before going on.
        await publication?.catch(() => {})
        publication = undefined
        published = undefined
        if (signal.aborted) return
        log.warn({ err }, 'the relay is interrupted')
        await pause(pauseMs, undefined, { signal }).catch(() => {})
        pauseMs = Math.min(5000, pauseMs * 2)
      }
    }
    const last = await publication?.catch(() => undefined)
    const reached = last ?? (publication === undefined ? published : undefined)
    if (reached !== undefined) await this.#advance(lease, reached).catch(() => {})
  }

  /** Publishes what the feed has and the log may lack; answers with the position that both have. */
  async #catchUp(lease: Lease): Promise<number> {
    const { db } = this.#options
    for (;;) {
      const events = await db.work('relay', [], async (tx) => {
        return provingLease(tx, [lease], () =>
          tx.query<Taken>(
            `select position, tenant_id, event_id, type, subject, data, actor_id, causation_id, at from events
              where position > (select published from feed) order by position limit $1`,
            perRound,
          ),
        )
      })
      if (events.length === 0) {
        const [row] = await db.ground<{ published: number }>('select published from feed')
        return row?.published ?? 0
      }
      await this.#advance(lease, await this.#publish(events))
    }
  }

  async #take(lease: Lease, published: number): Promise<Taken[]> {
    const { db } = this.#options
    const taken = await db.work('relay', [], async (tx) => {
      const events = await provingLease(tx, [lease], () => takeFromOutbox(tx, published))
      if (events.length > 0) crashPoint('relay:before-commit')
      return events
    })
    return taken.sort((a, b) => a.position - b.position)
  }

  async #publish(events: readonly Taken[]): Promise<number> {
    crashPoint('relay:before-publish')
    const topics = new Map<string, LogRecord[]>()
    for (const event of events) {
      const value = encodeEvent(
        envelope({
          id: event.eventId,
          source: `/tenants/${event.tenantId}`,
          type: event.type,
          subject: event.subject,
          time: event.at.toISOString(),
          tenantid: event.tenantId,
          actorid: event.actorId,
          ...(event.causationId !== null && { causationid: event.causationId }),
          position: event.position,
          data: event.data,
        }),
      )
      for (const topic of eventType(event.type)?.topics ?? []) {
        const records = topics.get(topic) ?? []
        records.push({ key: topic === 'work' ? event.tenantId : event.subject, value })
        topics.set(topic, records)
      }
    }
    await Promise.all([...topics].map(([topic, records]) => this.#options.bus.publish(topic, records)))
    crashPoint('relay:before-advance')
    return events.at(-1)?.position ?? 0
  }

  async #advance(lease: Lease, published: number): Promise<void> {
    await this.#options.db.work('relay', [], async (tx) => {
      await provingLease(tx, [lease], () => tx.run('update feed set published = greatest(published, $1)', published))
    })
  }
}

/**
 * Takes committed rows of the outbox, of every tenant in turn, into the feed, and notes what is known to be published.
 * Rows of one subject have ascending ids in the order of their commits, since their writers held its lock.
 */
function takeFromOutbox(tx: Tx, published: number): Promise<Taken[]> {
  return tx.query<Taken>(
    `with recursive tenants as (
       (select tenant_id from outbox order by tenant_id limit 1)
       union all
       select (select o.tenant_id from outbox o where o.tenant_id > t.tenant_id order by o.tenant_id limit 1)
         from tenants t where t.tenant_id is not null
     ), picked as (
       select o.* from tenants t
        cross join lateral (select * from outbox o where o.tenant_id = t.tenant_id order by o.id
          limit greatest($1::bigint, $2::bigint / (select count(*) from tenants n where n.tenant_id is not null))) o
        where t.tenant_id is not null order by o.id limit 2 * $2::bigint
     ), numbered as (
       select p.*, row_number() over (order by p.id) as n, p.type <> all($3) as public,
              row_number() over (partition by p.tenant_id, p.type <> all($3) order by p.id) as m
         from picked p
     ), hub as (
       update feed set position = position + (select count(*) from numbered), published = greatest(published, $4)
        where exists (select from numbered) or published < $4
       returning position - (select count(*) from numbered) as base
     ), counts as (
       select tenant_id, count(*) as n from numbered where public group by tenant_id
     ), seqs as (
       insert into tenant_feeds (tenant_id, seq) select tenant_id, n from counts
       on conflict (tenant_id) do update set seq = tenant_feeds.seq + excluded.seq
       returning tenant_id, seq
     ), gone as (
       delete from outbox where id in (select id from numbered)
     )
     insert into events (position, seq, tenant_id, event_id, type, subject, data, actor_id, causation_id, at, taken_at)
     select hub.base + x.n, case when x.public then s.seq - c.n + x.m end,
            x.tenant_id, x.event_id, x.type, x.subject, x.data, x.actor_id, x.causation_id, x.at, now()
       from numbered x cross join hub
       left join seqs s on s.tenant_id = x.tenant_id left join counts c on c.tenant_id = x.tenant_id
     returning position, tenant_id, event_id, type, subject, data, actor_id, causation_id, at`,
    perTenant,
    perRound,
    internalTypes,
    published,
  )
}
