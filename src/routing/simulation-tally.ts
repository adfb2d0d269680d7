/** Counts what a run of the engine came to: waits, service level, who worked how much. Pure. */
import type { Decision, EventOf } from './model.ts'
import { isRoutable } from './room.ts'
import type { State } from './state.ts'

export interface GroupResult {
  readonly groupId: string
  readonly came: number
  readonly served: number
  readonly left: number
  readonly refused: number
  readonly waiting: number
  readonly meanWaitMs: number
  readonly p50WaitMs: number
  readonly p90WaitMs: number
  readonly maxWaitMs: number
  /** Share of those who came that were served within the target. */
  readonly serviceLevel: number | null
}

interface Stay {
  readonly groupId: string
  readonly at: number
  takenAt?: number
  over?: 'left' | 'refused'
}

interface Work {
  served: number
  onlineMs: number
  busyMs: number
}

export class Tally {
  readonly #bounds: { readonly from: number; readonly to: number; readonly targetMs: number }
  readonly #stays = new Map<string, Stay>()
  readonly #work = new Map<string, Work>()
  #lastAt: number | undefined

  constructor(bounds: { readonly from: number; readonly to: number; readonly targetMs: number }) {
    this.#bounds = bounds
  }

  /** Somebody came. Call it after see() with the decisions of the same event. */
  came({ itemId, groupId, at }: EventOf<'item.enqueue'>, decisions: readonly Decision[]): void {
    const { from, to } = this.#bounds
    if (at < from || at > to || this.#stays.has(itemId)) return
    const stay: Stay = { groupId, at }
    this.#stays.set(itemId, stay)
    this.#note(at, decisions)
    if (decisions.some((one) => one.type === 'reject' && one.itemId === itemId)) stay.over = 'refused'
  }

  /** Time has come to `at`, and this was decided; the state is as it is afterwards. */
  see(at: number, decisions: readonly Decision[], state: State): void {
    this.#pass(at, state)
    this.#note(at, decisions)
  }

  #note(at: number, decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if (decision.type !== 'assign' && decision.type !== 'ended') continue
      const stay = this.#stays.get(decision.itemId)
      if (stay === undefined) continue
      if (decision.type === 'assign') {
        if (stay.takenAt !== undefined) continue
        stay.takenAt = at
        this.#workOf(decision.agentId).served++
      } else if (stay.takenAt === undefined) stay.over = 'left'
    }
  }

  /** Time that passed counts by how agents stand now: between two events nothing changes but by timers, which are events too. */
  #pass(at: number, state: State): void {
    const last = Math.max(this.#lastAt ?? at, this.#bounds.from)
    this.#lastAt = at
    const ms = Math.min(at, this.#bounds.to) - last
    if (ms <= 0) return
    for (const agent of state.agents.values()) {
      if (!isRoutable(agent)) continue
      const work = this.#workOf(agent.id)
      work.onlineMs += ms
      if (agent.used > 0) work.busyMs += (ms * Math.min(agent.used, agent.capacity)) / Math.max(1, agent.capacity)
    }
  }

  #workOf(agentId: string): Work {
    const found = this.#work.get(agentId) ?? { served: 0, onlineMs: 0, busyMs: 0 }
    this.#work.set(agentId, found)
    return found
  }

  result() {
    const groups = Map.groupBy(this.#stays.values(), (stay) => stay.groupId)
    const onDuty = [...this.#work.values()].filter(({ onlineMs }) => onlineMs > 0)
    return {
      groups: [...groups]
        .map(([groupId, stays]) => this.#group(groupId, stays))
        .sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
      agents: [...this.#work]
        .map(([agentId, work]) => ({ agentId, ...work }))
        .sort((a, b) => (a.agentId < b.agentId ? -1 : 1)),
      fairness: {
        servedPerHour: variation(onDuty.map(({ served, onlineMs }) => served / onlineMs)),
        occupancy: variation(onDuty.map(({ busyMs, onlineMs }) => busyMs / onlineMs)),
      },
    }
  }

  #group(groupId: string, stays: readonly Stay[]): GroupResult {
    const waits = stays
      .flatMap(({ at, takenAt }) => (takenAt === undefined ? [] : [takenAt - at]))
      .sort((a, b) => a - b)
    const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
    const left = stays.filter(({ over }) => over === 'left').length
    const refused = stays.filter(({ over }) => over === 'refused').length
    const soon = waits.filter((ms) => ms <= this.#bounds.targetMs).length
    return {
      groupId,
      came: stays.length,
      served: waits.length,
      left,
      refused,
      waiting: stays.length - waits.length - left - refused,
      meanWaitMs: Math.round(waits.reduce((sum, ms) => sum + ms, 0) / Math.max(1, waits.length)),
      p50WaitMs: at(0.5),
      p90WaitMs: at(0.9),
      maxWaitMs: waits.at(-1) ?? 0,
      serviceLevel: stays.length === 0 ? null : soon / stays.length,
    }
  }
}

/** Standard deviation over mean; null where there is nothing to compare. */
function variation(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (mean === 0) return null
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean
}
