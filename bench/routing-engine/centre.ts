/** A contact centre of any size, full or with a backlog, and traffic that keeps it so. The same in every run. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { apply, changes, createState, type State } from '../../src/routing/engine.ts'
import type { EngineEvent } from '../../src/routing/model.ts'

export interface Size {
  readonly agents: number
  readonly groupsEach: number
  readonly backlog: number
  /** With a backlog of 0: the share of capacity in use. */
  readonly load: number
}

const BATCH = 500
export const CAPACITY = 4

/** Numerical Recipes' generator: the same traffic in every run. */
export function dice(seed: number): (n: number) => number {
  let x = seed >>> 0
  return (n) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((x / 2 ** 32) * n)
  }
}

export class Centre {
  readonly state: State = createState('bench')
  readonly size: Size
  readonly roll = dice(7)
  readonly groups: number
  /** Items in service, to end one at random. */
  readonly active: { itemId: string; agentId: string }[] = []
  readonly offers: { offerId: string; agentId: string; itemId: string }[] = []
  at = 1_700_000_000_000
  items = 0
  events = 0
  latencies = new Float64Array(0)

  constructor(size: Size) {
    this.size = size
    this.groups = Math.min(2000, Math.max(12, Math.ceil(size.agents / 25)))
  }

  tell(event: EngineEvent): void {
    const index = this.events++
    const timed = index < this.latencies.length
    const start = timed ? performance.now() : 0
    const decisions = apply(this.state, event)
    if (timed) this.latencies[index] = (performance.now() - start) * 1000
    for (const decision of decisions) {
      if (decision.type !== 'offer' && decision.type !== 'assign') continue
      const { itemId, agentId } = decision
      // No more of a decision than its user keeps: what is measured is the engine's memory.
      if (decision.type === 'offer') this.offers.push({ offerId: decision.offerId, agentId, itemId })
      else this.active.push({ itemId, agentId })
    }
    if (this.events % BATCH === 0) changes(this.state)
  }

  enqueue(): void {
    const isCall = this.roll(20) === 0
    this.tell({
      type: 'item.enqueue',
      at: this.at,
      itemId: `cnv_${this.items++}`,
      groupId: `g${this.roll(this.groups)}`,
      medium: isCall ? 'call' : 'chat',
      weight: isCall ? CAPACITY : 1,
      priority: this.roll(10) === 0 ? 1 : 0,
    })
  }

  accept(): void {
    const offer = this.offers.pop()
    if (offer) this.tell({ type: 'item.accept', at: this.at, offerId: offer.offerId, agentId: offer.agentId })
  }

  end(): void {
    const index = this.roll(this.active.length)
    const last = this.active.pop()
    if (!last) return
    const ended = this.active[index] ?? last
    if (ended !== last) this.active[index] = last
    this.tell({ type: 'item.end', at: this.at, itemId: ended.itemId, agentId: ended.agentId })
  }

  open(): void {
    const { agents, groupsEach, backlog, load } = this.size
    for (let g = 0; g < this.groups; g++) {
      const order = { by: 'aged', creditMs: 300_000 } as const
      this.tell({ type: 'config.group', at: this.at, group: { id: `g${g}`, acceptMode: 'manual', order } })
    }
    for (let a = 0; a < agents; a++) {
      const first = this.roll(this.groups)
      const memberships = Array.from({ length: groupsEach }, (_, i) => ({
        groupId: `g${(first + i * 7) % this.groups}`,
        tier: i % 2,
      }))
      this.tell({ type: 'config.agent', at: this.at, agent: { id: `agent_${a}`, capacity: CAPACITY, memberships } })
      this.tell({ type: 'agent.presence', at: this.at, agentId: `agent_${a}`, state: 'online' })
    }
    const target = Math.floor(agents * CAPACITY * load)
    const wanted = backlog > 0 ? target + backlog : target * 0.8
    while (this.items < wanted) {
      this.at += this.items % 10 === 0 ? 1 : 0
      this.enqueue()
      while (this.offers.length > 0) this.accept()
    }
  }

  /** One arrival, one acceptance, one end, and so on: the queue and the load stay as they are. */
  run(events: number): void {
    const until = this.events + events
    while (this.events < until) {
      this.at++
      this.end()
      this.enqueue()
      while (this.offers.length > 0) this.accept()
    }
  }
}

/** CPU time of this process so far, in seconds. */
export function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

export function quantile(sorted: Float64Array, q: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1))
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What the process holds: after a collection, which is what the state takes, and resident before it, with what V8 left lying about. */
export function memory(): { megabytes: number; residentMegabytes: number } {
  const resident = process.memoryUsage().rss
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    megabytes: Math.round((heapUsed + arrayBuffers) / 2 ** 20),
    residentMegabytes: Math.round(resident / 2 ** 20),
  }
}
