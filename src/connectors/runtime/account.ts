/**
 * One account, kept open on this node: opened, opened anew with growing pauses when it is lost or cannot be opened, closed
 * when it is to be let go. One life follows another; two connectors of one account are never open here at once, unless the
 * older one does not come back from its close.
 */
import type { Lease } from '../../core/events/leases.ts'
import type { ChannelState, Connector } from '../contract.ts'
import { type HubParts, logFor, type OpenHub, openHub } from './hub.ts'
import type { Served } from './served.ts'
import { type Backoff, pause, pauseMs, within } from './timing.ts'

export interface AccountOptions extends HubParts {
  readonly backoff: Backoff
  readonly openTimeoutMs: number
  readonly closeTimeoutMs: number
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
    this.#life = this.#live()
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

  /** One life, from opening to closing. Answers why it ended. */
  async #once(): Promise<unknown> {
    const { signal } = this.#stop
    const { kind, settings } = this.served
    let end: (reason: unknown) => void = () => {}
    const ended = new Promise<unknown>((resolve) => {
      end = resolve
    })
    signal.addEventListener('abort', end, { once: true })
    const open = openHub(this.#options, this.served, end, this.lease)
    this.#hub = open
    let opening: Promise<Connector> | undefined
    let reason: unknown
    try {
      open.report({ state: 'connecting' })
      opening = Promise.resolve(kind.open(settings as never, open.hub))
      const opened = within(this.#options.openTimeoutMs, 'Opening', opening)
      const connector = await Promise.race([opened, ended.then((lost) => Promise.reject(lost))])
      this.#connector = connector
      this.#options.onOpen()
      reason = await ended
    } catch (error) {
      reason = error
    }
    this.#connector = undefined
    signal.removeEventListener('abort', end)
    open.release()
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
