/** Phones of the business: extensions of a channel, with whose they are and where they are registered. */
import { createHash, randomInt } from 'node:crypto'
import { tenantKey } from '../conversations/channels.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Vault } from '../platform/secrets.ts'
import { normalNumber } from './barred.ts'

/** What phones are challenged with (RFC 2617). It stands in what is kept of every password, so it never changes. */
export const realm = 'tributary'

export interface Phone {
  readonly id: string
  readonly channelId: string
  readonly extension: string
  readonly memberId: string | null
  /** Outside: over the trunk, as E.164 where it is one, or a `sip:` address; null for a phone that registers. */
  readonly number: string | null
  readonly registeredUntil: string | null
  readonly createdAt: string
}

interface PhoneRow {
  readonly id: string
  readonly channelId: string
  readonly extension: string
  readonly memberId: string | null
  readonly number: string | null
  readonly registeredUntil: Date | null
  readonly createdAt: Date
}

const columns = 'p.id, p.channel_id, p.extension, p.member_id, p.number, p.registered_until, p.created_at'

export interface NewPhone {
  readonly channelId: string
  readonly extension: string
  readonly memberId: string | null
  readonly number?: string
}

/**
 * Adds a phone. Its password is nowhere stored and cannot be shown again; a number outside has none, and is somebody's. Faults: `channel-unknown`,
 * `member-unknown`, `extension-taken`, `number-malformed`.
 */
export async function createPhone(
  tx: TenantTx,
  vault: Vault,
  { channelId, extension, memberId, number: given }: NewPhone,
): Promise<{ phone: Phone; password: string | null }> {
  await requireRow(tx, 'channels', channelId, 'removed_at is null', 'channel-unknown', '/channelId')
  if (memberId !== null) await requireRow(tx, 'members', memberId, 'disabled_at is null', 'member-unknown', '/memberId')
  if (memberId === null && given !== undefined) {
    throw new Fault('invalid', 'member-unknown', 'A number outside is rung for somebody.', {
      errors: [{ pointer: '/memberId', detail: 'goes with /number' }],
    })
  }
  const number = given === undefined ? null : await placeOutside(tx, given)
  const id = newId('phn')
  const password = number === null ? newPassword() : null
  const row = await brokenAs(
    tx.one<PhoneRow>(
      `insert into phones as p (tenant_id, id, channel_id, extension, member_id, number, sealed_digest) values ($1, $2, $3, $4, $5, $6, $7)
       returning ${columns}`,
      tx.tenantId,
      id,
      channelId,
      extension,
      memberId,
      number,
      password === null
        ? null
        : vault.seal(tx.tenantId, await tenantKey(tx, vault), placeOf(id), digestOf(extension, password)),
    ),
  )
  return { phone: toPhone(row), password }
}

/** Faults with `number-malformed`. Whether the hub may call the host of a SIP address is asked whenever it is called. */
async function placeOutside(tx: TenantTx, given: string): Promise<string> {
  const isAddress = /^sip:[^\s<>"@;?]{1,60}@(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(;transport=(udp|tcp))?$/.test(
    given,
  )
  return isAddress ? given : (await normalNumber(tx, given)).number
}

/** Oldest first. */
export async function listPhones(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<Phone>> {
  const rows = await tx.query<PhoneRow>(
    `select ${columns} from phones p where p.tenant_id = $1 and ($2::text is null or p.id > $2) order by p.id limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(rows, limit, (row) => [row.id], toPhone)
}

/** Takes a phone away: it can neither register nor call from now on. Faults with `phone-unknown`. */
export async function removePhone(tx: TenantTx, id: string): Promise<void> {
  const found = await tx.run('delete from phones where tenant_id = $1 and id = $2', tx.tenantId, id)
  if (found === 0) throw new Fault('not-found', 'phone-unknown', 'There is no such phone.')
}

/** A phone as its channel needs it. */
export interface KnownPhone {
  readonly extension: string
  readonly memberId: string | null
  /** Outside: over the trunk, or a `sip:` address. */
  readonly number: string | null
  /** MD5(extension:realm:password) in hex: never logged. Null for a number outside, which never logs in. */
  readonly digest: string | null
  /** Where it can be called now: its own word, and where that came from. */
  readonly contact: string | null
  readonly received: string | null
}

/** Faults with `phone-missing` where the member has no phone on that channel that is registered now, and no number outside. */
export async function requirePhone(tx: TenantTx, channelId: string, memberId: string): Promise<void> {
  const found = await tx.maybe(
    'select 1 from phones where tenant_id = $1 and channel_id = $2 and member_id = $3 and (number is not null or registered_until > now())',
    tx.tenantId,
    channelId,
    memberId,
  )
  if (found === undefined) {
    throw new Fault('conflict', 'phone-missing', 'No phone of the member is registered with the channel.')
  }
}

export async function findPhone(
  tx: TenantTx,
  vault: Vault,
  channelId: string,
  extension: string,
): Promise<KnownPhone | undefined> {
  const row = await tx.maybe<
    Omit<KnownPhone, 'digest'> & { id: string; sealedDigest: string | null; sealedKey: string }
  >(
    `select p.id, p.extension, p.member_id, p.number, p.sealed_digest, case when p.registered_until > now() then p.contact end as contact,
            case when p.registered_until > now() then p.received end as received, t.sealed_key
       from phones p join tenants t on t.id = p.tenant_id
      where p.tenant_id = $1 and p.channel_id = $2 and p.extension = $3`,
    tx.tenantId,
    channelId,
    extension,
  )
  if (row === undefined) return undefined
  const { id, sealedDigest, sealedKey, ...phone } = row
  const digest = sealedDigest === null ? null : vault.unseal(tx.tenantId, sealedKey, placeOf(id), sealedDigest)
  return { ...phone, digest }
}

/** Where the phone can be called for so long; 0 seconds: nowhere. Answers whether there is such a phone. */
export async function registerPhone(
  tx: TenantTx,
  channelId: string,
  extension: string,
  at: { readonly contact: string; readonly received: string; readonly seconds: number },
): Promise<boolean> {
  const found = await tx.run(
    `update phones set contact = $4, received = $5, registered_until = case when $6 > 0 then now() + make_interval(secs => $6) end
      where tenant_id = $1 and channel_id = $2 and extension = $3 and number is null`,
    tx.tenantId,
    channelId,
    extension,
    at.contact,
    at.received,
    at.seconds,
  )
  return found === 1
}

function digestOf(extension: string, password: string): string {
  return createHash('md5').update(`${extension}:${realm}:${password}`).digest('hex')
}

/** 16 letters that are not mistaken for each other, so that they can be typed on a phone: 79 bits. */
function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  return Array.from({ length: 16 }, () => letters.charAt(randomInt(letters.length))).join('')
}

function placeOf(id: string): string {
  return `phones|${id}|sealed_digest`
}

async function requireRow(
  tx: TenantTx,
  table: 'channels' | 'members',
  id: string,
  condition: string,
  code: string,
  pointer: string,
): Promise<void> {
  const found = await tx.maybe(
    `select 1 from ${table} where tenant_id = $1 and id = $2 and ${condition}`,
    tx.tenantId,
    id,
  )
  if (found !== undefined) return
  throw new Fault('invalid', code, `There is no ${id}.`, { errors: [{ pointer, detail: 'is not there' }] })
}

async function brokenAs<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (brokenConstraint(error) !== 'phones_tenant_id_channel_id_extension_key') throw error
    throw new Fault('conflict', 'extension-taken', 'The channel has a phone with that extension.', {
      errors: [{ pointer: '/extension', detail: 'is taken' }],
    })
  }
}

function toPhone({ registeredUntil, createdAt, ...row }: PhoneRow): Phone {
  return {
    ...row,
    registeredUntil: registeredUntil?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  }
}
