/**
 * Channels: one account on one platform, with its settings. Fields that the kind marks as secret are sealed with the
 * tenant's key and shown as ****; the form of the settings is given by whoever knows the kind (connectors are not known here).
 */
import { emit } from '../events/outbox.ts'
import type { Channel } from '../events/shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import type { Vault } from '../platform/secrets.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { keepChannelFiles } from './channel-files.ts'
import { type ChannelForm, hidden, sealSettings, unsealSettings } from './channel-settings.ts'
import { channelOff, failRecallsOf } from './recall.ts'
import { failDelivery } from './settlement.ts'

export interface ChannelRow {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly settings: Record<string, unknown>
  readonly secrets: Record<string, string>
  readonly groupId: string | null
  readonly enabled: boolean
  readonly state: Channel['state']
  readonly version: number
  readonly createdAt: Date
}

/** The columns that make a ChannelRow, of `channels` under the alias `ch`. */
export const channelColumns = `ch.id, ch.kind, ch.name, ch.settings, ch.secrets, ch.group_id, ch.enabled, ch.state, ch.version, ch.created_at`

/** A channel as it is shown. Events carry no `hookUrl`: the address of the hub is known to the API alone. */
export function toChannel(row: ChannelRow, hookUrl: string | null = null): Channel {
  const secrets = Object.fromEntries(Object.keys(row.secrets).map((name) => [name, hidden]))
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    settings: { ...row.settings, ...secrets },
    groupId: row.groupId,
    enabled: row.enabled,
    state: row.state,
    hookUrl,
    createdAt: row.createdAt.toISOString(),
    version: row.version,
  }
}

export interface NewChannel {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly groupId?: string | null
  readonly enabled?: boolean
}

/** Sets up a channel. Faults: `group-unknown`, `channel-file-unknown`, `channel-link-taken`, and what the form says. */
export async function createChannel(
  tx: TenantTx,
  vault: Vault,
  form: ChannelForm,
  channel: NewChannel,
): Promise<ChannelRow> {
  const settings = form.checked(storable(channel.settings))
  await requireGroup(tx, channel.groupId)
  const id = newId('chn')
  const { plain, sealed } = sealSettings(vault, await tenantKey(tx, vault), tx.tenantId, id, form, settings)
  const row = await linked(
    tx.one<ChannelRow>(
      `insert into channels as ch (tenant_id, id, kind, name, settings, secrets, group_id, enabled)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${channelColumns}`,
      tx.tenantId,
      id,
      form.kind,
      storable(channel.name),
      JSON.stringify(plain),
      JSON.stringify(sealed),
      channel.groupId ?? null,
      channel.enabled ?? true,
    ),
  )
  await keepChannelFiles(tx, id, form.filesOf(plain))
  await emit(tx, 'channel.created', id, { channel: toChannel(row) })
  return row
}

export interface ChannelPatch {
  readonly name?: string
  /** Merged into what is there: null takes a setting away, **** leaves a secret as it is. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly groupId?: string | null
  readonly enabled?: boolean
}

/**
 * Changes a channel. `version` is the one that the caller has seen, if it insists.
 * Faults: `channel-unknown`, `version-stale`, `group-unknown`, `channel-file-unknown`, `channel-link-taken`, and what the form says.
 */
export async function updateChannel(
  tx: TenantTx,
  vault: Vault,
  form: ChannelForm,
  id: string,
  patch: ChannelPatch,
  version?: number,
): Promise<ChannelRow> {
  // Conversations come before channels in the order of locks.
  if (patch.enabled === false) await failRecallsOf(tx, id, channelOff)
  const row = await lockChannel(tx, id)
  requireVersion(row.version, version)
  await requireGroup(tx, patch.groupId)
  let { settings, secrets } = row
  if (patch.settings !== undefined) {
    const key = await tenantKey(tx, vault)
    const merged = unsealSettings(vault, key, tx.tenantId, row)
    for (const [name, value] of Object.entries(storable(patch.settings))) {
      if (value === null) delete merged[name]
      else if (value !== hidden || !form.secretNames.includes(name)) merged[name] = value
    }
    const split = sealSettings(vault, key, tx.tenantId, id, form, form.checked(merged))
    settings = split.plain
    secrets = split.sealed
  }
  const changed = await linked(
    tx.one<ChannelRow>(
      `update channels ch set name = $3, settings = $4, secrets = $5, group_id = $6, enabled = $7, version = version + 1
      where tenant_id = $1 and id = $2 returning ${channelColumns}`,
      tx.tenantId,
      id,
      patch.name === undefined ? row.name : storable(patch.name),
      JSON.stringify(settings),
      JSON.stringify(secrets),
      patch.groupId === undefined ? row.groupId : patch.groupId,
      patch.enabled ?? row.enabled,
    ),
  )
  if (patch.settings !== undefined) await keepChannelFiles(tx, id, form.filesOf(settings))
  await emit(tx, 'channel.updated', id, { channel: toChannel(changed) })
  return changed
}

/**
 * Takes a channel away: nothing more comes in or goes out, its conversations stay. What waits in its lanes fails with
 * `channel-removed`; its secrets are forgotten. Faults: `channel-unknown`, `version-stale`.
 */
export async function removeChannel(tx: TenantTx, id: string, version?: number): Promise<void> {
  // Conversations come before channels in the order of locks.
  const waiting = await tx.query<{ id: number }>(
    `select d.id from deliveries d join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
      where d.tenant_id = $1 and d.channel_id = $2 and d.state = 'queued' order by m.conversation_id, d.id`,
    tx.tenantId,
    id,
  )
  const failure = { code: 'channel-removed', detail: 'The channel was taken away.' }
  for (const delivery of waiting) await failDelivery(tx, tx.tenantId, delivery.id, failure)
  await failRecallsOf(tx, id, failure)
  const row = await lockChannel(tx, id)
  requireVersion(row.version, version)
  const removed = await tx.one<ChannelRow>(
    `update channels ch set removed_at = now(), enabled = false, secrets = '{}', state = '{"state": "offline"}',
            version = version + 1 where tenant_id = $1 and id = $2 returning ${channelColumns}`,
    tx.tenantId,
    id,
  )
  await keepChannelFiles(tx, id, [])
  await emit(tx, 'channel.removed', id, { channel: toChannel(removed) })
}

/** Faults with `channel-unknown`, also for one that was taken away. */
export async function getChannel(tx: TenantTx, id: string): Promise<ChannelRow> {
  const row = await findChannel(tx, id)
  if (row === undefined) throw unknownChannel(id)
  return row
}

export function findChannel(tx: TenantTx, id: string): Promise<ChannelRow | undefined> {
  return tx.maybe<ChannelRow>(
    `select ${channelColumns} from channels ch where ch.tenant_id = $1 and ch.id = $2 and ch.removed_at is null`,
    tx.tenantId,
    id,
  )
}

/** Channels in the order in which they were set up. */
export async function listChannels(tx: TenantTx, page: PageRequest): Promise<Page<ChannelRow>> {
  const { values, bind } = parameters()
  const rows = await tx.query<ChannelRow>(
    `select ${channelColumns} from channels ch
      where ch.tenant_id = ${bind(tx.tenantId)} and ch.removed_at is null
        ${page.after === null ? '' : `and ch.id > ${bind(page.after[0])}`}
      order by ch.id limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.id],
    (row) => row,
  )
}

/** The tenant's wrapped data key; made now if the tenant has none yet. */
export async function tenantKey(tx: TenantTx, vault: Vault): Promise<string> {
  const { sealedKey } = await tx.one<{ sealedKey: string }>(
    `update tenants set sealed_key = coalesce(sealed_key, $2) where id = $1 returning sealed_key`,
    tx.tenantId,
    vault.newTenantKey(tx.tenantId),
  )
  return sealedKey
}

/** The word that a channel has in addresses is one for the whole hub. */
async function linked<T>(written: Promise<T>): Promise<T> {
  try {
    return await written
  } catch (error) {
    if (brokenConstraint(error) !== 'channels_link') throw error
    throw new Fault('conflict', 'channel-link-taken', 'Another channel has this link.', {
      cause: error,
      errors: [{ pointer: '/settings/look/link', detail: 'is taken' }],
    })
  }
}

/** Faults with `channel-unknown`, also for one that was taken away. */
export async function lockChannel(tx: TenantTx, id: string): Promise<ChannelRow> {
  const row = await tx.maybe<ChannelRow>(
    `select ${channelColumns} from channels ch where ch.tenant_id = $1 and ch.id = $2 and ch.removed_at is null
        for no key update`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownChannel(id)
  return row
}

async function requireGroup(tx: TenantTx, groupId: string | null | undefined): Promise<void> {
  if (groupId === null || groupId === undefined) return
  const found = await tx.maybe(
    `select 1 from skill_groups where tenant_id = $1 and id = $2 and removed_at is null`,
    tx.tenantId,
    groupId,
  )
  if (found === undefined) {
    throw new Fault('invalid', 'group-unknown', `There is no skill group ${groupId}.`, {
      errors: [{ pointer: '/groupId', detail: 'names no skill group' }],
    })
  }
}

function unknownChannel(id: string): Fault {
  return new Fault('not-found', 'channel-unknown', `There is no channel ${id}.`)
}
