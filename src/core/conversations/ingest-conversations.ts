/** Which conversation: the party's open one, else one that ended lately, else a new one; and the messages in it. */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { bindHeardFiles } from './attachments.ts'
import type { Heard } from './ingest.ts'
import type { Party } from './ingest-people.ts'
import { preview } from './model.ts'
import { parkOutsideHours, watchParked } from './parking.ts'
import {
  audienceOf,
  type ConversationRow,
  conversationColumns,
  type MessageRow,
  toConversation,
  toMessage,
} from './rows.ts'

interface Slot {
  readonly tenantId: string
  readonly slot: string
  readonly contact: Party
  readonly reopenSeconds: number
  readonly heard: Heard[]
}

type Place = ConversationRow & {
  readonly tenantId: string
  readonly slot: string
  readonly began?: 'opened' | 'reopened'
}

/**
 * Writes the messages of a batch into conversations and answers with what is to be told. The parties are locked already;
 * their conversations are locked here, ids ascending, so numbers within a conversation are dense.
 */
export async function placeMessages(
  tx: Tx,
  all: readonly Heard[],
  contactOf: (heard: Heard) => Party | undefined,
): Promise<Emission[]> {
  const slots = new Map<string, Slot>()
  for (const heard of all) {
    const contact = contactOf(heard)
    if (contact === undefined) continue
    const { settings, tenantId, id } = heard.channel
    const slot = settings.conversationPer === 'channel' ? `${contact.id}/${id}` : contact.id
    const known = slots.get(slot)
    if (known !== undefined) known.heard.push(heard)
    else slots.set(slot, { tenantId, slot, contact, reopenSeconds: settings.reopenSeconds ?? 7200, heard: [heard] })
  }
  if (slots.size === 0) return []
  const [openOnes] = await Promise.all([openPlaces(tx, [...slots.values()]), noteChats(tx, [...slots.values()])])
  const places = new Map(openOnes.map((place) => [place.slot, place]))
  const missing = [...slots.values()].filter(({ slot }) => !places.has(slot))
  for (const place of await reopen(tx, missing)) places.set(place.slot, place)
  for (const place of await open(
    tx,
    missing.filter(({ slot }) => !places.has(slot)),
  ))
    places.set(place.slot, place)
  const begun = [...places.values()].filter(({ began }) => began !== undefined)
  const openings = await parkOutsideHours(tx, begun, all[0]?.channel.now ?? new Date())

  const messages = [...slots.values()].flatMap((slot) => {
    const place = places.get(slot.slot)
    return place === undefined ? [] : messagesOf(slot, place)
  })
  const [after] = await Promise.all([
    moveOn(tx, [...slots.values()], places, messages),
    insertMessages(tx, messages),
    bindHeardFiles(
      tx,
      messages.map(({ tenantId, row }) => ({
        tenantId,
        channelId: row.channelId ?? '',
        messageId: row.id,
        parts: row.parts,
      })),
    ),
  ])
  await watchParked(tx, openings)
  const saidIn = Map.groupBy(messages, ({ row }) => row.conversationId)
  return [...slots.values()].flatMap((slot) => {
    const place = places.get(slot.slot)
    const row = after.get(place?.id ?? '')
    if (place === undefined || row === undefined) return []
    const emission = { tenantId: slot.tenantId, subject: row.id }
    const conversation = toConversation(row, slot.contact.name)
    const began: Emission[] =
      place.began === undefined
        ? []
        : [
            { ...emission, type: `conversation.${place.began}`, data: { conversation } },
            // Outside the hours it is nobody's yet: parking.ts tells routing of it when they begin.
            ...(row.parkedAt === null
              ? [{ ...emission, type: 'conversation.queued', data: { conversation } } as const]
              : []),
          ]
    const said = (saidIn.get(row.id) ?? []).map(
      (message): Emission => ({
        ...emission,
        type: 'message.created',
        data: { message: toMessage(message.row, slot.contact.name), ...audienceOf(row) },
        causationId: message.causationId,
      }),
    )
    return [...began, ...said]
  })
}

async function noteChats(tx: Tx, slots: readonly Slot[]): Promise<void> {
  const chats = new Map(
    slots.flatMap((slot) =>
      slot.heard.map(({ channel, message }) => [`${channel.id} ${message.peer}`, { slot, channel, message }] as const),
    ),
  )
  const list = [...chats.values()].sort((a, b) =>
    `${a.channel.id} ${a.message.peer}` < `${b.channel.id} ${b.message.peer}` ? -1 : 1,
  )
  await tx.run(
    `insert into chats (tenant_id, channel_id, peer, contact_id, kind, title, last_inbound_at)
     select t, c, p, o, k, n, now() from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as u (t, c, p, o, k, n)
     on conflict (tenant_id, channel_id, peer) do update
        set contact_id = excluded.contact_id, title = coalesce(excluded.title, chats.title), last_inbound_at = now()
      where chats.contact_id <> excluded.contact_id or chats.last_inbound_at < now() - interval '10 seconds'
         or excluded.title is distinct from chats.title and excluded.title is not null`,
    list.map(({ slot }) => slot.tenantId),
    list.map(({ channel }) => channel.id),
    list.map(({ message }) => message.peer),
    list.map(({ slot }) => slot.contact.id),
    list.map(({ message }) => message.chat?.kind ?? 'direct'),
    list.map(({ message }) => message.chat?.title ?? null),
  )
}

function openPlaces(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  return tx.query<Place>(
    `select c.tenant_id, c.slot, ${conversationColumns} from unnest($1::text[], $2::text[]) as u (tenant_id, slot)
       join conversations c using (tenant_id, slot) where c.status <> 'closed' order by c.id for no key update of c`,
    slots.map((slot) => slot.tenantId),
    slots.map((slot) => slot.slot),
  )
}

/** Goes on in conversations that ended within their tenant's time; they wait for a person again. */
async function reopen(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  if (slots.length === 0) return []
  const rows = await tx.query<Place>(
    `update conversations c
        set status = 'open', held_by = 'queue', assignee_id = null, closed_at = null, closed_by = null, reopened = c.reopened + 1
      where (c.tenant_id, c.id) in (
        select distinct on (u.slot) l.tenant_id, l.id from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as u (tenant_id, slot, contact_id, seconds)
          join conversations l on l.tenant_id = u.tenant_id and l.contact_id = u.contact_id and l.slot = u.slot
         where l.status = 'closed' and l.closed_at > now() - u.seconds * interval '1 second'
         order by u.slot, l.opened_at desc)
     returning c.tenant_id, c.slot, ${conversationColumns}`,
    slots.map((slot) => slot.tenantId),
    slots.map((slot) => slot.slot),
    slots.map((slot) => slot.contact.id),
    slots.map((slot) => slot.reopenSeconds),
  )
  return rows.map((row) => ({ ...row, began: 'reopened' }))
}

async function open(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  if (slots.length === 0) return []
  const first = slots.map((slot) => slot.heard[0] as Heard)
  const rows = await tx.query<Place>(
    `insert into conversations as c (tenant_id, id, contact_id, slot, group_id, channel_id, peer)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
     returning c.tenant_id, c.slot, ${conversationColumns}`,
    slots.map((slot) => slot.tenantId),
    slots.map(() => newId('cnv')),
    slots.map((slot) => slot.contact.id),
    slots.map((slot) => slot.slot),
    first.map(({ channel }) => channel.groupId),
    first.map(({ channel }) => channel.id),
    first.map(({ message }) => message.peer),
  )
  return rows.map((row) => ({ ...row, began: 'opened' }))
}

interface Placed {
  readonly tenantId: string
  readonly row: MessageRow
  readonly causationId: string
}

function messagesOf(slot: Slot, place: Place): Placed[] {
  return slot.heard.map(({ channel, message, causationId }, index) => ({
    tenantId: slot.tenantId,
    causationId,
    row: {
      id: newId('msg'),
      conversationId: place.id,
      contactId: slot.contact.id,
      number: place.lastNumber + index + 1,
      direction: 'in',
      authorKind: 'contact',
      authorId: slot.contact.id,
      channelId: channel.id,
      peer: message.peer,
      parts: [...message.parts],
      replyTo: message.replyTo ?? null,
      externalId: message.externalId ?? null,
      clientId: message.clientId ?? null,
      mentions: [],
      status: 'received',
      failure: null,
      sentAt: new Date(message.at),
      createdAt: channel.now,
    },
  }))
}

async function insertMessages(tx: Tx, messages: readonly Placed[]): Promise<void> {
  await tx.run(
    `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, author_id, channel_id, peer,
                           parts, reply_to, external_id, client_id, status, sent_at, created_at)
     select t, i, v, c, n, 'in', 'contact', c, h, p, a::jsonb, r, e, l, 'received', s, d
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
                   $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[]) as u (t, i, v, c, n, h, p, a, r, e, l, s, d)`,
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
    messages.map(({ row }) => row.sentAt.toISOString()),
    messages.map(({ row }) => row.createdAt.toISOString()),
  )
}

/** Moves the conversations on past their new messages; keyed by id. */
async function moveOn(
  tx: Tx,
  slots: readonly Slot[],
  places: ReadonlyMap<string, Place>,
  messages: readonly Placed[],
): Promise<ReadonlyMap<string, ConversationRow>> {
  const last = new Map(messages.map(({ row, tenantId }) => [row.conversationId, { row, tenantId }]))
  const list = slots.flatMap((slot) => last.get(places.get(slot.slot)?.id ?? '') ?? [])
  const rows = await tx.query<ConversationRow>(
    `update conversations c
        set last_number = u.number, last_message_at = u.at, preview = u.preview, channel_id = u.channel_id, peer = u.peer,
            waiting_since = coalesce(c.waiting_since, u.at), updated_at = u.at, version = c.version + 1
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
