/**
 * Who owns what: log partitions in a group, routing shards, exclusive channels, the relay. One table, one rule: a lease
 * holds for a few seconds, is renewed each second and with each batch, and is fenced by an epoch that grows whenever it
 * changes hands. An owner that was frozen can do nothing more, since each of its transactions must prove its epoch first.
 */
import type { Database, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import { together } from '../platform/together.ts'
import { mostItems } from './lease-share.ts'

export interface Lease {
  readonly what: string
  readonly owner: string
  readonly epoch: number
}

/** How long a lease holds without being renewed. */
export const leaseMs = 3000

/**
 * The fence: first statement of an owner's transaction. Renews the lease and keeps its row locked to commit, so that a
 * take-over waits for this transaction, and one after a take-over changes nothing. Faults with `lease-lost`.
 */
export async function proveLease(tx: Tx, ...leases: readonly Lease[]): Promise<void> {
  const proved = await tx.run(
    `update leases l set until = greatest(until, clock_timestamp() + $4 * interval '1 millisecond')
       from unnest($1::text[], $2::text[], $3::bigint[]) as held (what, owner, epoch)
      where l.what = held.what and l.owner = held.owner and l.epoch = held.epoch`,
    leases.map(({ what }) => what),
    leases.map(({ owner }) => owner),
    leases.map(({ epoch }) => epoch),
    leaseMs,
  )
  if (proved === leases.length) return
  throw new Fault('unavailable', 'lease-lost', `${leases.map(({ what }) => what).join(', ')}: another has it now.`)
}

/** Proves the leases and does `work` in the same transaction, the proof first; where it fails, so does this, and the work is undone. */
export async function provingLease<T>(tx: Tx, leases: readonly Lease[], work: () => Promise<T>): Promise<T> {
  const [, done] = await together([proveLease(tx, ...leases), work()])
  return done
}

export interface LeasePoolOptions {
  readonly db: Database
  /** Members of one pool share its items evenly. */
  readonly pool: string
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  /** What there is to own at this moment. While it rejects, what is held is kept and nothing is gained. */
  items(): Promise<readonly string[]> | readonly string[]
  /** Called once for each lease gained; work may begin. When it rejects, the lease is lost again, and taken anew later. */
  onGain(lease: Lease): Promise<void>
  /**
   * Called once for each lease lost, run out or about to be given up, after its `onGain` has settled; resolves when no more
   * work will begin.
   */
  onLose(lease: Lease): Promise<void>
  readonly log: Logger
}

interface State extends Lease {
  readonly free: boolean
}

interface Renewal {
  /** By our own clock; what was renewed lasts at least from here. */
  readonly asked: number
  /** Of the pool, at this moment, this one included. */
  readonly members: readonly string[]
  readonly states: ReadonlyMap<string, State>
}

/** One lease of ours, from gaining it until no work on it is left. */
interface Holding {
  readonly lease: Lease
  /** Resolves when the work has begun, or could not. */
  readonly begun: Promise<void>
  /** Set once it is lost or given up; resolves when the work has ended. It is renewed until then, and not taken anew. */
  ended?: Promise<void>
}

interface Shunned {
  readonly until: number
  readonly pauseMs: number
}

const longestShunMs = 30_000

/**
 * Holds a fair share of a pool's items for this process. Gaining and losing of one item follow each other and never overlap;
 * work that is slow to begin or to end holds up no other item.
 */
export class LeasePool {
  readonly #options: LeasePoolOptions
  readonly #held = new Map<string, Holding>()
  /** Items whose work could not begin here: others may have them at once, we again after a pause that grows. */
  readonly #shunned = new Map<string, Shunned>()
  #timer: NodeJS.Timeout | undefined
  #expiry: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #queued = false
  #stopped = false

  constructor(options: LeasePoolOptions) {
    this.#options = options
  }

  /** Joins the pool and makes a first round. */
  async start(): Promise<void> {
    await this.#beat()
  }

  held(what: string): Lease | undefined {
    const holding = this.#held.get(what)
    return holding?.ended === undefined ? holding?.lease : undefined
  }

  /** Makes a round now instead of within a second: after items have changed. */
  refresh(): void {
    if (!this.#stopped) void this.#beat()
  }

  /** Gives everything up, so that others may take it at once. Never throws. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#round
    clearTimeout(this.#timer)
    clearTimeout(this.#expiry)
    await Promise.all([...this.#held.values()].map((holding) => this.#end(holding)))
    const { db, pool, owner } = this.#options
    await db
      .ground('delete from leases where what = $1', memberName(pool, owner))
      .then(() =>
        db.ground(
          `update leases set until = '-infinity' where owner = $1 and starts_with(what, $2)`,
          owner,
          `${pool}/`,
        ),
      )
      .catch(() => {})
  }

  /** Has a round made when the one under way is over; one that has not begun yet will do. */
  #beat(): Promise<void> {
    if (this.#queued) return this.#round
    this.#queued = true
    this.#round = this.#round.then(async () => {
      this.#queued = false
      clearTimeout(this.#timer)
      if (this.#stopped) return
      try {
        await this.#share()
      } catch (err) {
        this.#options.log.warn({ err, pool: this.#options.pool }, 'leases could not be renewed')
      }
      if (!this.#stopped) this.#timer = setTimeout(() => void this.#beat(), leaseMs / 3)
    })
    return this.#round
  }

  async #share(): Promise<void> {
    const items = await this.#items()
    const { asked, members, states } = await this.#renew(items ?? [])
    this.#expectExpiry(asked + leaseMs)

    const { owner } = this.#options
    const wanted = new Set(items)
    for (const holding of this.#working()) {
      const { what, epoch } = holding.lease
      const state = states.get(what)
      if (state === undefined || state.owner !== owner || state.epoch !== epoch) void this.#end(holding)
      else if (items !== undefined && !wanted.has(what)) void this.#release(holding)
    }
    if (items === undefined) return

    const holds = new Map(members.map((name) => [name, 0]))
    for (const [what, state] of states) {
      if (!wanted.has(what) || state.free || state.owner === owner) continue
      holds.set(state.owner, (holds.get(state.owner) ?? 0) + 1)
    }
    holds.set(owner, this.#working().length)
    const most = mostItems(items.length, owner, holds)
    for (const holding of this.#working().slice(most)) void this.#release(holding)
    const free = items.filter((what) => !this.#held.has(what) && !this.#shuns(what) && (states.get(what)?.free ?? true))
    await this.#claim(free.slice(0, Math.max(0, most - this.#working().length)))
  }

  /** Undefined when they cannot be told now: then what is held is kept. */
  async #items(): Promise<string[] | undefined> {
    const { items, pool, log } = this.#options
    try {
      return [...new Set(await items())].map((item) => `${pool}/${item}`)
    } catch (err) {
      log.warn({ err, pool }, 'what there is to own could not be told')
      return undefined
    }
  }

  /** Renews membership and leases; tells who else is there and the state of all items. */
  #renew(items: readonly string[]): Promise<Renewal> {
    const { db, pool, owner } = this.#options
    const mine = [...this.#held.keys()]
    return db.work('hub', [], async (tx) => {
      const asked = performance.now()
      await tx.run(
        `insert into leases (what, owner, until) values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         on conflict (what) do update set until = excluded.until`,
        memberName(pool, owner),
        owner,
        leaseMs,
      )
      // Rows locked by a batch under way are being renewed by that batch.
      await tx.run(
        `update leases set until = clock_timestamp() + $3 * interval '1 millisecond'
          where what in (select what from leases where what = any($1) and owner = $2 order by what for update skip locked)`,
        mine,
        owner,
        leaseMs,
      )
      const members = await tx.query<{ owner: string }>(
        `select owner from leases where starts_with(what, $1) and until > clock_timestamp()`,
        memberName(pool, ''),
      )
      const states = await tx.query<State>(
        'select what, owner, epoch, until <= clock_timestamp() as free from leases where what = any($1)',
        [...new Set([...items, ...mine])],
      )
      return {
        asked,
        members: members.map((member) => member.owner),
        states: new Map(states.map((state) => [state.what, state])),
      }
    })
  }

  async #claim(items: readonly string[]): Promise<void> {
    if (items.length === 0) return
    const { db, owner } = this.#options
    const gained = await db.work('hub', [], async (tx) => {
      await tx.run(
        `insert into leases (what, owner, until)
         select w, '', '-infinity' from unnest($1::text[]) w order by w on conflict do nothing`,
        items,
      )
      // An item whose old owner is frozen in a transaction is skipped until the server has ended that transaction.
      return tx.query<Lease>(
        `update leases set owner = $2, epoch = epoch + 1, until = clock_timestamp() + $3 * interval '1 millisecond'
          where what in (select what from leases where what = any($1) and until <= clock_timestamp() order by what for update skip locked)
         returning what, owner, epoch`,
        items,
        owner,
        leaseMs,
      )
    })
    for (const lease of gained) this.#begin(lease)
  }

  #begin(lease: Lease): void {
    const { onGain, log } = this.#options
    const begun = Promise.resolve()
      .then(() => onGain(lease))
      .then(
        () => {
          this.#shunned.delete(lease.what)
        },
        (err: unknown) => {
          log.error({ err, what: lease.what }, 'work on a lease could not begin')
          const pauseMs = Math.min(longestShunMs, 2 * (this.#shunned.get(lease.what)?.pauseMs ?? leaseMs / 6))
          this.#shunned.set(lease.what, { until: performance.now() + pauseMs, pauseMs })
          void this.#release(holding)
        },
      )
    const holding: Holding = { lease, begun }
    this.#held.set(lease.what, holding)
  }

  /** Ends the work on a lease, once it has begun. */
  #end(holding: Holding): Promise<void> {
    holding.ended ??= holding.begun
      .then(() => this.#options.onLose(holding.lease))
      .catch((err: unknown) =>
        this.#options.log.error({ err, what: holding.lease.what }, 'work on a lease did not end well'),
      )
      .then(() => {
        this.#held.delete(holding.lease.what)
      })
    return holding.ended
  }

  async #release(holding: Holding): Promise<void> {
    await this.#end(holding)
    const { what, owner, epoch } = holding.lease
    await this.#options.db
      .ground(`update leases set until = '-infinity' where what = $1 and owner = $2 and epoch = $3`, what, owner, epoch)
      .catch(() => {})
  }

  /** Holdings that are not being given up. */
  #working(): Holding[] {
    return [...this.#held.values()].filter((holding) => holding.ended === undefined)
  }

  #shuns(what: string): boolean {
    const shunned = this.#shunned.get(what)
    return shunned !== undefined && shunned.until > performance.now()
  }

  /** Without a renewal others may own by then what is ours now, and we cannot ask: all work has to end by itself. */
  #expectExpiry(at: number): void {
    clearTimeout(this.#expiry)
    if (this.#stopped) return
    this.#expiry = setTimeout(
      () => {
        const holdings = this.#working()
        if (holdings.length === 0) return
        this.#options.log.warn({ pool: this.#options.pool, leases: holdings.length }, 'leases ran out unrenewed')
        for (const holding of holdings) void this.#end(holding)
      },
      Math.max(0, at - performance.now()),
    )
  }
}

function memberName(pool: string, owner: string): string {
  return `member:${pool}/${owner}`
}
