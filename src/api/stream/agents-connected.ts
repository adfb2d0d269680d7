/**
 * Presence follows the connection: routing hears when a member's first stream anywhere begins, and when the last one has
 * been over for a moment, which is long enough to load a page again. What happens then is routing's: offers are taken back
 * at once, and after a grace the member counts as gone.
 */
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import { connect, disconnect, dropDead, stayConnected } from '../../core/tenancy/agent-links.ts'
import type { MemberPrincipal } from '../../core/tenancy/principals.ts'
import { issueCommand } from '../../routing/commands.ts'

export interface AgentsConnectedOptions {
  readonly db: Database
  readonly log: Logger
  /** This process, unlike any other. */
  readonly process: string
  /** Hears that a command was written. */
  readonly onCommand: () => void
  /** How long the grace is, for routing. */
  readonly graceMs: number
  /** How long a stream may be away without being missed; 5 s unless said. */
  readonly restMs?: number
  /** Between two signs of life; 15 s unless said. */
  readonly beatMs?: number
}

interface Connected {
  readonly principal: MemberPrincipal
  streams: number
  rest?: NodeJS.Timeout
  /** What is written of this member comes in order. */
  last: Promise<void>
}

export class AgentsConnected {
  readonly #options: AgentsConnectedOptions
  readonly #connected = new Map<string, Connected>()
  #timer: NodeJS.Timeout | undefined
  #beating = false

  constructor(options: AgentsConnectedOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => void this.beat(), this.#options.beatMs ?? 15_000)
  }

  /** Tells of nobody that they went: they will be connected to another process within moments, or be missed by it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const { rest } of this.#connected.values()) clearTimeout(rest)
    await Promise.all([...this.#connected.values()].map(({ last }) => last))
    this.#connected.clear()
  }

  /** A member's stream began; call what is returned when it ends. */
  enter(principal: MemberPrincipal): () => void {
    const key = `${principal.tenantId} ${principal.id}`
    const connected: Connected = this.#connected.get(key) ?? { principal, streams: 0, last: Promise.resolve() }
    this.#connected.set(key, connected)
    clearTimeout(connected.rest)
    if (connected.streams++ === 0 && connected.rest === undefined) this.#tell(connected, 'up')
    delete connected.rest
    return () => {
      if (--connected.streams > 0) return
      connected.rest = setTimeout(() => {
        delete connected.rest
        this.#tell(connected, 'down')
        void connected.last.then(() => {
          if (connected.streams === 0 && connected.rest === undefined) this.#connected.delete(key)
        })
      }, this.#options.restMs ?? 5000)
    }
  }

  /** Says that this process lives, and tells of members whose process does not. */
  async beat(): Promise<void> {
    const { db, process, log } = this.#options
    if (this.#beating) return
    this.#beating = true
    try {
      const tenants = [...new Set([...this.#connected.values()].map(({ principal }) => principal.tenantId))]
      if (tenants.length > 0) await db.work('streams', tenants, (tx) => stayConnected(tx, tenants, process))
      const all = (await db.ground<{ id: string }>('select id from tenants')).map(({ id }) => id)
      const told = await db.work('streams', all, async (tx) => {
        const gone = await dropDead(tx, all)
        for (const { tenantId, memberId } of gone)
          await issueCommand({ ...tx, tenantId }, this.#command(memberId, 'down'))
        return gone.length
      })
      if (told > 0) this.#options.onCommand()
    } catch (err) {
      log.warn({ err }, 'connections of members could not be looked at')
    } finally {
      this.#beating = false
    }
  }

  #command(memberId: string, link: 'up' | 'down') {
    return { kind: 'link', memberId, link, graceMs: this.#options.graceMs } as const
  }

  #tell(connected: Connected, link: 'up' | 'down'): void {
    const { db, process, log, onCommand } = this.#options
    const { principal } = connected
    connected.last = connected.last
      .then(() =>
        db.transaction(principal, async (tx) => {
          const step = link === 'up' ? connect : disconnect
          if (await step(tx, principal.id, process)) await issueCommand(tx, this.#command(principal.id, link))
        }),
      )
      .then(onCommand)
      .catch((err: unknown) => log.warn({ err }, 'a connection of a member could not be told'))
  }
}
