/** Which conversation: the party's open one, else one that ended lately, else a new one; and the messages in it. */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { bindHeardFiles } from './attachments.ts'
import { type Awaiting, awaitFiles, expectFiles } from './awaited-files.ts'
import type { Heard } from './ingest.ts'
import type { Party } from './ingest-people.ts'
import { preview } from './model.ts'
import { parkOutsideHours, watchParked } from './parking.ts'
import { keepTickets, watchWindows } from './reply-window.ts'
import {
  audienceOf,
  type ConversationRow,
  conversationColumns,
  type MessageRow,
  toConversation,
  toMessage,
} from './rows.ts'

/** What is said of one party on its way to one conversation. */
interface Slot {
  readonly tenantId: string
  readonly slot: string
  /** What follows the id of a contact in its slot: nothing, or the channel where a tenant keeps channels apart. */
  readonly apart: string
  readonly contact: Party
  readonly reopenSeconds: number
  readonly heard: Said[]
}

type Said = Heard & { readonly ownId: string; readonly index: number }

type Place = ConversationRow & {
  readonly tenantId: string
  readonly slot: string
  readonly began?: 'opened' | 'reopened'
}

/** All that a batch says in one conversation. */
interface Talk {
  readonly tenantId: string
  readonly contact: Party
  readonly place: Place
  readonly heard: readonly Said[]
}

/**
 * Writes the messages of a batch into conversations and answers with what is to be told. The parties are locked already;
 * their conversations are locked here, so numbers within a conversation are dense.
 */
export async function placeMessages(
  tx: Tx,
  all: readonly Heard[],
  contactOf: (heard: Heard) => Party | undefined,
): Promise<Emission[]> {
  const places = new Map<string, Place>()
  const slots = await slotsOf(tx, all, contactOf, places)
  if (slots.length === 0) return []
  const look = async (where: (tx: Tx, slots: readonly Slot[]) => Promise<Place[]>) => {
    const missing = slots.filter(({ slot, contact }) => !places.has(slot) && (where === open || !contact.isNew))
    for (const place of await where(tx, missing)) places.set(place.slot, place)
  }
  await Promise.all([look(openPlaces), noteChats(tx, slots), keepTickets(tx, all)])
  for (const where of [openPlacesOfMerged, reopen, open]) await look(where)
  for (const place of await goOn(tx, [...places.values()])) places.set(place.slot, place)
  const begun = [...places.values()].filter(({ began }) => began !== undefined)
  const openings = await parkOutsideHours(tx, begun, all[0]?.channel.now ?? new Date())

  const talks = talksOf(slots, places)
  const messages = talks.flatMap(messagesOf)
  const [after] = await Promise.all([
    moveOn(tx, messages),
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
    awaitFiles(
      tx,
      messages.map(({ tenantId, row, files }) => ({
        tenantId,
        channelId: row.channelId ?? '',
        messageId: row.id,
        files,
      })),
    ),
  ])
  await watchParked(tx, openings)
  await watchWindows(
    tx,
    talks.flatMap(({ tenantId, place, heard }) => {
      const window = after.get(place.id)?.replyWindow ?? null
      const opening = heard.findLast(({ message }) => message.ticket !== undefined)
      if (window === null || opening === undefined) return []
      return [{ tenantId, conversationId: place.id, window, now: opening.channel.now }]
    }),
  )
  const saidIn = Map.groupBy(messages, ({ row }) => row.conversationId)
  return talks.flatMap(({ tenantId, contact, place }) => {
    const row = after.get(place.id)
    if (row === undefined) return []
    const emission = { tenantId, subject: row.id }
    const conversation = toConversation(row, contact.name)
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
    const woken: Emission[] =
      place.snoozedAt === null ? [] : [{ ...emission, type: 'conversation.woken', data: { conversation } }]
    const said = (saidIn.get(row.id) ?? []).map(
      (message): Emission => ({
        ...emission,
        type: 'message.created',
        data: { message: toMessage(message.row, contact.name), ...audienceOf(row) },
        causationId: message.causationId,
      }),
    )
    return [...began, ...woken, ...said]
  })
}

/**
 * Which slot each message looks for: that of the party; but what comes from somebody who was merged goes on in their own
 * conversation as long as it is open, so that answers to an agent's words stay with that agent. Notes those places.
 */
async function slotsOf(
  tx: Tx,
  all: readonly Heard[],
  contactOf: (heard: Heard) => Party | undefined,
  places: Map<string, Place>,
): Promise<Slot[]> {
  const known = all.flatMap((heard, index) => {
    const contact = contactOf(heard)
    const apart = heard.channel.settings.conversationPer === 'channel' ? `/${heard.channel.id}` : ''
    return contact === undefined ? [] : [{ contact, apart, said: { ...heard, ownId: contact.ownId, index } }]
  })
  const merged = known.filter(({ contact }) => contact.ownId !== contact.id)
  const own = await openPlaces(
    tx,
    merged.map(({ contact, apart, said }) => ({ tenantId: said.channel.tenantId, slot: contact.ownId + apart })),
  )
  for (const place of own) places.set(place.slot, place)
  const slots = new Map<string, Slot>()
  for (const { contact, apart, said } of known) {
    const { settings, tenantId } = said.channel
    const slot = (places.has(contact.ownId + apart) ? contact.ownId : contact.id) + apart
    const before = slots.get(slot)
    if (before !== undefined) before.heard.push(said)
    else
      slots.set(slot, { tenantId, slot, apart, contact, reopenSeconds: settings.reopenSeconds ?? 7200, heard: [said] })
  }
  return [...slots.values()]
}

/** Two slots may have found one place: what is said there keeps the order of the batch. */
function talksOf(slots: readonly Slot[], places: ReadonlyMap<string, Place>): Talk[] {
  const talks = new Map<string, Talk>()
  for (const { tenantId, slot, contact, heard } of slots) {
    const place = places.get(slot)
    if (place === undefined) continue
    const before = talks.get(place.id)?.heard ?? []
    const all = [...before, ...heard].sort((a, b) => a.index - b.index)
    talks.set(place.id, { tenantId, contact, place, heard: all })
  }
  return [...talks.values()]
}

async function noteChats(tx: Tx, slots: readonly Slot[]): Promise<void> {
  const chats = new Map(
    slots.flatMap(({ heard }) => heard.map((said) => [`${said.channel.id} ${said.message.peer}`, said] as const)),
  )
  const list = [...chats].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, said]) => said)
  await tx.run(
    `insert into chats (tenant_id, channel_id, peer, contact_id, kind, title, last_inbound_at)
     select t, c, p, o, k, n, now() from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as u (t, c, p, o, k, n)
     on conflict (tenant_id, channel_id, peer) do update
        set contact_id = excluded.contact_id, title = coalesce(excluded.title, chats.title), last_inbound_at = now()
      where chats.contact_id <> excluded.contact_id or chats.last_inbound_at < now() - interval '10 seconds'
         or excluded.title is distinct from chats.title and excluded.title is not null`,
    list.map(({ channel }) => channel.tenantId),
    list.map(({ channel }) => channel.id),
    list.map(({ message }) => message.peer),
    list.map(({ ownId }) => ownId),
    list.map(({ message }) => message.chat?.kind ?? 'direct'),
    list.map(({ message }) => message.chat?.title ?? null),
  )
}

async function openPlaces(tx: Tx, slots: readonly Pick<Slot, 'tenantId' | 'slot'>[]): Promise<Place[]> {
  if (slots.length === 0) return []
  return tx.query<Place>(
    `select c.tenant_id, c.slot, ${conversationColumns} from unnest($1::text[], $2::text[]) as u (tenant_id, slot)
       join conversations c using (tenant_id, slot) where c.status <> 'closed' order by c.id for no key update of c`,
    slots.map((slot) => slot.tenantId),
    slots.map((slot) => slot.slot),
  )
}

/** The open conversation of somebody who was merged into the party, the one of the last message. */
async function openPlacesOfMerged(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  if (slots.length === 0) return []
  return tx.query<Place>(
    `select c.tenant_id, f.wanted as slot, ${conversationColumns}
       from (select distinct on (u.slot) l.tenant_id, l.id, u.slot as wanted
               from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u (tenant_id, slot, contact_id, apart)
               join contacts m on m.tenant_id = u.tenant_id and m.merged_into = u.contact_id
               join conversations l on l.tenant_id = m.tenant_id and l.slot = m.id || u.apart
              where l.status <> 'closed' order by u.slot, l.last_message_at desc nulls last, l.id) f
       join conversations c on c.tenant_id = f.tenant_id and c.id = f.id
      where c.status <> 'closed' order by c.id for no key update of c`,
    slots.map((slot) => slot.tenantId),
    slots.map((slot) => slot.slot),
    slots.map((slot) => slot.contact.id),
    slots.map((slot) => slot.apart),
  )
}

const waitsAgain = `status = 'open', held_by = 'queue', assignee_id = null, closed_at = null, closed_by = null, resolved_at = null,
  resolved_by = null, reopened = c.reopened + 1`

/** Those of these that were resolved wait for a person again. They are locked. */
async function goOn(tx: Tx, places: readonly Place[]): Promise<Place[]> {
  const resolved = places.filter(({ status }) => status === 'resolved')
  if (resolved.length === 0) return []
  const rows = await tx.query<Place>(
    `update conversations c set ${waitsAgain} where c.tenant_id = any($1) and c.id = any($2)
     returning c.tenant_id, c.slot, ${conversationColumns}`,
    resolved.map(({ tenantId }) => tenantId),
    resolved.map(({ id }) => id),
  )
  const after = new Map(rows.map((row) => [row.id, row]))
  return resolved.map((place) => ({ ...place, ...after.get(place.id), slot: place.slot, began: 'reopened' }))
}

/** Goes on in conversations that ended within their tenant's time; they wait for a person again. */
async function reopen(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  if (slots.length === 0) return []
  const rows = await tx.query<Place>(
    `update conversations c
        set ${waitsAgain}
       from (select distinct on (u.slot) l.tenant_id, l.id, u.slot as wanted
               from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[]) as u (tenant_id, slot, contact_id, apart, seconds)
              cross join lateral (select u.contact_id as id union all
                select m.id from contacts m where m.tenant_id = u.tenant_id and m.merged_into = u.contact_id) p
               join conversations l on l.tenant_id = u.tenant_id and l.contact_id = p.id and l.slot = p.id || u.apart
              where l.status = 'closed' and l.closed_at > now() - u.seconds * interval '1 second'
              order by u.slot, l.opened_at desc) f
      where c.tenant_id = f.tenant_id and c.id = f.id
     returning c.tenant_id, f.wanted as slot, ${conversationColumns}`,
    slots.map((slot) => slot.tenantId),
    slots.map((slot) => slot.slot),
    slots.map((slot) => slot.contact.id),
    slots.map((slot) => slot.apart),
    slots.map((slot) => slot.reopenSeconds),
  )
  return rows.map((row) => ({ ...row, began: 'reopened' }))
}

async function open(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  if (slots.length === 0) return []
  const first = slots.map((slot) => slot.heard[0] as Said)
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
  readonly files: Awaiting['files']
}

function messagesOf({ tenantId, place, heard }: Talk): Placed[] {
  return heard.map(({ channel, message, causationId, ownId }, index) => {
    const { parts, files } = expectFiles(message.parts)
    return {
      tenantId,
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
        clientId: message.clientId ?? null,
        mentions: [],
        status: 'received',
        failure: null,
        sentAt: new Date(message.at),
        createdAt: channel.now,
      },
    }
  })
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
async function moveOn(tx: Tx, messages: readonly Placed[]): Promise<ReadonlyMap<string, ConversationRow>> {
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
