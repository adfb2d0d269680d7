/** Contacts under the key of a business's own system: written by a CRM without looking first. */
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { type ContactPatch, createContact, lockContact, updateContact } from './contacts.ts'
import { findContactByIdentity, type NewIdentity, normalIdentity, phoneRegionOf } from './identities.ts'

export interface ExternalKey {
  /** The business's name for the system: `crm`. */
  readonly system: string
  readonly id: string
}

export interface Upsert {
  readonly contact: Contact
  readonly created: boolean
}

export interface UpsertOptions {
  /** The version that the caller has seen, if it insists: then nothing new is made. */
  readonly version?: number
  /** Only make, never change. */
  readonly onlyNew?: boolean
  /** A key that is new is given to the one contact that has one of these addresses already. */
  readonly match?: boolean
}

/**
 * Makes the contact of that key or changes it as updateContact does: what is not said stays. Repeating it changes nothing and tells
 * nobody. Writers of one key go one after the other. Faults: those of updateContact, `contact-exists`, `match-ambiguous`.
 */
export async function upsertContact(
  tx: TenantTx,
  key: ExternalKey,
  patch: ContactPatch,
  options: UpsertOptions = {},
): Promise<Upsert> {
  const identity: NewIdentity = { kind: 'ext', scope: key.system, address: storable(key.id), verified: true }
  await tx.run(
    'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    JSON.stringify([tx.tenantId, key.system, identity.address]),
  )
  const known = await findContactByIdentity(tx, identity)
  if (known !== undefined) {
    if (options.onlyNew) {
      throw new Fault('stale', 'contact-exists', `There is a contact of this key: ${known}.`)
    }
    return { contact: await updateContact(tx, known, patch, options.version), created: false }
  }
  requireVersion(0, options.version)
  const identities = [identity, ...(patch.identities ?? [])]
  const matched = options.match ? await matchOf(tx, patch.identities ?? []) : undefined
  if (matched !== undefined) {
    const { id } = await lockContact(tx, matched)
    return { contact: await updateContact(tx, id, { ...patch, identities }), created: false }
  }
  const { attributes = {}, province, city, company, tags, name = '' } = patch
  const contact = await createContact(tx, {
    name,
    ...(province != null && { province }),
    ...(city != null && { city }),
    ...(company != null && { company }),
    ...(tags !== undefined && { tags }),
    attributes: Object.fromEntries(
      Object.entries(attributes).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
    identities,
  })
  return { contact, created: true }
}

/** The contact that has one of the addresses. Faults with `match-ambiguous` when they are several contacts'. */
async function matchOf(tx: TenantTx, identities: readonly NewIdentity[]): Promise<string | undefined> {
  const region = await phoneRegionOf(tx)
  const found = new Set<string>()
  for (const [index, identity] of identities.entries()) {
    const holder = await findContactByIdentity(tx, normalIdentity(identity, region, `/identities/${index}`))
    if (holder !== undefined) found.add(holder)
  }
  if (found.size > 1) {
    throw new Fault('conflict', 'match-ambiguous', `These addresses are several contacts': ${[...found].join(', ')}.`)
  }
  return [...found][0]
}
