/** Timers: absolute times in the state, fired only by a tick, in the order of (due, sequence of the item or agent, kind). */
import { heapRemove, heapSet } from './heap.ts'
import type { Agent, Item, State, Timer } from './state.ts'

/** What the item's present state waits for. */
export const STATE = 0
export const EXCLUSION = 1
export const LINK = 2
/** The order's guard, or the group's patience. */
export const PATIENCE = 3

function set(state: State, timer: Timer, due: number, seq: number): Timer {
  heapSet(state.timers, timer, due, seq, timer.kind, 0)
  return timer
}

/** Sets the item's timer for its present state: the next step, the offers' expiry, waking up, the end of the wrap-up. */
export function setItemTimer(state: State, item: Item, due: number): void {
  item.timer = set(state, item.timer ?? { pos: -1, kind: STATE, item, agent: undefined }, due, item.seq)
}

/** Sets when the item's exclusions are looked at again. */
export function setExclusionTimer(state: State, item: Item, due: number): void {
  const timer = item.exclusionTimer ?? { pos: -1, kind: EXCLUSION, item, agent: undefined }
  item.exclusionTimer = set(state, timer, due, item.seq)
}

/** Sets when the item is lifted or passed on. */
export function setPatienceTimer(state: State, item: Item, due: number): void {
  const timer = item.patienceTimer ?? { pos: -1, kind: PATIENCE, item, agent: undefined }
  item.patienceTimer = set(state, timer, due, item.seq)
}

/** Sets when the agent's lost connection counts as lost for good. */
export function setLinkTimer(state: State, agent: Agent, due: number): void {
  agent.timer = set(state, agent.timer ?? { pos: -1, kind: LINK, item: undefined, agent }, due, agent.seq)
}

export function clearTimer(state: State, timer: Timer | undefined): void {
  if (timer) heapRemove(state.timers, timer)
}

/** When the earliest timer is due, in milliseconds. */
export function nextDue(state: State): number | undefined {
  return state.timers.nodes.length === 0 ? undefined : state.timers.keys[0]
}

/** Takes out the earliest timer that is due, if there is one. */
export function takeDue(state: State): Timer | undefined {
  const first = state.timers.nodes[0]
  if (!first || (state.timers.keys[0] as number) > state.at) return undefined
  heapRemove(state.timers, first)
  return first
}
