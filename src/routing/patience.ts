/** How long an item waits before its order lifts it above the others, or its group passes it on. */
import { isLifted } from './order.ts'
import type { Item, State } from './state.ts'
import { clearTimer, setPatienceTimer } from './timers.ts'

/** When its order's guard lifts the item; undefined when it is lifted, or has another order. */
export function guardDue(item: Item): number | undefined {
  const { order } = item.group.settings
  return 'guardMs' in order && !isLifted(item) ? item.enqueuedAt + order.guardMs : undefined
}

/** When the group passes the item on because it has waited for so long. */
export function lateDue(item: Item): number | undefined {
  const { late } = item.group.settings.overflow
  return late && item.planAt + late.afterMs
}

/** Sets the waiting item's timer for whichever comes first. */
export function armPatience(state: State, item: Item): void {
  const due = Math.min(guardDue(item) ?? Number.POSITIVE_INFINITY, lateDue(item) ?? Number.POSITIVE_INFINITY)
  if (due === Number.POSITIVE_INFINITY) clearTimer(state, item.patienceTimer)
  else setPatienceTimer(state, item, due)
}
