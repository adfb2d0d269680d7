/**
 * Tells visitors who wait where they stand in line and how long it will be: about every two seconds while any of a tenant's waits.
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
import { Readings } from './readings.ts'

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

export class QueueWatch {
  readonly #options: QueueWatchOptions
  readonly #flows = new Flows()
  readonly #readings: Readings<Watcher>

  constructor(options: QueueWatchOptions) {
    this.#options = options
    this.#readings = new Readings({
      everyMs: options.everyMs ?? 2000,
      // Routing decides meanwhile, too.
      gatherMs: 300,
      read: (tenantId, watchers) => this.#read(tenantId, watchers),
      expects: ({ expecting }) => expecting,
      onFailure: (err) => options.log.warn({ err }, 'places in line could not be told'),
    })
  }

  /** Begins to tell a visitor; `look` says that they may be waiting from now on, `leave` ends it. */
  enter(principal: VisitorPrincipal, outlet: Outlet): { readonly look: () => void; readonly leave: () => void } {
    const { tenantId } = principal
    const watcher: Watcher = { principal, outlet, told: '', expecting: true }
    return {
      leave: this.#readings.enter(tenantId, watcher),
      look: () => {
        watcher.expecting = true
        this.#readings.expect(tenantId)
      },
    }
  }

  stop(): void {
    this.#readings.stop()
  }

  async #read(tenantId: string, watchers: ReadonlySet<Watcher>): Promise<void> {
    const expecting = [...watchers].filter((watcher) => watcher.expecting)
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
