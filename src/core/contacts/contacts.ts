/** Customers' records: made by ingest when somebody new writes, or by hand; found, listed and changed here. */
import { emit } from '../events/outbox.ts'
import type { Contact, Identity } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { addIdentity, identitiesOf, identitiesOfAll } from './identities.ts'

export interface ContactRow {
  readonly id: string
  readonly name: string
  readonly attributes: Record<string, string>
  readonly claims: Record<string, string>
  readonly blockedAt: Date | null
  readonly blockedReason: string | null
  readonly blockedUntil: Date | null
  readonly mergedInto: string | null
  readonly lastSeenAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** The columns that make a ContactRow, of `contacts` under the alias `ct`. */
export const contactColumns = `ct.id, ct.name, ct.attributes, ct.claims, ct.blocked_at, ct.blocked_reason, ct.blocked_until,
  ct.merged_into, ct.last_seen_at, ct.version, ct.created_at, ct.updated_at`

/** A row as the API and events show it. A block that has run out is shown as none. */
export function toContact(row: ContactRow, identities: readonly Identity[], now: number = Date.now()): Contact {
  return {
    id: row.id,
    name: row.name,
    attributes: row.attributes,
    claims: row.claims,
    identities: identities.map(({ kind, scope, address, verified }) => ({ kind, scope, address, verified })),
    blocked: isBlocked(row, now)
      ? {
          at: (row.blockedAt ?? row.updatedAt).toISOString(),
          reason: row.blockedReason,
          until: row.blockedUntil?.toISOString() ?? null,
        }
      : null,
    lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
  }
}

/** Whether nothing of this contact is to be taken in, at that moment. */
export function isBlocked(row: Pick<ContactRow, 'blockedAt' | 'blockedUntil'>, now: number): boolean {
  return row.blockedAt !== null && (row.blockedUntil === null || row.blockedUntil.getTime() > now)
}

export interface NewContact {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly identities?: readonly Identity[]
}

/** Makes a record by hand. Faults with `identity-taken`. */
export async function createContact(tx: TenantTx, contact: NewContact): Promise<Contact> {
  const row = await tx.one<ContactRow>(
    `insert into contacts as ct (tenant_id, id, name, attributes) values ($1, $2, $3, $4) returning ${contactColumns}`,
    tx.tenantId,
    newId('ctc'),
    storable(contact.name),
    JSON.stringify(storable(contact.attributes ?? {})),
  )
  for (const identity of contact.identities ?? []) await addIdentity(tx, row.id, identity)
  const shown = toContact(row, await identitiesOf(tx, row.id))
  await emit(tx, 'contact.created', row.id, { contact: shown })
  return shown
}

export interface ContactPatch {
  readonly name?: string
  /** Merged into those that are there; null takes one away. */
  readonly attributes?: Readonly<Record<string, string | null>>
}

/** How many attributes a contact has at most. */
export const maxAttributes = 50

/**
 * Changes a record. `version` is the one that the caller has seen, if it insists. Locks the contact.
 * Faults: `contact-unknown`, `version-stale`, `attributes-too-many`.
 */
export async function updateContact(tx: TenantTx, id: string, patch: ContactPatch, version?: number): Promise<Contact> {
  const before = await lockContact(tx, id)
  requireVersion(before.version, version)
  const attributes = { ...before.attributes }
  for (const [name, value] of Object.entries(storable(patch.attributes ?? {}))) {
    if (value === null) delete attributes[name]
    else attributes[name] = value
  }
  if (Object.keys(attributes).length > maxAttributes) {
    throw new Fault('invalid', 'attributes-too-many', `A contact has at most ${maxAttributes} attributes.`)
  }
  const row = await tx.one<ContactRow>(
    `update contacts ct set name = $3, attributes = $4, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${contactColumns}`,
    tx.tenantId,
    before.id,
    patch.name === undefined ? before.name : storable(patch.name),
    JSON.stringify(attributes),
  )
  const contact = toContact(row, await identitiesOf(tx, row.id))
  await emit(tx, 'contact.updated', row.id, { contact })
  return contact
}

/** The contact that stands for this id now: one that was merged points on. Faults with `contact-unknown`. */
export async function getContact(tx: TenantTx, id: string): Promise<Contact> {
  const row = await tx.maybe<ContactRow>(
    `with recursive chain as (
       select ct.id, ct.merged_into, 0 as steps from contacts ct where ct.tenant_id = $1 and ct.id = $2
       union all
       select ct.id, ct.merged_into, chain.steps + 1 from chain
         join contacts ct on ct.tenant_id = $1 and ct.id = chain.merged_into where chain.steps < 50)
     select ${contactColumns} from chain join contacts ct on ct.tenant_id = $1 and ct.id = chain.id
      where chain.merged_into is null`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownContact(id)
  return toContact(row, await identitiesOf(tx, row.id))
}

/** Takes the row of the contact that stands for this id; looks again when it was merged while we waited for it. */
export async function lockContact(tx: TenantTx, id: string): Promise<ContactRow> {
  let next: string = id
  for (let steps = 0; steps < 50; steps++) {
    const row = await tx.maybe<ContactRow>(
      `select ${contactColumns} from contacts ct where ct.tenant_id = $1 and ct.id = $2 for no key update`,
      tx.tenantId,
      next,
    )
    if (row === undefined) throw unknownContact(id)
    if (row.mergedInto === null) return row
    next = row.mergedInto
  }
  throw new TypeError(`Contact ${id} points on without end.`)
}

export interface ContactFilter {
  /** Beginning of a name or of an address, in either case. */
  readonly search?: string
  readonly blocked?: boolean
}

/** Contacts, the latest changed first; merged ones are not shown. */
export async function listContacts(tx: TenantTx, filter: ContactFilter, page: PageRequest): Promise<Page<Contact>> {
  const { values, bind } = parameters()
  const conditions = [`ct.tenant_id = ${bind(tx.tenantId)}`, 'ct.merged_into is null']
  if (filter.search !== undefined) {
    const beginning = bind(`${storable(filter.search).replace(/[\\%_]/g, '\\$&')}%`)
    conditions.push(`(ct.name ilike ${beginning} or exists (
      select 1 from identities i where i.tenant_id = ct.tenant_id and i.contact_id = ct.id and i.address ilike ${beginning}))`)
  }
  if (filter.blocked !== undefined) {
    const blocked = '(ct.blocked_at is not null and (ct.blocked_until is null or ct.blocked_until > now()))'
    conditions.push(filter.blocked ? blocked : `not ${blocked}`)
  }
  if (page.after !== null) {
    conditions.push(`(ct.updated_at, ct.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<ContactRow & { sortKey: string }>(
    `select ${contactColumns}, ct.updated_at::text as sort_key from contacts ct where ${conditions.join(' and ')}
      order by ct.updated_at desc, ct.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  const identities = await identitiesOfAll(
    tx,
    rows.map((row) => row.id),
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toContact(row, identities.get(row.id) ?? []),
  )
}

/** The id of a contact and those of all that were merged into it: together they have one thread. */
export async function contactFamily(tx: TenantTx, contactId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `with recursive family as (
       select $2::text as id, 0 as steps
       union all
       select ct.id, family.steps + 1 from family
         join contacts ct on ct.tenant_id = $1 and ct.merged_into = family.id where family.steps < 50)
     select distinct id from family`,
    tx.tenantId,
    contactId,
  )
  return rows.map((row) => row.id)
}

export function unknownContact(id: string): Fault {
  return new Fault('not-found', 'contact-unknown', `There is no contact ${id}.`)
}
