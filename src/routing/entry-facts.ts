/** What entry rules judge by: the rules of some tenants, ready to use, and what is known of conversations. Reading only. */

import { regionOfNumber } from '../core/contacts/number-regions.ts'
import type { EntryRule, EntrySource } from '../core/events/entry-shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { type IsOpen, readOpening } from './entry-hours.ts'
import { type EntryFacts, type ReadyRule, ready } from './entry-match.ts'
import { type EntryRuleRow, entryRuleColumns, toEntryRule } from './entry-rows.ts'
import { loadLanguages } from './language.ts'

/** What decides first, where a tenant has chosen nothing. */
export const usualPrecedence: readonly EntrySource[] = ['designated', 'rules', 'last-agent', 'channel']

export interface RuleSet {
  readonly version: number
  readonly precedence: readonly EntrySource[]
  readonly rules: readonly ReadyRule[]
}

export const noRules: RuleSet = { version: 0, precedence: usualPrecedence, rules: [] }

/** How many tenants' rules are kept compiled. */
const setsKept = 1000

/** Compiled rules of many tenants, read again when their version is another. One for each shard. */
export class RuleSets {
  readonly #known = new Map<string, RuleSet>()

  /** The rules in force, keyed by tenant; a tenant without any is left out. */
  async read(tx: Tx, tenantIds: readonly string[]): Promise<ReadonlyMap<string, RuleSet>> {
    const rows = await tx.query<{ tenantId: string; version: number; precedence: EntrySource[] }>(
      'select tenant_id, version, precedence from entry_settings where tenant_id = any($1)',
      tenantIds,
    )
    const stale = rows.filter(({ tenantId, version }) => this.#known.get(tenantId)?.version !== version)
    if (stale.length > 0) {
      const rules = await readRules(
        tx,
        stale.map(({ tenantId }) => tenantId),
      )
      for (const { tenantId, ...settings } of stale) {
        this.#known.delete(tenantId)
        this.#known.set(tenantId, { ...settings, rules: (rules.get(tenantId) ?? []).map(ready) })
      }
    }
    const found = new Map(rows.flatMap(({ tenantId }) => this.#setOf(tenantId)))
    for (const tenantId of this.#known.keys()) {
      if (this.#known.size <= setsKept) break
      this.#known.delete(tenantId)
    }
    return found
  }

  #setOf(tenantId: string): [string, RuleSet][] {
    const set = this.#known.get(tenantId)
    return set === undefined ? [] : [[tenantId, set]]
  }
}

/** Rules in their order, keyed by tenant. */
export async function readRules(tx: Tx, tenantIds: readonly string[]): Promise<Map<string, EntryRule[]>> {
  const rows = await tx.query<EntryRuleRow & { tenantId: string }>(
    `select tenant_id, ${entryRuleColumns} from entry_rules where tenant_id = any($1) order by tenant_id, position`,
    tenantIds,
  )
  const found = Map.groupBy(rows, (row) => row.tenantId)
  return new Map(
    [...found].map(([tenantId, own]) => [tenantId, own.map(({ tenantId: _, ...row }) => toEntryRule(row))]),
  )
}

/** What is read of a person and their words; the judge's facts are made of it. */
export interface KnownOf {
  readonly channelId: string | null
  readonly channelKind: string | null
  readonly texts: readonly string[]
  readonly province: string | null
  readonly city: string | null
  readonly attributes: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly phone: string | null
}

/** Where nothing is known of hours it is open. */
export const alwaysOpen: IsOpen = () => true

/** More than this of a customer's words is not looked at. */
const mostText = 2000

/** Facts of these conversations, by id. */
export async function readEntryFacts(
  tx: Tx,
  tenantIds: readonly string[],
  ids: readonly string[],
  at: number,
): Promise<Map<string, EntryFacts>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<KnownOf & { id: string; tenantId: string; groupId: string | null }>(
    `select c.tenant_id, c.id, c.group_id, c.channel_id, h.kind as channel_kind, ${personColumns},
            array(select left(p->>'text', ${mostText}) from (
                    select m.parts, m.number from messages m
                     where m.tenant_id = c.tenant_id and m.conversation_id = c.id and m.direction = 'in'
                       and m.created_at >= coalesce(c.waiting_since, c.opened_at) order by m.number limit 10) m
                  cross join jsonb_array_elements(m.parts) p where p->>'type' = 'text' order by m.number) as texts
       from conversations c join contacts o on o.tenant_id = c.tenant_id and o.id = c.contact_id
       join contacts s on s.tenant_id = c.tenant_id and s.id = coalesce(o.merged_into, o.id)
       left join channels h on h.tenant_id = c.tenant_id and h.id = c.channel_id
      where c.tenant_id = any($1) and c.id = any($2)`,
    tenantIds,
    ids,
  )
  const facts = new Map<string, EntryFacts>()
  const opening = await readOpening(tx, rows, at)
  for (const [index, { id, ...known }] of rows.entries()) facts.set(id, await entryFacts(known, opening[index]))
  return facts
}

/** Of the contact `s` and all that were merged into it. */
export const personColumns = `s.province, s.city, s.attributes, s.claims,
  array(select distinct t.tag from contact_tags t join contacts f on f.tenant_id = t.tenant_id and f.id = t.contact_id
         where t.tenant_id = s.tenant_id and (f.id = s.id or f.merged_into = s.id) order by t.tag) as tags,
  (select i.address from identities i join contacts f on f.tenant_id = i.tenant_id and f.id = i.contact_id
    where i.tenant_id = s.tenant_id and i.kind = 'phone' and (f.id = s.id or f.merged_into = s.id)
    order by i.verified desc, i.created_at limit 1) as phone`

/** Makes facts of what was read: language by the words, else by what the site says; region by the record, the site, the number. */
export async function entryFacts(known: KnownOf, isOpen: IsOpen = alwaysOpen): Promise<EntryFacts> {
  const text = known.texts.join('\n').slice(0, mostText)
  const { claims, attributes } = known
  const languageOf = await loadLanguages()
  return {
    channelId: known.channelId,
    channelKind: known.channelKind,
    text,
    language:
      languageOf(text) ??
      claims.language
        ?.slice(0, 3)
        .toLowerCase()
        .replace(/[^a-z].*$/, ''),
    region: await regionOf(known),
    tags: known.tags,
    vip: known.tags.some((tag) => tag.toLowerCase() === 'vip') || isYes(attributes.vip),
    isOpen,
  }
}

async function regionOf({ province, city, claims, phone }: KnownOf): Promise<string | undefined> {
  const words = (...parts: readonly (string | null | undefined)[]) => parts.filter(Boolean).join(' ')
  return (
    words(province, city) ||
    words(claims.country, claims.region ?? claims.province, claims.city) ||
    (phone === null ? undefined : await regionOfNumber(phone)) ||
    undefined
  )
}

function isYes(value: unknown): boolean {
  return value === true || (typeof value === 'string' && /^(?:true|yes|1|是)$/i.test(value.trim()))
}
