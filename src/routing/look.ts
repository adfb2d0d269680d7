/** What the shell may ask of a state between two events. Records are copies: nothing here changes the state. */
import type { AgentRecord, ItemRecord } from './model.ts'
import { agentRecord, itemRecord } from './records.ts'
import type { State } from './state.ts'

/** The item as it stands; undefined once it is over. */
export function itemIn(state: State, id: string): ItemRecord | undefined {
  const item = state.items.get(id)
  return item && itemRecord(item)
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
