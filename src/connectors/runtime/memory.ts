/**
 * An account's durable notes, and the tokens that all nodes share: rows of channel_memory, each value sealed with the
 * tenant's key, since a login session is as good as a password.
 */
import { tenantKey } from '../../core/conversations/channels.ts'
import { type Lease, proveLease } from '../../core/events/leases.ts'
import type { Database, Tx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import type { Memory } from '../contract.ts'

export interface Owner {
  readonly tenantId: string
  readonly channelId: string
  readonly sealedKey: string | null
}

interface Parts {
  readonly db: Database
  readonly vault: Vault
}

const maxNameLength = 100
const maxValueBytes = 1_000_000

/** The account's notes. With a lease, a write of somebody who has lost it changes nothing and faults with `lease-lost`. */
export function memoryOf(parts: Parts, owner: Owner, lease?: Lease): Memory {
  const seal = sealer(parts, owner)
  return {
    async get(name) {
      const found = await read(parts.db, owner, `note:${checked(name)}`)
      return found === undefined ? undefined : JSON.parse(await seal.open(`note:${name}`, found.value))
    },
    async set(name, value) {
      const place = `note:${checked(name)}`
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError('A note is JSON.')
      if (Buffer.byteLength(text) > maxValueBytes) throw new TypeError('A note has at most 1 MB.')
      const sealed = await seal.close(place, text)
      await parts.db.work(owner.channelId, [owner.tenantId], async (tx) => {
        if (lease !== undefined) await proveLease(tx, lease)
        await write(tx, owner, place, { sealed }, null)
      })
    },
  }
}

export interface Minted {
  readonly value: string
  readonly expiresAt: Date
}

/** How long another node may take to mint before somebody else does, and how long we wait for it. */
const mintMs = 20_000
const askAgainMs = 150

/**
 * The platform's token of that name: one is minted in the whole cluster at a time, anew when a tenth of its life (at most
 * five minutes) is left, or when the platform has `refused` it. Until the new one is there, the old one serves while it lasts.
 * Nothing is locked while it is minted. Rejects with what `mint` rejects with, or `token-unavailable` after half a minute.
 */
export async function sharedToken(
  parts: Parts,
  owner: Owner,
  name: string,
  mint: () => Promise<Minted>,
  refused?: string,
): Promise<string> {
  const seal = sealer(parts, owner)
  const place = `token:${checked(name)}`
  const me = crypto.randomUUID()
  const giveUpAt = Date.now() + 1.5 * mintMs
  for (;;) {
    const found = await read(parts.db, owner, place)
    const current = found === undefined ? undefined : await seal.open(place, found.value)
    const usable = current !== undefined && current !== '' && current !== refused && found?.alive === true
    if (usable && found?.fresh === true) return current
    if (await claimMinting(parts.db, owner, place, me, found?.value.sealed))
      return mintAnew(parts, owner, place, me, mint)
    if (usable) return current
    if (Date.now() > giveUpAt) {
      throw new Fault('unavailable', 'token-unavailable', 'Another node has not fetched the token in time.')
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs))
  }
}

async function mintAnew(
  parts: Parts,
  owner: Owner,
  place: string,
  me: string,
  mint: () => Promise<Minted>,
): Promise<string> {
  const mintedAt = Date.now()
  try {
    const { value, expiresAt } = await mint()
    const lifeMs = expiresAt.getTime() - mintedAt
    const refreshAt = new Date(expiresAt.getTime() - Math.min(lifeMs / 10, 300_000)).toISOString()
    const sealed = await sealer(parts, owner).close(place, value)
    await parts.db.work(owner.channelId, [owner.tenantId], (tx) =>
      write(tx, owner, place, { sealed, refreshAt }, expiresAt),
    )
    return value
  } catch (error) {
    await parts.db
      .work(owner.channelId, [owner.tenantId], (tx) =>
        tx.run(
          `update channel_memory set value = value - 'minter' - 'until'
            where tenant_id = $1 and channel_id = $2 and name = $3 and value ->> 'minter' = $4`,
          owner.tenantId,
          owner.channelId,
          place,
          me,
        ),
      )
      .catch(() => {})
    throw error
  }
}

/**
 * Whether it is ours to mint now: nobody else does, and the token is still the one that we have `seen`. A claim runs out, so
 * that a node that died does not stop the others.
 */
function claimMinting(
  db: Database,
  owner: Owner,
  place: string,
  me: string,
  seen: string | undefined,
): Promise<boolean> {
  return db.work(owner.channelId, [owner.tenantId], async (tx) => {
    const claimed = await tx.run(
      `insert into channel_memory as cm (tenant_id, channel_id, name, value)
       values ($1, $2, $3, jsonb_build_object('minter', $4::text, 'until', now() + $5 * interval '1 millisecond'))
       on conflict (tenant_id, channel_id, name) do update set value = cm.value || excluded.value
        where coalesce((cm.value ->> 'until')::timestamptz < now(), true) and cm.value ->> 'sealed' is not distinct from $6`,
      owner.tenantId,
      owner.channelId,
      place,
      me,
      mintMs,
      seen ?? null,
    )
    return claimed === 1
  })
}

interface Row {
  readonly value: { readonly sealed?: string }
  readonly alive: boolean
  readonly fresh: boolean
}

async function read(db: Database, owner: Owner, name: string): Promise<Row | undefined> {
  return db.work(owner.channelId, [owner.tenantId], (tx) =>
    tx.maybe<Row>(
      `select value, coalesce(expires_at > now() + interval '5 seconds', true) as alive,
              coalesce((value ->> 'refreshAt')::timestamptz > now(), true) as fresh
         from channel_memory where tenant_id = $1 and channel_id = $2 and name = $3`,
      owner.tenantId,
      owner.channelId,
      name,
    ),
  )
}

async function write(tx: Tx, owner: Owner, name: string, value: object, expiresAt: Date | null): Promise<void> {
  await tx.run(
    `insert into channel_memory (tenant_id, channel_id, name, value, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, channel_id, name) do update set value = excluded.value, expires_at = excluded.expires_at`,
    owner.tenantId,
    owner.channelId,
    name,
    JSON.stringify(value),
    expiresAt,
  )
}

/** Seals for the row it stands in, with the tenant's key; makes that key if the tenant has none yet. */
export function sealer({ db, vault }: Parts, { tenantId, channelId, sealedKey }: Owner) {
  const key = async () => sealedKey ?? (await db.transaction({ id: channelId, tenantId }, (tx) => tenantKey(tx, vault)))
  const placeOf = (name: string) => `channel_memory|${channelId}|${name}`
  return {
    close: async (name: string, text: string) => vault.seal(tenantId, await key(), placeOf(name), text),
    open: async (name: string, { sealed }: { readonly sealed?: string }) =>
      sealed === undefined ? '' : vault.unseal(tenantId, await key(), placeOf(name), sealed),
  }
}

/** Throws a TypeError on a name that is too long, or none. */
export function checked(name: string): string {
  if (name === '' || name.length > maxNameLength) throw new TypeError('A name has 1 to 100 characters.')
  return name
}
