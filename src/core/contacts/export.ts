/** Contacts as a table: a row for each, in order of their ids, so that one that changes meanwhile is neither lost nor doubled. */
import type { TenantTx } from '../platform/database.ts'
import { parameters } from '../platform/page.ts'
import { type ContactRow, contactColumns, toContact } from './contacts.ts'
import { aboutAll, nothingKnown } from './family.ts'
import { listFields } from './fields.ts'
import { titleOf } from './import-mapping.ts'
import { type ContactFilter, conditionsOf } from './search.ts'

export interface ExportColumn {
  /** As in the mapping of an import; `id` besides. */
  readonly target: string
  /** What stands above it; an import recognises it. */
  readonly title: string
}

/** What there is to be exported: facts, addresses, keys of the business's systems, attributes that are defined or used. */
export async function exportColumns(tx: TenantTx): Promise<ExportColumn[]> {
  const { locale } = await tx.one<{ locale: string }>('select locale from tenants where id = $1', tx.tenantId)
  const systems = await tx.query<{ scope: string }>(
    `select distinct scope from identities where tenant_id = $1 and kind = 'ext' order by scope limit 50`,
    tx.tenantId,
  )
  const used = await tx.query<{ key: string }>(
    `select distinct k.key from contacts ct cross join lateral jsonb_object_keys(ct.attributes) k (key)
      where ct.tenant_id = $1 and ct.merged_into is null order by k.key limit 200`,
    tx.tenantId,
  )
  const fields = await listFields(tx)
  const chinese = /^zh\b/i.test(locale)
  const facts = ['id', 'name', 'phone', 'email', 'province', 'city', 'company', 'tags'].map((target) => ({
    target,
    title: titleOf(target, chinese),
  }))
  const keys = systems.map(({ scope }) => ({ target: `ext:${scope}`, title: `ext:${scope}` }))
  const defined = fields.map(({ key, label }) => ({ target: `attribute:${key}`, title: label }))
  const free = used
    .filter(({ key }) => !fields.some((field) => field.key === key))
    .map(({ key }) => ({ target: `attribute:${key}`, title: `attribute:${key}` }))
  return [...facts, ...keys, ...defined, ...free]
}

export interface ExportPage {
  readonly rows: readonly string[][]
  /** Where the next page begins; null after the last. */
  readonly next: string | null
}

const rowsAtOnce = 500

/** Some rows, those after an id. */
export async function exportPage(
  tx: TenantTx,
  filter: ContactFilter,
  columns: readonly ExportColumn[],
  after: string,
): Promise<ExportPage> {
  const { values, bind } = parameters()
  const conditions = await conditionsOf(tx, filter, bind)
  const rows = await tx.query<ContactRow>(
    `select ${contactColumns} from contacts ct where ${conditions.join(' and ')} and ct.id > ${bind(after)}
      order by ct.id limit ${bind(rowsAtOnce)}`,
    ...values,
  )
  const about = await aboutAll(
    tx,
    rows.map(({ id }) => id),
  )
  return {
    rows: rows.map((row) => {
      const contact = toContact(row, about.get(row.id) ?? nothingKnown)
      const addresses = (kind: string, scope = '') =>
        contact.identities
          .filter((identity) => identity.kind === kind && identity.scope === scope)
          .map(({ address }) => address)
          .join(';')
      return columns.map(({ target }) => {
        if (target === 'phone' || target === 'email') return addresses(target)
        if (target === 'tags') return contact.tags.join(';')
        if (target.startsWith('ext:')) return addresses('ext', target.slice(4))
        if (target.startsWith('attribute:')) return contact.attributes[target.slice(10)] ?? ''
        return contact[target as 'id' | 'name' | 'province' | 'city' | 'company'] ?? ''
      })
    }),
    next: rows.length < rowsAtOnce ? null : (rows.at(-1)?.id ?? null),
  }
}
