/** What comes over the socket, made durable in its order: kept in memory until it is, since no gateway says anything twice. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Inbound } from '../../core/conversations/model.ts'
import type { Hub } from '../contract.ts'

export interface IntakeOptions {
  readonly hub: Pick<Hub, 'receive' | 'log' | 'signal'>
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
        hub.log.warn({ err, waiting: events.length }, 'messages could not be kept yet')
        await pause(pauseMs, undefined, { signal: hub.signal }).catch(() => {})
      }
    }
  }
}
