/** The messages of a batch, once it is known in which conversations they stand. */
import type { Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { type Awaiting, expectFiles } from './awaited-files.ts'
import type { Heard } from './ingest.ts'
import type { Party } from './ingest-people.ts'
import { preview } from './model.ts'
import { type ConversationRow, conversationColumns, type MessageRow } from './rows.ts'

export type Said = Heard & { readonly ownId: string; readonly name: string; readonly index: number }

export type Place = ConversationRow & {
  readonly tenantId: string
  readonly slot: string
  readonly began?: 'opened' | 'reopened'
}

/** All that a batch says in one conversation. */
export interface Talk {
  readonly tenantId: string
  readonly contact: Party
  readonly place: Place
  readonly heard: readonly Said[]
}

export interface Placed {
  readonly tenantId: string
  readonly authorName: string
  readonly row: MessageRow
  readonly causationId: string
  readonly files: Awaiting['files']
}

export function messagesOf({ tenantId, place, heard }: Talk): Placed[] {
  return heard.map(({ channel, message, causationId, ownId, name }, index) => {
    const { parts, files } = expectFiles(message.parts)
    return {
      tenantId,
      authorName: name,
      causationId,
      files,
      row: {
        id: newId('msg'),
        conversationId: place.id,
        contactId: ownId,
        number: place.lastNumber + index + 1,
        direction: 'in',
        authorKind: 'contact',
        authorId: ownId,
        channelId: channel.id,
        peer: message.peer,
        parts,
        replyTo: message.replyTo ?? null,
        externalId: message.externalId ?? null,
        automatic: message.automatic ?? false,
        clientId: message.clientId ?? null,
        mentions: [],
        status: 'received',
        failure: null,
        editedAt: null,
        reactions: {},
        recall: null,
        sentAt: new Date(message.at),
        createdAt: channel.now,
      },
    }
  })
}

export async function insertMessages(tx: Tx, messages: readonly Placed[]): Promise<void> {
  await tx.run(
    `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, author_id, channel_id, peer,
                           parts, reply_to, external_id, client_id, automatic, status, sent_at, created_at)
     select t, i, v, c, n, 'in', 'contact', c, h, p, a::jsonb, r, e, l, o, 'received', s, d
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
                   $10::text[], $11::text[], $12::boolean[], $13::timestamptz[], $14::timestamptz[])
              as u (t, i, v, c, n, h, p, a, r, e, l, o, s, d)`,
    messages.map(({ tenantId }) => tenantId),
    messages.map(({ row }) => row.id),
    messages.map(({ row }) => row.conversationId),
    messages.map(({ row }) => row.contactId),
    messages.map(({ row }) => row.number),
    messages.map(({ row }) => row.channelId),
    messages.map(({ row }) => row.peer),
    messages.map(({ row }) => JSON.stringify(row.parts)),
    messages.map(({ row }) => row.replyTo),
    messages.map(({ row }) => row.externalId),
    messages.map(({ row }) => row.clientId),
    messages.map(({ row }) => row.automatic),
    messages.map(({ row }) => row.sentAt.toISOString()),
    messages.map(({ row }) => row.createdAt.toISOString()),
  )
}

/** Moves the conversations on past their new messages; keyed by id. */
export async function moveOn(tx: Tx, messages: readonly Placed[]): Promise<ReadonlyMap<string, ConversationRow>> {
  const list = [...new Map(messages.map((message) => [message.row.conversationId, message])).values()]
  const rows = await tx.query<ConversationRow>(
    `update conversations c
        set last_number = u.number, last_message_at = u.at, preview = u.preview, channel_id = u.channel_id, peer = u.peer,
            waiting_since = coalesce(c.waiting_since, u.at), snoozed_at = null, snoozed_until = null, updated_at = u.at, version = c.version + 1
       from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
            as u (tenant_id, id, number, at, preview, channel_id, peer)
      where c.tenant_id = u.tenant_id and c.id = u.id
     returning ${conversationColumns}`,
    list.map(({ tenantId }) => tenantId),
    list.map(({ row }) => row.conversationId),
    list.map(({ row }) => row.number),
    list.map(({ row }) => row.createdAt.toISOString()),
    list.map(({ row }) => preview(row.parts)),
    list.map(({ row }) => row.channelId),
    list.map(({ row }) => row.peer),
  )
  return new Map(rows.map((row) => [row.id, row]))
}
