/**
 * The shell round the engine: work events in, decisions out, one writer for each tenant. A shard owns partitions of the
 * topic `work` by lease; every transaction proves the lease, moves the position and writes all that was decided, so a
 * decision is durable before anybody sees it and is made once. Memory is only a copy: when a transaction does not commit,
 * what it touched is thrown away and rebuilt.
 */
import type { Bus } from '../core/events/bus.ts'
import { Consumer } from '../core/events/consumer.ts'
import type { EventRecord } from '../core/events/event-record.ts'
import { partitionOf } from '../core/events/murmur2.ts'
import { crashPoint } from '../core/platform/crash-points.ts'
import type { Database, Tx } from '../core/platform/database.ts'
import type { Logger } from '../core/platform/log.ts'
import { together } from '../core/platform/together.ts'
import type { Wake } from '../core/platform/wake.ts'
import { Alarm } from './alarm.ts'
import { Asking } from './asking.ts'
import { answerAtOnce, readPrompt } from './at-once.ts'
import { hintOutcomes } from './commands.ts'
import { hash, nextDue } from './engine.ts'
import { RuleSets } from './entry-facts.ts'
import { Flows } from './flows.ts'
import { gather, readCommands, takeIn } from './intake.ts'
import { type Ledger, openLedger, tell } from './ledger.ts'
import { readGroups, readMembers, reconfigure } from './policies.ts'
import { type Difference, differing, repair } from './reconcile.ts'
import { type RoutedTenant, rebuild } from './tenants.ts'
import { write } from './writing.ts'

export interface ShardOptions {
  readonly db: Database
  readonly bus: Bus
  readonly wake: Wake
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly log: Logger
  /** Work events of one transaction at most; 500 unless given. */
  readonly maxRecords?: number
  /** The present in ms, for tests; PostgreSQL's clock unless given. */
  readonly clock?: () => number
  /** How often items, conversations and assignments are compared; a minute unless given. */
  readonly reconcileEveryMs?: number
}

/** What the shard counts, since its start. */
export interface ShardFigures {
  readonly tenants: number
  readonly batches: number
  readonly decisions: number
  /** Commands that were decided without waiting for the log. */
  readonly prompt: number
  /** Differences that reconciliation found: each is a bug, or somebody wrote into the tables by hand. */
  readonly differences: number
}

const group = 'routing'
const topic = 'work'
/** Tenants whose timers fire in one transaction. */
const tenantsPerTick = 50

interface Kept extends RoutedTenant {
  readonly partition: number
  /** Ends hearing what it asks. */
  readonly deafen: () => void
}

export class Shard {
  readonly #options: ShardOptions
  readonly #consumer: Consumer
  readonly #alarm: Alarm
  readonly #asking: Asking
  readonly #tenants = new Map<string, Kept>()
  readonly #rules = new RuleSets()
  readonly #flows = new Flows()
  /** Partitions whose open work is in memory, so that its timers fire. */
  readonly #loaded = new Set<number>()
  readonly #figures = { batches: 0, decisions: 0, prompt: 0, differences: 0 }
  /** PostgreSQL's clock less ours, in ms, as seen last. */
  #ahead = 0

  constructor(options: ShardOptions) {
    this.#options = options
    const { db, bus, owner, log, maxRecords = 500 } = options
    this.#consumer = new Consumer({
      db,
      bus,
      owner,
      log,
      group,
      topic,
      maxRecords,
      apply: (tx, records) => this.#apply(tx, records),
      onAdopt: async (partition) => this.#forget(partition),
      onRelease: async (partition) => this.#forget(partition),
      onRollback: async (partition) => this.#discard(partition),
    })
    this.#asking = new Asking({
      log,
      act: (partition, tenants, work) => this.#consumer.act(partition, tenants, work),
      answer: (tx, partition, tenantIds) => this.#answer(tx, partition, tenantIds),
    })
    this.#alarm = new Alarm({
      bus,
      consumer: this.#consumer,
      topic,
      log,
      now: () => this.#now(),
      nextDue: (partition) => this.#nextDue(partition),
      load: (partition) => this.#load(partition),
      tick: (partition) => this.#tick(partition),
      reconcileEveryMs: options.reconcileEveryMs ?? 60_000,
      reconcile: (partition) => this.#reconcile(partition),
    })
  }

  /** Joins the shards; the topic `work` must exist. */
  async start(): Promise<void> {
    await this.#consumer.start()
    this.#alarm.start()
  }

  /** Ends after the transactions under way and gives the partitions up. Never throws. */
  async stop(): Promise<void> {
    await this.#alarm.stop()
    await this.#consumer.stop()
  }

  /** The partitions that this shard owns now. */
  partitions(): number[] {
    return this.#consumer.partitions()
  }

  figures(): ShardFigures {
    return { tenants: this.#tenants.size, ...this.#figures }
  }

  /** Looks at the timers now: for tests that turned the clock. */
  wake(): void {
    this.#alarm.ring()
  }

  /** How many work events of owned partitions wait. */
  lag(): Promise<number> {
    return this.#consumer.lag()
  }

  /** Digests of a tenant in memory and as rebuilt from the database: always equal. Undefined when it is another shard's. */
  async digests(tenantId: string): Promise<{ memory: string; database: string } | undefined> {
    const partition = await this.#partitionOf(tenantId)
    return this.#consumer.act(partition, [tenantId], async (tx) => {
      const ledgers = await this.#open(tx, partition, [tenantId])
      await this.#commit(tx, ledgers)
      const [database] = await rebuild(tx, [tenantId])
      const [memory] = ledgers
      return {
        memory: memory === undefined ? '' : hash(memory.tenant.state),
        database: database === undefined ? '' : hash(database.state),
      }
    })
  }

  /** Compares a tenant's tables with each other and mends what differs. Undefined when it is another shard's. */
  async reconcile(tenantId: string, graceMs = 0): Promise<readonly Difference[] | undefined> {
    const partition = await this.#partitionOf(tenantId)
    return this.#consumer.act(partition, [tenantId], async (tx) => {
      const found = await differing(tx, [tenantId], graceMs)
      if (found.length === 0) return found
      if (found.some(({ kind }) => kind === 'load')) this.#drop(tenantId)
      const ledgers = await this.#open(tx, partition, [tenantId])
      for (const ledger of ledgers) await repair(tx, ledger, found, this.#rules)
      await this.#commit(tx, ledgers)
      return found
    })
  }

  async #apply(tx: Tx, records: readonly EventRecord[]): Promise<void> {
    const partition = records[0]?.partition ?? 0
    const byTenant = Map.groupBy(records, ({ event }) => event.tenantid)
    const [at, commands] = await together([this.#stamp(tx), readCommands(tx, records)])
    const facts = await gather(tx, records, commands, this.#rules, at)
    const ledgers = await this.#open(tx, partition, [...byTenant.keys()], at)
    for (const ledger of ledgers) await takeIn(tx, ledger, byTenant.get(ledger.tenant.tenantId) ?? [], facts)
    await this.#commit(tx, ledgers)
  }

  /** Decides what these tenants have asked, as far as it need not come by the log. */
  async #answer(tx: Tx, partition: number, tenantIds: readonly string[]): Promise<void> {
    const tenants = tenantIds.flatMap((id) => {
      const tenant = this.#tenants.get(id)
      return tenant === undefined || tenant.ahead ? [] : [tenant]
    })
    if (tenants.length === 0) return
    const [at, prompt] = await together([this.#stamp(tx), readPrompt(tx, tenants)])
    if (prompt.commands.size === 0) return
    const ledgers = await this.#open(tx, partition, [...prompt.commands.keys()], at)
    for (const ledger of ledgers) answerAtOnce(ledger, prompt)
    await this.#commit(tx, ledgers)
    tx.afterCommit(() => {
      for (const commands of prompt.commands.values()) this.#figures.prompt += commands.length
    })
  }

  /** Ledgers for these tenants at the present moment; what is not in memory, or cannot be trusted, is rebuilt. */
  async #open(tx: Tx, partition: number, tenantIds: readonly string[], moment?: number): Promise<Ledger[]> {
    const at = moment ?? (await this.#stamp(tx))
    const missing = tenantIds.filter((id) => this.#tenants.get(id)?.ahead ?? true)
    const fresh = missing.length === 0 ? [] : await this.#rebuildAll(tx, partition, missing, at)
    const ledgers = new Map(fresh.map((ledger) => [ledger.tenant.tenantId, ledger]))
    return tenantIds.flatMap((id) => {
      const tenant = this.#tenants.get(id)
      if (tenant === undefined) return []
      tenant.ahead = true
      return [ledgers.get(id) ?? openLedger(tenant, at)]
    })
  }

  /** Rebuilds, and tells the engine what of the configuration it does not know. */
  async #rebuildAll(tx: Tx, partition: number, tenantIds: readonly string[], at: number): Promise<Ledger[]> {
    const tenants = await rebuild(tx, tenantIds)
    const groups = await readGroups(tx, tenantIds)
    const members = await readMembers(tx, tenantIds)
    return tenants.map((tenant) => {
      this.#keep(tenant, partition)
      const ledger = openLedger(tenant, at)
      reconfigure(ledger, groups.get(tenant.tenantId) ?? [], members.get(tenant.tenantId) ?? [])
      return ledger
    })
  }

  #keep(tenant: RoutedTenant, partition: number): void {
    const { tenantId } = tenant
    this.#drop(tenantId)
    const deafen = this.#options.wake.on(`asked:${tenantId}`, () => this.#asking.hear(partition, tenantId))
    this.#tenants.set(tenantId, Object.assign(tenant, { partition, deafen }))
  }

  #drop(tenantId: string): void {
    this.#tenants.get(tenantId)?.deafen()
    this.#tenants.delete(tenantId)
  }

  async #commit(tx: Tx, ledgers: readonly Ledger[]): Promise<void> {
    await write(tx, ledgers, this.#flows)
    const { wake } = this.#options
    tx.afterCommit(() => {
      crashPoint('routing:after-commit')
      this.#figures.batches++
      for (const ledger of ledgers) {
        ledger.tenant.ahead = false
        this.#figures.decisions += ledger.decisions
        this.#alarm.expect(nextDue(ledger.tenant.state))
      }
      wake.hint('outbox')
      const decided = ledgers.flatMap((ledger) => [...ledger.outcomes])
      if (decided.length > 0) hintOutcomes(wake, decided)
    })
    crashPoint('routing:before-commit')
  }

  /** One moment for the whole transaction, of the clock that all shards share. */
  async #stamp(tx: Tx): Promise<number> {
    if (this.#options.clock !== undefined) return this.#options.clock()
    const { at } = await tx.one<{ at: number }>('select (extract(epoch from clock_timestamp()) * 1000)::bigint as at')
    this.#ahead = at - Date.now()
    return at
  }

  /** About the present, to know when to look at the timers. */
  #now(): number {
    return this.#options.clock?.() ?? Date.now() + this.#ahead
  }

  #of(partition: number): Kept[] {
    return [...this.#tenants.values()].filter((tenant) => tenant.partition === partition)
  }

  #nextDue(partition: number): number | undefined {
    let first: number | undefined
    for (const tenant of this.#of(partition)) {
      const due = nextDue(tenant.state)
      if (due !== undefined && (first === undefined || due < first)) first = due
    }
    return first
  }

  /** Fires what is due, of some tenants at a time. */
  async #tick(partition: number): Promise<void> {
    const now = this.#now()
    const due = this.#of(partition).filter((tenant) => (nextDue(tenant.state) ?? Number.POSITIVE_INFINITY) <= now)
    const tenantIds = due.slice(0, tenantsPerTick).map((tenant) => tenant.tenantId)
    if (tenantIds.length === 0) return
    await this.#consumer.act(partition, tenantIds, async (tx) => {
      const ledgers = await this.#open(tx, partition, tenantIds)
      for (const ledger of ledgers) tell(ledger, { type: 'tick' })
      await this.#commit(tx, ledgers)
    })
  }

  /** Takes every tenant with open work into memory: their timers run although nothing is said of them. */
  async #load(partition: number): Promise<void> {
    if (this.#loaded.has(partition)) return
    const tenantIds = await this.#tenantsOf(partition)
    const busy = await this.#consumer.act(partition, tenantIds, (tx) =>
      tx.query<{ tenantId: string }>(
        `select distinct tenant_id from work_items
          where tenant_id = any($1) and state not in ('done', 'abandoned', 'rejected', 'expired')`,
        tenantIds,
      ),
    )
    if (busy === undefined) return
    for (const { tenantId } of busy) {
      if (this.#tenants.has(tenantId)) continue
      await this.#consumer.act(partition, [tenantId], async (tx) =>
        this.#commit(tx, await this.#open(tx, partition, [tenantId])),
      )
    }
    this.#loaded.add(partition)
  }

  async #reconcile(partition: number): Promise<void> {
    const tenantIds = await this.#tenantsOf(partition)
    const found = await this.#consumer.act(partition, tenantIds, (tx) => differing(tx, tenantIds, 60_000))
    for (const tenantId of new Set(found?.map((difference) => difference.tenantId))) {
      const differences = (await this.reconcile(tenantId, 60_000)) ?? []
      this.#figures.differences += differences.length
      for (const difference of differences) this.#options.log.error({ ...difference }, 'routing tables differed')
    }
  }

  async #tenantsOf(partition: number): Promise<string[]> {
    const { db, bus } = this.#options
    const count = await bus.partitions(topic)
    const rows = await db.ground<{ id: string }>('select id from tenants order by id')
    return rows.map((row) => row.id).filter((id) => partitionOf(id, count) === partition)
  }

  async #partitionOf(tenantId: string): Promise<number> {
    return partitionOf(tenantId, await this.#options.bus.partitions(topic))
  }

  #discard(partition: number): void {
    for (const tenant of this.#of(partition)) if (tenant.ahead) this.#drop(tenant.tenantId)
    // Their timers must not be forgotten with them.
    this.#loaded.delete(partition)
  }

  #forget(partition: number): void {
    for (const tenant of this.#of(partition)) this.#drop(tenant.tenantId)
    this.#loaded.delete(partition)
    this.#alarm.forget(partition)
  }
}
