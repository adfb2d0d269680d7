/**
 * From the topic `inbound` to conversations: a batch of what connectors heard becomes contacts, conversations and messages
 * in one transaction, a few statements for the whole batch. What was seen before does nothing; the order of the log is
 * the order of the messages of a peer.
 */

import type { EventRecord } from '../events/event-record.ts'
import { type Emission, emitAll } from '../events/outbox.ts'
import { crashPoint } from '../platform/crash-points.ts'
import type { Database, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { together } from '../platform/together.ts'
import type { Wake } from '../platform/wake.ts'
import { takeEarly } from './early.ts'
import { checkInbound } from './inbound.ts'
import { placeMessages } from './ingest-conversations.ts'
import { knowSenders } from './ingest-people.ts'
import { applyChange } from './later-changes.ts'
import type { Inbound } from './model.ts'
import { applyReceipt } from './receipts.ts'

export type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** The channel's row decides whose an event is, never what the event claims. */
export interface InboundChannel {
  readonly id: string
  readonly tenantId: string
  readonly groupId: string | null
  readonly settings: TenantSettings
  /** PostgreSQL's clock when the batch began: one clock for what is said and what is answered. */
  readonly now: Date
}

/** What a tenant may choose of how its conversations are kept. */
export interface TenantSettings {
  /** One open conversation for each contact, or for each contact and channel. */
  readonly conversationPer?: 'contact' | 'channel'
  /** A customer who writes again this soon after the end goes on in the same conversation; 7200 unless chosen. */
  readonly reopenSeconds?: number
}

/** One message on its way to its conversation. */
export interface Heard {
  readonly channel: InboundChannel
  readonly message: InboundMessage
  readonly causationId: string
  /** It opens a conversation of its own, which is called by this beside the contact. */
  readonly apart?: string
  /** Who holds what it opens: the queue unless said. */
  readonly heldBy?: 'bot'
}

/** Reads whose channels a batch speaks of; remembers, since a channel never changes hands. */
export class ChannelOwners {
  readonly #db: Database
  readonly #known = new Map<string, string>()

  constructor(db: Database) {
    this.#db = db
  }

  async tenants(records: readonly EventRecord[]): Promise<string[]> {
    const asked = [...new Set(records.map(({ event }) => event.subject))]
    const unknown = asked.filter((id) => !this.#known.has(id))
    if (unknown.length > 0) {
      const rows = await this.#db.ground<{ id: string; tenantId: string }>(
        'select id, tenant_id from channels where id = any($1)',
        unknown,
      )
      for (const row of rows) this.#known.set(row.id, row.tenantId)
    }
    return [...new Set(asked.flatMap((id) => this.#known.get(id) ?? []))]
  }
}

/**
 * Applies a batch. Faults with `inbound-invalid` or `channel-unknown` when one of its records can never be applied: the
 * consumer then finds it and sets it aside.
 */
export function ingest(tx: Tx, wake: Wake, records: readonly EventRecord[]): Promise<void> {
  return takeIn(
    tx,
    wake,
    records.map(({ event }) => ({
      channelId: event.subject,
      inbound: storable(checkInbound(event.data)),
      causationId: event.id,
    })),
  )
}

/** The same of what is no record of the log. */
export async function takeIn(tx: Tx, wake: Wake, all: readonly Said[]): Promise<void> {
  const [channels, unseen, early] = await together([
    channelsOf(tx, all),
    noteKeys(tx, all),
    takeEarly(tx, namedBy(all)),
  ])
  const events = all.map(({ channelId, ...one }) => {
    const channel = channels.get(channelId)
    if (channel === undefined) throw new Fault('not-found', 'channel-unknown', `There is no channel ${channelId}.`)
    return { channel, ...one }
  })
  const fresh = events.filter(({ channel, inbound }) => unseen.delete(nameOf(channel.id, inbound)))
  const heard = fresh.flatMap(({ channel, inbound, causationId, apart, heldBy }): Heard[] =>
    inbound.kind === 'message'
      ? [
          {
            channel,
            message: inbound,
            causationId,
            ...(apart !== undefined && { apart }),
            ...(heldBy !== undefined && { heldBy }),
          },
        ]
      : [],
  )
  const emissions: Emission[] = []
  if (heard.length > 0) {
    const senders = await knowSenders(tx, heard)
    emissions.push(...senders.emissions)
    emissions.push(...(await placeMessages(tx, heard, senders.contactOf)))
  }
  // Before what changes the messages: whoever reads the feed hears of a message first.
  await emitAll(tx, emissions)
  for (const { change, ...of } of early) await applyChange(tx, of, change)
  for (const { channel, inbound } of fresh) {
    const of = { tenantId: channel.tenantId, channelId: channel.id }
    if (inbound.kind === 'edit' || inbound.kind === 'reaction') await applyChange(tx, of, inbound)
    if (inbound.kind !== 'receipt') continue
    await applyReceipt(tx, {
      ...of,
      externalId: inbound.externalId,
      state: inbound.state,
      ...(inbound.reason !== undefined && { reason: inbound.reason }),
    })
  }
  crashPoint('ingest:before-commit')
  tx.afterCommit(() => {
    wake.hint('outbox')
    if (heard.some(({ message }) => message.parts.some((part) => 'blob' in part))) wake.hint('files')
    crashPoint('ingest:after-commit')
  })
}

export interface Said {
  readonly channelId: string
  readonly inbound: Inbound
  readonly causationId: string
  /** See Heard. */
  readonly apart?: string
  readonly heldBy?: 'bot'
}

/** The messages of a batch that something may have been told of before. */
function namedBy(said: readonly Said[]): { channelId: string; externalId: string }[] {
  return said.flatMap(({ channelId, inbound }) =>
    inbound.kind === 'message' && inbound.externalId !== undefined ? { channelId, externalId: inbound.externalId } : [],
  )
}

async function channelsOf(tx: Tx, said: readonly Said[]): Promise<ReadonlyMap<string, InboundChannel>> {
  const rows = await tx.query<InboundChannel>(
    `select c.id, c.tenant_id, c.group_id, t.settings, clock_timestamp() as now
       from channels c join tenants t on t.id = c.tenant_id where c.id = any($1)`,
    [...new Set(said.map(({ channelId }) => channelId))],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Notes the keys of a batch; answers with those that never came before. */
async function noteKeys(tx: Tx, said: readonly Said[]): Promise<Set<string>> {
  const rows = await tx.query<{ channelId: string; key: string }>(
    `insert into inbound_seen (tenant_id, channel_id, key)
     select c.tenant_id, c.id, u.key from unnest($1::text[], $2::text[]) as u (channel_id, key) join channels c on c.id = u.channel_id
     on conflict do nothing returning channel_id, key`,
    said.map(({ channelId }) => channelId),
    said.map(({ inbound }) => inbound.key),
  )
  return new Set(rows.map(({ channelId, key }) => nameOf(channelId, { key })))
}

function nameOf(channelId: string, { key }: Pick<Inbound, 'key'>): string {
  return `${channelId} ${key}`
}
