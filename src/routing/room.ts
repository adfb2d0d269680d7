/** Whether an agent is there, and how much more they can take. */
import type { Agent, Group } from './state.ts'

/** Whether routing may give this agent work at all: online and connected. */
export function isRoutable(agent: Agent): boolean {
  return agent.presence === 'online' && agent.link === 'up' && !agent.removed
}

/** Whether the agent is there at all, though perhaps busy or away. */
export function isReachable(agent: Agent): boolean {
  return agent.presence !== 'offline' && agent.link === 'up' && !agent.removed
}

/** Whether the agent takes anything in this medium at present. */
export function takes(agent: Agent, medium: number): boolean {
  return isRoutable(agent) && (agent.closed.length === 0 || !agent.closed.includes(medium))
}

/** Whether not a single unit is left: no item takes less. */
export function isFull(agent: Agent): boolean {
  return agent.used - agent.yielding >= agent.capacity
}

/** More units than these no item may take, whatever it is. */
export function mostUnits({ capacity, hardMax, used, yielding }: Agent): number {
  return Math.min(capacity - used + yielding, hardMax - used)
}

/**
 * Whether one more item of this group and cost stays within every limit: the agent's units, the medium's and the group's
 * items, and what the group's items may not be beside. Interruptible work takes no room from other work.
 */
export function hasRoom(agent: Agent, group: Group, medium: number, weight: number): boolean {
  const { settings } = group
  const used = settings.interruptible ? agent.used : agent.used - agent.yielding
  if (used + weight > agent.capacity || agent.used + weight > agent.hardMax) return false
  if ((agent.counts[medium] as number) >= (agent.limits[medium] as number)) return false
  for (const other of settings.notDuring) if ((agent.counts[other] as number) > 0) return false
  const most = maxEach(agent, group)
  return most === Number.POSITIVE_INFINITY || (agent.each.get(group) ?? 0) < most
}

/** How many items of the group the agent may have in hand. */
export function maxEach(agent: Agent, group: Group): number {
  return (agent.isBounded ? agent.memberships.get(group.id)?.maxItems : undefined) ?? group.settings.maxEach
}
