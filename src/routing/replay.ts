/** A stretch of the journal, replayed: the same events on the same state come to the same decisions. Pure. */
import { apply } from './engine.ts'
import type { Decision, EngineEvent, Records } from './model.ts'
import { decisionDigest } from './records.ts'
import { restore } from './restore.ts'
import type { State } from './state.ts'

export interface JournalRow {
  readonly at: number
  readonly events: readonly EngineEvent[]
  readonly digest: string
}

export interface Stretch {
  readonly tenantId: string
  readonly records: Records
  readonly rows: readonly JournalRow[]
}

export interface Replayed {
  readonly state: State
  /** When the first transaction came that decided otherwise; undefined when all are the same. */
  readonly differsAt: number | undefined
}

/** Replays, and shows each event with what was decided. */
export function replay(
  { tenantId, records, rows }: Stretch,
  seen: (event: EngineEvent, decisions: readonly Decision[], state: State) => void = () => {},
): Replayed {
  const state = restore(tenantId, records)
  let differsAt: number | undefined
  for (const row of rows) {
    const decided: Decision[] = []
    for (const event of row.events) {
      const decisions = apply(state, event)
      decided.push(...decisions)
      seen(event, decisions, state)
    }
    if (differsAt === undefined && decisionDigest(decided) !== row.digest) differsAt = row.at
    // What is to be written is of no use here, and would pile up.
    state.changedItems = []
    state.changedAgents = []
    for (const item of state.items.values()) item.changed = false
    for (const agent of state.agents.values()) agent.changed = false
  }
  return { state, differsAt }
}
