/**
 * All that is known of a person is taken away, as the law wants it (PIPL, article 47): at once from the records, then by a job from what
 * events have told. What stays are rows without the person: ids, numbers, times, who served. What lives on elsewhere, and how long, is
 * said in docs/contacts.md.
 */
import { forgetCallers } from '../calls/calls.ts'
import { getContact, lockContact } from '../contacts/contacts.ts'
import { contactFamily } from '../contacts/family.ts'
import { removeFilesOfContact } from '../conversations/attachments.ts'
import { lockConversation } from '../conversations/conversations.ts'
import { closeByRule } from '../conversations/lifecycle.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { type Job, type JobHandler, jobKind, onJob, schedule } from '../platform/jobs.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { eraseTicketsOfContact } from './ticket-contacts.ts'

interface Trace {
  /** The contact, and all that were merged into it. */
  readonly contactIds: readonly string[]
  readonly ticketIds: readonly string[]
  /** Keys of their records on the log: channel and peer. */
  readonly keys: readonly string[]
  /** Their addresses, as events of the blocklist name them; jobs of an older release have none. */
  readonly addresses?: readonly string[]
  /** How far the feed has been looked through. */
  readonly after: number
}

export const erasureJob = jobKind<Trace>('contact-erasure')

/** Events that were emitted just before have a place in the feed by then. */
const feedAfterMs = 10_000

/** How much of the feed a step looks through. */
const eventsAtOnce = 5_000

/** What stands where words stood. */
const nothing = JSON.stringify([{ type: 'text', text: '—' }])

/**
 * Erases a contact and all that were merged into it. Their ids stay and answer `contact-erased`; whoever writes from their addresses later
 * is a new contact. Open conversations are closed. Locks contacts, conversations, tickets. Emits contact.erased. The feed follows within
 * minutes (erasureHandler), bytes of files with the next sweep. Faults: `contact-unknown`, `contact-erased`, `version-stale`.
 */
export async function eraseContact(tx: TenantTx, reference: string, version?: number): Promise<void> {
  const { id, version: current } = await lockContact(tx, reference)
  requireVersion(current, version)
  const { mergedIds } = await getContact(tx, id)
  const family = await contactFamily(tx, id)
  await removeFilesOfContact(tx, id)
  await forgetConversations(tx, family)
  const tickets = await tx.query<{ id: string }>(
    'select id from tickets where tenant_id = $1 and contact_id = any($2::text[]) order by id',
    tx.tenantId,
    family,
  )
  await eraseTicketsOfContact(tx, family)
  const { keys, addresses } = await forgetAddresses(tx, family)
  await tx.run(
    `update contacts set name = '', province = null, city = null, company = null, attributes = '{}', claims = '{}', blocked_at = null,
            blocked_reason = null, blocked_until = null, last_seen_at = null, erased_at = now(), updated_at = now(), version = version + 1
      where tenant_id = $1 and id = any($2::text[])`,
    tx.tenantId,
    family,
  )
  await emit(tx, 'contact.erased', id, { contactId: id, mergedIds })
  const data = { contactIds: family, ticketIds: tickets.map((ticket) => ticket.id), keys, addresses, after: 0 }
  await schedule(tx, { kind: erasureJob, key: id, afterMs: feedAfterMs, data })
}

/** Words, names and addresses go from conversations and messages; what waited to be sent is not. */
async function forgetConversations(tx: TenantTx, family: readonly string[]): Promise<void> {
  const conversations = await tx.query<{ id: string; open: boolean }>(
    `select id, status <> 'closed' as open from conversations where tenant_id = $1 and contact_id = any($2::text[])
      order by id for no key update`,
    tx.tenantId,
    family,
  )
  const ids = conversations.map(({ id }) => id)
  const theirs = `m.tenant_id = $1 and (m.contact_id = any($2::text[]) or m.conversation_id = any($3::text[]) and m.direction = 'note')`
  await tx.run(
    `update deliveries d set parts = '[]', peer = '', failure = null, external_id = null, owner = null, claimed_until = null,
            state = case when d.state in ('queued', 'sending') then 'failed' else d.state end,
            settled_at = coalesce(d.settled_at, now())
       from messages m where d.tenant_id = m.tenant_id and d.message_id = m.id and ${theirs}`,
    tx.tenantId,
    family,
    ids,
  )
  await tx.run(
    `update messages m set parts = $4, peer = null, external_id = null, client_id = null, failure = null, reactions = '{}', reacted_at = '{}',
            status = case when m.status = 'queued' then 'failed' else m.status end where ${theirs}`,
    tx.tenantId,
    family,
    ids,
    nothing,
  )
  await tx.run(
    `update conversations set preview = null, summary = null, peer = '', version = version + 1 where tenant_id = $1 and id = any($2::text[])`,
    tx.tenantId,
    ids,
  )
  await forgetCallers(tx, ids)
  await tx.run(
    `update satisfactions set comment = null, tags = '[]' where tenant_id = $1 and contact_id = any($2::text[])`,
    tx.tenantId,
    family,
  )
  await tx.run(`update contacts set name = '' where tenant_id = $1 and id = any($2::text[])`, tx.tenantId, family)
  for (const { id, open } of conversations) {
    if (!open) continue
    const locked = await lockConversation(tx, tx.tenantId, id)
    if (locked !== undefined) await closeByRule(tx, locked, 'erasure')
  }
}

/**
 * Where they can be found and written to, what colleagues noted, whoever holds a token in their name. Answers their keys on the log, and their
 * addresses.
 */
async function forgetAddresses(
  tx: TenantTx,
  family: readonly string[],
): Promise<Required<Pick<Trace, 'keys' | 'addresses'>>> {
  const chats = await tx.query<{ channelId: string; peer: string }>(
    'delete from chats where tenant_id = $1 and contact_id = any($2::text[]) returning channel_id, peer',
    tx.tenantId,
    family,
  )
  for (const table of ['reply_tickets', 'early_changes']) {
    await tx.run(
      `delete from ${table} t using unnest($2::text[], $3::text[]) as u (channel_id, peer)
        where t.tenant_id = $1 and t.channel_id = u.channel_id and t.peer = u.peer`,
      tx.tenantId,
      chats.map(({ channelId }) => channelId),
      chats.map(({ peer }) => peer),
    )
  }
  // What connectors noted of a chat, under the name that their contract gives it.
  await tx.run(
    `delete from channel_memory cm using unnest($2::text[], $3::text[]) as u (channel_id, peer)
      where cm.tenant_id = $1 and cm.channel_id = u.channel_id
        and cm.name = 'note:peer:' || encode(sha256(convert_to(u.peer, 'UTF8')), 'hex')`,
    tx.tenantId,
    chats.map(({ channelId }) => channelId),
    chats.map(({ peer }) => peer),
  )
  await tx.run(
    `delete from visitor_tokens v using identities i
      where v.tenant_id = $1 and i.tenant_id = $1 and i.contact_id = any($2::text[]) and v.channel_id = i.scope
        and (i.kind = 'visitor' and v.visitor_id = i.address or i.kind = 'customer' and v.subject = i.address)`,
    tx.tenantId,
    family,
  )
  await tx.run(
    `delete from blocked_identities b using identities i
      where b.tenant_id = $1 and i.tenant_id = $1 and i.contact_id = any($2::text[])
        and b.kind = i.kind and b.scope = i.scope and b.address = i.address`,
    tx.tenantId,
    family,
  )
  const identities = await tx.query<{ address: string }>(
    'delete from identities where tenant_id = $1 and contact_id = any($2::text[]) returning address',
    tx.tenantId,
    family,
  )
  for (const table of ['contact_notes', 'contact_tags', 'contact_group_members']) {
    await tx.run(`delete from ${table} where tenant_id = $1 and contact_id = any($2::text[])`, tx.tenantId, family)
  }
  await tx.run(
    `update contact_merges set before = '{}', given = '{}'
      where tenant_id = $1 and (survivor_id = any($2::text[]) or merged_id = any($2::text[]))`,
    tx.tenantId,
    family,
  )
  await tx.run(
    'delete from idempotency_keys where tenant_id = $1 and body like any($2::text[])',
    tx.tenantId,
    family.map((id) => `%${id}%`),
  )
  return {
    keys: chats.map(({ channelId, peer }) => `${channelId}/${peer}`),
    addresses: [...new Set(identities.map(({ address }) => address))],
  }
}

/** Takes the person out of what events have told, some of the feed at a time. */
export function erasureHandler(): JobHandler {
  return onJob({ kind: erasureJob, run: forgetEvents })
}

async function forgetEvents(tx: TenantTx, { data }: Job<Trace>) {
  const { contactIds, ticketIds, keys, addresses = [], after } = data
  const conversations = await tx.query<{ id: string }>(
    'select id from conversations where tenant_id = $1 and contact_id = any($2::text[])',
    tx.tenantId,
    contactIds,
  )
  const subjects = [...contactIds, ...ticketIds, ...conversations.map(({ id }) => id)]
  const theirs = `(e.subject = any($2::text[]) or e.data #>> '{message,contactId}' = any($3::text[])
      or e.data #>> '{block,address}' = any($4::text[])) and e.type <> 'contact.erased'`
  if (after === 0) {
    await tx.run(
      `update outbox e set data = without_person(without_caller(e.data)) where e.tenant_id = $1 and ${theirs}`,
      tx.tenantId,
      subjects,
      contactIds,
      addresses,
    )
    await tx.run('delete from set_aside where tenant_id = $1 and key = any($2::text[])', tx.tenantId, keys)
  }
  const { from, last } = await tx.one<{ from: number; last: number }>(
    `select greatest($2::bigint, coalesce((select seq - 1 from events where tenant_id = $1 and seq is not null order by seq limit 1), 0)) as "from",
            coalesce((select seq from tenant_feeds where tenant_id = $1), 0) as last`,
    tx.tenantId,
    after,
  )
  const upTo = from + eventsAtOnce
  const told = await tx.query<{ eventId: string }>(
    `update events e set data = without_person(without_caller(e.data))
      where e.tenant_id = $1 and e.seq > $5 and e.seq <= $6 and ${theirs} returning e.event_id`,
    tx.tenantId,
    subjects,
    contactIds,
    addresses,
    from,
    upTo,
  )
  await tx.run(
    'update webhook_attempts set response = null where tenant_id = $1 and event_id = any($2::text[])',
    tx.tenantId,
    told.map(({ eventId }) => eventId),
  )
  return upTo < last ? { afterMs: 0, data: { ...data, after: upTo } } : undefined
}
