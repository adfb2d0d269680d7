/** Tenants: one business each on the hub. */
import { brokenConstraint, type TenantTx, type Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { Vault } from '../platform/secrets.ts'

export interface Tenant {
  readonly id: string
  /** Names it at log-in where one login exists with several tenants. */
  readonly slug: string
  readonly name: string
  /** IANA name, as `Asia/Shanghai`. */
  readonly timeZone: string
  /** BCP 47, as `zh-CN`. */
  readonly locale: string
}

/**
 * Sets up a tenant with a key of its own for its secrets. The transaction is the worker role's, with the new id in its
 * list. Faults with `tenant-invalid` and `tenant-slug-taken`.
 */
export async function createTenant(tx: Tx, vault: Vault, tenant: Tenant): Promise<Tenant> {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(tenant.slug)) {
    throw new Fault('invalid', 'tenant-invalid', 'A slug is made of a-z, 0-9 and hyphens.')
  }
  if (!isTimeZone(tenant.timeZone)) {
    throw new Fault('invalid', 'tenant-invalid', `There is no time zone ${tenant.timeZone}.`)
  }
  try {
    await tx.run(
      'insert into tenants (id, slug, name, time_zone, locale, sealed_key) values ($1, $2, $3, $4, $5, $6)',
      tenant.id,
      tenant.slug,
      tenant.name,
      tenant.timeZone,
      tenant.locale,
      vault.newTenantKey(tenant.id),
    )
  } catch (error) {
    if (brokenConstraint(error) !== 'tenants_slug_key') throw error
    throw new Fault('conflict', 'tenant-slug-taken', 'Another tenant has this slug.', { cause: error })
  }
  const { id, slug, name, timeZone, locale } = tenant
  return { id, slug, name, timeZone, locale }
}

export function getTenant(tx: TenantTx): Promise<Tenant> {
  return tx.one<Tenant>('select id, slug, name, time_zone, locale from tenants where id = $1', tx.tenantId)
}

/** The tenant of that slug; undefined where there is none. As the worker role. */
export function findTenant(tx: Tx, slug: string): Promise<Tenant | undefined> {
  return tx.maybe<Tenant>('select id, slug, name, time_zone, locale from tenants where slug = $1', slug)
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
