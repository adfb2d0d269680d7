/**
 * The deliveries that this process is sending, kept its own while it lives: their claims are short and renewed together, so
 * that what a dead process was sending is taken over within seconds, however long one send may take.
 */
import type { Delivery } from '../../core/conversations/lanes.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'

/** How long a claim holds without being renewed, and how often it is. */
export const holdMs = 8000
const renewMs = 2000
/** What must be left of a claim for a send to begin. */
const marginMs = 2000

export class Claimed {
  readonly delivery: Delivery
  /** The claim's own name: nobody else, also not this process at another time, has it. */
  readonly owner: string
  /** Its claimer before us did not come back: it may have been sent. */
  readonly expired: boolean
  /** By performance.now(): afterwards it may be somebody else's. */
  until: number

  constructor(delivery: Delivery, owner: string, expired: boolean, claimedAt: number) {
    this.delivery = delivery
    this.owner = owner
    this.expired = expired
    this.until = claimedAt + holdMs
  }

  /** Whether it is certainly ours for a moment: false after this process was frozen, or cut off from the database. */
  isHeld(): boolean {
    return performance.now() + marginMs < this.until
  }
}

export class Claims {
  readonly #db: Database
  readonly #owner: string
  readonly #log: Logger
  readonly #held = new Set<Claimed>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: { readonly db: Database; readonly owner: string; readonly log: Logger }) {
    this.#db = options.db
    this.#owner = options.owner
    this.#log = options.log
  }

  get size(): number {
    return this.#held.size
  }

  add(claimed: Claimed): void {
    this.#held.add(claimed)
    this.#timer ??= setTimeout(() => void this.#renew(), renewMs)
  }

  remove(claimed: Claimed): void {
    this.#held.delete(claimed)
  }

  async #renew(): Promise<void> {
    const renewed = [...this.#held]
    if (renewed.length > 0) {
      const at = performance.now()
      try {
        const kept = await this.#prolong(renewed)
        for (const claimed of renewed) {
          const { tenantId, id } = claimed.delivery
          claimed.until = kept.has(`${tenantId} ${id}`) ? at + holdMs : 0
        }
      } catch (err) {
        this.#log.warn({ err }, 'claims on messages being sent could not be renewed')
      }
    }
    this.#timer = this.#held.size > 0 ? setTimeout(() => void this.#renew(), renewMs) : undefined
  }

  async #prolong(claims: readonly Claimed[]): Promise<Set<string>> {
    const tenants = [...new Set(claims.map(({ delivery }) => delivery.tenantId))]
    const rows = await this.#db.work(this.#owner, tenants, (tx) =>
      tx.query<{ tenantId: string; id: number }>(
        `update deliveries d set claimed_until = now() + $4 * interval '1 millisecond'
           from unnest($1::text[], $2::bigint[], $3::text[]) as c (tenant_id, id, owner)
          where d.tenant_id = c.tenant_id and d.id = c.id and d.owner = c.owner and d.state = 'sending'
         returning d.tenant_id, d.id`,
        claims.map(({ delivery }) => delivery.tenantId),
        claims.map(({ delivery }) => delivery.id),
        claims.map(({ owner }) => owner),
        holdMs,
      ),
    )
    return new Set(rows.map(({ tenantId, id }) => `${tenantId} ${id}`))
  }
}
