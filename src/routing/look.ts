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

/** More than so many of one group at once are looked up in a sorted copy of its line. */
const fewAtOnce = 8

/** How many wait in the group of each of these items and come before it. */
export function aheadOf(state: State, ids: readonly string[]): Map<string, number> {
  const ahead = new Map<string, number>()
  const asked = ids.flatMap((id) => state.items.get(id) ?? [])
  for (const [group, items] of Map.groupBy(asked, (item) => item.group)) {
    if (items.length <= fewAtOnce) {
      for (const item of items) ahead.set(item.id, countBefore(group, item))
      continue
    }
    const line = lineOf(group).sort(compareItems)
    const wanted = new Set(items)
    for (const [index, item] of line.entries()) if (wanted.has(item)) ahead.set(item.id, index)
  }
  return ahead
}

/** Whoever waits in several queues of the group, once. */
function lineOf(group: Group): Item[] {
  const line = new Set<Item>()
  for (const { tickets, home } of group.queues.values()) {
    if (home === group) for (const { item } of tickets.nodes) line.add(item)
  }
  return [...line]
}

function countBefore(group: Group, item: Item): number {
  let count = 0
  for (const { tickets, home } of group.queues.values()) {
    if (home !== group) continue
    for (const ticket of tickets.nodes) {
      const other = ticket.item
      if (compareItems(other, item) >= 0) continue
      if (other.tickets.length === 1 || other.tickets.find(({ queue }) => queue.group === group) === ticket) count++
    }
  }
  return count
}
