/**
 * Tells webhook endpoints what happens. Endpoints are shared among processes by leases; each has rounds of its own, so one
 * that is slow or dead holds up nobody else. The feed's hint is only for speed: a look each second is the truth.
 */
import type { Egress } from '../../connectors/runtime/egress.ts'
import { type Lease, LeasePool } from '../../core/events/leases.ts'
import { crashPoint } from '../../core/platform/crash-points.ts'
import { type Database, isOutage } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { secretsInForce, shards } from './endpoints.ts'
import { type Attempted, postNotice } from './post.ts'
import { planRound, type Round, recordRound, type Told } from './rounds.ts'
import { verdictOf } from './schedule.ts'

export interface SenderOptions {
  readonly db: Database
  readonly wake: Wake
  readonly vault: Vault
  readonly egress: Pick<Egress, 'fetch'>
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly log: Logger
  /** How often what is due is looked for without a hint; a second unless said. */
  readonly pollMs?: number
}

interface Work {
  readonly tenantId: string
  readonly id: string
  readonly shard: number
}

const pool = 'webhooks'
/** Endpoints served at the same moment; those that fail take one connection each. */
const mostRounds = 300
/** Hints come with every batch of events: so long a look is shared by those that come together. */
const gatherMs = 20

export class Sender {
  readonly #options: SenderOptions
  readonly #leases: LeasePool
  readonly #owned = new Map<number, Lease>()
  readonly #rounds = new Map<string, Promise<void>>()
  /** Endpoints that took nothing when they were served last: hints do not wake them, the next poll does. */
  readonly #resting = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #off: (() => void) | undefined
  #looking: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(options: SenderOptions) {
    this.#options = options
    const { db, owner, log } = options
    this.#leases = new LeasePool({
      db,
      pool,
      owner,
      log,
      items: () => Array.from({ length: shards }, (_, shard) => String(shard)),
      onGain: async (lease) => {
        this.#owned.set(shardOf(lease), lease)
        this.#look()
      },
      // Rounds under way end by themselves: what they would record, the fence refuses.
      onLose: async (lease) => {
        this.#owned.delete(shardOf(lease))
      },
    })
  }

  async start(): Promise<void> {
    const { wake, pollMs = 1000 } = this.#options
    this.#off = wake.on('feed', () => this.#look())
    this.#timer = setInterval(() => {
      this.#resting.clear()
      this.#look()
    }, pollMs)
    await this.#leases.start()
  }

  /** Takes nothing more up, and waits for what is being posted at this moment. Never throws. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#off?.()
    clearInterval(this.#timer)
    await this.#looking
    await Promise.all(this.#rounds.values())
    await this.#leases.stop()
  }

  #look(): void {
    if (this.#stopped) return
    if (this.#looking !== undefined) {
      this.#again = true
      return
    }
    this.#looking = this.#lookAround().finally(() => {
      this.#looking = undefined
      if (!this.#again) return
      this.#again = false
      setTimeout(() => this.#look(), gatherMs)
    })
  }

  async #lookAround(): Promise<void> {
    const owned = [...this.#owned.keys()]
    if (owned.length === 0) return
    try {
      const found = await this.#options.db.ground<Work>(
        `select e.tenant_id, e.id, e.shard from webhook_endpoints e join tenant_feeds f on f.tenant_id = e.tenant_id
          where e.state = 'active' and e.removed_at is null and e.shard = any($1) and not e.id = any($2)
            and (e.cursor_seq < f.seq
                 or exists (select from webhook_deliveries d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id
                                                               and d.state = 'pending' and d.due_at <= clock_timestamp()))
          order by random() limit $3`,
        owned,
        [...this.#rounds.keys(), ...this.#resting],
        Math.max(0, mostRounds - this.#rounds.size),
      )
      for (const work of found) this.#begin(work)
    } catch (err) {
      this.#options.log.warn({ err }, 'webhook endpoints with news could not be looked for')
    }
  }

  #begin(work: Work): void {
    const lease = this.#owned.get(work.shard)
    if (lease === undefined || this.#stopped || this.#rounds.has(work.id)) return
    const round = this.#serve(work, lease)
      .then((tookSome) => {
        if (!tookSome) this.#resting.add(work.id)
      })
      .catch((err: unknown) => {
        const { log } = this.#options
        // A lost lease is nobody's fault; everything else is looked at again in a second.
        if (isOutage(err)) log.warn({ err, endpoint: work.id }, 'a webhook endpoint could not be served')
        else log.error({ err, endpoint: work.id }, 'a webhook endpoint could not be served')
      })
      .finally(() => this.#rounds.delete(work.id))
    this.#rounds.set(work.id, round)
  }

  /** Rounds as long as there is something to tell and it is taken; false when nothing went on at all. */
  async #serve({ tenantId, id }: Work, lease: Lease): Promise<boolean> {
    const { db } = this.#options
    let wentOn = false
    while (!this.#stopped) {
      const round = await planRound(db, lease, tenantId, id)
      if (round === undefined) return wentOn
      const told = await this.#tell(tenantId, round)
      if (round.due.length > 0) crashPoint('webhooks:before-record')
      await recordRound(db, lease, tenantId, round, told)
      if (round.due.length > 0) crashPoint('webhooks:after-record')
      const isTaken = told.some(({ attempted }) => attempted !== undefined && verdictOf(attempted) === 'taken')
      wentOn ||= isTaken || told.length === 0
      if (!isTaken) return wentOn
    }
    return wentOn
  }

  /** Posts what is due: lanes side by side, within a lane one after the other until one is not taken. */
  async #tell(tenantId: string, { endpoint, due }: Round): Promise<Told[]> {
    if (due.length === 0) return []
    const { vault, egress } = this.#options
    const secrets = secretsInForce(vault, { id: tenantId, sealedKey: endpoint.sealedKey }, endpoint, Date.now())
    const lanes = Map.groupBy(due, ({ lane }) => lane)
    const told = await Promise.all(
      [...lanes.values()].map(async (lane) => {
        const done: Told[] = []
        let isOpen = true
        for (const one of lane) {
          const attempted: Attempted | undefined =
            isOpen && !one.isHeld ? await postNotice(egress, { url: endpoint.url, secrets }, one.event) : undefined
          isOpen &&= attempted !== undefined && verdictOf(attempted) === 'taken'
          done.push({ due: one, attempted })
        }
        return done
      }),
    )
    return told.flat()
  }
}

function shardOf({ what }: Lease): number {
  return Number(what.slice(what.lastIndexOf('/') + 1))
}
