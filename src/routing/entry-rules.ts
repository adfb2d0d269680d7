/**
 * Entry rules as a tenant keeps them: an ordered list, changed under one lock, so that positions stay dense and every change
 * takes effect with the next conversation that begins to wait.
 */
import { RE2JSException } from 're2js'
import type { EntryRule, EntrySource } from '../core/events/entry-shapes.ts'
import { emit } from '../core/events/outbox.ts'
import type { TenantTx } from '../core/platform/database.ts'
import { Fault, type FaultDetail } from '../core/platform/errors.ts'
import { newId } from '../core/platform/ids.ts'
import { storable } from '../core/platform/text.ts'
import { reachOf } from '../core/tenancy/group-routing.ts'
import { requireVersion } from '../core/tenancy/versions.ts'
import { usualPrecedence } from './entry-facts.ts'
import { compilePattern, largestPattern } from './entry-match.ts'
import { type EntryRuleRow, entryRuleColumns, toEntryRule } from './entry-rows.ts'
import type { SentenceLanguage } from './sentence-words.ts'
import { unservedSentence } from './sentences.ts'

export interface EntryRuleGiven {
  readonly name: string
  readonly enabled: boolean
  readonly when: EntryRule['when']
  readonly target: EntryRule['target']
  readonly otherwise: EntryRule['otherwise']
}

/** How many rules a tenant has at most: all are tried for each conversation. */
export const mostRules = 200

/** All rules, in their order. */
export async function listEntryRules(tx: TenantTx): Promise<EntryRule[]> {
  const rows = await tx.query<EntryRuleRow>(
    `select ${entryRuleColumns} from entry_rules where tenant_id = $1 order by position`,
    tx.tenantId,
  )
  return rows.map(toEntryRule)
}

/** Faults with `entry-rule-unknown`. */
export async function getEntryRule(tx: TenantTx, id: string): Promise<EntryRule> {
  const row = await tx.maybe<EntryRuleRow>(
    `select ${entryRuleColumns} from entry_rules where tenant_id = $1 and id = $2`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw new Fault('not-found', 'entry-rule-unknown', 'There is no such entry rule.')
  return toEntryRule(row)
}

/**
 * Keeps a rule at a position, else at the end; those from there on move by one. Emits entryrule.created. Faults: `entry-rule-invalid`
 * (an unknown group, channel or calendar, an expression that cannot be used), `entry-rules-too-many`.
 */
export async function createEntryRule(
  tx: TenantTx,
  given: EntryRuleGiven,
  position: number | undefined,
): Promise<EntryRule> {
  await lockRules(tx)
  await checkRule(tx, given)
  const { count } = await tx.one<{ count: number }>(
    'select count(*) from entry_rules where tenant_id = $1',
    tx.tenantId,
  )
  if (count >= mostRules) throw new Fault('conflict', 'entry-rules-too-many', `There are at most ${mostRules} of them.`)
  const at = Math.min(position ?? count + 1, count + 1)
  await tx.run(
    'update entry_rules set position = position + 1 where tenant_id = $1 and position >= $2',
    tx.tenantId,
    at,
  )
  const row = await tx.one<EntryRuleRow>(
    `insert into entry_rules (tenant_id, id, position, name, enabled, conditions, target, otherwise)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${entryRuleColumns}`,
    tx.tenantId,
    newId('rul'),
    at,
    storable(given.name),
    given.enabled,
    JSON.stringify(storable(given.when)),
    JSON.stringify(given.target),
    JSON.stringify(given.otherwise),
  )
  return told(tx, 'entryrule.created', row)
}

/**
 * Changes a rule, and moves it where a position is given. Emits entryrule.updated if that made a difference. Faults as
 * createEntryRule, and `entry-rule-unknown`, `version-stale`.
 */
export async function updateEntryRule(
  tx: TenantTx,
  id: string,
  change: Partial<EntryRuleGiven>,
  position: number | undefined,
  version: number | undefined,
): Promise<EntryRule> {
  await lockRules(tx)
  const before = await getEntryRule(tx, id)
  requireVersion(before.version, version)
  const after = { ...before, ...change }
  await checkRule(tx, after)
  const { count } = await tx.one<{ count: number }>(
    'select count(*) from entry_rules where tenant_id = $1',
    tx.tenantId,
  )
  const to = Math.min(position ?? before.position, count)
  if (JSON.stringify({ ...after, position: to }) === JSON.stringify(before)) return before
  await tx.run(
    `update entry_rules set position = position + case when $2::int < $3::int then -1 else 1 end
      where tenant_id = $1 and position between least($2::int, $3::int) and greatest($2::int, $3::int) and id <> $4`,
    tx.tenantId,
    before.position,
    to,
    id,
  )
  const row = await tx.one<EntryRuleRow>(
    `update entry_rules set position = $3, name = $4, enabled = $5, conditions = $6, target = $7, otherwise = $8,
            updated_at = now(), version = version + 1 where tenant_id = $1 and id = $2 returning ${entryRuleColumns}`,
    tx.tenantId,
    id,
    to,
    storable(after.name),
    after.enabled,
    JSON.stringify(storable(after.when)),
    JSON.stringify(after.target),
    JSON.stringify(after.otherwise),
  )
  return told(tx, 'entryrule.updated', row)
}

/** Takes a rule away; those behind it move up. Emits entryrule.removed. Faults: `entry-rule-unknown`, `version-stale`. */
export async function removeEntryRule(tx: TenantTx, id: string, version: number | undefined): Promise<void> {
  await lockRules(tx)
  const before = await getEntryRule(tx, id)
  requireVersion(before.version, version)
  await tx.run('delete from entry_rules where tenant_id = $1 and id = $2', tx.tenantId, id)
  await tx.run(
    'update entry_rules set position = position - 1 where tenant_id = $1 and position > $2',
    tx.tenantId,
    before.position,
  )
  await emit(tx, 'entryrule.removed', id, { rule: before })
}

/** What decides first: whom the customer asked for, the rules, who served them last, or the channel's own group. */
export async function readPrecedence(tx: TenantTx): Promise<EntrySource[]> {
  const row = await tx.maybe<{ precedence: EntrySource[] }>(
    'select precedence from entry_settings where tenant_id = $1',
    tx.tenantId,
  )
  return row?.precedence ?? [...usualPrecedence]
}

/** Takes effect with the next conversation. What is left out decides nothing; `channel` is always the last resort. */
export async function setPrecedence(tx: TenantTx, precedence: readonly EntrySource[]): Promise<EntrySource[]> {
  await lockRules(tx)
  await tx.run('update entry_settings set precedence = $2 where tenant_id = $1', tx.tenantId, precedence)
  return [...precedence]
}

/** A rule whose people nobody can be: allowed, since people may come and learn, and told by name, in this language. */
export async function warningsOf(tx: TenantTx, rule: EntryRule, language: SentenceLanguage): Promise<string[]> {
  const { groupId, skills = [] } = rule.target
  const [reach] = await reachOf(tx, groupId, { plan: [{ skills }] })
  return reach !== undefined && reach.memberIds.length > 0 ? [] : [unservedSentence(skills, language)]
}

/** Every change takes this row, and raises the version by which shards know that they must read again. */
async function lockRules(tx: TenantTx): Promise<void> {
  await tx.run(
    `insert into entry_settings as e (tenant_id) values ($1) on conflict (tenant_id) do update set version = e.version + 1`,
    tx.tenantId,
  )
}

async function checkRule(tx: TenantTx, { when, target, otherwise }: EntryRuleGiven): Promise<void> {
  const errors: FaultDetail[] = []
  const groups = [
    { id: target.groupId, pointer: '/target/groupId' },
    ...('groupId' in otherwise ? [{ id: otherwise.groupId, pointer: '/otherwise/groupId' }] : []),
  ]
  const known = await tx.query<{ id: string }>(
    `select id from skill_groups where tenant_id = $1 and removed_at is null and id = any($2)
     union all select id from channels where tenant_id = $1 and id = any($3)
     union all select id from calendars where tenant_id = $1 and id = $4`,
    tx.tenantId,
    groups.map(({ id }) => id),
    when.channelIds ?? [],
    when.hours?.calendarId ?? '',
  )
  const ids = new Set(known.map(({ id }) => id))
  for (const { id, pointer } of groups) if (!ids.has(id)) errors.push({ pointer, detail: 'is no skill group' })
  for (const [index, id] of (when.channelIds ?? []).entries()) {
    if (!ids.has(id)) errors.push({ pointer: `/when/channelIds/${index}`, detail: 'is no channel' })
  }
  if (when.hours?.calendarId !== undefined && !ids.has(when.hours.calendarId)) {
    errors.push({ pointer: '/when/hours/calendarId', detail: 'is no calendar' })
  }
  if (when.pattern !== undefined) {
    const flaw = flawOf(when.pattern)
    if (flaw !== undefined) errors.push({ pointer: '/when/pattern', detail: flaw })
  }
  if (errors.length > 0) throw new Fault('invalid', 'entry-rule-invalid', 'This rule cannot be used.', { errors })
}

function flawOf(pattern: string): string | undefined {
  try {
    return compilePattern(pattern).programSize() > largestPattern ? 'is too large when compiled' : undefined
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return error.message
  }
}

async function told(
  tx: TenantTx,
  type: 'entryrule.created' | 'entryrule.updated',
  row: EntryRuleRow,
): Promise<EntryRule> {
  const rule = toEntryRule(row)
  await emit(tx, type, rule.id, { rule })
  return rule
}
