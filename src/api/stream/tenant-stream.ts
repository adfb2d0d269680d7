/** One tenant's stream in this process: how far it has been read, who reads along, and who its members are. */
import type { EventData } from '../../core/events/catalogue.ts'
import type { FeedEvent } from '../../core/events/feed.ts'
import { feedState } from '../../core/events/feed.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Directory } from './frames.ts'
import type { Subscriber } from './hub.ts'

export class TenantStream {
  readonly tenantId: string
  /** Those who are given each event as it is read. */
  readonly live = new Set<Subscriber>()
  /** How many streams need this one, those that are still catching up included. */
  users = 0
  /** The last event that was given to those who read along. */
  seq = 0
  /** Empty until it is loaded. */
  epoch = ''
  /** Resolves when epoch, seq and members are known; rejects when the database could not tell. */
  readonly loaded: Promise<void>
  readonly #members = new Map<string, { name: string; number: string | null }>()

  constructor(db: Database, tenantId: string) {
    this.tenantId = tenantId
    this.loaded = this.#load(db)
    // Whoever waits for it hears of the failure.
    this.loaded.catch(() => {})
  }

  get directory(): Directory {
    return this.#members
  }

  /** Keeps the members' names as events change them. */
  learn(event: FeedEvent): void {
    if (event.type !== 'member.created' && event.type !== 'member.updated') return
    const { member } = event.data as EventData<'member.updated'>
    this.#members.set(member.id, { name: member.name, number: member.number })
  }

  async #load(db: Database): Promise<void> {
    await db.transaction({ id: 'stream', tenantId: this.tenantId }, async (tx) => {
      const { epoch, seq } = await feedState(tx, tx.tenantId)
      const members = await tx.query<{ id: string; name: string; number: string | null }>(
        `select id, name, number from members where tenant_id = $1`,
        tx.tenantId,
      )
      for (const { id, name, number } of members) this.#members.set(id, { name, number })
      this.seq = seq
      this.epoch = epoch
    })
  }
}
