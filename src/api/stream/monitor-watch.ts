/**
 * Tells those who look after queues and agents how these stand, as they change (实时监控): about every two seconds
 * while anybody watches.
 */
import type { Clock } from '../../core/platform/clock.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import { Flows } from '../../routing/flows.ts'
import { agentFigures, queueFigures } from '../monitor-figures.ts'
import type { Outlet } from './outlets.ts'
import { Readings } from './readings.ts'

export interface MonitorWatchOptions {
  readonly db: Database
  readonly log: Logger
  readonly clock: Clock
  /** How often figures are read while somebody watches; 2000 unless said. */
  readonly everyMs?: number
}

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
  readonly #readings: Readings<Watcher>

  constructor(options: MonitorWatchOptions) {
    this.#options = options
    this.#readings = new Readings({
      everyMs: options.everyMs ?? 2000,
      gatherMs: 100,
      read: (tenantId, watchers) => this.#read(tenantId, watchers),
      onFailure: (err) => options.log.warn({ err }, 'queues and agents could not be told'),
    })
  }

  /** Begins to tell: everything first, then what changes. The answer ends it. */
  enter(tenantId: string, outlet: Outlet): () => void {
    return this.#readings.enter(tenantId, { outlet, told: undefined })
  }

  stop(): void {
    this.#readings.stop()
  }

  async #read(tenantId: string, watchers: ReadonlySet<Watcher>): Promise<void> {
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
