/**
 * Keeps every channel that is switched on open on the right node: kinds that are exclusive where their lease is, the others
 * on every node that runs connectors. Follows what administrators change: it looks when it is told and every few seconds.
 */
import { listServedChannels } from '../../core/conversations/served-channels.ts'
import { type Lease, LeasePool } from '../../core/events/leases.ts'
import { silentLog } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import type { ChannelState, Connector } from '../contract.ts'
import type { Registry } from '../registry.ts'
import { Account } from './account.ts'
import { Doors } from './doors.ts'
import type { HubParts } from './hub.ts'
import { fingerprintOf, type Served, serve } from './served.ts'
import type { Backoff } from './timing.ts'

export interface SupervisorOptions extends HubParts {
  readonly registry: Registry
  readonly wake: Wake
  /** Where platforms that dial this process are let in, if they are. */
  readonly doors?: Doors
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  /** Unless said: look every 5 s, open within 60 s, close within 2 s, pauses from 1 s to 5 min. */
  readonly pollMs?: number
  readonly openTimeoutMs?: number
  readonly closeTimeoutMs?: number
  readonly backoff?: Backoff
}

/** A channel that is open here, with what sends on it. */
export interface OpenChannel {
  readonly served: Served
  readonly connector: Connector
  report(state: ChannelState): void
}

const switchedOff: ChannelState = { state: 'offline', detail: 'The channel is switched off.' }

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #doors: Doors
  /** One for each exclusive kind that is in use: a node shares only accounts that it knows how to open. */
  readonly #pools = new Map<string, LeasePool>()
  readonly #accounts = new Map<string, Account>()
  /** What happens to one channel here happens one after the other. */
  readonly #turns = new Map<string, Promise<void>>()
  readonly #held = new Map<string, Lease>()
  readonly #openListeners = new Set<() => void>()
  readonly #stop = new AbortController()
  #served = new Map<string, Served>()
  #unserved = new Map<string, number>()
  #watching: Promise<void> = Promise.resolve()

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#doors = options.doors ?? new Doors()
  }

  /** Resolves once what is switched on now is being opened. */
  async start(): Promise<void> {
    await this.#look()
    this.#watching = this.#watch()
  }

  /** Every channel that is switched on, of all tenants, open here or not. */
  served(): readonly Served[] {
    return [...this.#served.values()]
  }

  /** What can be sent on here at this moment. */
  open(): OpenChannel[] {
    return [...this.#accounts.values()].flatMap((account) => openOf(account))
  }

  find(channelId: string): OpenChannel | undefined {
    const account = this.#accounts.get(channelId)
    return account === undefined ? undefined : openOf(account)[0]
  }

  /** Calls back whenever a channel has opened here, until the returned function is called. */
  onOpen(listener: () => void): () => void {
    this.#openListeners.add(listener)
    return () => this.#openListeners.delete(listener)
  }

  /** Closes everything and gives every lease up. Never throws. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#watching
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()))
    this.#served = new Map()
    this.#held.clear()
    await Promise.all([...this.#accounts.values()].map((account) => this.#end(account)))
    await Promise.all(this.#turns.values())
  }

  async #watch(): Promise<void> {
    const { wake, pollMs = 5000, log } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      await wake.wait('channels', pollMs, signal)
      if (signal.aborted) return
      await this.#look().catch((err: unknown) => log.warn({ err }, 'the list of channels could not be read'))
    }
  }

  async #look(): Promise<void> {
    const { db, registry, vault, log } = this.#options
    const rows = await listServedChannels(db)
    const unserved = new Map<string, number>()
    const found = rows.flatMap((row) => {
      const before = this.#served.get(row.id)
      // The same object while nothing has changed: an account compares by it.
      if (before !== undefined && before.fingerprint === fingerprintOf(row)) return [before]
      // Said once for each version of a channel, not with each look.
      const said = this.#unserved.get(row.id) === row.version
      const served = serve(row, registry, vault, said ? silentLog : log)
      if (served === undefined) {
        unserved.set(row.id, row.version)
        return []
      }
      return [served]
    })
    this.#unserved = unserved
    const gone = [...this.#served.keys()].filter((id) => !found.some(({ channelId }) => channelId === id))
    this.#served = new Map(found.map((served) => [served.channelId, served]))
    for (const id of [...gone, ...this.#served.keys()]) void this.#settle(id)
    await this.#share()
  }

  async #share(): Promise<void> {
    for (const pool of this.#pools.values()) pool.refresh()
    const kinds = new Set([...this.#served.values()].filter(({ kind }) => kind.exclusive).map(({ kind }) => kind.kind))
    for (const kind of kinds) {
      if (this.#pools.has(kind)) continue
      const pool = this.#poolOf(kind)
      this.#pools.set(kind, pool)
      await pool.start()
    }
  }

  #poolOf(kind: string): LeasePool {
    const { db, owner, log } = this.#options
    return new LeasePool({
      db,
      pool: `channels.${kind}`,
      owner,
      log,
      items: () =>
        [...this.#served.values()].filter((served) => served.kind.kind === kind).map((served) => served.channelId),
      onGain: async (lease) => {
        this.#held.set(channelOf(lease), lease)
        void this.#settle(channelOf(lease))
      },
      onLose: async (lease) => {
        this.#held.delete(channelOf(lease))
        await this.#settle(channelOf(lease))
      },
    })
  }

  /** Brings one channel here into the state that it should have. */
  #settle(channelId: string): Promise<void> {
    const turn = (this.#turns.get(channelId) ?? Promise.resolve()).then(async () => {
      const account = this.#accounts.get(channelId)
      const wanted = this.#wanted(channelId)
      const lease = this.#held.get(channelId)
      if (account !== undefined && (account.served !== wanted || account.lease !== lease)) {
        await this.#end(account, this.#served.has(channelId) ? undefined : switchedOff)
      }
      if (wanted !== undefined && !this.#accounts.has(channelId) && !this.#stop.signal.aborted) this.#begin(wanted)
    })
    this.#turns.set(channelId, turn)
    void turn.then(() => {
      if (this.#turns.get(channelId) === turn) this.#turns.delete(channelId)
    })
    return turn
  }

  #wanted(channelId: string): Served | undefined {
    const served = this.#served.get(channelId)
    if (served?.kind.exclusive === true && !this.#held.has(channelId)) return undefined
    return served
  }

  #begin(served: Served): void {
    const { backoff = { firstMs: 1000, maxMs: 300_000 }, openTimeoutMs = 60_000, closeTimeoutMs = 2000 } = this.#options
    const onOpen = () => {
      for (const listener of this.#openListeners) listener()
    }
    const options = { ...this.#options, doors: this.#doors, backoff, openTimeoutMs, closeTimeoutMs, onOpen }
    const account = new Account(options, served, this.#held.get(served.channelId))
    this.#accounts.set(served.channelId, account)
    account.start()
  }

  async #end(account: Account, farewell?: ChannelState): Promise<void> {
    await account.stop(farewell)
    if (this.#accounts.get(account.served.channelId) === account) this.#accounts.delete(account.served.channelId)
  }
}

function channelOf(lease: Lease): string {
  return lease.what.slice(lease.what.indexOf('/') + 1)
}

function openOf(account: Account): OpenChannel[] {
  const { connector, served } = account
  return connector === undefined ? [] : [{ served, connector, report: (state) => account.report(state) }]
}
