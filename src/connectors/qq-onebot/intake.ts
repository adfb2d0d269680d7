/** What comes over the socket, made durable in its order: kept in memory until it is, since no gateway says anything twice. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Inbound } from '../../core/conversations/model.ts'
import type { Hub } from '../contract.ts'

export interface IntakeOptions {
  readonly hub: Pick<Hub, 'receive' | 'gap' | 'log' | 'signal'>
  /** Reads one event; undefined for what says nothing to us. */
  read(event: Event): Promise<Inbound | undefined>
  /** These are durable. */
  kept(events: readonly Inbound[]): void
}

type Event = Readonly<Record<string, unknown>>

const atOnce = 100
/** More waits at the gateway, not here. */
const maxWaiting = 500
const longestPauseMs = 5000
/** What no later attempt can change: the hub does not take it. */
const hopeless = new Set(['inbound-invalid', 'inbound-too-large'])

export class Intake {
  readonly #options: IntakeOptions
  #waiting: Event[] = []
  #working: Promise<void> | undefined
  #room: (() => void) | undefined
  #held: Promise<void> = Promise.resolve()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Nothing is taken in before that has ended: what was missed comes first. */
  after(work: Promise<void>): void {
    this.#held = work
  }

  /** Resolves when there is room for another. */
  async add(event: Event): Promise<void> {
    this.#waiting.push(event)
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
    if (this.#waiting.length >= maxWaiting) {
      await new Promise<void>((resolve) => {
        this.#room = resolve
      })
    }
  }

  async #work(): Promise<void> {
    const { hub, read } = this.#options
    await this.#held
    while (this.#waiting.length > 0 && !hub.signal.aborted) {
      const batch = this.#waiting.splice(0, atOnce)
      this.#room?.()
      const events: Inbound[] = []
      for (const event of batch) {
        const said = await read(event)
        if (said !== undefined) events.push(said)
      }
      await this.keep(events)
    }
    this.#room?.()
  }

  /** Resolves once they are durable, or the account is let go. */
  async keep(events: readonly Inbound[]): Promise<void> {
    const { hub, kept } = this.#options
    if (events.length === 0) return
    for (let pauseMs = 100; !hub.signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        await hub.receive(events)
        kept(events)
        return
      } catch (err) {
        if (hopeless.has(String((err as { code?: unknown }).code))) return this.#oneByOne(events, err)
        hub.log.warn({ err, waiting: events.length }, 'messages could not be kept yet')
        await pause(pauseMs, undefined, { signal: hub.signal }).catch(() => {})
      }
    }
  }

  async #oneByOne(events: readonly Inbound[], err: unknown): Promise<void> {
    const [event] = events
    if (events.length > 1) {
      for (const one of events) await this.keep([one])
    } else if (event !== undefined) {
      const { hub } = this.#options
      const at = new Date(event.at)
      hub.log.error({ err, key: event.key }, 'a message cannot be kept')
      await hub.gap(at, at, 'A message was larger than the hub takes.').catch(() => {})
    }
  }
}
