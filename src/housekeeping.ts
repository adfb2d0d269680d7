/** What has to be tidied from time to time: the feed's days, old records of the embedded log, keys and tokens that ran out,
 * files that are to go. */

import { forgetRecordings } from './core/calls/recordings.ts'
import { sweepFiles } from './core/conversations/attachments.ts'
import type { Bus } from './core/events/bus.ts'
import { maintainFeed } from './core/events/feed.ts'
import { LeasePool } from './core/events/leases.ts'
import { PostgresBus } from './core/events/postgres-bus.ts'
import type { BlobStore } from './core/platform/blobs.ts'
import type { Logger } from './core/platform/log.ts'
import type { Ground } from './ground.ts'

export interface HousekeepingOptions {
  readonly ground: Ground
  readonly bus: Bus
  readonly blobs: BlobStore
  readonly owner: string
  /** How long entries of the audit log are kept. */
  readonly auditDays: number
  readonly log: Logger
}

/** Rows of all tenants that nobody needs any more. */
const outdated = [
  `delete from contact_imports where created_at < now() - case state when 'reading' then interval '1 day' else interval '30 days' end`,
  `delete from blocked_identities where until < now()`,
  `delete from idempotency_keys where expires_at < now()`,
  `delete from sessions where expires_at < now() - interval '1 day'`,
  `delete from visitor_tokens where expires_at < now() - interval '1 day'`,
  `delete from login_failures where at < now() - interval '1 day'`,
  `delete from inbound_seen where at < now() - interval '30 days'`,
  `delete from reply_tickets where expires_at < now() - interval '30 days'`,
  `delete from channel_memory where expires_at < now() - interval '1 day'`,
  `delete from early_receipts where at < now() - interval '7 days'`,
  `delete from early_changes where at < now() - interval '7 days'`,
  `delete from commands where decided_at < now() - interval '7 days'`,
  `delete from set_aside where state in ('replayed', 'discarded') and settled_at < now() - interval '30 days'`,
  `delete from routing_journal where at < now() - interval '30 days'`,
  `delete from routing_snapshots where at < now() - interval '30 days'`,
  `delete from waits where queued_at < now() - interval '90 days'`,
  `delete from webhook_attempts where at < now() - interval '30 days'`,
  `delete from webhook_deliveries where event_at < now() - interval '30 days'`,
  forgetRecordings,
  `delete from leases where starts_with(what, 'member:') and until < now() - interval '1 hour'`,
]

const everyMs = 3_600_000

/** Runs where its lease is: at the start, then each hour. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #pool: LeasePool
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#pool = new LeasePool({
      db: options.ground.db,
      pool: 'housekeeping',
      owner: options.owner,
      items: () => ['hub'],
      log: options.log,
      onGain: async () => this.#tidyEachHour(),
      onLose: async () => {
        clearTimeout(this.#timer)
        await this.#round
      },
    })
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  #tidyEachHour(): void {
    this.#round = this.#tidy().catch((err: unknown) => this.#options.log.warn({ err }, 'housekeeping was interrupted'))
    this.#timer = setTimeout(() => this.#tidyEachHour(), everyMs)
  }

  async #tidy(): Promise<void> {
    const { ground, bus, blobs, auditDays } = this.#options
    await maintainFeed(ground.databaseUrl, Date.now())
    if (bus instanceof PostgresBus) await bus.forget()
    const tenants = (await ground.db.ground<{ id: string }>('select id from tenants')).map((tenant) => tenant.id)
    for (const statement of outdated) await ground.db.work('housekeeping', tenants, (tx) => tx.run(statement))
    const forget = `delete from audit_entries where at < now() - $1 * interval '1 day'`
    await ground.db.work('housekeeping', tenants, (tx) => tx.run(forget, auditDays))
    await sweepFiles(ground.db, blobs, tenants)
  }
}
