/**
 * The blocklist by address: a telephone number, a mailbox, an account on a platform. Nothing that comes from there is taken in, whoever's it
 * is, and also before it is anybody's. The contact itself is blocked in blocklist.ts.
 */
import type { BlockedIdentity } from '../events/contact-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'
import { normalAddress } from './addresses.ts'
import type { Block } from './blocklist.ts'
import { familyOf } from './family.ts'
import { normalIdentity, phoneRegionOf } from './identities.ts'

interface BlockRow extends Omit<BlockedIdentity, 'blockedAt' | 'until'> {
  readonly blockedAt: Date
  readonly until: Date | null
}

const columns = `b.id, b.kind, b.scope, b.address, b.reason, b.until, b.blocked_at, b.blocked_by,
  (select coalesce(ct.merged_into, ct.id) from identities i join contacts ct on ct.tenant_id = i.tenant_id and ct.id = i.contact_id
    where i.tenant_id = b.tenant_id and i.kind = b.kind and i.scope = b.scope and i.address = b.address) as contact_id`

/** A block that has run out is none, whether or not it has been tidied away. */
const standing = '(b.until is null or b.until > now())'

const toBlock = ({ blockedAt, until, ...rest }: BlockRow): BlockedIdentity => ({
  ...rest,
  until: until?.toISOString() ?? null,
  blockedAt: blockedAt.toISOString(),
})

export interface Address {
  readonly kind: string
  readonly scope: string
  readonly address: string
}

/**
 * Puts an address on the blocklist; of one that is there already, reason and end are changed. Answers the block, and whether it is new.
 * Emits identity.blocked. Faults with `identity-malformed`.
 */
export async function blockIdentity(
  tx: TenantTx,
  given: Address,
  block: Block,
): Promise<{ readonly block: BlockedIdentity; readonly isNew: boolean }> {
  const { kind, scope, address } = normalIdentity({ ...given, verified: false }, await phoneRegionOf(tx))
  const { id, isNew } = await tx.one<{ id: string; isNew: boolean }>(
    `insert into blocked_identities as b (tenant_id, id, kind, scope, address, reason, until, blocked_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, kind, scope, address) do update set reason = excluded.reason, until = excluded.until,
       id = case when ${standing} then b.id else excluded.id end,
       blocked_at = case when ${standing} then b.blocked_at else excluded.blocked_at end,
       blocked_by = case when ${standing} then b.blocked_by else excluded.blocked_by end
     returning id, id = $2 as is_new`,
    tx.tenantId,
    newId('blk'),
    kind,
    scope,
    address,
    block.reason === undefined ? null : storableText(block.reason),
    block.until ?? null,
    tx.actorId,
  )
  const shown = await getBlockedIdentity(tx, id)
  await emit(tx, 'identity.blocked', id, { block: shown })
  return { block: shown, isNew }
}

/** Takes an address off the blocklist. Emits identity.unblocked. Faults with `block-unknown`. */
export async function unblockIdentity(tx: TenantTx, id: string): Promise<void> {
  const block = await getBlockedIdentity(tx, id)
  const gone = await tx.run('delete from blocked_identities where tenant_id = $1 and id = $2', tx.tenantId, id)
  if (gone > 0) await emit(tx, 'identity.unblocked', id, { block })
}

/** Faults with `block-unknown`. */
export async function getBlockedIdentity(tx: TenantTx, id: string): Promise<BlockedIdentity> {
  const row = await tx.maybe<BlockRow>(
    `select ${columns} from blocked_identities b where b.tenant_id = $1 and b.id = $2 and ${standing}`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw new Fault('not-found', 'block-unknown', `There is no block ${id}.`)
  return toBlock(row)
}

export interface BlockFilter {
  readonly kind?: string
  /** In whatever form it is written. */
  readonly address?: string
  /** Addresses of this contact, and of all that were merged into it. */
  readonly contactId?: string
}

/** The newest first. */
export async function listBlockedIdentities(
  tx: TenantTx,
  filter: BlockFilter,
  page: PageRequest,
): Promise<Page<BlockedIdentity>> {
  const { values, bind } = parameters()
  const conditions = [`b.tenant_id = ${bind(tx.tenantId)}`, standing]
  if (filter.kind !== undefined) conditions.push(`b.kind = ${bind(filter.kind)}`)
  if (filter.address !== undefined) {
    const region = await phoneRegionOf(tx)
    const forms = ['phone', 'email'].flatMap((kind) => normalAddress(kind, filter.address ?? '', region)?.address ?? [])
    conditions.push(`b.address = any(${bind([filter.address, ...forms])}::text[])`)
  }
  if (filter.contactId !== undefined) {
    conditions.push(
      `exists (select from identities i where i.tenant_id = b.tenant_id and i.kind = b.kind and i.scope = b.scope
          and i.address = b.address and i.contact_id = any(${bind(await familyOf(tx, filter.contactId))}::text[]))`,
    )
  }
  if (page.after !== null) {
    conditions.push(`(b.blocked_at, b.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<BlockRow & { sortKey: string }>(
    `select ${columns}, b.blocked_at::text as sort_key from blocked_identities b where ${conditions.join(' and ')}
      order by b.blocked_at desc, b.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    ({ sortKey: _, ...row }) => toBlock(row),
  )
}

/** Which of these addresses are on the blocklist now, each as it was given; one statement for tenants and addresses of a batch. */
export async function blockedAmong<A extends Address & { readonly tenantId: string }>(
  tx: Tx,
  addresses: readonly A[],
): Promise<ReadonlySet<A>> {
  if (addresses.length === 0) return new Set()
  const rows = await tx.query<{ index: number }>(
    `select u.index::int as index
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as u (tenant_id, kind, scope, address, index)
       join blocked_identities b using (tenant_id, kind, scope, address) where ${standing}`,
    addresses.map(({ tenantId }) => tenantId),
    addresses.map(({ kind }) => kind),
    addresses.map(({ scope }) => scope),
    addresses.map(({ address }) => address),
  )
  return new Set(rows.flatMap(({ index }) => addresses[index - 1] ?? []))
}
