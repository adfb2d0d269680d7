/**
 * Shares of the work, for the strategy `weighted`. A piece of work counts for an agent the less the greater their weight,
 * and whoever has the smallest sum is next (stride scheduling, Waldspurger 1995). Who joins begins with the smallest sum of
 * those who are there, so that nobody is flooded for having been absent.
 */
import { isRoutable } from './room.ts'
import { type Agent, markStale, type Slot, type State, touchAgent } from './state.ts'

/** What a piece of work counts for at weight 1. */
const WHOLE = 1_000_000

/** Counts a piece of work given through this slot. */
export function addShare({ agent, queue, weight }: Slot): void {
  if (queue.group.settings.strategy !== 'weighted') return
  const { id } = queue.group
  agent.shares.set(id, (agent.shares.get(id) ?? 0) + Math.round(WHOLE / weight))
}

/** The agent joins those who are there, in these groups. */
export function joinShares(state: State, agent: Agent, groupIds: Iterable<string>): void {
  for (const groupId of groupIds) {
    const group = state.groups.get(groupId)
    if (group?.settings.strategy !== 'weighted' || !group.configured) continue
    let least = Number.POSITIVE_INFINITY
    for (const other of group.members)
      if (other !== agent && isRoutable(other)) least = Math.min(least, other.shares.get(groupId) ?? 0)
    if (least === Number.POSITIVE_INFINITY || least <= (agent.shares.get(groupId) ?? 0)) continue
    agent.shares.set(groupId, least)
    markStale(state, agent)
    touchAgent(state, agent)
  }
}

/** Forgets what was counted in groups that the agent has left. */
export function pruneShares(agent: Agent): void {
  for (const groupId of agent.shares.keys()) if (!agent.memberships.has(groupId)) agent.shares.delete(groupId)
}
