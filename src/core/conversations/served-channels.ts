/** Channels as the connectors' runtime serves them, for all tenants: found, opened, and what they report of themselves. */
import { emitAll } from '../events/outbox.ts'
import type { Channel } from '../events/shapes.ts'
import type { Database, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { Vault } from '../platform/secrets.ts'
import { storable } from '../platform/text.ts'
import { unsealSettings } from './channel-settings.ts'
import { type ChannelRow, channelColumns, toChannel } from './channels.ts'

/** A channel with its tenant and, still sealed, its secrets. */
export interface ServedChannel extends ChannelRow {
  readonly tenantId: string
  readonly sealedKey: string | null
}

/** Every channel that is switched on and not taken away, of all tenants. */
export function listServedChannels(db: Database): Promise<ServedChannel[]> {
  return db.ground<ServedChannel>(
    `select ch.tenant_id, t.sealed_key, ${channelColumns} from channels ch join tenants t on t.id = ch.tenant_id
      where ch.enabled and ch.removed_at is null order by ch.id`,
  )
}

/** One of them by its id alone: whose it is, is what its row says. Undefined when there is none, or it is switched off. */
export async function findServedChannel(db: Database, channelId: string): Promise<ServedChannel | undefined> {
  const rows = await db.ground<ServedChannel>(
    `select ch.tenant_id, t.sealed_key, ${channelColumns} from channels ch join tenants t on t.id = ch.tenant_id
      where ch.id = $1 and ch.enabled and ch.removed_at is null`,
    channelId,
  )
  return rows[0]
}

/** The one that has this word in addresses. */
export async function findLinkedChannel(db: Database, link: string): Promise<{ id: string } | undefined> {
  const rows = await db.ground<{ id: string }>(
    `select id from channels where settings #>> '{look,link}' = $1 and removed_at is null and enabled`,
    link,
  )
  return rows[0]
}

/** The settings in the open, for the connector. Never log or store them. Faults with `secret-unreadable`. */
export function openChannelSettings(vault: Vault, channel: ServedChannel): Record<string, unknown> {
  if (Object.keys(channel.secrets).length === 0) return { ...channel.settings }
  if (channel.sealedKey === null) {
    throw new Fault('unavailable', 'secret-unreadable', 'The tenant has no key, yet the channel has secrets.')
  }
  return unsealSettings(vault, channel.sealedKey, channel.tenantId, channel)
}

/** Keeps what a channel says of itself and announces it if it is new. Answers whether it was. */
export async function reportChannelState(
  tx: Tx,
  of: { readonly tenantId: string; readonly channelId: string },
  state: Channel['state'],
): Promise<boolean> {
  const row = await tx.maybe<ChannelRow>(
    `update channels ch set state = $3 where tenant_id = $1 and id = $2 and removed_at is null and state <> $3::jsonb
     returning ${channelColumns}`,
    of.tenantId,
    of.channelId,
    JSON.stringify(storable(state)),
  )
  if (row === undefined) return false
  const data = { channel: toChannel(row) }
  await emitAll(tx, [{ type: 'channel.state', tenantId: of.tenantId, subject: of.channelId, data }])
  return true
}

/** Says honestly that messages of this time may be missing. */
export async function reportChannelGap(
  tx: Tx,
  of: { readonly tenantId: string; readonly channelId: string },
  gap: { readonly from: Date; readonly to: Date; readonly reason: string },
): Promise<void> {
  const data = { channelId: of.channelId, from: gap.from.toISOString(), to: gap.to.toISOString(), reason: gap.reason }
  await emitAll(tx, [{ type: 'channel.gap', tenantId: of.tenantId, subject: of.channelId, data }])
}
