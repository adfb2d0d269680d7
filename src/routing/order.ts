/** The tenant's one order of waiting items: a band, then a time, lower first; ties end by arrival. */
import type { Item, State } from './state.ts'

/** The item's priority with what the steps of its plan have added so far. */
export function priorityNow(item: Item): number {
  let { priority } = item
  for (let i = 0; i <= item.step && i < item.steps.length; i++) priority += item.steps[i]?.priority ?? 0
  return priority
}

/** Before every band of priorities, which are bounded by the plan's length. */
const LIFTED = -1_000_000

/** Gives the item its place in the tenant's one order: a band, then a time, lower first. */
export function setPlace(state: State, item: Item): void {
  const { order } = item.group.settings
  item.band = 0
  item.key = item.enqueuedAt
  if (order.by === 'fifo') return
  const priority = priorityNow(item)
  if ('guardMs' in order) {
    item.band = item.enqueuedAt + order.guardMs <= state.at ? LIFTED : 0 - priority
    if (order.by === 'lifo' && !isLifted(item)) item.key = 0 - item.enqueuedAt
  } else item.key -= priority * (order.creditMs ?? 0) - (order.by === 'deadline' ? order.targetMs : 0)
}

export function isLifted(item: Item): boolean {
  return item.band === LIFTED
}

/** Whether `a` comes before `b` in the tenant's order. */
export function isBefore(a: Item, b: Item): boolean {
  return compareItems(a, b) < 0
}

export function compareItems(a: Item, b: Item): number {
  return a.band - b.band || a.key - b.key || a.seq - b.seq
}
