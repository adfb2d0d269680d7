/**
 * Tells those who look after queues and agents how these stand, as they change (实时监控). One reading of a tenant serves all who
 * watch it in this process; it is made about every two seconds while anybody does, and never takes more than a part of the time.
 */
import type { Clock } from '../../core/platform/clock.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import { Flows } from '../../routing/flows.ts'
import { agentFigures, queueFigures } from '../monitor-figures.ts'
import type { Outlet } from './outlets.ts'

export interface MonitorWatchOptions {
  readonly db: Database
  readonly log: Logger
  readonly clock: Clock
  /** How often figures are read while somebody watches; 2000 unless said. */
  readonly everyMs?: number
}

/** Reading takes at most a twentieth of the time. */
const rest = 20

/** Rows as text, by their id. */
type Rows = ReadonlyMap<string, string>

interface Watcher {
  readonly outlet: Outlet
  /** What was told last; undefined when nothing was. */
  told: { readonly queues: Rows; readonly agents: Rows } | undefined
}

export class MonitorWatch {
  readonly #options: MonitorWatchOptions
  readonly #flows = new Flows()
  readonly #tenants = new Map<string, Set<Watcher>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: MonitorWatchOptions) {
    this.#options = options
  }

  /** Begins to tell: everything first, then what changes. The answer ends it. */
  enter(tenantId: string, outlet: Outlet): () => void {
    const watchers = this.#tenants.get(tenantId) ?? new Set()
    const watcher: Watcher = { outlet, told: undefined }
    this.#tenants.set(tenantId, watchers.add(watcher))
    this.#expect(tenantId, 0)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#tenants.get(tenantId) === watchers) this.#tenants.delete(tenantId)
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#tenants.clear()
  }

  #expect(tenantId: string, afterMs: number): void {
    if (this.#timers.has(tenantId)) return
    this.#timers.set(
      tenantId,
      // The first reading waits a little for others who come at the same time.
      setTimeout(() => void this.#tell(tenantId), Math.max(afterMs, 100)),
    )
  }

  async #tell(tenantId: string): Promise<void> {
    const begun = performance.now()
    try {
      await this.#read(tenantId)
    } catch (err) {
      this.#options.log.warn({ err }, 'queues and agents could not be told')
    }
    this.#timers.delete(tenantId)
    const took = performance.now() - begun
    if (this.#tenants.has(tenantId)) this.#expect(tenantId, Math.max(this.#options.everyMs ?? 2000, took * rest))
  }

  async #read(tenantId: string): Promise<void> {
    const watchers = this.#tenants.get(tenantId)
    if (watchers === undefined) return
    const now = this.#options.clock()
    const figures = await this.#options.db.transaction({ id: 'stream', tenantId }, async (tx) => ({
      queues: await queueFigures(tx, this.#flows, now),
      agents: await agentFigures(tx),
    }))
    const queues = new Map(figures.queues.map((row) => [row.groupId, JSON.stringify(row)]))
    const agents = new Map(figures.agents.map((row) => [row.memberId, JSON.stringify(row)]))
    for (const watcher of watchers) {
      const { told } = watcher
      watcher.told = { queues, agents }
      const frame = monitorFrame(now, told, { queues, agents })
      if (frame !== undefined) watcher.outlet.send(frame, null)
    }
  }
}

/** All rows when nothing was told yet, else those that differ and the ids of those that are gone; undefined when nothing differs. */
function monitorFrame(at: number, before: Watcher['told'], after: NonNullable<Watcher['told']>): string | undefined {
  const changed = (name: 'queues' | 'agents') =>
    [...after[name]].flatMap(([id, row]) => (before?.[name].get(id) === row ? [] : [row]))
  const gone = (['queues', 'agents'] as const).flatMap((name) =>
    [...(before?.[name].keys() ?? [])].filter((id) => !after[name].has(id)),
  )
  const [queues, agents] = [changed('queues'), changed('agents')]
  if (before !== undefined && queues.length + agents.length + gone.length === 0) return undefined
  const head = JSON.stringify({
    v: 1,
    type: 'monitor',
    at: new Date(at).toISOString(),
    whole: before === undefined,
    gone,
  })
  return `${head.slice(0, -1)},"queues":[${queues.join(',')}],"agents":[${agents.join(',')}]}`
}
