/** Numbers that want no calls (免打扰). */
import { normalAddress } from '../contacts/addresses.ts'
import { phoneRegionOf } from '../contacts/identities.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { storable } from '../platform/text.ts'

export interface BarredNumber {
  readonly number: string
  readonly reason: string
  readonly createdAt: string
}

/** By number. */
export async function listBarred(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<BarredNumber>> {
  const rows = await tx.query<Omit<BarredNumber, 'createdAt'> & { createdAt: Date }>(
    `select number, reason, created_at from do_not_call where tenant_id = $1 and ($2::text is null or number > $2)
      order by number limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(
    rows,
    limit,
    (row) => [row.number],
    ({ createdAt, ...row }) => ({ ...row, createdAt: createdAt.toISOString() }),
  )
}

/** Bars a number, in its normal form; one that is barred keeps its reason. Faults with `number-malformed`. */
export async function barNumber(tx: TenantTx, given: string, reason: string): Promise<string> {
  const { number } = await normalNumber(tx, given)
  await tx.run(
    'insert into do_not_call (tenant_id, number, reason) values ($1, $2, $3) on conflict do nothing',
    tx.tenantId,
    number,
    storable(reason),
  )
  return number
}

/** Lets it be called again; one that is not barred stays so. */
export async function unbarNumber(tx: TenantTx, given: string): Promise<void> {
  await tx.run(
    'delete from do_not_call where tenant_id = $1 and number = $2',
    tx.tenantId,
    (await normalNumber(tx, given)).number,
  )
}

/** A number as it is called and barred: `address` is E.164 where it is one, `number` that or its digits. Faults with `number-malformed`. */
export async function normalNumber(tx: TenantTx, given: string): Promise<{ number: string; address: string | null }> {
  const address = normalAddress('phone', given, await phoneRegionOf(tx))?.address ?? null
  const number = address ?? given
  if (!/^\+?[0-9]{2,20}$/.test(number)) {
    throw new Fault('invalid', 'number-malformed', 'That is no number that can be called.', {
      errors: [{ pointer: '/number', detail: 'is no telephone number' }],
    })
  }
  return { number, address }
}
