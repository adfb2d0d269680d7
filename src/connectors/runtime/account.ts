/**
 * One account, kept open on this node: opened, opened anew with growing pauses when it is lost or cannot be opened, closed
 * when it is to be let go. One life follows another; two connectors of one account are never open here at once, unless the
 * older one does not come back from its close. One whose platform dials us lives from call to call: it waits for the next
 * without a pause, and a newer call ends the life of the older.
 */
import type { Lease } from '../../core/events/leases.ts'
import type { ChannelState, Connector } from '../contract.ts'
import type { Caller, Doors } from './doors.ts'
import { type HubParts, logFor, type OpenHub, openHub } from './hub.ts'
import { isDialled, type Served } from './served.ts'
import { type Backoff, pause, pauseMs, within } from './timing.ts'

export interface AccountOptions extends HubParts {
  readonly backoff: Backoff
  readonly openTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly doors: Doors
  /** Something can be sent now that could not be before. */
  onOpen(): void
}

/** A life this long counts as success: the next pause is the first one again. */
const settledMs = 60_000

export class Account {
  readonly served: Served
  readonly #options: AccountOptions
  readonly lease: Lease | undefined
  readonly #stop = new AbortController()
  #connector: Connector | undefined
  #hub: OpenHub | undefined
  #farewell: ChannelState | undefined
  #life: Promise<void> = Promise.resolve()
  /** A platform that has dialled, and is not served yet. */
  #caller: Caller | undefined
  #called: (() => void) | undefined
  /** Ends the life that is, when the platform has dialled again. */
  #replaced: ((reason: Error) => void) | undefined

  constructor(options: AccountOptions, served: Served, lease?: Lease) {
    this.#options = options
    this.served = served
    this.lease = lease
  }

  /** The open connector; undefined between lives. */
  get connector(): Connector | undefined {
    return this.#connector
  }

  start(): void {
    this.#life = isDialled(this.served) ? this.#liveByCalls() : this.#live()
  }

  /** Says something of the account on the runtime's own behalf. */
  report(state: ChannelState): void {
    this.#hub?.report(state)
  }

  /**
   * From now on nothing is sent; resolves when the connector is closed, or its time for that is over. Never throws.
   * `farewell` is reported last: give one when the account is served nowhere any more.
   */
  async stop(farewell?: ChannelState): Promise<void> {
    this.#farewell ??= farewell
    this.#connector = undefined
    this.#stop.abort()
    this.#hub?.release()
    await this.#life
  }

  async #live(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      const openedAt = performance.now()
      const reason = await this.#once()
      if (signal.aborted) return
      failures = performance.now() - openedAt > settledMs ? 1 : failures + 1
      const ms = pauseMs(failures, this.#options.backoff)
      logFor(this.#options.log, this.served).warn({ err: reason, againInMs: ms }, 'a channel is down')
      await pause(ms, signal)
    }
  }

  async #liveByCalls(): Promise<void> {
    const { signal } = this.#stop
    const { channelId } = this.served
    const close = this.#options.doors.open(channelId, (caller) => this.#take(caller))
    signal.addEventListener('abort', () => this.#called?.(), { once: true })
    await this.#say({ state: 'connecting', detail: 'The platform has not dialled in yet.' })
    for (;;) {
      const caller = await this.#nextCaller(signal)
      if (caller === undefined) break
      const reason = await this.#once(caller)
      if (!signal.aborted) logFor(this.#options.log, this.served).warn({ err: reason }, 'a channel is down')
    }
    close()
    this.#caller?.socket.close(1012, 'the hub lets the account go')
    if (this.#farewell !== undefined) await this.#say(this.#farewell)
  }

  /** Undefined once the account is to be let go. */
  async #nextCaller(signal: AbortSignal): Promise<Caller | undefined> {
    while (this.#caller === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#called = resolve
      })
    }
    if (signal.aborted) return undefined
    const caller = this.#caller
    this.#caller = undefined
    return caller
  }

  #take(caller: Caller): void {
    this.#caller?.socket.close(1001, 'dialled again')
    this.#caller = caller
    this.#called?.()
    // Whatever the older socket still seems to be: the platform has given it up.
    this.#replaced?.(new Error('The platform has dialled in again.'))
  }

  /** Reports outside of any life. */
  async #say(state: ChannelState): Promise<void> {
    const open = openHub(this.#options, this.served, () => {}, this.lease)
    open.report(state)
    open.release()
    await open.settled()
  }

  /** One life, from opening to closing. Answers why it ended. */
  async #once(caller?: Caller): Promise<unknown> {
    const { signal } = this.#stop
    const { kind, settings } = this.served
    let end: (reason: unknown) => void = () => {}
    const ended = new Promise<unknown>((resolve) => {
      end = resolve
    })
    signal.addEventListener('abort', end, { once: true })
    if (caller !== undefined) this.#replaced = end
    const open = openHub(this.#options, this.served, end, this.lease)
    this.#hub = open
    let opening: Promise<Connector> | undefined
    let reason: unknown
    try {
      open.report({ state: 'connecting' })
      opening = Promise.resolve(
        caller === undefined
          ? kind.open(settings as never, open.hub)
          : kind.accept?.open(caller.socket, caller.request, settings as never, open.hub),
      ) as Promise<Connector>
      const opened = within(this.#options.openTimeoutMs, 'Opening', opening)
      const connector = await Promise.race([opened, ended.then((lost) => Promise.reject(lost))])
      this.#connector = connector
      this.#options.onOpen()
      reason = await ended
    } catch (error) {
      reason = error
    }
    this.#connector = undefined
    this.#replaced = undefined
    signal.removeEventListener('abort', end)
    open.release()
    caller?.socket.close(1012, 'the hub lets the connection go')
    const last = signal.aborted ? this.#farewell : { state: 'offline' as const, detail: sentenceOf(reason) }
    if (last !== undefined) open.report(last)
    await this.#close(opening)
    await open.settled()
    return reason
  }

  /** Closes what was opened, also what opens only now that nobody wants it any more. */
  async #close(opening: Promise<Connector> | undefined): Promise<void> {
    const log = logFor(this.#options.log, this.served)
    const closing = opening
      ?.then((connector) => connector.close())
      .catch((err: unknown) => {
        log.debug({ err }, 'a connector did not open or close')
      })
    if (closing === undefined) return
    await within(this.#options.closeTimeoutMs, 'Closing', closing).catch((err: unknown) =>
      log.warn({ err }, 'a connector does not close'),
    )
  }
}

function sentenceOf(reason: unknown): string {
  return reason instanceof Error && reason.message !== '' ? reason.message : 'The connection was lost.'
}
