/** What a channel tells of a message that is not known here yet: kept until it is, for a week at most. */
import type { Tx } from '../platform/database.ts'
import type { Inbound } from './model.ts'

export interface ChangedMessage {
  readonly tenantId: string
  readonly channelId: string
}

/** What may come before the message that it is of. */
export type Change = Extract<Inbound, { kind: 'edit' | 'reaction' }>

/**
 * What is told of one external id and the storing of that id exclude each other: otherwise each could miss the other's
 * uncommitted row, and what was told would wait for ever. Taken before any row of the transaction.
 */
export async function lockExternalId(tx: Tx, channelId: string, externalId: string): Promise<void> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended($1, 7236))`, `${channelId} ${externalId}`)
}

export async function keepEarly(tx: Tx, { tenantId, channelId }: ChangedMessage, change: Change): Promise<void> {
  await tx.run(
    `insert into early_changes (tenant_id, channel_id, external_id, peer, change) values ($1, $2, $3, $4, $5)`,
    tenantId,
    channelId,
    change.externalId,
    change.peer,
    JSON.stringify(change),
  )
}

/** Hands out what was kept of these messages, in the order in which it came; it is kept no more. */
export async function takeEarly(
  tx: Tx,
  messages: readonly { readonly channelId: string; readonly externalId: string }[],
): Promise<(ChangedMessage & { readonly change: Change })[]> {
  if (messages.length === 0) return []
  const rows = await tx.query<ChangedMessage & { id: number; change: Change }>(
    `delete from early_changes e using unnest($1::text[], $2::text[]) as u (channel_id, external_id), channels c
      where c.id = u.channel_id and e.tenant_id = c.tenant_id and e.channel_id = c.id and e.external_id = u.external_id
     returning e.tenant_id, e.channel_id, e.id, e.change`,
    messages.map(({ channelId }) => channelId),
    messages.map(({ externalId }) => externalId),
  )
  return rows.toSorted((a, b) => a.id - b.id)
}
