/**
 * Looks after open streams: a sign of life for each in turn (all at once would block the process), and whether their
 * credentials still hold: log-out, revocation, another role or a disabled member end a stream within seconds.
 */
import type { Clock } from '../../core/platform/clock.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import { type Living, livingCredentials, touchSessions } from '../../core/tenancy/living.ts'
import type { Principal } from '../../core/tenancy/principals.ts'
import { permissionsOfScopes } from '../permissions.ts'
import { closeCodes, type StreamHub, type Subscription } from './hub.ts'

export interface CaretakerOptions {
  readonly db: Database
  readonly hub: StreamHub
  readonly clock: Clock
  readonly log: Logger
  readonly sessionIdleMs: number
  /** How often credentials are asked for; 3 s unless said. */
  readonly checkMs?: number
  /** Between two signs of life of one stream; 15 s unless said. */
  readonly beatMs?: number
}

const turns = 15

export class Caretaker {
  readonly #options: CaretakerOptions
  readonly #timers: NodeJS.Timeout[] = []
  readonly #places = new WeakMap<Subscription, number>()
  #counter = 0
  #turn = 0
  #checking = false

  constructor(options: CaretakerOptions) {
    this.#options = options
  }

  start(): void {
    const { checkMs = 3000, beatMs = 15_000 } = this.#options
    this.#timers.push(
      setInterval(() => void this.check(), checkMs),
      setInterval(() => this.#beat(), beatMs / turns),
    )
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  /** Ends the streams whose credential holds no more. */
  async check(): Promise<void> {
    const { db, hub, clock, log, sessionIdleMs } = this.#options
    if (this.#checking || hub.subscriptions.size === 0) return
    this.#checking = true
    try {
      const open = [...hub.subscriptions]
      const principals = open.map(({ reader }) => reader.principal)
      const now = clock()
      const living = await livingCredentials(db, principals, { idleMs: sessionIdleMs, now })
      for (const subscription of open) {
        const { principal } = subscription.reader
        if (!stillHolds(principal, living.get(principal.credential))) {
          hub.end(subscription, closeCodes.credential, 'credential ended')
        }
      }
      await touchSessions(
        db,
        principals.filter((principal) => principal.kind === 'member'),
        now,
      )
    } catch (err) {
      log.warn({ err }, 'credentials of streams could not be checked')
    } finally {
      this.#checking = false
    }
  }

  #beat(): void {
    const turn = this.#turn++ % turns
    for (const subscription of this.#options.hub.subscriptions) {
      let place = this.#places.get(subscription)
      if (place === undefined) {
        place = this.#counter++ % turns
        this.#places.set(subscription, place)
      }
      if (place === turn && !subscription.outlet.beat()) {
        this.#options.hub.end(subscription, closeCodes.slow, 'no sign of life')
      }
    }
  }
}

function stillHolds(principal: Principal, living: Living | undefined): boolean {
  if (living === undefined) return false
  if (principal.kind === 'member') return living.role === principal.role
  if (principal.kind === 'visitor') return true
  const now = permissionsOfScopes(living.scopes ?? [])
  return (
    now.size === principal.permissions.size && [...now].every((permission) => principal.permissions.has(permission))
  )
}
