/** Groups by name, whether configured or only spoken of. */
import { groupSettings } from './normalise.ts'
import type { Group, State } from './state.ts'

/** The group, made if it is not there. A made one is not configured: nobody serves it until it is. */
export function groupFor(state: State, id: string): Group {
  const found = state.groups.get(id)
  if (found) return found
  const group: Group = {
    id,
    settings: groupSettings({ id }),
    configured: false,
    queues: new Map(),
    members: new Set(),
    queued: 0,
  }
  state.groups.set(id, group)
  return group
}
