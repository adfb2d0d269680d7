/**
 * When timers fire: not before everything that was appended before their time has been handled, so that an answer given in
 * time counts also when it is read late.
 */
import type { Bus } from '../core/events/bus.ts'
import type { Consumer } from '../core/events/consumer.ts'
import type { Logger } from '../core/platform/log.ts'

export interface AlarmOptions {
  readonly bus: Bus
  readonly consumer: Consumer
  readonly topic: string
  readonly log: Logger
  now(): number
  /** When the partition's earliest timer is due. */
  nextDue(partition: number): number | undefined
  /** Makes sure that nextDue knows all timers of the partition. */
  load(partition: number): Promise<void>
  /** Fires what is due. */
  tick(partition: number): Promise<void>
  readonly reconcileEveryMs: number
  reconcile(partition: number): Promise<void>
}

const leastRestMs = 20
const mostRestMs = 1000

export class Alarm {
  readonly #options: AlarmOptions
  /** For each partition with something due: how far the log reached when that was seen. */
  readonly #targets = new Map<number, number>()
  readonly #reconciled = new Map<number, number>()
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  #wakeAt = Number.POSITIVE_INFINITY
  #rung = false
  #endRest: (() => void) | undefined

  constructor(options: AlarmOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves when nothing will fire any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.ring()
    await this.#running
  }

  /** A timer is due then. */
  expect(due: number | undefined): void {
    if (due !== undefined && due < this.#wakeAt) this.ring()
  }

  /** What was seen of a partition counts no more: it is lost, or ours anew. */
  forget(partition: number): void {
    this.#targets.delete(partition)
    this.#reconciled.delete(partition)
  }

  /** Looks at once. */
  ring(): void {
    this.#rung = true
    this.#endRest?.()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#rung = false
      let next = Number.POSITIVE_INFINITY
      for (const partition of this.#options.consumer.partitions()) {
        try {
          next = Math.min(next, await this.#look(partition))
        } catch (err) {
          next = Math.min(next, this.#options.now() + mostRestMs)
          this.#options.log.warn({ err, partition }, 'timers of a partition could not be looked at')
        }
      }
      await this.#rest(next)
    }
  }

  /** Fires what may fire; answers with the moment at which to look again. */
  async #look(partition: number): Promise<number> {
    const { load, tick, nextDue, now } = this.#options
    await load(partition)
    await this.#compare(partition)
    const due = nextDue(partition) ?? Number.POSITIVE_INFINITY
    if (due > now()) {
      this.#targets.delete(partition)
      return due
    }
    if (!(await this.#hasCaughtUp(partition))) return now()
    await tick(partition)
    const next = nextDue(partition) ?? Number.POSITIVE_INFINITY
    if (next > now()) this.#targets.delete(partition)
    return next
  }

  /** Whether everything that the log held when the timer was first seen to be due has been handled. */
  async #hasCaughtUp(partition: number): Promise<boolean> {
    const { bus, topic, consumer } = this.#options
    let target = this.#targets.get(partition)
    if (target === undefined) {
      target = (await bus.ranges(topic)).find((range) => range.partition === partition)?.next ?? 0
      this.#targets.set(partition, target)
    }
    return (consumer.position(partition) ?? -1) >= target
  }

  async #compare(partition: number): Promise<void> {
    const { now, reconcile, reconcileEveryMs } = this.#options
    const last = this.#reconciled.get(partition)
    if (last !== undefined && Math.abs(now() - last) < reconcileEveryMs) return
    this.#reconciled.set(partition, now())
    // Not at once after a take-over: the first minute is for those who wait.
    if (last !== undefined) await reconcile(partition)
  }

  #rest(until: number): Promise<void> {
    const ms = Math.min(mostRestMs, Math.max(leastRestMs, until - this.#options.now()))
    this.#wakeAt = this.#options.now() + ms
    if (this.#rung) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endRest?.(), ms)
      this.#endRest = () => {
        clearTimeout(timer)
        this.#endRest = undefined
        resolve()
      }
    })
  }
}
