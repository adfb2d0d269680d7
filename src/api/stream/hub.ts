/**
 * The streams of one process. Each tenant with readers is read from the feed once, and every event goes to those of its
 * readers who may see it. A reader that begins or resumes reads the feed by itself until it has caught up with its
 * tenant, and joins the others at that very event: nothing is lost in between and nothing comes twice. One that does not keep up goes
 * back to reading by itself, and is closed when that does not help.
 */

import type { Signal, Signals } from '../../core/conversations/signals.ts'
import { type FeedEvent, feedState, readFeed } from '../../core/events/feed.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { readyFrame } from './frames.ts'
import type { Outlet } from './outlets.ts'
import type { Position } from './position.ts'
import type { StreamReader } from './readers.ts'
import { TenantStream } from './tenant-stream.ts'

export interface StreamHubOptions {
  readonly db: Database
  readonly wake: Wake
  readonly log: Logger
  readonly signals: Signals
  /** How often the feed is looked at when no hint comes. */
  readonly pollMs?: number
  /** How long a reader that does not keep up is waited for. */
  readonly patienceMs?: number
}

/** How many missed events are told; who missed more reads the lists anew. */
export const replayLimit = 1000

/** Close codes: what a client makes of them stands in docs. */
export const closeCodes = { credential: 4401, slow: 4008, malformed: 4400, restart: 1012, failed: 1011 } as const

const pageSize = 100
/** More than this waiting for the wire, and a reader is no longer served with the others. */
const backlogBytes = 1_000_000
const backlogFrames = 256
const sendsInOneGo = 500

/** One open stream. */
export interface Subscription {
  readonly reader: StreamReader
  readonly outlet: Outlet
  /** Lets go. May be repeated. */
  close(): void
}

export interface Subscriber extends Subscription {
  cursor: number
  closed: boolean
}

export class StreamHub {
  readonly #options: StreamHubOptions
  readonly #tenants = new Map<string, TenantStream>()
  readonly #subscribers = new Set<Subscriber>()
  readonly #open = new Map<string, number>()
  readonly #stops: (() => void)[] = []
  #pumping = false
  #again = false
  #stopped = false

  constructor(options: StreamHubOptions) {
    this.#options = options
  }

  start(): void {
    const { wake, signals, pollMs = 500 } = this.#options
    const pump = () => void this.#pump()
    const timer = setInterval(pump, pollMs)
    this.#stops.push(
      wake.on('feed', pump),
      signals.on((signal) => this.#hear(signal)),
      () => clearInterval(timer),
    )
  }

  /** Closes every stream; clients come back to another process, or to this one when it is there again. */
  stop(): void {
    this.#stopped = true
    for (const stop of this.#stops.splice(0)) stop()
    for (const subscriber of [...this.#subscribers]) this.end(subscriber, closeCodes.restart, 'restarting')
  }

  /** All that are open, for those who look after them (heartbeats, credentials). */
  get subscriptions(): ReadonlySet<Subscription> {
    return this.#subscribers
  }

  /** How many streams of that credential are open here. */
  openOf(credential: string): number {
    return this.#open.get(credential) ?? 0
  }

  /** Begins a stream: what was missed since then, a `stream.ready`, and from then on what happens. */
  subscribe(reader: StreamReader, outlet: Outlet, since: Position | undefined): Subscription {
    const subscriber: Subscriber = {
      reader,
      outlet,
      cursor: 0,
      closed: false,
      close: () => this.#leave(subscriber),
    }
    this.#subscribers.add(subscriber)
    this.#count(reader.principal.credential, 1)
    const stream = this.#enter(reader.principal.tenantId)
    if (this.#stopped) this.end(subscriber, closeCodes.restart, 'restarting')
    else void this.#guard(subscriber, this.#begin(subscriber, stream, since))
    return subscriber
  }

  /** Closes a stream and says why. */
  end(subscription: Subscription, code: number, reason: string): void {
    subscription.close()
    subscription.outlet.close(code, reason)
  }

  async #begin(subscriber: Subscriber, stream: TenantStream, since: Position | undefined): Promise<void> {
    await stream.loaded
    const { state, recovered } = await this.#options.db.transaction(subscriber.reader.principal, async (tx) => {
      const state = await feedState(tx, tx.tenantId)
      const recovered =
        since !== undefined &&
        since.epoch === state.epoch &&
        since.seq <= state.seq &&
        since.seq >= state.forgotten &&
        state.seq - since.seq <= replayLimit
      const [last] = recovered && since.seq > 0 ? await readFeed(tx, tx.tenantId, since.seq - 1, 1) : []
      await subscriber.reader.prepare(tx, recovered ? (last?.at ?? new Date(0)) : null)
      return { state, recovered }
    })
    subscriber.cursor = recovered ? (since?.seq ?? 0) : state.seq
    const position = { epoch: state.epoch, seq: state.seq }
    await this.#catchUp(subscriber, stream, { ...position, frame: readyFrame(position, recovered) })
  }

  /** Reads the feed for one subscriber until they stand where their tenant's stream stands, then joins them to it. */
  async #catchUp(
    subscriber: Subscriber,
    stream: TenantStream,
    ready?: Position & { readonly frame: string },
  ): Promise<void> {
    const { db } = this.#options
    let toSay = ready
    for (;;) {
      if (subscriber.closed) return
      if (toSay !== undefined && subscriber.cursor >= toSay.seq) {
        subscriber.outlet.send(toSay.frame, toSay)
        toSay = undefined
      }
      if (toSay === undefined && subscriber.cursor >= stream.seq) {
        // Nothing may be awaited between this comparison and the joining.
        stream.live.add(subscriber)
        subscriber.reader.joined?.()
        return
      }
      const { principal } = subscriber.reader
      const events = await db.transaction(principal, (tx) => readFeed(tx, tx.tenantId, subscriber.cursor, pageSize))
      for (const event of events) {
        if (toSay !== undefined && event.seq > toSay.seq) break
        this.#deliver(subscriber, stream, event)
      }
      await this.#drain(subscriber)
    }
  }

  /** Waits until little is left for the wire; gives a reader up who does not take it. */
  async #drain(subscriber: Subscriber): Promise<void> {
    const deadline = Date.now() + (this.#options.patienceMs ?? 10_000)
    const { outlet } = subscriber
    while (!subscriber.closed && (outlet.waitingBytes > backlogBytes / 4 || outlet.waitingFrames > backlogFrames / 2)) {
      if (Date.now() > deadline) return this.end(subscriber, closeCodes.slow, 'slow consumer')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  #deliver(subscriber: Subscriber, stream: TenantStream, event: FeedEvent): void {
    if (subscriber.closed || event.seq <= subscriber.cursor) return
    subscriber.cursor = event.seq
    const frame = subscriber.reader.frame(event, stream.epoch, stream.directory)
    if (frame !== undefined) subscriber.outlet.send(frame, { epoch: stream.epoch, seq: event.seq })
  }

  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#again = true
      return
    }
    this.#pumping = true
    try {
      do {
        this.#again = false
        await this.#pumpOnce()
      } while (this.#again && !this.#stopped)
    } catch (err) {
      // The next poll tries again; positions have not moved past what was not delivered.
      this.#options.log.warn({ err }, 'the feed could not be read for streams')
    } finally {
      this.#pumping = false
    }
  }

  async #pumpOnce(): Promise<void> {
    if (this.#tenants.size === 0) return
    const rows = await this.#options.db.ground<{ tenantId: string; seq: number; epoch: string }>(
      `select t.tenant_id, t.seq, f.epoch from tenant_feeds t, feed f where t.tenant_id = any($1::text[])`,
      [...this.#tenants.keys()],
    )
    await Promise.all(
      rows.map(async ({ tenantId, seq, epoch }) => {
        const stream = this.#tenants.get(tenantId)
        if (stream === undefined || stream.epoch === '') return
        if (epoch !== stream.epoch) {
          // A restored database: everybody begins anew, with the new epoch.
          for (const subscriber of [...stream.live]) this.end(subscriber, closeCodes.restart, 'restarting')
          return
        }
        while (stream.seq < seq && !this.#stopped && this.#tenants.get(tenantId) === stream) await this.#advance(stream)
      }),
    )
  }

  async #advance(stream: TenantStream): Promise<void> {
    const actor = { id: 'stream', tenantId: stream.tenantId }
    const events = await this.#options.db.transaction(actor, (tx) => readFeed(tx, tx.tenantId, stream.seq, pageSize))
    for (const event of events) {
      stream.learn(event)
      // From here on, only who has this event may join.
      stream.seq = event.seq
      let sent = 0
      for (const subscriber of [...stream.live]) {
        this.#deliver(subscriber, stream, event)
        if (++sent % sendsInOneGo === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await new Promise((resolve) => setImmediate(resolve))
    for (const subscriber of [...stream.live]) {
      const { waitingBytes, waitingFrames } = subscriber.outlet
      if (waitingBytes <= backlogBytes && waitingFrames <= backlogFrames) continue
      stream.live.delete(subscriber)
      void this.#guard(
        subscriber,
        this.#drain(subscriber).then(() => this.#catchUp(subscriber, stream)),
      )
    }
  }

  #hear(signal: Signal): void {
    if (signal.type === 'roll-call') return
    const stream = this.#tenants.get(signal.tenantId)
    if (stream === undefined) return
    for (const { reader, outlet } of [...stream.live]) {
      if (outlet.waitingFrames > backlogFrames / 2) continue
      const frame = reader.signal(signal)
      if (frame !== undefined) outlet.send(frame, null)
    }
  }

  /** A stream whose reading fails is closed; its client resumes. */
  async #guard(subscriber: Subscriber, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (err) {
      if (!subscriber.closed) this.#options.log.warn({ err }, 'a stream broke off')
      this.end(subscriber, closeCodes.failed, 'try again')
    }
  }

  #enter(tenantId: string): TenantStream {
    let stream = this.#tenants.get(tenantId)
    if (stream === undefined) {
      stream = new TenantStream(this.#options.db, tenantId)
      this.#tenants.set(tenantId, stream)
    }
    stream.users++
    return stream
  }

  #leave(subscriber: Subscriber): void {
    if (subscriber.closed) return
    subscriber.closed = true
    this.#subscribers.delete(subscriber)
    const { tenantId, credential } = subscriber.reader.principal
    this.#count(credential, -1)
    const stream = this.#tenants.get(tenantId)
    if (stream === undefined) return
    stream.live.delete(subscriber)
    if (--stream.users === 0) this.#tenants.delete(tenantId)
  }

  #count(credential: string, difference: number): void {
    const open = this.openOf(credential) + difference
    if (open > 0) this.#open.set(credential, open)
    else this.#open.delete(credential)
  }
}
