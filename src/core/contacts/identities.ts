/** Identities: the addresses by which a contact is recognised on channels. One address is one contact's. */
import type { CountryCode } from 'libphonenumber-js'
import type { Identity } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { normalAddress, phoneRegion } from './addresses.ts'

export type NewIdentity = Omit<Identity, 'given'>

/** How many addresses a contact has at most, those of contacts merged into it not counted. */
export const maxIdentities = 50

/** The region in which the tenant writes its telephone numbers. */
export async function phoneRegionOf(tx: TenantTx): Promise<CountryCode> {
  const { chosen, locale } = await tx.one<{ chosen: string | null; locale: string }>(
    `select settings->>'phoneRegion' as chosen, locale from tenants where id = $1`,
    tx.tenantId,
  )
  return phoneRegion(chosen, locale)
}

/** The identity in its normal form. `pointer` says where it stands in the request. Faults with `identity-malformed`. */
export function normalIdentity(identity: NewIdentity, region: CountryCode, pointer = ''): Identity {
  const { kind, scope, address, verified } = storable(identity)
  const normal = normalAddress(kind, address, region)
  if (normal === undefined) {
    throw new Fault('invalid', 'identity-malformed', `${address.slice(0, 100)} is no address of the kind ${kind}.`, {
      errors: [{ pointer: `${pointer}/address`, detail: `is no ${kind}` }],
    })
  }
  return { kind, scope, address: normal.address, verified, ...(normal.given !== undefined && { given: normal.given }) }
}

/**
 * Gives a contact addresses; those that it, or one merged into it, has already stay, but become verified if now they are. Answers
 * how many changed. Lock the contact before. Faults: `identity-malformed`, `identity-taken`, `identities-too-many`.
 */
export async function addIdentities(
  tx: TenantTx,
  contactId: string,
  identities: readonly NewIdentity[],
  pointer = '/identities',
): Promise<number> {
  if (identities.length === 0) return 0
  const region = await phoneRegionOf(tx)
  let changed = 0
  for (const [index, identity] of identities.entries()) {
    const at = pointer === '' ? '' : `${pointer}/${index}`
    changed += await addIdentity(tx, contactId, normalIdentity(identity, region, at), at)
  }
  const { count } = await tx.one<{ count: number }>(
    'select count(*) from identities where tenant_id = $1 and contact_id = $2',
    tx.tenantId,
    contactId,
  )
  if (changed > 0 && count > maxIdentities) {
    throw new Fault('invalid', 'identities-too-many', `A contact has at most ${maxIdentities} addresses.`)
  }
  return changed
}

async function addIdentity(tx: TenantTx, contactId: string, identity: Identity, pointer: string): Promise<number> {
  const { kind, scope, address, verified, given = null } = identity
  const key = [tx.tenantId, kind, scope, address] as const
  const added = await tx.run(
    `insert into identities (tenant_id, kind, scope, address, contact_id, verified, given)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    ...key,
    contactId,
    verified,
    given,
  )
  if (added > 0) return 1
  const holder = await findContactByIdentity(tx, identity)
  if (holder !== contactId) {
    throw new Fault('conflict', 'identity-taken', 'Another contact has this address.', {
      errors: [{ pointer, detail: `belongs to ${holder ?? 'another contact'}` }],
    })
  }
  return tx.run(
    `update identities set verified = true
      where tenant_id = $1 and kind = $2 and scope = $3 and address = $4 and $5 and not verified`,
    ...key,
    verified,
  )
}

/**
 * Takes an address from a contact, or from one merged into it. Answers whether there was one. What comes from there later is a new
 * contact's. Lock the contact before.
 */
export async function removeIdentity(
  tx: TenantTx,
  familyIds: readonly string[],
  identity: Pick<Identity, 'kind' | 'scope' | 'address'>,
): Promise<boolean> {
  const normal = normalAddress(identity.kind, identity.address, await phoneRegionOf(tx))?.address ?? identity.address
  const gone = await tx.run(
    `delete from identities where tenant_id = $1 and kind = $2 and scope = $3 and address = any($4::text[])
        and contact_id = any($5::text[])`,
    tx.tenantId,
    identity.kind,
    identity.scope,
    [normal, identity.address],
    familyIds,
  )
  return gone > 0
}

/**
 * Whose address it is: the id of the contact that stands for it now, merged ones followed; undefined when nobody's.
 */
export async function findContactByIdentity(
  tx: TenantTx,
  identity: { readonly kind: string; readonly scope: string; readonly address: string },
): Promise<string | undefined> {
  const row = await tx.maybe<{ id: string }>(
    `select coalesce(ct.merged_into, ct.id) as id from identities i
       join contacts ct on ct.tenant_id = i.tenant_id and ct.id = i.contact_id
      where i.tenant_id = $1 and i.kind = $2 and i.scope = $3 and i.address = $4`,
    tx.tenantId,
    identity.kind,
    identity.scope,
    identity.address,
  )
  return row?.id
}
