/**
 * What of a record an audit entry compares before and after an act: the columns that are named here and no others, so that
 * a secret can only get into the log by being written into this file.
 */
import type { TenantTx } from '../../core/platform/database.ts'
import type { FieldChange } from './entries.ts'

interface Snapshot {
  readonly table: string
  /** Columns of the key, in the order of the parameters of the routes' addresses. */
  readonly key: readonly string[]
  readonly columns: readonly string[]
  /** Of customers' own data only the names of changed fields are kept. */
  readonly isPersonal?: true
}

/** By the noun of the action: `member` for `member.update`. */
const snapshots: Readonly<Record<string, Snapshot>> = {
  member: {
    table: 'members',
    key: ['id'],
    columns: ['name', 'email', 'number', 'role', 'locale', 'capacity', 'limits', 'skills', 'disabled_at'],
  },
  key: { table: 'api_keys', key: ['id'], columns: ['name', 'scopes', 'revoked_at'] },
  group: {
    table: 'skill_groups',
    key: ['id'],
    columns: [
      'name',
      'strategy',
      'accept_mode',
      'offer_seconds',
      'wrap_up_seconds',
      'max_waiting',
      'routing',
      'removed_at',
    ],
  },
  'group-member': { table: 'skill_group_members', key: ['group_id', 'member_id'], columns: ['tier', 'level'] },
  'agent-status': {
    table: 'agent_statuses',
    key: ['key'],
    columns: ['name', 'state', 'closed', 'position', 'retired'],
  },
  channel: {
    table: 'channels',
    key: ['id'],
    columns: ['kind', 'name', 'settings', 'group_id', 'enabled', 'removed_at', 'version'],
  },
  webhook: {
    table: 'webhook_endpoints',
    key: ['id'],
    columns: ['url', 'description', 'events', 'ordered', 'state', 'removed_at', 'version'],
  },
  contact: {
    table: 'contacts',
    key: ['id'],
    columns: ['name', 'province', 'city', 'company', 'attributes', 'blocked_at', 'blocked_until', 'version'],
    isPersonal: true,
  },
  'blocked-identity': {
    table: 'blocked_identities',
    key: ['id'],
    columns: ['kind', 'scope', 'address', 'reason', 'until'],
    isPersonal: true,
  },
  'contact-field': { table: 'contact_fields', key: ['key'], columns: ['label', 'type', 'options'] },
  'contact-group': { table: 'contact_groups', key: ['id'], columns: ['name'] },
  'canned-reply': { table: 'canned_replies', key: ['id'], columns: ['member_id', 'folder', 'title', 'text'] },
  calendar: { table: 'calendars', key: ['id'], columns: ['name', 'time_zone', 'weekly', 'exceptions', 'version'] },
  'calendar-assignment': { table: 'calendar_assignments', key: ['target'], columns: ['calendar_id'] },
  'verification-file': { table: 'verification_files', key: ['name'], columns: ['content'] },
  text: { table: 'texts', key: ['scope', 'kind', 'language'], columns: ['text'] },
  'reception-rules': { table: 'reception_rules', key: ['scope'], columns: ['rules'] },
  'ticket-status': {
    table: 'ticket_statuses',
    key: ['key'],
    columns: ['name', 'category', 'position', 'retired'],
  },
  'ticket-category': {
    table: 'ticket_categories',
    key: ['key'],
    columns: ['name', 'parent_key', 'position', 'retired'],
  },
  'ticket-field': {
    table: 'ticket_fields',
    key: ['key'],
    columns: ['name', 'type', 'options', 'required', 'position', 'retired'],
  },
}

export type Row = Readonly<Record<string, unknown>>

/** A contact is also named by a business's own key, and one that was merged stands for the one that it became part of. */
const contactNamed = `id = (select coalesce(c.merged_into, c.id) from contacts c where c.tenant_id = $1
  and c.id = coalesce((select i.contact_id from identities i where i.tenant_id = $1 and i.kind = 'ext'
    and $2 like 'ext:%' and i.scope = split_part($2, ':', 2) and i.address = substr($2, 6 + length(split_part($2, ':', 2)))), $2))`

/**
 * The record as it is now, locked until the transaction ends, so that nobody changes it between `before` and the act. Undefined when
 * there is none (yet), or the noun has no record.
 */
export async function snapshotOf(tx: TenantTx, action: string, key: readonly string[]): Promise<Row | undefined> {
  const noun = nounOf(action)
  const snapshot = Object.hasOwn(snapshots, noun) ? snapshots[noun] : undefined
  if (snapshot === undefined || snapshot.key.length !== key.length) return undefined
  const where =
    noun === 'contact' ? contactNamed : snapshot.key.map((column, index) => `${column} = $${index + 2}`).join(' and ')
  return tx.maybe<Row>(
    `select ${snapshot.columns.join(', ')} from ${snapshot.table} where tenant_id = $1 and ${where} for no key update`,
    tx.tenantId,
    ...key,
  )
}

export function hasSnapshot(action: string): boolean {
  return Object.hasOwn(snapshots, nounOf(action))
}

/** How many parts the key of the action's record has. */
export function keyLength(action: string): number {
  return snapshots[nounOf(action)]?.key.length ?? 1
}

/** What differs, field by field; a record that was not there had null in all of them. */
export function changesBetween(action: string, before: Row | undefined, after: Row | undefined): FieldChange[] {
  const isPersonal = snapshots[nounOf(action)]?.isPersonal === true
  return Object.keys(after ?? before ?? {}).flatMap((field) => {
    const change = { field, before: before?.[field] ?? null, after: after?.[field] ?? null }
    if (JSON.stringify(change.before) === JSON.stringify(change.after)) return []
    return [isPersonal ? { field } : change]
  })
}

function nounOf(action: string): string {
  return action.slice(0, action.indexOf('.'))
}
