/**
 * Reply tickets: the limited permissions to answer that platforms hand out with what a customer says (five answers in 48 hours, a token
 * good for one…). Kept for each chat, spent by what is sent there, the one that lasts longest first, and shown as the window of a
 * conversation. A native message has one use of one ticket, the same at every attempt, so that a platform that counts uses can recognise it.
 */
import { emitAll } from '../events/outbox.ts'
import type { ReplyWindow } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { type Job, jobKind, onJob, schedule } from '../platform/jobs.ts'
import type { Heard } from './ingest.ts'
import type { SpentTicket } from './model.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

/** Keyed by the conversation. */
const windowClosing = jobKind<{ expiresAt: string }>('reply-window-closing')

export interface OpenedWindow {
  readonly tenantId: string
  readonly conversationId: string
  readonly window: ReplyWindow
  readonly now: Date
}

/** The share of a window that is left when it is reminded of: an hour and a half of two days, two minutes of an hour. */
const shareLeft = 1 / 32

/** Keeps the tickets of a batch. What a platform hands out again, with the same reference or with none, begins anew. */
export async function keepTickets(tx: Tx, heard: readonly Heard[]): Promise<void> {
  const tickets = new Map(
    heard.flatMap(({ channel, message: { peer, ticket } }) => {
      if (ticket === undefined) return []
      const reference = ticket.reference === undefined ? null : JSON.stringify(ticket.reference)
      return [
        [JSON.stringify([channel.id, peer, ticket.kind, reference]), { channel, peer, ticket, reference }] as const,
      ]
    }),
  )
  // One order for all batches, so that none waits for another that waits for it.
  const list = [...tickets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ticket]) => ticket)
  if (list.length === 0) return
  await tx.run(
    `insert into reply_tickets (tenant_id, channel_id, peer, kind, reference, expires_at, uses)
     select t, c, p, k, r::jsonb, e, u from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::int[])
            as x (t, c, p, k, r, e, u)
     on conflict (tenant_id, channel_id, peer, kind, reference) do update
        set expires_at = excluded.expires_at, uses = excluded.uses, used = 0`,
    list.map(({ channel }) => channel.tenantId),
    list.map(({ channel }) => channel.id),
    list.map(({ peer }) => peer),
    list.map(({ ticket }) => ticket.kind),
    list.map(({ reference }) => reference),
    list.map(({ ticket }) => ticket.expiresAt),
    list.map(({ ticket }) => ticket.uses ?? null),
  )
}

/**
 * The ticket that a claimed native message is sent with: the one it had at an earlier attempt while that lasts, else one more use of the
 * chat's ticket that lasts longest. Undefined when there is none. `unsure` when an earlier attempt may have arrived (`expired` says that its
 * claimer did not come back), and its ticket has run out: by another it would be another message to the platform.
 */
export async function spendTicket(
  tx: Tx,
  {
    tenantId,
    id,
    channelId,
    peer,
  }: { readonly tenantId: string; readonly id: number; readonly channelId: string; readonly peer: string },
  expired: boolean,
): Promise<SpentTicket | 'unsure' | undefined> {
  const had = await tx.maybe<{ kind: string; reference: unknown; use: number; holds: boolean; unsure: boolean }>(
    `select t.kind, t.reference, d.ticket_use as use, t.expires_at > now() as holds,
            coalesce(d.failure ->> 'code' = 'outcome-unknown', false) as unsure
       from deliveries d join reply_tickets t on t.tenant_id = d.tenant_id and t.id = d.ticket_id
      where d.tenant_id = $1 and d.id = $2`,
    tenantId,
    id,
  )
  if (had !== undefined && !had.holds && (had.unsure || expired)) return 'unsure'
  const row =
    (had?.holds === true ? had : undefined) ??
    (await tx.maybe<{ kind: string; reference: unknown; use: number }>(
      `with spent as (
         update reply_tickets set used = used + 1 where tenant_id = $1 and id = (
           select t.id from reply_tickets t
            where t.tenant_id = $1 and t.channel_id = $3 and t.peer = $4 and t.expires_at > now() and (t.uses is null or t.used < t.uses)
            order by t.expires_at desc, t.id desc limit 1 for update)
         returning id, kind, reference, used
       ), noted as (
         update deliveries d set ticket_id = s.id, ticket_use = s.used from spent s where d.tenant_id = $1 and d.id = $2
       )
       select kind, reference, used as use from spent`,
      tenantId,
      id,
      channelId,
      peer,
    ))
  if (row === undefined) return undefined
  const { kind, reference, use } = row
  return { kind, use, ...(reference !== null && { reference }) }
}

/** Takes back the use of a message that the platform certainly did not take, if no later message has spent another since. */
export async function returnTicket(tx: Tx, tenantId: string, deliveryId: number): Promise<void> {
  await tx.run(
    `update reply_tickets t set used = t.used - 1 from deliveries d
      where d.tenant_id = $1 and d.id = $2 and t.tenant_id = $1 and t.id = d.ticket_id and t.used = d.ticket_use`,
    tenantId,
    deliveryId,
  )
}

/** The platform takes no answer in that chat any more, whatever our tickets say. */
export async function closeWindow(
  tx: Tx,
  chat: { readonly tenantId: string; readonly channelId: string; readonly peer: string },
): Promise<void> {
  await tx.run(
    `update reply_tickets set expires_at = now() where tenant_id = $1 and channel_id = $2 and peer = $3 and expires_at > now()`,
    chat.tenantId,
    chat.channelId,
    chat.peer,
  )
}

/** Tells what is left of a conversation's window, after something was spent, given back or closed. Call with the conversation locked. */
export async function tellWindow(tx: Tx, tenantId: string, conversationId: string): Promise<void> {
  const row = await shown(tx, tenantId, conversationId)
  if (row === undefined) return
  const data = { conversation: toConversation(row, row.contactName) }
  await emitAll(tx, [{ type: 'window.changed', tenantId, subject: conversationId, data }])
}

/** Sees to it that windows which were opened now are reminded of before they close. Among the last statements, as all that is scheduled. */
export async function watchWindows(tx: Tx, opened: readonly OpenedWindow[]): Promise<void> {
  for (const { tenantId, conversationId, window, now } of opened.toSorted((a, b) =>
    a.conversationId < b.conversationId ? -1 : 1,
  )) {
    const expiresAt = Date.parse(window.expiresAt)
    const left = expiresAt - now.getTime()
    if (left <= 0) continue
    const runAt = new Date(expiresAt - left * shareLeft)
    await schedule(
      { ...tx, tenantId },
      { kind: windowClosing, key: conversationId, runAt, data: { expiresAt: window.expiresAt } },
    )
  }
}

/** Reminds of a window that is about to close. */
export const windowReminder = onJob({ kind: windowClosing, run: remindOfWindow })

/** Says that the window closes soon, if the customer still waits and has not opened it further. */
export async function remindOfWindow(tx: TenantTx, job: Job<{ expiresAt: string }>): Promise<undefined> {
  const row = await shown(tx, job.tenantId, job.key)
  if (row === undefined || row.status === 'closed' || row.waitingSince === null) return
  if (row.replyWindow === null || row.replyWindow.usesLeft === 0) return
  if (Date.parse(row.replyWindow.expiresAt) > Date.parse(job.data.expiresAt)) return
  const data = { conversation: toConversation(row, row.contactName) }
  await emitAll(tx, [{ type: 'window.ending', tenantId: job.tenantId, subject: job.key, data }])
}

function shown(
  tx: Tx,
  tenantId: string,
  conversationId: string,
): Promise<(ConversationRow & { contactName: string }) | undefined> {
  return tx.maybe(
    `select ${conversationColumns}, ct.name as contact_name from conversations c
       join contacts ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id where c.tenant_id = $1 and c.id = $2`,
    tenantId,
    conversationId,
  )
}
