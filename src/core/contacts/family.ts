/**
 * A contact and those that were merged into it are one person: what belongs to each of them stays with its own row and is read
 * together. `merged_into` of every one of them names the survivor, never a step in between, so one look-up is enough.
 */
import type { Identity } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'

/** What is known of a contact beside its row, of all that were merged into it too. */
export interface About {
  readonly identities: readonly Identity[]
  readonly tags: readonly string[]
  readonly groupIds: readonly string[]
  /** Of those that were merged into it, ids ascending. */
  readonly merged: readonly {
    readonly id: string
    readonly name: string
    readonly claims: Readonly<Record<string, string>>
    readonly lastSeenAt: Date | null
  }[]
}

export const nothingKnown: About = { identities: [], tags: [], groupIds: [], merged: [] }

interface FamilyRow {
  readonly id: string
  readonly survivorId: string
  readonly name: string
  readonly claims: Record<string, string>
  readonly lastSeenAt: Date | null
}

/** The same for many contacts at once, by their ids; merged ones are not asked for. */
export async function aboutAll(tx: TenantTx, contactIds: readonly string[]): Promise<Map<string, About>> {
  if (contactIds.length === 0) return new Map()
  const merged = await tx.query<FamilyRow>(
    `select id, merged_into as survivor_id, name, claims, last_seen_at from contacts
      where tenant_id = $1 and merged_into = any($2::text[]) order by id`,
    tx.tenantId,
    contactIds,
  )
  const survivor = new Map<string, string>(contactIds.map((id) => [id, id]))
  for (const row of merged) survivor.set(row.id, row.survivorId)
  const all = [...survivor.keys()]
  const identities = await tx.query<Identity & { contactId: string; given: string | null }>(
    `select contact_id, kind, scope, address, verified, given from identities
      where tenant_id = $1 and contact_id = any($2::text[]) order by created_at, kind, address`,
    tx.tenantId,
    all,
  )
  const tags = await tx.query<{ contactId: string; tag: string }>(
    'select contact_id, tag from contact_tags where tenant_id = $1 and contact_id = any($2::text[]) order by tag',
    tx.tenantId,
    all,
  )
  const groups = await tx.query<{ contactId: string; groupId: string }>(
    `select contact_id, group_id from contact_group_members where tenant_id = $1 and contact_id = any($2::text[])
      order by group_id`,
    tx.tenantId,
    all,
  )
  const of = <Row extends { readonly contactId: string }>(rows: readonly Row[]) =>
    Map.groupBy(rows, (row) => survivor.get(row.contactId) ?? row.contactId)
  const [identitiesOf, tagsOf, groupsOf] = [of(identities), of(tags), of(groups)]
  const mergedOf = Map.groupBy(merged, (row) => row.survivorId)
  return new Map(
    contactIds.map((id) => [
      id,
      {
        identities: (identitiesOf.get(id) ?? []).map(({ kind, scope, address, verified, given }) => ({
          kind,
          scope,
          address,
          verified,
          ...(given !== null && { given }),
        })),
        tags: [...new Set((tagsOf.get(id) ?? []).map(({ tag }) => tag))],
        groupIds: [...new Set((groupsOf.get(id) ?? []).map(({ groupId }) => groupId))],
        merged: mergedOf.get(id) ?? [],
      },
    ]),
  )
}

export async function aboutOne(tx: TenantTx, contactId: string): Promise<About> {
  return (await aboutAll(tx, [contactId])).get(contactId) ?? nothingKnown
}

/** The id of a contact and those of all that were merged into it: together they have one thread. */
export async function contactFamily(tx: TenantTx, contactId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    'select id from contacts where tenant_id = $1 and merged_into = $2 order by id',
    tx.tenantId,
    contactId,
  )
  return [contactId, ...rows.map((row) => row.id)]
}

/** The same by the id of any of them; of an id that there is not, that id alone. */
export async function familyOf(tx: TenantTx, contactId: string): Promise<string[]> {
  const row = await tx.maybe<{ id: string }>(
    'select coalesce(merged_into, id) as id from contacts where tenant_id = $1 and id = $2',
    tx.tenantId,
    contactId,
  )
  return contactFamily(tx, row?.id ?? contactId)
}
