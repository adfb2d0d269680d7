/**
 * Lanes: what waits to be sent to one peer of one channel, in order. Only the head of a lane may be claimed, and the next
 * one only after the head has settled: accepted, failed, or of unknown outcome. What may be tried again holds its lane until
 * it is given up. A claim is the claimer's until its time runs out; a claimer that comes back later finds it gone.
 */
import type { Part } from '../events/shapes.ts'
import type { Tx } from '../platform/database.ts'
import { lockConversation } from './conversations.ts'
import { failDelivery } from './settlement.ts'

/** A channel whose lanes are served, with its tenant: the transaction must be open for these tenants. */
export interface ServedLanes {
  readonly tenantId: string
  readonly channelId: string
}

/** A claimed delivery: one native message, to be sent now. */
export interface Delivery {
  readonly tenantId: string
  readonly id: number
  readonly messageId: string
  readonly conversationId: string
  /** 0 for the first native message of ours, which stands for all until it is rendered. */
  readonly piece: number
  readonly channelId: string
  readonly peer: string
  readonly parts: readonly Part[]
  /** From 1. */
  readonly attempts: number
  readonly giveUpAt: Date
  /** The platform's id of the message that is answered, where that is known. */
  readonly replyTo: string | null
  readonly automatic: boolean
  readonly authorName: string | null
  /** 工号 */
  readonly authorNumber: string | null
}

export interface Claim {
  readonly owner: string
  /** How long the claim holds: the send's own time-out and some seconds to record what came of it. */
  readonly holdMs: number
  readonly limit: number
}

/**
 * Claims heads of lanes that are due, those that have waited longest first, at most one for each lane. Any number of processes may do this
 * at once: a head goes to one of them. Time is PostgreSQL's.
 */
export async function claimHeads(tx: Tx, channels: readonly ServedLanes[], claim: Claim): Promise<Delivery[]> {
  if (channels.length === 0) return []
  // Jumps from lane to lane by the index instead of reading what waits behind the heads.
  const heads = await tx.query<{ tenantId: string; id: number }>(
    `with heads as (
       select h.* from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
       cross join lateral (
         with recursive lane as (
           (select d.tenant_id, d.channel_id, d.peer, d.id, d.state, d.due_at from deliveries d
             where d.tenant_id = s.tenant_id and d.channel_id = s.channel_id and d.state in ('queued', 'sending')
             order by d.peer, d.id limit 1)
           union all
           select n.* from lane l cross join lateral (
             select d.tenant_id, d.channel_id, d.peer, d.id, d.state, d.due_at from deliveries d
              where d.tenant_id = l.tenant_id and d.channel_id = l.channel_id and d.peer > l.peer
                and d.state in ('queued', 'sending')
              order by d.peer, d.id limit 1) n
         ) select * from lane
       ) h
       where h.state = 'queued' and h.due_at <= now()
       order by h.due_at, h.id limit $3)
     select d.tenant_id, d.id from deliveries d join heads h on h.tenant_id = d.tenant_id and h.id = d.id
      -- Not a plain comparison, which the lanes' index could answer, slowly: rows are looked up by their key.
      where coalesce(d.state, '') = 'queued' order by d.due_at, d.id for update of d skip locked`,
    channels.map((channel) => channel.tenantId),
    channels.map((channel) => channel.channelId),
    claim.limit,
  )
  return take(tx, heads, claim)
}

/**
 * Takes over claims whose time has run out: whether these messages arrived is not known. Settle each: as unknown, or, where
 * the platform recognises our id or can be asked, by sending again or by what it says.
 */
export async function claimExpired(tx: Tx, channels: readonly ServedLanes[], claim: Claim): Promise<Delivery[]> {
  if (channels.length === 0) return []
  const expired = await tx.query<{ tenantId: string; id: number }>(
    `select d.tenant_id, d.id from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
       join deliveries d on d.tenant_id = s.tenant_id and d.channel_id = s.channel_id
      where d.state = 'sending' and d.claimed_until < now()
      order by d.id limit $3 for update of d skip locked`,
    channels.map((channel) => channel.tenantId),
    channels.map((channel) => channel.channelId),
    claim.limit,
  )
  return take(tx, expired, claim)
}

async function take(tx: Tx, rows: readonly { tenantId: string; id: number }[], claim: Claim): Promise<Delivery[]> {
  if (rows.length === 0) return []
  return tx.query<Delivery>(
    `with taken as (
       update deliveries d set state = 'sending', owner = $3, attempts = d.attempts + 1,
              claimed_until = now() + $4 * interval '1 millisecond'
         from unnest($1::text[], $2::bigint[]) as h (tenant_id, id)
        where d.tenant_id = h.tenant_id and d.id = h.id
       returning d.*)
     select t.tenant_id, t.id, t.message_id, m.conversation_id, t.piece, t.channel_id, t.peer, t.parts, t.attempts, t.give_up_at,
            r.external_id as reply_to, m.automatic, coalesce(am.name, ak.name) as author_name, am.number as author_number
       from taken t
       join messages m on m.tenant_id = t.tenant_id and m.id = t.message_id
       left join messages r on r.tenant_id = m.tenant_id and r.id = m.reply_to
       left join members am on m.author_kind = 'member' and am.tenant_id = m.tenant_id and am.id = m.author_id
       left join api_keys ak on m.author_kind = 'bot' and ak.tenant_id = m.tenant_id and ak.id = m.author_id
      order by t.due_at, t.id`,
    rows.map((row) => row.tenantId),
    rows.map((row) => row.id),
    claim.owner,
    claim.holdMs,
  )
}

/**
 * Replaces the claimed first piece by the native messages that the channel needs for it, before the first of them is sent. The
 * claim stays on the first; the others follow it at once in the lane. Answers false, and changes nothing, when the claim has
 * been lost. Locks the conversation. May be repeated: what is in pieces already stays so.
 */
export async function splitDelivery(
  tx: Tx,
  claimed: Pick<Delivery, 'tenantId' | 'id' | 'messageId' | 'conversationId' | 'channelId' | 'peer'>,
  owner: string,
  pieces: readonly (readonly Part[])[],
): Promise<boolean> {
  const [first, ...rest] = pieces
  if (first === undefined) throw new TypeError('A message has at least one piece.')
  // Answers are queued under this lock: none can come in between unseen.
  await lockConversation(tx, claimed.tenantId, claimed.conversationId)
  const held = await tx.run(
    `update deliveries d set parts = $4 where tenant_id = $1 and id = $2 and owner = $3 and state = 'sending' and piece = 0
        and not exists (select 1 from deliveries o where o.tenant_id = d.tenant_id and o.message_id = d.message_id and o.piece > 0)`,
    claimed.tenantId,
    claimed.id,
    owner,
    JSON.stringify(first),
  )
  if (held === 0) return false
  if (rest.length === 0) return true
  const behind = await tx.query<{ id: number }>(
    `select id from deliveries where tenant_id = $1 and channel_id = $2 and peer = $3 and id > $4 and state = 'queued'
      order by id`,
    claimed.tenantId,
    claimed.channelId,
    claimed.peer,
    claimed.id,
  )
  for (const [index, parts] of rest.entries()) {
    await tx.run(
      `insert into deliveries (tenant_id, message_id, piece, channel_id, peer, parts, give_up_at)
       select tenant_id, message_id, $3, channel_id, peer, $4, give_up_at from deliveries where tenant_id = $1 and id = $2`,
      claimed.tenantId,
      claimed.id,
      index + 1,
      JSON.stringify(parts),
    )
  }
  // What was queued meanwhile goes behind the new pieces; nobody can have claimed it, its lane's head being ours.
  for (const row of behind) {
    await tx.run(`update deliveries set id = default where tenant_id = $1 and id = $2`, claimed.tenantId, row.id)
  }
  return true
}

/** Fails what has waited in a lane past its time, for instance because the channel was never there. Answers how many. */
export async function failOverdue(tx: Tx, channels: readonly ServedLanes[], limit: number): Promise<number> {
  if (channels.length === 0) return 0
  const overdue = await tx.query<{ tenantId: string; id: number }>(
    `select d.tenant_id, d.id from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
       join deliveries d on d.tenant_id = s.tenant_id and d.channel_id = s.channel_id
      where d.state = 'queued' and d.give_up_at < now() order by d.id limit $3`,
    channels.map((channel) => channel.tenantId),
    channels.map((channel) => channel.channelId),
    limit,
  )
  const failure = { code: 'given-up', detail: 'It could not be sent in time.' }
  for (const row of overdue) await failDelivery(tx, row.tenantId, row.id, failure)
  return overdue.length
}

/** The platform gave the chat another id: everything that would go to the old one goes to the new one. */
export async function moveLane(
  tx: Tx,
  lane: ServedLanes & { readonly from: string; readonly to: string },
): Promise<void> {
  const key = [lane.tenantId, lane.channelId, lane.from, lane.to] as const
  await tx.run(
    `update conversations set peer = $4 where tenant_id = $1 and channel_id = $2 and peer = $3 and status <> 'closed'`,
    ...key,
  )
  await tx.run(
    `insert into chats (tenant_id, channel_id, peer, contact_id, kind, title, last_inbound_at)
     select tenant_id, channel_id, $4, contact_id, kind, title, last_inbound_at from chats
      where tenant_id = $1 and channel_id = $2 and peer = $3
     on conflict do nothing`,
    ...key,
  )
  await tx.run(
    `update reply_tickets t set peer = $4 where tenant_id = $1 and channel_id = $2 and peer = $3
        and not exists (select 1 from reply_tickets o where o.tenant_id = $1 and o.channel_id = $2 and o.peer = $4
                                                       and o.kind = t.kind and o.reference is not distinct from t.reference)`,
    ...key,
  )
  await tx.run(
    `update deliveries set peer = $4 where tenant_id = $1 and channel_id = $2 and peer = $3 and state in ('queued', 'sending')`,
    ...key,
  )
}
