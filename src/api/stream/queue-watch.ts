/**
 * Tells visitors who wait where they stand in line and how long it will be. One reading of a tenant's queues serves all of its
 * visitors in this process; it is made every two seconds while any of them waits, and never takes more than a part of the time.
 */

import { addressOfVisitor } from '../../core/conversations/visitors.ts'
import type { Clock } from '../../core/platform/clock.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { VisitorPrincipal } from '../../core/tenancy/principals.ts'
import { Flows } from '../../routing/flows.ts'
import { type Place, readPlaces } from '../../routing/places.ts'
import { placeFrame } from './frames.ts'
import type { Outlet } from './outlets.ts'

interface Watcher {
  readonly principal: VisitorPrincipal
  readonly outlet: Outlet
  contactId?: string
  /** What was told last, so that the same is not told again. */
  told: string
  /** Whether they may be waiting: until a reading says that they are not. */
  expecting: boolean
}

export interface QueueWatchOptions {
  readonly db: Database
  readonly log: Logger
  readonly clock: Clock
  /** How often queues are read while somebody waits; 2000 unless said. */
  readonly everyMs?: number
}

/** Reading takes at most a twentieth of the time. */
const rest = 20

export class QueueWatch {
  readonly #options: QueueWatchOptions
  readonly #flows = new Flows()
  readonly #tenants = new Map<string, Set<Watcher>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: QueueWatchOptions) {
    this.#options = options
  }

  /** Begins to tell a visitor; `look` says that they may be waiting from now on, `leave` ends it. */
  enter(principal: VisitorPrincipal, outlet: Outlet): { readonly look: () => void; readonly leave: () => void } {
    const { tenantId } = principal
    const watcher: Watcher = { principal, outlet, told: '', expecting: false }
    const watchers = this.#tenants.get(tenantId) ?? new Set()
    this.#tenants.set(tenantId, watchers.add(watcher))
    const look = () => {
      watcher.expecting = true
      this.#expect(tenantId, 0)
    }
    look()
    return {
      look,
      leave: () => {
        watchers.delete(watcher)
        if (watchers.size === 0 && this.#tenants.get(tenantId) === watchers) this.#tenants.delete(tenantId)
      },
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#tenants.clear()
  }

  #expect(tenantId: string, afterMs: number): void {
    if (this.#timers.has(tenantId)) return
    const timer = setTimeout(
      () => void this.#tell(tenantId),
      // The first reading waits a little for others who come at the same time, and for routing to decide.
      Math.max(afterMs, 300),
    )
    this.#timers.set(tenantId, timer)
  }

  async #tell(tenantId: string): Promise<void> {
    const begun = performance.now()
    try {
      await this.#read(tenantId)
    } catch (err) {
      this.#options.log.warn({ err }, 'places in line could not be told')
    }
    this.#timers.delete(tenantId)
    const isExpected = [...(this.#tenants.get(tenantId) ?? [])].some(({ expecting }) => expecting)
    const took = performance.now() - begun
    if (isExpected) this.#expect(tenantId, Math.max(this.#options.everyMs ?? 2000, took * rest))
  }

  async #read(tenantId: string): Promise<void> {
    const expecting = [...(this.#tenants.get(tenantId) ?? [])].filter((watcher) => watcher.expecting)
    if (expecting.length === 0) return
    const places = await this.#options.db.transaction({ id: 'stream', tenantId }, async (tx) => {
      await recognise(tx, expecting)
      return readPlaces(tx, this.#flows, this.#options.clock())
    })
    const byContact = new Map(places.map((place) => [place.contactId, place]))
    for (const watcher of expecting) {
      const place = watcher.contactId === undefined ? undefined : byContact.get(watcher.contactId)
      if (place === undefined && watcher.contactId !== undefined) watcher.expecting = false
      const frame =
        place === undefined ? (watcher.told === '' ? '' : placeFrame(undefined)) : placeFrame(shownPlace(place))
      if (frame === watcher.told || frame === '') continue
      watcher.told = place === undefined ? '' : frame
      watcher.outlet.send(frame, null)
    }
  }
}

/** Finds out which contacts these visitors are, of those who were nobody before. */
async function recognise(tx: Parameters<typeof readPlaces>[0], watchers: readonly Watcher[]): Promise<void> {
  const unknown = watchers.filter(({ contactId }) => contactId === undefined)
  if (unknown.length === 0) return
  const addresses = unknown.map(({ principal }) => addressOfVisitor({ ...principal, visitorId: principal.id }))
  const rows = await tx.query<{ n: number; contactId: string }>(
    `select u.n::int, coalesce(c.merged_into, c.id) as contact_id
       from unnest($2::text[], $3::text[], $4::text[]) with ordinality as u (kind, scope, address, n)
       join identities i on i.tenant_id = $1 and i.kind = u.kind and i.scope = u.scope and i.address = u.address
       join contacts c on c.tenant_id = $1 and c.id = i.contact_id`,
    tx.tenantId,
    addresses.map(({ kind }) => kind),
    addresses.map(({ scope }) => scope),
    addresses.map(({ address }) => address),
  )
  for (const { n, contactId } of rows) {
    const watcher = unknown[n - 1]
    if (watcher !== undefined) watcher.contactId = contactId
  }
}

/** A place as customers are told of it: in whole units that do not flicker. */
export function shownPlace({ conversationId, position, estimate }: Place) {
  const seconds = (ms: number) =>
    ms < 60_000 ? Math.max(10, Math.ceil(ms / 10_000) * 10) : Math.ceil(ms / 60_000) * 60
  return {
    conversationId,
    position,
    estimate:
      estimate === undefined
        ? null
        : { seconds: seconds(estimate.ms), lowSeconds: seconds(estimate.lowMs), highSeconds: seconds(estimate.highMs) },
  }
}
