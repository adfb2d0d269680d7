/** Identities: the addresses by which a contact is recognised on channels. One address is one contact's. */
import type { Identity } from '../events/shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'

export function identitiesOf(tx: TenantTx, contactId: string): Promise<Identity[]> {
  return tx.query<Identity>(
    `select kind, scope, address, verified from identities where tenant_id = $1 and contact_id = $2
      order by created_at, kind, address`,
    tx.tenantId,
    contactId,
  )
}

/** The same for many contacts at once. */
export async function identitiesOfAll(tx: TenantTx, contactIds: readonly string[]): Promise<Map<string, Identity[]>> {
  const found = new Map<string, Identity[]>(contactIds.map((id) => [id, []]))
  if (contactIds.length === 0) return found
  const rows = await tx.query<Identity & { contactId: string }>(
    `select contact_id, kind, scope, address, verified from identities where tenant_id = $1 and contact_id = any($2::text[])
      order by created_at, kind, address`,
    tx.tenantId,
    contactIds,
  )
  for (const row of rows) found.get(row.contactId)?.push(row)
  return found
}

/** Gives a contact an address. Faults with `identity-taken` when it is another's already. */
export async function addIdentity(tx: TenantTx, contactId: string, identity: Identity): Promise<void> {
  const { kind, scope, address, verified } = storable(identity)
  try {
    await tx.run(
      `insert into identities (tenant_id, kind, scope, address, contact_id, verified) values ($1, $2, $3, $4, $5, $6)`,
      tx.tenantId,
      kind,
      scope,
      address,
      contactId,
      verified,
    )
  } catch (cause) {
    if (brokenConstraint(cause) !== 'identities_pkey') throw cause
    throw new Fault('conflict', 'identity-taken', 'Another contact has this address.', { cause })
  }
}

/**
 * Whose address it is: the id of the contact that stands for it now, merged ones followed; undefined when nobody's.
 */
export async function findContactByIdentity(
  tx: TenantTx,
  identity: { readonly kind: string; readonly scope: string; readonly address: string },
): Promise<string | undefined> {
  const row = await tx.maybe<{ id: string }>(
    `with recursive chain as (
       select ct.id, ct.merged_into, 0 as steps from identities i
         join contacts ct on ct.tenant_id = i.tenant_id and ct.id = i.contact_id
        where i.tenant_id = $1 and i.kind = $2 and i.scope = $3 and i.address = $4
       union all
       select ct.id, ct.merged_into, chain.steps + 1 from chain
         join contacts ct on ct.tenant_id = $1 and ct.id = chain.merged_into where chain.steps < 50)
     select id from chain where merged_into is null`,
    tx.tenantId,
    identity.kind,
    identity.scope,
    identity.address,
  )
  return row?.id
}
