/**
 * Runs due jobs (jobs.ts). Any number of processes may: a job is claimed for half a minute at a time, and the claim is
 * proved again in the transaction of its effects, so a process that was frozen and wakes up can change nothing.
 */
import { type Database, isOutage } from './database.ts'
import { type Claim, ClaimLost, claimJobs, claimMs, endJob, renewClaim, returnJob } from './job-claims.ts'
import type { Job, JobHandler } from './jobs.ts'
import type { Logger } from './log.ts'
import type { Wake } from './wake.ts'

export interface JobRunnerOptions {
  readonly db: Database
  readonly wake: Wake
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly log: Logger
  readonly handlers: readonly JobHandler[]
  /** Stands in for PostgreSQL's clock. */
  readonly clock?: () => Date
}

const pollMs = 1000
const shortestPauseMs = 1000
const longestPauseMs = 3_600_000

/** How long a job waits after its nth failure in a row: 1, 2, 4… seconds, at most an hour. */
export function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(30, failures - 1))
}

export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #handlers: ReadonlyMap<string, JobHandler>
  readonly #stopping = new AbortController()
  readonly #running = new Map<Promise<void>, string>()
  #loop: Promise<void> = Promise.resolve()
  #nudge: () => void = () => undefined

  constructor(options: JobRunnerOptions) {
    this.#options = options
    this.#handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]))
    if (this.#handlers.size < options.handlers.length) throw new TypeError('Two handlers for one kind of job.')
  }

  start(): void {
    this.#loop = this.#run()
  }

  /** Begins nothing more, aborts what is being prepared, waits for steps under way. Never throws. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#nudge()
    await this.#loop
    await Promise.all(this.#running.keys())
  }

  /** Runs what is due, and what becomes due by that, until nothing is; answers how many runs there were. */
  async runDue(): Promise<number> {
    let runs = 0
    for (;;) {
      const claims = await this.#claim()
      if (claims.length === 0) return runs
      runs += claims.length
      await Promise.all(claims.map((claim) => this.#perform(claim)))
    }
  }

  async #run(): Promise<void> {
    const { wake, log } = this.#options
    while (!this.#stopping.signal.aborted) {
      const nudged = new AbortController()
      this.#nudge = () => nudged.abort()
      let begun = 0
      try {
        for (const claim of await this.#claim()) {
          begun++
          const done: Promise<void> = this.#perform(claim).finally(() => {
            this.#running.delete(done)
            this.#nudge()
          })
          this.#running.set(done, claim.kind)
        }
      } catch (err) {
        log.warn({ err }, 'due jobs could not be claimed; trying again')
      }
      if (begun === 0 && !this.#stopping.signal.aborted) await wake.wait('jobs', pollMs, nudged.signal)
    }
  }

  #claim(): Promise<Claim[]> {
    const busy = Map.groupBy(this.#running.values(), (kind) => kind)
    const free = new Map(
      [...this.#handlers.values()].flatMap(({ kind, atOnce }): [string, number][] => {
        const slots = atOnce - (busy.get(kind)?.length ?? 0)
        return slots > 0 ? [[kind, slots]] : []
      }),
    )
    if (free.size === 0) return Promise.resolve([])
    return claimJobs(this.#options.db, this.#options.owner, free, this.#now())
  }

  async #perform(claim: Claim): Promise<void> {
    const { db, log, wake } = this.#options
    const handler = this.#handlers.get(claim.kind)
    if (handler === undefined) return
    const job: Job<object> = { ...claim, failures: claim.attempts }
    const lost = new AbortController()
    const renewing = setInterval(() => {
      void renewClaim(db, claim, this.#now()).then(
        (held) => !held && lost.abort(),
        () => undefined,
      )
    }, claimMs / 3)
    try {
      const prepared = await handler.prepare(job, AbortSignal.any([lost.signal, this.#stopping.signal]))
      await db.work(claim.kind, [claim.tenantId], async (tx) => {
        const again = await handler.run(Object.assign(tx, { tenantId: claim.tenantId }), job, prepared)
        await endJob(tx, claim, again, this.#now())
      })
      // What it did may have an event or a message in it.
      wake.hint('outbox')
      wake.hint('deliveries')
    } catch (err) {
      await this.#fail(claim, err).catch((reason: unknown) => {
        log.warn({ err: reason, kind: claim.kind }, 'a job could not be given back; its claim will run out')
      })
    } finally {
      clearInterval(renewing)
    }
  }

  async #fail(claim: Claim, err: unknown): Promise<void> {
    const { db, log } = this.#options
    const { tenantId, kind, key, attempts } = claim
    const pauseMs = this.#stopping.signal.aborted ? 0 : shortestPauseMs
    // Nobody's failure, so nothing is counted.
    if (err instanceof ClaimLost || isOutage(err) || this.#stopping.signal.aborted) {
      if (!(err instanceof ClaimLost)) log.warn({ err, tenantId, kind, key }, 'a job was interrupted')
      return returnJob(db, claim, { pauseMs }, this.#now())
    }
    log.error({ err, tenantId, kind, key, failures: attempts + 1 }, 'a job failed; it will be tried again')
    const error = (err instanceof Error ? err.message : String(err)).slice(0, 500)
    await returnJob(db, claim, { pauseMs: pauseAfter(attempts + 1), error }, this.#now())
  }

  #now(): Date | null {
    return this.#options.clock?.() ?? null
  }
}
