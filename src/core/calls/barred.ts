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

/** By number; `digits`: only those in which that stands. */
export async function listBarred(
  tx: TenantTx,
  digits: string | undefined,
  { limit, after }: PageRequest,
): Promise<Page<BarredNumber>> {
  const rows = await tx.query<Omit<BarredNumber, 'createdAt'> & { createdAt: Date }>(
    `select number, reason, created_at from do_not_call
      where tenant_id = $1 and ($2::text is null or number > $2) and ($3::text is null or strpos(number, $3) > 0)
      order by number limit $4`,
    tx.tenantId,
    after?.[0] ?? null,
    digits ?? null,
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

/**
 * Bars all of them, in their normal form; those that are barred keep their reasons. Answers with how many are new. Faults with `number-malformed`, which
 * names each that is none, up to a hundred, and bars nothing then.
 */
export async function barNumbers(tx: TenantTx, given: readonly string[], reason: string): Promise<number> {
  const region = await phoneRegionOf(tx)
  const read = given.map((one) => readNumber(one, region)?.number)
  const errors = read.flatMap((number, index) => (number === undefined ? [notANumber(`/numbers/${index}`)] : []))
  if (errors.length > 0) {
    throw new Fault('invalid', 'number-malformed', 'Some of these are no numbers that can be called.', {
      errors: errors.slice(0, 100),
    })
  }
  return tx.run(
    'insert into do_not_call (tenant_id, number, reason) select $1, number, $3 from unnest($2::text[]) as n (number) on conflict do nothing',
    tx.tenantId,
    // One order for all, so that two that bar the same wait for each other, and not both ways.
    [...new Set(read)].sort(),
    storable(reason),
  )
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
  const read = readNumber(given, await phoneRegionOf(tx))
  if (read === undefined) {
    throw new Fault('invalid', 'number-malformed', 'That is no number that can be called.', {
      errors: [notANumber('/number')],
    })
  }
  return read
}

function readNumber(given: string, region: Awaited<ReturnType<typeof phoneRegionOf>>) {
  const address = normalAddress('phone', given, region)?.address ?? null
  const number = address ?? given
  return /^\+?[0-9]{2,20}$/.test(number) ? { number, address } : undefined
}

function notANumber(pointer: string) {
  return { pointer, detail: 'is no telephone number' }
}
