/** What the shell may ask of a state between two events. Records are copies: nothing here changes the state. */
import type { AgentRecord, ItemRecord, SkillLevel } from './model.ts'
import { compareItems } from './order.ts'
import { agentRecord, itemRecord } from './records.ts'
import { isRoutable } from './room.ts'
import type { Group, Item, State } from './state.ts'

/** The item as it stands; undefined once it is over. */
export function itemIn(state: State, id: string): ItemRecord | undefined {
  const item = state.items.get(id)
  return item && itemRecord(item)
}

/** What stands in a group's line for the item, which its holder hands on. */
export function consultOf(state: State, id: string): string | undefined {
  return state.items.get(id)?.consult?.id
}

/** The agent as it stands; undefined when none of that id is configured. */
export function agentIn(state: State, id: string): AgentRecord | undefined {
  const agent = state.agents.get(id)
  return agent && agentRecord(agent)
}

/** What the agent holds, is offered or wraps up. */
export function itemsOfAgent(state: State, id: string): ItemRecord[] {
  return (state.agents.get(id)?.items ?? []).map(itemRecord)
}

/** Whether anybody with these skills is on duty in the group, with room or not. */
export function isServed(state: State, groupId: string, skills: readonly SkillLevel[]): boolean {
  for (const agent of state.groups.get(groupId)?.members ?? []) {
    if (isRoutable(agent) && skills.every(({ skill, level }) => (agent.skills.get(skill) ?? -1) >= level)) return true
  }
  return false
}

/** How many wait in the group of each of these items and come before it. One look at each line, however many are asked. */
export function aheadOf(state: State, ids: readonly string[]): Map<string, number> {
  const ahead = new Map<string, number>()
  const asked = ids.flatMap((id) => state.items.get(id) ?? [])
  for (const [group, items] of Map.groupBy(asked, (item) => item.group)) {
    items.sort(compareItems)
    const between = countBetween(group, items)
    let before = 0
    for (const [index, item] of items.entries()) {
      before += between[index] ?? 0
      ahead.set(item.id, before)
    }
  }
  return ahead
}

/** Of each of these items, in their order: how many who wait come before it, but not before the item ahead of it. */
function countBetween(group: Group, items: readonly Item[]): number[] {
  const counts = items.map(() => 0)
  for (const { tickets, home } of group.queues.values()) {
    if (home !== group) continue
    for (const ticket of tickets.nodes) {
      const { item } = ticket
      // Whoever waits in several queues of the group counts once.
      const isCounted = item.tickets.length === 1 || item.tickets.find(({ queue }) => queue.group === group) === ticket
      const index = isCounted ? firstBehind(items, item) : items.length
      if (index < items.length) counts[index] = (counts[index] ?? 0) + 1
    }
  }
  return counts
}

/** The place of the first of these items, which are in order, that comes behind the other. */
function firstBehind(items: readonly Item[], other: Item): number {
  let [from, to] = [0, items.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compareItems(other, items[middle] as Item) < 0) to = middle
    else from = middle + 1
  }
  return from
}
