/** Customers' records: made by ingest when somebody new writes, or by hand; read, shown and changed here. */
import { emit } from '../events/outbox.ts'
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { type About, aboutOne, nothingKnown } from './family.ts'
import { checkAttributes, listFields } from './fields.ts'
import { addIdentities, findContactByIdentity, type NewIdentity } from './identities.ts'
import { setTags } from './tags.ts'

export { contactFamily } from './family.ts'

export interface ContactRow {
  readonly id: string
  readonly name: string
  readonly province: string | null
  readonly city: string | null
  readonly company: string | null
  readonly attributes: Record<string, string>
  readonly claims: Record<string, string>
  readonly blockedAt: Date | null
  readonly blockedReason: string | null
  readonly blockedUntil: Date | null
  readonly mergedInto: string | null
  readonly erasedAt: Date | null
  readonly lastSeenAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** The columns that make a ContactRow, of `contacts` under the alias `ct`. */
export const contactColumns = `ct.id, ct.name, ct.province, ct.city, ct.company, ct.attributes, ct.claims, ct.blocked_at,
  ct.blocked_reason, ct.blocked_until, ct.merged_into, ct.erased_at, ct.last_seen_at, ct.version, ct.created_at, ct.updated_at`

/** A row as the API and events show it, with what those say who were merged into it. A block that has run out is none. */
export function toContact(row: ContactRow, about: Partial<About> = {}, now: number = Date.now()): Contact {
  const { identities, tags, groupIds, merged } = { ...nothingKnown, ...about }
  const seen = [row.lastSeenAt, ...merged.map(({ lastSeenAt }) => lastSeenAt)].flatMap((at) => at?.getTime() ?? [])
  return {
    id: row.id,
    name: row.name || (merged.find(({ name }) => name !== '')?.name ?? ''),
    province: row.province,
    city: row.city,
    company: row.company,
    attributes: row.attributes,
    claims: Object.assign({}, ...merged.map(({ claims }) => claims), row.claims),
    identities: [...identities],
    tags: [...tags],
    groupIds: [...groupIds],
    mergedIds: merged.map(({ id }) => id),
    blocked: isBlocked(row, now)
      ? {
          at: (row.blockedAt ?? row.updatedAt).toISOString(),
          reason: row.blockedReason,
          until: row.blockedUntil?.toISOString() ?? null,
        }
      : null,
    lastSeenAt: seen.length === 0 ? null : new Date(Math.max(...seen)).toISOString(),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
  }
}

/** Whether nothing of this contact is to be taken in, at that moment. */
export function isBlocked(row: Pick<ContactRow, 'blockedAt' | 'blockedUntil'>, now: number): boolean {
  return row.blockedAt !== null && (row.blockedUntil === null || row.blockedUntil.getTime() > now)
}

/** The facts of a record that people and programs write; null takes one away. */
export interface Facts {
  readonly name?: string
  readonly province?: string | null
  readonly city?: string | null
  readonly company?: string | null
}

export interface NewContact extends Facts {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly identities?: readonly NewIdentity[]
  readonly tags?: readonly string[]
}

/** Makes a record by hand. Faults: `attribute-invalid`, `identity-malformed`, `identity-taken`, `tags-too-many`. */
export async function createContact(tx: TenantTx, contact: NewContact): Promise<Contact> {
  const { name, province = null, city = null, company = null, attributes = {} } = storable(contact)
  const row = await tx.one<ContactRow>(
    `insert into contacts as ct (tenant_id, id, name, province, city, company, attributes) values ($1, $2, $3, $4, $5, $6, $7)
     returning ${contactColumns}`,
    tx.tenantId,
    newId('ctc'),
    name,
    province,
    city,
    company,
    JSON.stringify(checkAttributes(await listFields(tx), attributes)),
  )
  await addIdentities(tx, row.id, contact.identities ?? [])
  await setTags(tx, row.id, [row.id], contact.tags ?? [])
  const shown = toContact(row, await aboutOne(tx, row.id))
  await emit(tx, 'contact.created', row.id, { contact: shown })
  return shown
}

export interface ContactPatch extends Facts {
  /** Merged into those that are there; null takes one away. */
  readonly attributes?: Readonly<Record<string, string | null>>
  /** Added to those that are there. */
  readonly identities?: readonly NewIdentity[]
  /** In place of those that are there. */
  readonly tags?: readonly string[]
}

/** How many attributes a contact has at most. */
export const maxAttributes = 50

/**
 * Changes a record; what leaves it as it was makes no version and no event. `version` is the one that the caller has seen, if it
 * insists. Locks the contact. Faults: `contact-unknown`, `contact-erased`, `version-stale`, `attributes-too-many` and those of
 * createContact.
 */
export async function updateContact(tx: TenantTx, id: string, patch: ContactPatch, version?: number): Promise<Contact> {
  const before = await lockContact(tx, id)
  requireVersion(before.version, version)
  const { attributes: given = {}, ...facts } = storable(patch)
  const attributes = { ...before.attributes }
  for (const [key, value] of Object.entries(checkAttributes(await listFields(tx), given))) {
    if (value === null) delete attributes[key]
    else attributes[key] = value
  }
  if (Object.keys(attributes).length > maxAttributes) {
    throw new Fault('invalid', 'attributes-too-many', `A contact has at most ${maxAttributes} attributes.`)
  }
  const after = {
    name: facts.name ?? before.name,
    province: facts.province === undefined ? before.province : facts.province,
    city: facts.city === undefined ? before.city : facts.city,
    company: facts.company === undefined ? before.company : facts.company,
  }
  let changes = await addIdentities(tx, before.id, patch.identities ?? [])
  if (patch.tags !== undefined) {
    const { merged } = await aboutOne(tx, before.id)
    changes += await setTags(tx, before.id, [before.id, ...merged.map((one) => one.id)], patch.tags)
  }
  const row = await tx.maybe<ContactRow>(
    `update contacts ct set name = $3, province = $4, city = $5, company = $6, attributes = $7, updated_at = now(),
            version = version + 1
      where tenant_id = $1 and id = $2
        and ($8 or (name, province, city, company, attributes) is distinct from ($3, $4, $5, $6, $7::jsonb))
     returning ${contactColumns}`,
    tx.tenantId,
    before.id,
    after.name,
    after.province,
    after.city,
    after.company,
    JSON.stringify(attributes),
    changes > 0,
  )
  const contact = toContact(row ?? before, await aboutOne(tx, before.id))
  if (row !== undefined) await emit(tx, 'contact.updated', row.id, { contact })
  return contact
}

/**
 * Notes that something beside the row of a locked contact has changed (an address, a tag, a group): a new version, and the event.
 */
export async function touchContact(tx: TenantTx, id: string): Promise<Contact> {
  const row = await tx.one<ContactRow>(
    `update contacts ct set updated_at = now(), version = version + 1 where tenant_id = $1 and id = $2
     returning ${contactColumns}`,
    tx.tenantId,
    id,
  )
  const contact = toContact(row, await aboutOne(tx, row.id))
  await emit(tx, 'contact.updated', row.id, { contact })
  return contact
}

/** `ext:system:id`, as a business names a contact by the key of its own system. */
const externalReference = /^ext:([^:]+):(.+)$/s

/**
 * The id that a reference names: `ctc_…` as it is, `ext:system:id` looked up, merged ones followed. Faults with `contact-unknown`
 * for a key that nobody has.
 */
export async function idOfReference(tx: TenantTx, reference: string): Promise<string> {
  const external = externalReference.exec(reference)
  if (external === null) return reference
  const [, scope = '', address = ''] = external
  const id = await findContactByIdentity(tx, { kind: 'ext', scope, address })
  if (id === undefined) throw unknownContact(reference)
  return id
}

/** The contact that stands for this id (or `ext:system:id`) now: one that was merged points on. Faults: `contact-unknown`, `contact-erased`. */
export async function getContact(tx: TenantTx, reference: string): Promise<Contact> {
  const id = await idOfReference(tx, reference)
  const row = await tx.maybe<ContactRow>(
    `select ${contactColumns} from contacts asked
       join contacts ct on ct.tenant_id = asked.tenant_id and ct.id = coalesce(asked.merged_into, asked.id)
      where asked.tenant_id = $1 and asked.id = $2`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownContact(reference)
  requireLiving(row)
  return toContact(row, await aboutOne(tx, row.id))
}

/** Takes the row of the contact that stands for this id; looks again when it was merged while we waited for it. Faults as getContact. */
export async function lockContact(tx: TenantTx, reference: string): Promise<ContactRow> {
  let next = await idOfReference(tx, reference)
  for (let steps = 0; steps < 50; steps++) {
    const row = await tx.maybe<ContactRow>(
      `select ${contactColumns} from contacts ct where ct.tenant_id = $1
          and ct.id = (select coalesce(merged_into, id) from contacts where tenant_id = $1 and id = $2) for no key update`,
      tx.tenantId,
      next,
    )
    if (row === undefined) throw unknownContact(reference)
    requireLiving(row)
    if (row.mergedInto === null) return row
    next = row.mergedInto
  }
  throw new TypeError(`Contact ${reference} points on without end.`)
}

/** Faults with `contact-erased`. */
export function requireLiving(row: ContactRow): void {
  if (row.erasedAt !== null) {
    throw new Fault('not-found', 'contact-erased', `All that was known of contact ${row.id} has been erased.`)
  }
}

export function unknownContact(reference: string): Fault {
  return new Fault('not-found', 'contact-unknown', `There is no contact ${reference}.`)
}
