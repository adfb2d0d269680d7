/**
 * Handling a topic, exactly once in effect: how far a partition was handled is written in the transaction of the effects,
 * and every such transaction proves the partition's lease first. A record that cannot be applied is set aside alone
 * (set-aside.ts), and only its key waits for it; when the ground gives way, everything waits.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Database, isOutage, type Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import { together } from '../platform/together.ts'
import type { Batch, Bus, PartitionRange, Reader, StoredRecord } from './bus.ts'
import { decode, type EventRecord } from './event-record.ts'
import { type Lease, LeasePool, proveLease, provingLease } from './leases.ts'
import { movePositions, type Position, takePosition } from './positions.ts'
import { Rounds } from './rounds.ts'
import { dueSetAside, keepBehind, setAside, waitingKeys } from './set-aside.ts'

export interface ConsumerOptions {
  readonly db: Database
  readonly bus: Bus
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly log: Logger
  /** Names the consumer: its positions and set-aside records are kept under this name for ever. */
  readonly group: string
  readonly topic: string
  readonly maxRecords: number
  /** Whose rows the records touch; what the events themselves say unless given. */
  tenants?(records: readonly EventRecord[]): Promise<readonly string[]>
  /**
   * Applies records of one partition, in order, within the transaction that moves the position. Throwing undoes it all:
   * then it is called again for parts of the batch, so it must have no effect outside `tx`.
   */
  apply(tx: Tx, records: readonly EventRecord[]): Promise<void>
  /** What several partitions have ready may come in one call, those of each in order: fewer transactions, and fuller ones. */
  readonly together?: boolean
  /** The partition is ours; called before its first batch. */
  onAdopt?(partition: number): Promise<void>
  onRelease?(partition: number): Promise<void>
  /** A transaction did not commit: whatever memory ran ahead of the database must be thrown away. */
  onRollback?(partition: number): Promise<void>
}

interface Owned {
  readonly lease: Lease
  next: number
  lastPosition: number
  /** Batches, acts and retries of one partition follow each other. */
  turn: Promise<unknown>
  /** A transaction ended without telling how: the position in PostgreSQL decides, not the one here. */
  doubtful: boolean
  /** Nothing of it is set aside: only its owner sets records aside, so this need not be asked again. */
  clear: boolean
}

/** What one partition has ready. */
interface Portion extends Position {
  readonly owned: Owned
  readonly stored: readonly StoredRecord[]
  readonly fresh: readonly EventRecord[]
}

const retryEveryMs = 1000

export class Consumer {
  readonly #options: ConsumerOptions
  readonly #owned = new Map<number, Owned>()
  #reader: Reader | undefined
  #pool: LeasePool | undefined
  readonly #stopping = new AbortController()
  #retrying: Promise<void> = Promise.resolve()
  readonly #rounds: Rounds<Portion>

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#rounds = new Rounds({
      size: ({ stored }) => stored.length,
      most: options.maxRecords,
      run: (portions) => this.#applyPortions(portions),
      concernsAll: isOutage,
    })
  }

  /** Joins the group. The topic must exist. */
  async start(): Promise<void> {
    const { db, bus, group, topic, owner, log, maxRecords } = this.#options
    const count = await bus.partitions(topic)
    this.#reader = await bus.read({
      topic,
      group,
      maxRecords,
      onBatch: (batch) => this.#take(batch),
      onOutOfRange: (partition, asked, range) => void this.#skip(partition, asked, range),
    })
    this.#pool = new LeasePool({
      db,
      pool: `consumer/${group}/${topic}`,
      owner,
      items: () => Array.from({ length: count }, (_, partition) => `${partition}`),
      log,
      onGain: (lease) => this.#adopt(lease),
      onLose: (lease) => this.#release(partitionOf(lease)),
    })
    await this.#pool.start()
    this.#retrying = this.#retryUntilStopped(this.#stopping.signal)
  }

  /** Ends after the batches under way and gives the partitions up. Never throws. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#retrying
    await this.#pool?.stop()
    await this.#reader?.stop()
  }

  /** The partitions that this process owns now. */
  partitions(): number[] {
    return [...this.#owned.keys()].sort((a, b) => a - b)
  }

  /** How many records of owned partitions wait to be handled. */
  async lag(): Promise<number> {
    const ranges = await this.#options.bus.ranges(this.#options.topic)
    return ranges.reduce((sum, range) => {
      const owned = this.#owned.get(range.partition)
      return owned === undefined ? sum : sum + Math.max(0, range.next - owned.next)
    }, 0)
  }

  /** The offset up to which everything of the partition has been handled; undefined when it is not ours. */
  position(partition: number): number | undefined {
    return this.#owned.get(partition)?.next
  }

  /** Whether everything that the log holds of the partition at the time of asking has been handled. */
  async caughtUp(partition: number): Promise<boolean> {
    const range = (await this.#options.bus.ranges(this.#options.topic)).find((one) => one.partition === partition)
    const owned = this.#owned.get(partition)
    return owned !== undefined && range !== undefined && owned.next >= range.next
  }

  /**
   * Runs `work` in a transaction that proves the partition's lease, never at the same time as a batch of it. Whose rows it touches may be
   * told when its turn has come. Resolves undefined when the partition is not ours.
   */
  act<T>(
    partition: number,
    tenants: readonly string[] | (() => readonly string[]),
    work: (tx: Tx) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#inTurn(partition, (owned) =>
      this.#fenced([owned], typeof tenants === 'function' ? tenants() : tenants, work),
    )
  }

  async #adopt(lease: Lease): Promise<void> {
    const partition = partitionOf(lease)
    const position = await this.#position(lease)
    this.#owned.set(partition, { lease, ...position, turn: Promise.resolve(), doubtful: false, clear: false })
    await this.#options.onAdopt?.(partition)
    await this.#reader?.adopt(partition, position.next)
  }

  #position(lease: Lease): Promise<Position> {
    const { db, group, topic } = this.#options
    return db.work('hub', [], async (tx) => {
      await proveLease(tx, lease)
      return takePosition(tx, group, topic, partitionOf(lease))
    })
  }

  async #release(partition: number): Promise<void> {
    const owned = this.#owned.get(partition)
    // From here on nothing begins; what had begun may still adopt the partition anew, so the drop comes after it.
    this.#owned.delete(partition)
    await owned?.turn
    await this.#reader?.drop(partition)
    await this.#options.onRelease?.(partition)
  }

  /** The log does not keep what was asked for, or has not come so far: goes on with what there is. */
  async #skip(partition: number, asked: number, range: PartitionRange): Promise<void> {
    const { group, topic, log } = this.#options
    log.error({ group, topic, partition, asked, range }, 'records were forgotten before they were handled')
    const next = asked < range.earliest ? range.earliest : range.next
    await this.#inTurn(partition, async (owned) => {
      try {
        await this.#fenced([owned], [], (tx) => this.#move(tx, { owned, next, lastPosition: owned.lastPosition }))
        owned.next = next
        await this.#reader?.adopt(partition, next)
      } catch (err) {
        log.warn({ err, group, topic, partition }, 'a position could not be moved; trying again')
        await pause(retryEveryMs)
        // Is told once more that it is not there.
        await this.#reader?.adopt(partition, asked)
      }
    })
  }

  async #take(batch: Batch): Promise<void> {
    // Not taken for handled: it comes again here until it is dropped, and to whoever owns the partition.
    if (!this.#owned.has(batch.partition)) {
      throw new Fault('unavailable', 'lease-lost', `Partition ${batch.partition} is not ours any more.`)
    }
    await this.#inTurn(batch.partition, (owned) => this.#handle(owned, batch))
  }

  #inTurn<T>(partition: number, work: (owned: Owned) => Promise<T>): Promise<T | undefined> {
    const owned = this.#owned.get(partition)
    if (owned === undefined) return Promise.resolve(undefined)
    const result = owned.turn.then(() => work(owned))
    owned.turn = result.catch(() => {})
    return result
  }

  async #handle(owned: Owned, batch: Batch): Promise<void> {
    try {
      if (owned.doubtful) Object.assign(owned, await this.#position(owned.lease), { doubtful: false })
      // What an earlier attempt already handled, before a part of its batch failed, is not handled again.
      const records = batch.records.filter((record) => record.offset >= owned.next)
      if (records.length > 0) await this.#handleAll(owned, records)
    } catch (error) {
      // A connection can be lost between a commit and its answer.
      owned.doubtful = true
      throw error
    }
  }

  async #handleAll(owned: Owned, records: readonly StoredRecord[]): Promise<void> {
    const decoded = records.map((record) => decode(record))
    const broken = decoded.find((one) => one.error !== undefined)
    try {
      if (broken !== undefined && records.length === 1) throw broken.error
      if (broken !== undefined) return await this.#halve(owned, records)
      await this.#applyAll(
        owned,
        records,
        decoded.flatMap((one) => one.record ?? []),
      )
    } catch (error) {
      if (isOutage(error)) throw error
      if (records.length > 1) return await this.#halve(owned, records)
      await this.#putAside(owned, records, error)
    }
  }

  async #halve(owned: Owned, records: readonly StoredRecord[]): Promise<void> {
    const middle = Math.ceil(records.length / 2)
    await this.#handleAll(owned, records.slice(0, middle))
    await this.#handleAll(owned, records.slice(middle))
  }

  async #applyAll(owned: Owned, stored: readonly StoredRecord[], records: readonly EventRecord[]): Promise<void> {
    // A repeated publication may begin within the batch that holds the first.
    let { lastPosition } = owned
    const fresh = records.filter(({ event: { position } }) => {
      if (position === undefined) return true
      if (position <= lastPosition) return false
      lastPosition = position
      return true
    })
    const portion = { owned, stored, fresh, next: nextAfter(stored), lastPosition }
    await (this.#options.together === true ? this.#rounds.join(portion) : this.#applyPortions([portion]))
  }

  async #applyPortions(portions: readonly Portion[]): Promise<void> {
    const fresh = portions.flatMap((portion) => portion.fresh)
    const tenants = await this.#tenants(fresh)
    const owned = portions.map((portion) => portion.owned)
    await this.#fenced(owned, tenants, async (tx) => {
      const { group, topic } = this.#options
      const asked = owned.filter(({ clear }) => !clear).map(numberOf)
      const waiting = asked.length === 0 ? new Set<string>() : await waitingKeys(tx, group, topic, asked)
      if (waiting.size === 0) for (const one of owned) one.clear = true
      const free = fresh.filter((record) => !waiting.has(record.key))
      const behind = portions.flatMap((portion) => {
        const held = new Set(portion.fresh.filter(({ key }) => waiting.has(key)).map(({ offset }) => offset))
        return portion.stored.filter(({ offset }) => held.has(offset))
      })
      await together([
        this.#move(tx, ...portions),
        keepBehind(tx, group, behind),
        free.length > 0 && this.#options.apply(tx, free),
      ])
    })
    for (const { owned: one, next, lastPosition } of portions) Object.assign(one, { next, lastPosition })
  }

  async #putAside(owned: Owned, stored: readonly StoredRecord[], error: unknown): Promise<void> {
    const { group, topic, log } = this.#options
    const [record] = stored
    if (record === undefined) return
    log.error({ err: error, group, topic, partition: record.partition, offset: record.offset }, 'a record is set aside')
    const position = decode(record).record?.event.position ?? 0
    const lastPosition = Math.max(owned.lastPosition, position)
    // Also where the connection is lost, and nobody knows whether it committed.
    owned.clear = false
    await this.#fenced([owned], [], async (tx) => {
      await setAside(tx, group, record, error)
      await this.#move(tx, { owned, next: nextAfter(stored), lastPosition })
    })
    Object.assign(owned, { next: nextAfter(stored), lastPosition })
  }

  async #retryUntilStopped(signal: AbortSignal): Promise<void> {
    const { group, topic, log } = this.#options
    while (!signal.aborted) {
      await pause(retryEveryMs, undefined, { signal }).catch(() => {})
      try {
        // What waits behind a record that could be applied has its turn at once.
        while (!signal.aborted && (await this.#retrySetAside(signal)));
      } catch (err) {
        if (!isOutage(err)) log.error({ err, group, topic }, 'records set aside could not be looked at')
      }
    }
  }

  /** Applies what was set aside and is due, each key from where it stopped; answers whether anything could be applied. */
  async #retrySetAside(signal: AbortSignal): Promise<boolean> {
    const { db, group, topic, log } = this.#options
    let applied = false
    for (const due of await dueSetAside(db, group, topic, this.partitions())) {
      if (signal.aborted) break
      await this.#inTurn(due.record.partition, async (owned) => {
        try {
          const { record, error } = decode(due.record)
          if (record === undefined) throw error
          await this.#fenced([owned], await this.#tenants([record]), async (tx) => {
            if (await due.settle(tx, 'replayed')) await this.#options.apply(tx, [record])
          })
          applied = true
          log.info({ group, topic, offset: due.record.offset }, 'a record that was set aside is applied')
        } catch (err) {
          if (isOutage(err)) throw err
          await this.#fenced([owned], [], (tx) => due.postpone(tx, err))
        }
      })
    }
    return applied
  }

  async #tenants(records: readonly EventRecord[]): Promise<readonly string[]> {
    if (this.#options.tenants !== undefined) return this.#options.tenants(records)
    return [...new Set(records.map(({ event }) => event.tenantid))]
  }

  async #fenced<T>(owned: readonly Owned[], tenants: readonly string[], work: (tx: Tx) => Promise<T>): Promise<T> {
    const { db, group, onRollback } = this.#options
    const undone = async () => {
      for (const one of owned) await onRollback?.(numberOf(one))
    }
    let attempts = 0
    try {
      return await db.work(group, tenants, async (tx) => {
        // The database repeats a transaction by itself after a deadlock.
        if (attempts++ > 0) await undone()
        const leases = owned.map(({ lease }) => lease)
        return provingLease(tx, leases, () => work(tx))
      })
    } catch (error) {
      await undone()
      throw error
    }
  }

  #move(tx: Tx, ...portions: readonly (Position & { readonly owned: Owned })[]): Promise<void> {
    const { group, topic } = this.#options
    return movePositions(
      tx,
      group,
      topic,
      portions.map(({ owned, next, lastPosition }) => ({ partition: numberOf(owned), next, lastPosition })),
    )
  }
}

function nextAfter(stored: readonly StoredRecord[]): number {
  return (stored.at(-1)?.offset ?? 0) + 1
}

function numberOf({ lease }: Owned): number {
  return partitionOf(lease)
}

function partitionOf(lease: Lease): number {
  return Number(lease.what.slice(lease.what.lastIndexOf('/') + 1))
}
