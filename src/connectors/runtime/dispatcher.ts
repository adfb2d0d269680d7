/**
 * Sends what waits in lanes. Takes the heads of the lanes of every channel that is open here, many lanes at once and each
 * lane strictly in order (the claim is a row in the database, so that holds over all processes), no faster than the channel
 * allows, and takes over what a process that died had claimed.
 */
import {
  type Claim,
  claimExpired,
  claimHeads,
  type Delivery,
  failOverdue,
  type ServedLanes,
} from '../../core/conversations/lanes.ts'
import { type Clock, systemClock } from '../../core/platform/clock.ts'
import type { Tx } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { Claimed, Claims, holdMs } from './claims.ts'
import { deliver, handBack, sendTimeoutOf } from './deliver.ts'
import type { ChannelFileParts } from './files.ts'
import { Pace } from './pacing.ts'
import { Rounds } from './rounds.ts'
import type { OpenChannel, Supervisor } from './supervisor.ts'
import { type Backoff, pause, within } from './timing.ts'
import type { Verdict } from './verdict.ts'

export interface DispatcherOptions extends Pick<ChannelFileParts, 'db' | 'vault' | 'publicUrl'> {
  readonly wake: Wake
  readonly supervisor: Pick<Supervisor, 'open' | 'served' | 'find' | 'onOpen'>
  readonly log: Logger
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  /** Unless said: look every 500 ms, 64 sends at once and 16 on one channel, pauses from 1 s to 5 min. */
  readonly pollMs?: number
  readonly concurrency?: number
  readonly channelConcurrency?: number
  readonly backoff?: Backoff
  readonly clock?: Clock
}

type Source = (tx: Tx, lanes: readonly ServedLanes[], claim: Claim) => Promise<Delivery[]>

/** How long a claimed message may wait here for its turn by the pace of its peer. */
const patienceMs = 5000
const takeOverEveryMs = 2000
const giveUpEveryMs = 10_000

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #claims: Claims
  readonly #rounds: Rounds
  readonly #sending = new Map<string, number>()
  readonly #refused = new Set<string>()
  readonly #under = new Set<Promise<void>>()
  readonly #paces = new Map<string, { fingerprint: string; pace: Pace }>()
  #off: (() => void)[] = []
  #count = 0
  #tookOverAt = Number.NEGATIVE_INFINITY
  #gaveUpAt = Number.NEGATIVE_INFINITY

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#claims = new Claims(options)
    this.#rounds = new Rounds({
      everyMs: options.pollMs ?? 500,
      round: () => this.#round(),
      onFailure: (err) => options.log.warn({ err }, 'messages to send could not be claimed'),
    })
  }

  start(): void {
    const { wake, supervisor } = this.#options
    this.#off = [wake.on('deliveries', () => this.#rounds.nudge()), supervisor.onOpen(() => this.#rounds.nudge())]
    this.#rounds.start()
  }

  /** Claims nothing more; resolves when what is being sent has ended, one send time-out at most. Never throws. */
  async stop(): Promise<void> {
    for (const off of this.#off) off()
    await this.#rounds.stop()
    const longest = Math.max(0, ...this.#options.supervisor.open().map(sendTimeoutOf))
    await within(longest + 5000, 'Sending', Promise.all(this.#under)).catch(() => {})
  }

  async #round(): Promise<void> {
    const now = performance.now()
    if (now - this.#tookOverAt > takeOverEveryMs) {
      this.#tookOverAt = now
      for (const group of this.#groups()) await this.#claim(claimExpired, group, true)
    }
    for (const group of this.#groups()) await this.#claim(claimHeads, group, false)
    if (now - this.#gaveUpAt > giveUpEveryMs) {
      this.#gaveUpAt = now
      await this.#giveUp()
    }
  }

  /** Channels that have room: together, but for those whose own pace limits how much may be claimed. */
  #groups(): { channels: OpenChannel[]; limit: number }[] {
    const { channelConcurrency = 16 } = this.#options
    const free = this.#options.supervisor
      .open()
      .filter(({ served }) => (this.#sending.get(served.channelId) ?? 0) < channelConcurrency)
      .map((channel) => ({ channel, available: this.#paceOf(channel).available() }))
    const unlimited = free
      .filter(({ available }) => available === Number.POSITIVE_INFINITY)
      .map(({ channel }) => channel)
    const paced = free.filter(({ available }) => available > 0 && available !== Number.POSITIVE_INFINITY)
    return [
      { channels: unlimited, limit: channelConcurrency },
      ...paced.map(({ channel, available }) => ({
        channels: [channel],
        limit: Math.min(channelConcurrency, available),
      })),
    ]
  }

  async #claim(source: Source, { channels, limit }: { channels: OpenChannel[]; limit: number }, expired: boolean) {
    const { db, owner, concurrency = 64 } = this.#options
    const room = Math.min(limit, concurrency - this.#claims.size)
    if (channels.length === 0 || room <= 0 || this.#rounds.signal.aborted) return
    const name = `${owner}/${++this.#count}`
    const at = performance.now()
    const lanes = channels.map(({ served: { tenantId, channelId } }) => ({ tenantId, channelId }))
    const tenants = [...new Set(lanes.map(({ tenantId }) => tenantId))]
    const claim = { owner: name, holdMs, limit: room }
    const deliveries = await db.work(owner, tenants, (tx) => source(tx, lanes, claim))
    for (const delivery of deliveries) this.#begin(new Claimed(delivery, name, expired, at))
    if (deliveries.length === room) this.#rounds.nudge()
  }

  #begin(claimed: Claimed): void {
    const { channelId } = claimed.delivery
    this.#claims.add(claimed)
    this.#sending.set(channelId, (this.#sending.get(channelId) ?? 0) + 1)
    const work = this.#deliver(claimed).finally(() => {
      this.#under.delete(work)
      this.#claims.remove(claimed)
      const left = (this.#sending.get(channelId) ?? 1) - 1
      if (left > 0) this.#sending.set(channelId, left)
      else this.#sending.delete(channelId)
      // The next one of the lane can be claimed now.
      this.#rounds.nudge()
    })
    this.#under.add(work)
  }

  async #deliver(claimed: Claimed): Promise<void> {
    const { db, vault, publicUrl, log, supervisor, backoff = { firstMs: 1000, maxMs: 300_000 } } = this.#options
    const { channelId, peer } = claimed.delivery
    const parts = { db, vault, publicUrl, log, backoff }
    const channel = supervisor.find(channelId)
    // Closed between the claim and now.
    if (channel === undefined) return handBack(parts, claimed, 1000)
    const waitMs = this.#paceOf(channel).take(peer, patienceMs)
    if (waitMs > patienceMs) return handBack(parts, claimed, waitMs)
    if (waitMs > 0) await pause(waitMs, this.#rounds.signal)
    const verdict = await deliver(parts, channel, claimed)
    this.#follow(channel, verdict)
  }

  /** Tells administrators when the platform refuses an account, and when it takes from it again. */
  #follow(channel: OpenChannel, verdict: Verdict | undefined): void {
    const { channelId } = channel.served
    if (verdict?.auth === true) {
      this.#refused.add(channelId)
      channel.report({ state: 'degraded', detail: 'The platform refuses the credentials of the channel.' })
    } else if (verdict?.outcome.kind === 'accepted' && this.#refused.delete(channelId)) {
      channel.report({ state: 'online' })
    }
  }

  #paceOf({ served }: OpenChannel): Pace {
    const known = this.#paces.get(served.channelId)
    if (known?.fingerprint === served.fingerprint) return known.pace
    const pace = new Pace(served.kind.capabilities.pace ?? [], this.#options.clock ?? systemClock)
    this.#paces.set(served.channelId, { fingerprint: served.fingerprint, pace })
    return pace
  }

  /** Also for channels that are open nowhere: their lanes must not wait for ever. */
  async #giveUp(): Promise<void> {
    const { db, owner, supervisor } = this.#options
    const lanes = supervisor.served().map(({ tenantId, channelId }) => ({ tenantId, channelId }))
    for (const id of this.#paces.keys()) if (!lanes.some(({ channelId }) => channelId === id)) this.#paces.delete(id)
    const tenants = [...new Set(lanes.map(({ tenantId }) => tenantId))]
    if (lanes.length > 0) await db.work(owner, tenants, (tx) => failOverdue(tx, lanes, 100))
  }
}
