/** Whether the account is logged in at its gateway, and the gateway is there: told by heartbeats, asked for where there are none. */
import { type Hub, textIn, Undelivered, within } from '../contract.ts'
import type { Gateway } from './gateway.ts'
import type { Event } from './translate.ts'

/** A gateway that says nothing for that long is asked whether it is there. */
const silenceMs = 60_000
const askMs = 5000
/** So many heartbeats may be missing. */
const missing = 3

export class Login {
  readonly #hub: Pick<Hub, 'report' | 'lost' | 'signal'>
  readonly #gateway: Gateway
  #online: boolean | undefined
  #intervalMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(hub: Pick<Hub, 'report' | 'lost' | 'signal'>, gateway: Gateway) {
    this.#hub = hub
    this.#gateway = gateway
  }

  /** From now on silence is a loss. */
  watch(): void {
    this.#wait()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** The gateway has said something; where it has a heartbeat, only that counts. */
  heard(): void {
    if (this.#intervalMs === undefined && this.#timer !== undefined) this.#wait()
  }

  /** https://github.com/botuniverse/onebot-11/blob/master/event/meta.md */
  hearMeta({ meta_event_type, interval, status }: Event): void {
    if (meta_event_type !== 'heartbeat') return
    const ms = Number(interval)
    if (ms >= 100 && ms <= 600_000) this.#intervalMs = ms
    if (this.#timer !== undefined) this.#wait()
    this.#judge(status)
  }

  /** Asks; true when the account is logged in, or the gateway does not say. Rejects when it does not answer. */
  async look(): Promise<boolean> {
    const signal = within(askMs, this.#hub.signal)
    const status = await this.#gateway.call('get_status', {}, signal).catch((error: unknown) => {
      if (error instanceof Undelivered) throw error
      return undefined
    })
    this.#judge(status)
    return this.#online !== false
  }

  lost(words: string): void {
    this.#online = false
    const detail = words === '' ? '' : ` It says: ${words}`
    this.#hub.report({
      state: 'needs-login',
      detail: `QQ has logged the account out: log in again at the gateway.${detail}`,
    })
  }

  /** Rejects with `retry` while the account is logged out. */
  async require(): Promise<void> {
    if (this.#online !== false || (await this.look())) return
    throw new Undelivered('retry', 'The account is not logged in at the gateway.')
  }

  #judge(status: unknown): void {
    const { online } = (status ?? {}) as { online?: unknown }
    const isOnline = online !== false
    if (isOnline === this.#online) return
    if (!isOnline) this.lost(textIn((status as { message?: unknown }).message, 200))
    else {
      this.#online = true
      this.#hub.report({ state: 'online' })
    }
  }

  #wait(): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer =
      this.#intervalMs === undefined
        ? setTimeout(() => this.#askAgain(), silenceMs)
        : setTimeout(() => this.#miss(), this.#intervalMs * missing)
  }

  #miss(): void {
    this.#hub.lost(new Error(`The gateway has missed ${missing} heartbeats.`))
  }

  #askAgain(): void {
    this.look()
      .then(() => this.#wait())
      .catch(() => this.#hub.lost(new Error('The gateway does not answer any more.')))
  }
}
