/**
 * What came of a delivery, and with it of its message. A piece goes forward only (accepted, delivered, read); failed and
 * unknown settle it as much as acceptance does. The status of a message follows from its pieces and is announced only
 * when it changes.
 */
import { emitAll } from '../events/outbox.ts'
import type { Failure, Message } from '../events/shapes.ts'
import type { Tx } from '../platform/database.ts'
import { together } from '../platform/together.ts'
import { lockConversation } from './conversations.ts'
import { lockExternalId, takeEarly } from './early.ts'
import { applyReaction } from './later-changes.ts'
import { closeWindow, returnTicket, tellWindow } from './reply-window.ts'
import { audienceOf } from './rows.ts'

export type Outcome =
  /** The platform has it. `state: 'delivered'` where its acceptance already says more. */
  | { readonly kind: 'accepted'; readonly externalId: string; readonly state?: 'accepted' | 'delivered' }
  /** Not taken; the lane waits until then, or fails the message when that is past its time. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** It may have arrived: never sent again by itself. */
  | { readonly kind: 'unknown'; readonly failure: Failure }

export type PieceState = 'queued' | 'sending' | 'accepted' | 'delivered' | 'read' | 'failed' | 'unknown'

const rank: Readonly<Record<PieceState, number>> = {
  queued: 0,
  sending: 0,
  unknown: 1,
  accepted: 1,
  delivered: 2,
  read: 3,
  failed: 4,
}

/** What a message is when its pieces are so: failed if one is, else unknown if one is, else as far as the slowest. */
export function statusOf(pieces: readonly PieceState[]): Message['status'] {
  if (pieces.includes('failed')) return 'failed'
  if (pieces.includes('unknown')) return 'unknown'
  const least = Math.min(...pieces.map((piece) => rank[piece]))
  return least === 3 ? 'read' : least === 2 ? 'delivered' : least === 1 ? 'accepted' : 'queued'
}

/** Whether a receipt moves a piece: forward only; a late failure counts only before delivery was seen. */
export function advances(from: PieceState, to: 'delivered' | 'read' | 'failed'): boolean {
  if (from === 'failed') return false
  if (to === 'failed') return from === 'accepted' || from === 'unknown'
  return rank[to] > rank[from]
}

/**
 * Records what came of a claimed delivery. Answers false, and changes nothing, when the claim has been lost to another
 * owner or is settled: then the outcome is the other's to record. Receipts that came before the external id was known are
 * merged. Locks the conversation, then the delivery.
 */
export async function settleDelivery(
  tx: Tx,
  claimed: {
    readonly tenantId: string
    readonly id: number
    readonly conversationId: string
    readonly channelId: string
    readonly peer: string
  },
  owner: string,
  outcome: Outcome,
): Promise<boolean> {
  const { tenantId, id, channelId } = claimed
  if (outcome.kind === 'accepted') await lockExternalId(tx, channelId, outcome.externalId)
  await lockConversation(tx, tenantId, claimed.conversationId)
  const row = await tx.maybe<{ messageId: string; piece: number; overdue: boolean; ticketId: number | null }>(
    `select message_id, piece, ticket_id, now() + $4 * interval '1 millisecond' > give_up_at as overdue from deliveries
      where tenant_id = $1 and id = $2 and owner = $3 and state = 'sending' for update`,
    tenantId,
    id,
    owner,
    outcome.kind === 'retry' ? outcome.afterMs : 0,
  )
  if (row === undefined) return false
  if (outcome.kind === 'retry' && !row.overdue) {
    await tx.run(
      `update deliveries set state = 'queued', owner = null, claimed_until = null, failure = $4,
              due_at = now() + $3 * interval '1 millisecond' where tenant_id = $1 and id = $2`,
      tenantId,
      id,
      outcome.afterMs,
      JSON.stringify(outcome.failure),
    )
    return true
  }
  if (outcome.kind === 'accepted') {
    await accept(tx, claimed, row, outcome.externalId, outcome.state ?? 'accepted')
  } else {
    await tx.run(
      `update deliveries set state = $3, failure = $4, owner = null, claimed_until = null, settled_at = now()
        where tenant_id = $1 and id = $2`,
      tenantId,
      id,
      outcome.kind === 'unknown' ? 'unknown' : 'failed',
      JSON.stringify(outcome.failure),
    )
  }
  if (row.ticketId !== null) {
    if (outcome.kind === 'failed' && outcome.failure.code === 'window-closed') await closeWindow(tx, claimed)
    else if (outcome.kind === 'failed' || outcome.kind === 'retry') await returnTicket(tx, tenantId, id)
    await tellWindow(tx, tenantId, claimed.conversationId)
  }
  await refreshStatus(tx, tenantId, row.messageId)
  return true
}

async function accept(
  tx: Tx,
  claimed: { readonly tenantId: string; readonly id: number; readonly channelId: string },
  row: { readonly messageId: string; readonly piece: number },
  externalId: string,
  accepted: 'accepted' | 'delivered',
): Promise<void> {
  const { tenantId, id, channelId } = claimed
  const [early, changes] = await together([
    tx.query<{ state: 'delivered' | 'read' | 'failed'; reason: string | null }>(
      `delete from early_receipts where tenant_id = $1 and channel_id = $2 and external_id = $3 returning state, reason`,
      tenantId,
      channelId,
      externalId,
    ),
    takeEarly(tx, [{ channelId, externalId }]),
  ])
  let state: PieceState = accepted
  let failure: Failure | null = null
  for (const receipt of early.toSorted((a, b) => rank[a.state] - rank[b.state])) {
    if (!advances(state, receipt.state)) continue
    state = receipt.state
    failure = receipt.state === 'failed' ? failureOf(receipt.reason) : null
  }
  // A platform that hands out an id twice must not stop the lane: the later message goes without it.
  await tx.run(
    `update deliveries d set state = $3, failure = $4, owner = null, claimed_until = null, settled_at = now(),
            external_id = case when not exists (select 1 from deliveries o where o.tenant_id = $1 and o.channel_id = d.channel_id
                                                and o.external_id = $5 and o.id <> $2) then $5 end
      where tenant_id = $1 and id = $2`,
    tenantId,
    id,
    state,
    failure === null ? null : JSON.stringify(failure),
    externalId,
  )
  if (row.piece === 0) {
    await tx.run(
      `update messages set external_id = $3 where tenant_id = $1 and id = $2`,
      tenantId,
      row.messageId,
      externalId,
    )
  }
  for (const { change, ...of } of changes) if (change.kind === 'reaction') await applyReaction(tx, of, change)
}

/** Fails a delivery that nobody is sending just now. Locks its conversation first. */
export async function failDelivery(tx: Tx, tenantId: string, id: number, failure: Failure): Promise<void> {
  const of = await tx.maybe<{ messageId: string; conversationId: string }>(
    `select d.message_id, m.conversation_id from deliveries d
       join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id where d.tenant_id = $1 and d.id = $2`,
    tenantId,
    id,
  )
  if (of === undefined) return
  await lockConversation(tx, tenantId, of.conversationId)
  const failed = await tx.run(
    `update deliveries set state = 'failed', failure = $3, settled_at = now()
      where tenant_id = $1 and id = $2 and state = 'queued'`,
    tenantId,
    id,
    JSON.stringify(failure),
  )
  if (failed === 0) return
  await returnTicket(tx, tenantId, id)
  await refreshStatus(tx, tenantId, of.messageId)
}

/**
 * Derives the message's status from its pieces and announces it if it changed. Call with the conversation locked.
 */
export async function refreshStatus(tx: Tx, tenantId: string, messageId: string): Promise<void> {
  const pieces = await tx.query<{ state: PieceState; failure: Failure | null }>(
    `select state, failure from deliveries where tenant_id = $1 and message_id = $2 order by piece`,
    tenantId,
    messageId,
  )
  const status = statusOf(pieces.map((piece) => piece.state))
  const failure = pieces.find((piece) => piece.state === status && piece.failure !== null)?.failure ?? null
  const shown = status === 'failed' || status === 'unknown' ? failure : null
  const changed = await tx.maybe<{ conversationId: string; number: number }>(
    `update messages set status = $3, failure = $4 where tenant_id = $1 and id = $2 and status <> $3
     returning conversation_id, number`,
    tenantId,
    messageId,
    status,
    shown === null ? null : JSON.stringify(shown),
  )
  if (changed === undefined) return
  const conversation = await lockConversation(tx, tenantId, changed.conversationId)
  if (conversation === undefined) throw new TypeError('A message has no conversation.')
  const data = { messageId, ...changed, status, failure: shown, ...audienceOf(conversation) }
  await emitAll(tx, [{ type: 'message.status', tenantId, subject: changed.conversationId, data }])
}

export function failureOf(reason: string | null | undefined): Failure {
  return { code: 'platform-failed', detail: reason ?? 'The platform says that it was not delivered.' }
}
