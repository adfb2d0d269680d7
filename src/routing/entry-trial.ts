/** Which rule would take this, and why the others would not: tried on the rules and the people on duty at this moment. Reading only. */
import { getConversation } from '../core/conversations/conversations.ts'
import type { Viewer } from '../core/conversations/visibility.ts'
import type { SkillLevel } from '../core/events/routing-shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'
import { Fault } from '../core/platform/errors.ts'
import { entryFacts, type KnownOf, personColumns, readEntryFacts, readRules } from './entry-facts.ts'
import { readOpening } from './entry-hours.ts'
import { type Duty, type EntryFacts, judge, type Passed, ready, type Verdict } from './entry-match.ts'

export interface TrialCase {
  readonly conversationId?: string
  readonly text?: string
  readonly channelId?: string
  readonly contactId?: string
  /** What the site would say of the visitor. */
  readonly claims?: Readonly<Record<string, string>>
}

export interface Trial {
  readonly facts: EntryFacts
  readonly verdict: Verdict | undefined
  readonly passed: readonly Passed[]
}

/** Changes nothing. Faults: `conversation-unknown`, `contact-unknown`, `channel-unknown`. */
export async function tryEntry(tx: TenantTx, viewer: Viewer, given: TrialCase, now: number): Promise<Trial> {
  const rules = (await readRules(tx, [tx.tenantId])).get(tx.tenantId) ?? []
  const facts = await factsOf(tx, viewer, given, now)
  return { facts, ...judge(rules.map(ready), facts, await dutyNow(tx)) }
}

async function factsOf(tx: TenantTx, viewer: Viewer, given: TrialCase, now: number): Promise<EntryFacts> {
  const { conversationId, text, channelId, contactId, claims = {} } = given
  if (conversationId !== undefined) {
    await getConversation(tx, viewer, conversationId)
    const facts = (await readEntryFacts(tx, [tx.tenantId], [conversationId], now)).get(conversationId)
    if (facts !== undefined) return facts
  }
  const person = contactId === undefined ? undefined : await personOf(tx, contactId)
  const channel = channelId === undefined ? undefined : await channelOf(tx, channelId)
  const place = { tenantId: tx.tenantId, channelId: channelId ?? null, groupId: channel?.groupId ?? null }
  const [isOpen] = await readOpening(tx, [place], now)
  const known = {
    channelId: channelId ?? null,
    channelKind: channel?.kind ?? null,
    texts: [text ?? ''],
    province: person?.province ?? null,
    city: person?.city ?? null,
    attributes: person?.attributes ?? {},
    claims: { ...person?.claims, ...claims },
    tags: person?.tags ?? [],
    phone: person?.phone ?? null,
  }
  return entryFacts(known, isOpen)
}

async function personOf(tx: TenantTx, contactId: string): Promise<KnownOf> {
  const row = await tx.maybe<KnownOf>(
    `select ${personColumns} from contacts o join contacts s on s.tenant_id = o.tenant_id and s.id = coalesce(o.merged_into, o.id)
      where o.tenant_id = $1 and o.id = $2`,
    tx.tenantId,
    contactId,
  )
  if (row === undefined) throw named('contact-unknown', 'There is no such contact.', '/contactId')
  return row
}

async function channelOf(tx: TenantTx, channelId: string): Promise<{ kind: string; groupId: string | null }> {
  const row = await tx.maybe<{ kind: string; groupId: string | null }>(
    'select kind, group_id from channels where tenant_id = $1 and id = $2',
    tx.tenantId,
    channelId,
  )
  if (row === undefined) throw named('channel-unknown', 'There is no such channel.', '/channelId')
  return row
}

function named(code: string, message: string, pointer: string): Fault {
  return new Fault('invalid', code, message, { errors: [{ pointer, detail: 'is not there' }] })
}

interface OnDuty {
  readonly groupId: string
  readonly skills: readonly SkillLevel[]
}

async function dutyNow(tx: TenantTx): Promise<Duty> {
  const groups = await tx.query<{ id: string }>(
    'select id from skill_groups where tenant_id = $1 and removed_at is null',
    tx.tenantId,
  )
  const people = await tx.query<OnDuty>(
    `select g.group_id, m.skills from skill_group_members g
       join members m on m.tenant_id = g.tenant_id and m.id = g.member_id and m.disabled_at is null
       join agent_states a on a.tenant_id = g.tenant_id and a.agent_id = g.member_id and a.presence = 'online'
      where g.tenant_id = $1 and a.record->>'link' = 'up'`,
    tx.tenantId,
  )
  const ids = new Set(groups.map(({ id }) => id))
  const has = (one: OnDuty, { skill, level }: SkillLevel) =>
    one.skills.some((own) => own.skill === skill && own.level >= level)
  return {
    isGroup: (groupId) => ids.has(groupId),
    isServed: (groupId, skills) =>
      people.some((one) => one.groupId === groupId && skills.every((skill) => has(one, skill))),
  }
}
