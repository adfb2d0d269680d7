/**
 * What an operator does with a hub beside running it: the first start's demo shop, a new password, a new key. Works on
 * the database alone, so it may be used while the hub runs. Secrets are returned, to be shown once, and stored hashed.
 */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { addAuditEntry } from './api/audit/entries.ts'
import type { Registry } from './connectors/registry.ts'
import { createContact } from './core/contacts/contacts.ts'
import { createChannel } from './core/conversations/channels.ts'
import type { Database } from './core/platform/database.ts'
import { Fault } from './core/platform/errors.ts'
import { newId, newSecret } from './core/platform/ids.ts'
import type { Vault } from './core/platform/secrets.ts'
import { createApiKey } from './core/tenancy/api-keys.ts'
import { createMember, type NewMember, setPassword } from './core/tenancy/members.ts'
import { hashPassword } from './core/tenancy/passwords.ts'
import { createGroup, type NewGroup, putGroupMember } from './core/tenancy/skill-groups.ts'
import { createTenant, type Tenant } from './core/tenancy/tenants.ts'

interface Demo {
  readonly tenant: Omit<Tenant, 'id'>
  readonly members: readonly (Omit<NewMember, 'passwordHash'> & { readonly groups?: readonly string[] })[]
  readonly groups: readonly NewGroup[]
  readonly channels: readonly { kind: string; name: string; group?: string; settings: Record<string, unknown> }[]
  readonly contacts: readonly { name: string; identities: readonly { kind: string; address: string }[] }[]
  readonly apiKey: { readonly name: string; readonly scopes: readonly string[] }
}

/** What is shown once, after the first start. */
export interface FirstLogins {
  readonly logins: readonly {
    readonly role: string
    readonly name: string
    readonly login: string
    readonly password: string
  }[]
  readonly apiKey: string
}

/** Sets the demo tenant up on a hub that has no tenant at all; undefined, and nothing done, where there is one. */
export async function setUpDemo(
  db: Database,
  vault: Vault,
  registry: Registry,
  file: string,
): Promise<FirstLogins | undefined> {
  const demo = parse(readFileSync(file, 'utf8')) as Demo
  const tenantId = newId('ten')
  const passwords = demo.members.map(() => readablePassword())
  const hashes = await Promise.all(passwords.map(hashPassword))
  return db.work('setup', [tenantId], async (tx) => {
    // One process at a time; the others then find the tenant.
    await tx.run('select pg_advisory_xact_lock(7236003)')
    if ((await tx.query('select 1 from tenants limit 1')).length > 0) return undefined
    await createTenant(tx, vault, { ...demo.tenant, id: tenantId })
    const own = Object.assign(tx, { tenantId })
    const groups = new Map<string, string>()
    for (const group of demo.groups) groups.set(group.name, (await createGroup(own, group)).id)
    for (const [index, { groups: names = [], ...member }] of demo.members.entries()) {
      const { id } = await createMember(own, { ...member, passwordHash: hashes[index] ?? '' })
      for (const name of names) await putGroupMember(own, groups.get(name) ?? '', id, { tier: 1, level: 1 })
    }
    for (const { kind, name, group, settings } of demo.channels) {
      const groupId = group === undefined ? null : (groups.get(group) ?? null)
      await createChannel(own, vault, registry.formOf(kind), { name, settings, groupId })
    }
    for (const { name, identities } of demo.contacts) {
      await createContact(own, {
        name,
        identities: identities.map(({ kind, address }) => ({ kind, address, scope: '', verified: false })),
      })
    }
    const { secret } = await createApiKey(own, demo.apiKey)
    return {
      logins: demo.members.map((member, index) => ({
        role: member.role,
        name: member.name,
        login: member.number ?? member.email,
        password: passwords[index] ?? '',
      })),
      apiKey: secret,
    }
  })
}

/** A new password for a member, by e-mail or 工号; ends the member's sessions. Faults with `member-unknown`, `tenant-unknown`. */
export async function resetPassword(db: Database, login: string, slug?: string): Promise<string> {
  const tenantId = await tenantOf(db, slug)
  const password = readablePassword()
  const hash = await hashPassword(password)
  await db.transaction({ id: 'operator', tenantId }, async (tx) => {
    const member = await tx.maybe<{ id: string }>(
      'select id from members where tenant_id = $1 and (lower(email) = lower($2) or number = $2)',
      tenantId,
      login,
    )
    if (member === undefined)
      throw new Fault('not-found', 'member-unknown', `There is no member with the login ${login}.`)
    await setPassword(tx, member.id, hash, undefined)
    await addAuditEntry(tx, byOperator('password.set', member.id))
  })
  return password
}

/** A new API key with every permission. Faults with `tenant-unknown`. */
export async function newApiKey(db: Database, name: string, slug?: string): Promise<string> {
  const tenantId = await tenantOf(db, slug)
  return db.transaction({ id: 'operator', tenantId }, async (tx) => {
    const { key, secret } = await createApiKey(tx, { name, scopes: ['*'] })
    await addAuditEntry(tx, byOperator('key.create', key.id))
    return secret
  })
}

/** An entry of the audit for what an operator did at the machine. */
export function byOperator(action: string, subject: string) {
  return { action, subject, credential: null, address: null, userAgent: null, requestId: null, changes: [] }
}

/** The tenant of that slug, or the only one. Faults with `tenant-unknown`, `tenant-unclear`. */
export async function tenantOf(db: Database, slug: string | undefined): Promise<string> {
  const tenants = await db.ground<{ id: string; slug: string }>('select id, slug from tenants order by slug')
  const [tenant] = slug === undefined ? tenants : tenants.filter((one) => one.slug === slug)
  if (tenant === undefined) throw new Fault('not-found', 'tenant-unknown', 'There is no such tenant.')
  if (slug === undefined && tenants.length > 1) {
    throw new Fault('invalid', 'tenant-unclear', `Say which tenant: ${tenants.map((one) => one.slug).join(', ')}.`)
  }
  return tenant.id
}

/** 16 letters of a random secret, in groups that can be read out: 96 bits. */
function readablePassword(): string {
  const letters = newSecret()
    .replace(/[^A-Za-z0-9]/g, 'x')
    .slice(0, 16)
  return letters.match(/.{4}/g)?.join('-') ?? letters
}
