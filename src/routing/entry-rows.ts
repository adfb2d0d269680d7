/** An entry rule's row, as it is stored and as it is shown. */
import type { EntryRule } from '../core/events/entry-shapes.ts'

export interface EntryRuleRow {
  readonly id: string
  readonly position: number
  readonly name: string
  readonly enabled: boolean
  readonly conditions: EntryRule['when']
  readonly target: EntryRule['target']
  readonly otherwise: EntryRule['otherwise']
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export const entryRuleColumns =
  'id, position, name, enabled, conditions, target, otherwise, version, created_at, updated_at'

export function toEntryRule({ conditions, createdAt, updatedAt, ...row }: EntryRuleRow): EntryRule {
  return { ...row, when: conditions, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
