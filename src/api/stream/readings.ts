/**
 * What is read for those who watch one tenant: one reading serves all of them in this process. It is made every so often while anybody
 * expects news, and never takes more than a part of the time.
 */
export interface ReadingsOptions<W> {
  readonly everyMs: number
  /** How long a first reading waits for others who come at the same time. */
  readonly gatherMs: number
  /** Reads, and tells those who watch. */
  read(tenantId: string, watchers: ReadonlySet<W>): Promise<void>
  /** Whether one of them still expects news; everybody does unless said. */
  expects?(watcher: W): boolean
  onFailure(error: unknown): void
}

/** Reading takes at most a twentieth of the time. */
const rest = 20

export class Readings<W> {
  readonly #options: ReadingsOptions<W>
  readonly #tenants = new Map<string, Set<W>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: ReadingsOptions<W>) {
    this.#options = options
  }

  /** From now on the watcher is told, until the answer is called; the first reading comes soon. */
  enter(tenantId: string, watcher: W): () => void {
    const watchers = this.#tenants.get(tenantId) ?? new Set()
    this.#tenants.set(tenantId, watchers.add(watcher))
    this.expect(tenantId)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#tenants.get(tenantId) === watchers) this.#tenants.delete(tenantId)
    }
  }

  /** There may be news: has a reading made soon, unless one is about to be. */
  expect(tenantId: string, afterMs = 0): void {
    if (this.#timers.has(tenantId)) return
    const timer = setTimeout(() => void this.#read(tenantId), Math.max(afterMs, this.#options.gatherMs))
    this.#timers.set(tenantId, timer)
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#tenants.clear()
  }

  async #read(tenantId: string): Promise<void> {
    const { everyMs, read, expects = () => true, onFailure } = this.#options
    const begun = performance.now()
    const watchers = this.#tenants.get(tenantId)
    if (watchers !== undefined) await read(tenantId, watchers).catch(onFailure)
    this.#timers.delete(tenantId)
    const took = performance.now() - begun
    if ([...(this.#tenants.get(tenantId) ?? [])].some(expects)) this.expect(tenantId, Math.max(everyMs, took * rest))
  }
}
