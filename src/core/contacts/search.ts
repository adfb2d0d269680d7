/**
 * Contacts in lists. A word is looked for in names, companies, addresses and tags by ranges of ordered indexes, which work through
 * the wall between tenants; nothing is scanned (migration 8).
 */
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storable } from '../platform/text.ts'
import { normalAddress } from './addresses.ts'
import { type ContactRow, contactColumns, toContact } from './contacts.ts'
import { aboutAll, nothingKnown } from './family.ts'
import { phoneRegionOf } from './identities.ts'

export interface ContactFilter {
  /**
   * Beginning of a word of the name or company (of any character of a Chinese one), of an address, the last digits of a telephone
   * number, or a whole tag; in whatever case or width.
   */
  readonly search?: string
  readonly blocked?: boolean
  readonly tag?: string
  readonly groupId?: string
}

/** The conditions of a filter on `contacts` under the alias `ct`: those that stand for themselves and are not erased. */
export async function conditionsOf(
  tx: TenantTx,
  filter: ContactFilter,
  bind: (value: unknown) => string,
): Promise<string[]> {
  const tenant = bind(tx.tenantId)
  const conditions = [`ct.tenant_id = ${tenant}`, 'ct.merged_into is null', 'ct.erased_at is null']
  // As lists that are made first: of a join the planner, without statistics yet, makes a walk through all that the tenant has.
  const among = (finding: string) =>
    conditions.push(`ct.id = any(array(select coalesce(h.merged_into, h.id) from contacts h
      where h.tenant_id = ${tenant} and h.id = any(array(${finding}))))`)
  if (filter.search !== undefined) among(await finding(tx, storable(filter.search), tenant, bind))
  if (filter.tag !== undefined) {
    among(
      `select contact_id from contact_tags where tenant_id = ${tenant} and tag = ${bind(filter.tag.normalize('NFC'))}`,
    )
  }
  if (filter.groupId !== undefined) {
    among(
      `select contact_id from contact_group_members where tenant_id = ${tenant} and group_id = ${bind(filter.groupId)}`,
    )
  }
  if (filter.blocked !== undefined) {
    const blocked = '(ct.blocked_at is not null and (ct.blocked_until is null or ct.blocked_until > now()))'
    conditions.push(filter.blocked ? blocked : `not ${blocked}`)
  }
  return conditions
}

/** Contacts, the latest changed first; merged ones are shown as the one that they are part of, erased ones not at all. */
export async function listContacts(tx: TenantTx, filter: ContactFilter, page: PageRequest): Promise<Page<Contact>> {
  const { values, bind } = parameters()
  const conditions = await conditionsOf(tx, filter, bind)
  if (page.after !== null) {
    conditions.push(`(ct.updated_at, ct.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<ContactRow & { sortKey: string }>(
    `select ${contactColumns}, ct.updated_at::text as sort_key from contacts ct where ${conditions.join(' and ')}
      order by ct.updated_at desc, ct.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  const about = await aboutAll(
    tx,
    rows.map((row) => row.id),
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toContact(row, about.get(row.id) ?? nothingKnown),
  )
}

/** A statement that finds the ids of contacts of whom the words speak. */
async function finding(tx: TenantTx, words: string, tenant: string, bind: (value: unknown) => string): Promise<string> {
  // Longer words than are kept find what they begin with.
  const said = bind(Array.from(words.trim().normalize('NFKC')).slice(0, 40).join(''))
  const begins = (column: string, form: string) => `${column} >= ${form} and ${column} < ${form} || chr(1114111)`
  const places = [
    `select contact_id from contact_words where tenant_id = ${tenant} and ${begins('word', `search_form(${said})`)}`,
    `select contact_id from identities where tenant_id = ${tenant} and ${begins('search', `search_form(${said})`)}`,
    `select contact_id from contact_tags where tenant_id = ${tenant} and tag = ${bind(words.trim().normalize('NFC'))}`,
  ]
  const number = words.normalize('NFKC').trim()
  if (/^[+\d\s().-]{3,}$/.test(number)) {
    const whole = normalAddress('phone', number, await phoneRegionOf(tx))?.address
    if (whole !== undefined) {
      places.push(
        `select contact_id from identities where tenant_id = ${tenant} and kind = 'phone' and scope = '' and address = ${bind(whole)}`,
      )
    }
    const digits = number.replace(/\D/g, '')
    if (digits.length >= 4) {
      const reversed = bind([...digits].reverse().join(''))
      places.push(
        `select contact_id from identities where tenant_id = ${tenant} and backwards is not null and ${begins('backwards', reversed)}`,
      )
    }
  }
  return places.join(' union all ')
}
