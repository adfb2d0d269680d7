/**
 * Who is not asked again for a while. An agent who declined or missed an item is excluded from it for the group's cool-down;
 * if everybody on duty is excluded, all are asked again after the re-offer delay. So nothing is excluded for ever.
 */
import { isHeldBack } from './queues.ts'
import { takes } from './room.ts'
import { type Agent, type Exclusion, type Item, markPlaced, type State, touchItem } from './state.ts'
import { clearTimer, setExclusionTimer } from './timers.ts'

export const NO_EXCLUSIONS: readonly Exclusion[] = []

export function isExcluded(item: Item, agent: Agent): boolean {
  // Whoever hands on is not asked.
  if (item.consultFor !== undefined && item.consultFor.agent === agent) return true
  if (item.exclusions.length === 0) return false
  return item.exclusions.some((exclusion) => exclusion.agentId === agent.id)
}

/** Does not ask these agents again before the cool-down is over. Takes effect with the next armExclusions(). */
export function addExclusions(state: State, item: Item, agentIds: readonly string[]): void {
  const { declineCooldownMs, reofferDelayMs } = item.group.settings
  if (declineCooldownMs === 0 || agentIds.length === 0) return
  const until = state.at + declineCooldownMs
  item.exclusions = [
    ...item.exclusions.filter((exclusion) => !agentIds.includes(exclusion.agentId)),
    ...agentIds.map((agentId) => ({ agentId, until })),
  ]
  item.reofferAt = state.at + reofferDelayMs
}

/** Does not ask the agent again before the cool-down is over. */
export function exclude(state: State, item: Item, agent: Agent): void {
  addExclusions(state, item, [agent.id])
  armExclusions(state, item)
  touchItem(state, item)
}

export function forgetExclusions(state: State, item: Item): void {
  clearTimer(state, item.exclusionTimer)
  item.exclusions = NO_EXCLUSIONS
  item.reofferAt = undefined
}

/** Sets the timer for the next look: the first exclusion's end, or the question whether anybody is left. */
export function armExclusions(state: State, item: Item): void {
  if (item.exclusions.length === 0) return
  let due = item.reofferAt ?? Number.POSITIVE_INFINITY
  for (const { until } of item.exclusions) due = Math.min(due, until)
  setExclusionTimer(state, item, due)
}

/** Ends what is over, and all of it if everybody on duty is excluded. */
export function reviewExclusions(state: State, item: Item): void {
  const left = item.exclusions.filter((exclusion) => exclusion.until > state.at)
  const ended = left.length < item.exclusions.length
  item.exclusions = left
  let cleared = false
  if (left.length > 0 && (item.reofferAt ?? 0) <= state.at) {
    cleared = item.state === 'waiting' && !isSomebodyLeft(item)
    item.reofferAt = state.at + item.group.settings.reofferDelayMs
  }
  if (cleared || left.length === 0) forgetExclusions(state, item)
  else armExclusions(state, item)
  touchItem(state, item)
  if ((ended || cleared) && item.state === 'waiting') markPlaced(state, item)
}

/** Whether an agent on duty, free or not, is not excluded. Who is kept free for more important work does not count. */
function isSomebodyLeft(item: Item): boolean {
  for (const { queue } of item.tickets) {
    const isKept = isHeldBack(queue)
    for (const { agent, pos } of queue.slots) {
      if (takes(agent, item.medium) && !isExcluded(item, agent) && !(isKept && pos >= 0)) return true
    }
  }
  return false
}
