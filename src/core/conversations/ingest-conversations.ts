/** Which conversation: the party's open one, else one that ended lately, else a new one; and the messages in it. */
import type { Emission } from '../events/outbox.ts'
import type { Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { together } from '../platform/together.ts'
import { bindHeardFiles } from './attachments.ts'
import { awaitFiles } from './awaited-files.ts'
import type { Heard } from './ingest.ts'
import { insertMessages, messagesOf, moveOn, type Place, type Said, type Talk } from './ingest-messages.ts'
import type { Party } from './ingest-people.ts'
import { answeredConversations } from './ingest-threads.ts'
import { parkOutsideHours, watchParked } from './parking.ts'
import { keepTickets, watchWindows } from './reply-window.ts'
import { audienceOf, conversationColumns, toConversation, toMessage } from './rows.ts'

/** What is said of one party on its way to one conversation. */
interface Slot {
  readonly tenantId: string
  readonly slot: string
  /** What follows the id of a contact in its slot: nothing, or the channel where a tenant keeps channels apart. */
  readonly apart: string
  readonly contact: Party
  readonly reopenSeconds: number
  readonly heard: Said[]
  /** An earlier conversation that is answered. */
  readonly answers?: string
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
  await together([look(openPlaces), noteChats(tx, slots), keepTickets(tx, all)])
  for (const where of [openPlacesOfMerged, reopenAnswered, reopen, open]) await look(where)
  for (const place of await goOn(tx, [...places.values()])) places.set(place.slot, place)
  const begun = [...places.values()].filter(({ began }) => began !== undefined)
  const openings = await parkOutsideHours(tx, begun, all[0]?.channel.now ?? new Date())

  const talks = talksOf(slots, places)
  const messages = talks.flatMap(messagesOf)
  const [after] = await together([
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
            ...(row.parkedAt === null && row.heldBy === 'queue'
              ? [{ ...emission, type: 'conversation.queued', data: { conversation } } as const]
              : []),
          ]
    const woken: Emission[] =
      place.snoozedAt === null ? [] : [{ ...emission, type: 'conversation.woken', data: { conversation } }]
    const said = (saidIn.get(row.id) ?? []).map(
      (message): Emission => ({
        ...emission,
        type: 'message.created',
        data: { message: toMessage(message.row, message.authorName), ...audienceOf(row) },
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
    const apart = heard.apart ?? (heard.channel.settings.conversationPer === 'channel' ? `/${heard.channel.id}` : '')
    if (contact === undefined) return []
    return [{ contact, apart, said: { ...heard, ownId: contact.ownId, name: contact.name, index } }]
  })
  const answered = await answeredConversations(
    tx,
    known.map(({ contact, said }) => ({ contact, heard: said, index: said.index })),
  )
  for (const place of answered.values()) if (place.status !== 'closed') places.set(place.slot, place)
  const merged = known.filter(({ contact }) => contact.ownId !== contact.id)
  const own = await openPlaces(
    tx,
    merged.map(({ contact, apart, said }) => ({ tenantId: said.channel.tenantId, slot: contact.ownId + apart })),
  )
  for (const place of own) places.set(place.slot, place)
  const slots = new Map<string, Slot>()
  for (const { contact, apart, said } of known) {
    const { settings, tenantId } = said.channel
    const earlier = answered.get(said.index)
    const theirs = (places.has(contact.ownId + apart) ? contact.ownId : contact.id) + apart
    const slot = earlier !== undefined && earlier.status !== 'closed' ? earlier.slot : theirs
    const before = slots.get(slot)
    if (before !== undefined) before.heard.push(said)
    else {
      const party = slot === theirs || earlier === undefined ? contact : partyOf(earlier)
      const answers = earlier?.status === 'closed' && { answers: earlier.id }
      const reopenSeconds = settings.reopenSeconds ?? 7200
      slots.set(slot, { tenantId, slot, apart, contact: party, reopenSeconds, heard: [said], ...answers })
    }
  }
  return [...slots.values()]
}

/** Whose conversation it is, where somebody else goes on in it. */
function partyOf({ contactId, contactName }: { contactId: string; contactName: string }): Party {
  return { id: contactId, ownId: contactId, isNew: false, name: contactName }
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

/** How long after its end a conversation is gone on in by an answer that names it. */
const threadDays = 30

/** Goes on in conversations that ended, and that somebody answers who is their party; they wait for a person again. */
async function reopenAnswered(tx: Tx, slots: readonly Slot[]): Promise<Place[]> {
  const answering = slots.filter(({ answers }) => answers !== undefined)
  if (answering.length === 0) return []
  const rows = await tx.query<Place>(
    `update conversations c set ${waitsAgain}
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as u (tenant_id, slot, contact_id, apart, id)
      where c.tenant_id = u.tenant_id and c.id = u.id and c.slot = u.contact_id || u.apart
        and c.status = 'closed' and c.closed_at > now() - $6 * interval '1 day'
     returning c.tenant_id, u.slot, ${conversationColumns}`,
    answering.map(({ tenantId }) => tenantId),
    answering.map(({ slot }) => slot),
    answering.map(({ contact }) => contact.id),
    answering.map(({ apart }) => apart),
    answering.map(({ answers }) => answers),
    threadDays,
  )
  return rows.map((row) => ({ ...row, began: 'reopened' }))
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
    `insert into conversations as c (tenant_id, id, contact_id, slot, group_id, channel_id, peer, held_by)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
     returning c.tenant_id, c.slot, ${conversationColumns}`,
    slots.map((slot) => slot.tenantId),
    slots.map(() => newId('cnv')),
    slots.map((slot) => slot.contact.id),
    slots.map((slot) => slot.slot),
    first.map(({ channel }) => channel.groupId),
    first.map(({ channel }) => channel.id),
    first.map(({ message }) => message.peer),
    first.map(({ heldBy }) => heldBy ?? 'queue'),
  )
  return rows.map((row) => ({ ...row, began: 'opened' }))
}
