/**
 * Answers that name what they answer, as mails do: they go on in that conversation, whoever writes. The names are chosen by the writer, so
 * they are believed only from somebody who took part in it, unless the connector has proof that they could read it.
 */
import type { Tx } from '../platform/database.ts'
import type { Heard } from './ingest.ts'
import type { Party } from './ingest-people.ts'
import { type ConversationRow, conversationColumns } from './rows.ts'

/** One message of a batch, with whose it is and its place in the batch. */
export interface Answer {
  readonly heard: Heard
  readonly contact: Party
  readonly index: number
}

export type Answered = ConversationRow & {
  readonly tenantId: string
  readonly slot: string
  readonly contactName: string
}

/** The conversations that messages of a batch answer, by the message's index. Locks them, ids ascending. */
export async function answeredConversations(tx: Tx, all: readonly Answer[]): Promise<ReadonlyMap<number, Answered>> {
  const threaded = all.filter(({ heard }) => heard.message.thread !== undefined)
  if (threaded.length === 0) return new Map()
  const named = await byReference(
    tx,
    threaded.filter(({ heard }) => heard.message.thread?.conversationId === undefined),
  )
  const wanted = threaded.flatMap(({ heard, index }) => {
    const id = heard.message.thread?.conversationId ?? named.get(index)
    return id === undefined ? [] : [{ index, id, tenantId: heard.channel.tenantId }]
  })
  if (wanted.length === 0) return new Map()
  const rows = await tx.query<Answered>(
    `select c.tenant_id, c.slot, ct.name as contact_name, ${conversationColumns} from conversations c
       join contacts ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
      where (c.tenant_id, c.id) in (select * from unnest($1::text[], $2::text[])) order by c.id for no key update of c`,
    wanted.map(({ tenantId }) => tenantId),
    wanted.map(({ id }) => id),
  )
  const found = new Map(rows.map((row) => [`${row.tenantId} ${row.id}`, row]))
  return new Map(
    wanted.flatMap(({ index, id, tenantId }) => {
      const row = found.get(`${tenantId} ${id}`)
      return row === undefined ? [] : [[index, row] as const]
    }),
  )
}

/** By the nearest message of the channel that the writer names, if it stands in a conversation in which they took part. */
async function byReference(tx: Tx, answers: readonly Answer[]): Promise<ReadonlyMap<number, string>> {
  const named = answers.flatMap(({ heard: { channel, message }, contact, index }) =>
    (message.thread?.references ?? []).map((reference, rank) => ({ channel, contact, index, reference, rank })),
  )
  if (named.length === 0) return new Map()
  const rows = await tx.query<{ index: number; id: string }>(
    `select distinct on (u.index) u.index, c.id
       from unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
            as u (index, rank, tenant_id, channel_id, reference, own_id, contact_id)
      cross join lateral (
        select m.conversation_id from messages m
         where m.tenant_id = u.tenant_id and m.channel_id = u.channel_id and m.external_id = u.reference
        union all
        select m.conversation_id from deliveries d join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
         where d.tenant_id = u.tenant_id and d.channel_id = u.channel_id and d.external_id = u.reference) f
       join conversations c on c.tenant_id = u.tenant_id and c.id = f.conversation_id
      where c.contact_id in (u.own_id, u.contact_id)
         or exists (select from messages p where p.tenant_id = c.tenant_id and p.conversation_id = c.id
                       and p.author_kind = 'contact' and p.author_id in (u.own_id, u.contact_id))
      order by u.index, u.rank`,
    named.map(({ index }) => index),
    named.map(({ rank }) => rank),
    named.map(({ channel }) => channel.tenantId),
    named.map(({ channel }) => channel.id),
    named.map(({ reference }) => reference),
    named.map(({ contact }) => contact.ownId),
    named.map(({ contact }) => contact.id),
  )
  return new Map(rows.map(({ index, id }) => [index, id]))
}
