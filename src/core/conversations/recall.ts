/**
 * The business takes back what it said (撤回). What the platform does not have yet goes nowhere, on any channel; what it has, the holder of the
 * channel takes back there, if such a platform can (connectors/runtime/recaller.ts). Colleagues still see what was said.
 */
import type { Failure, Message } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import {
  type AuthoredRow,
  authoredColumns,
  authoredMessages,
  getConversation,
  type LockedConversation,
  lockConversation,
  unknownConversation,
} from './conversations.ts'
import type { ServedLanes } from './lanes.ts'
import { tellMessage } from './message-changes.ts'
import { returnTicket } from './reply-window.ts'
import { toMessage } from './rows.ts'
import { refreshStatus } from './settlement.ts'
import { requireSpeaker } from './speakers.ts'
import { viewerOf } from './visibility.ts'

/** How long after it has a message a kind of channel takes it back; without `withinMs` always. */
export interface RecallLimit {
  readonly withinMs?: number
}

/** Nothing is taken back on a channel that is switched off: minutes are what platforms give, and nobody should wait for it unknowingly. */
export const channelOff: Failure = { code: 'channel-off', detail: 'The channel is switched off.' }

/** A message to be taken back at the platform, claimed for a while. */
export interface Recall {
  readonly tenantId: string
  readonly messageId: string
  readonly channelId: string
  readonly conversationId: string
  /** From 1. */
  readonly attempts: number
}

/** One native message of it, as the platform knows it. */
export interface RecallPiece {
  readonly id: number
  readonly peer: string
  readonly externalId: string
}

/**
 * Asks for a message to be taken back; `limitOf` says what a kind of channel can do. An agent takes back only what they said themselves. Asked for
 * again, it stands as it is; after a failure it is tried again. Emits message.updated. Locks the conversation.
 *
 * Faults: `conversation-unknown`, `message-unknown`, `reply-not-yours`, `message-not-yours`, `recall-unsupported`, `recall-too-late`,
 * `channel-removed`, `channel-off`, `message-not-sent`.
 */
export async function recallMessage(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
  messageId: string,
  limitOf: (kind: string) => RecallLimit | undefined,
): Promise<Message> {
  const { tenantId } = tx
  const conversation = await lockConversation(tx, tenantId, conversationId)
  if (conversation === undefined) throw unknownConversation(conversationId)
  await getConversation(tx, viewerOf(by), conversationId)
  requireSpeaker(by, conversation)
  const row = await readMessage(tx, conversationId, messageId)
  if (by.kind === 'member' && by.role === 'agent' && (row.authorKind !== 'member' || row.authorId !== by.id)) {
    throw new Fault('forbidden', 'message-not-yours', 'An agent takes back only what they said themselves.')
  }
  if (row.recall !== null && row.recall.state !== 'failed') return toMessage(row, row.authorName)
  if (row.direction !== 'out' || row.channelKind === null) throw unsupported()
  const { pieces, isUnsure, isSending, isWithdrawn, oldestMs } = await withdraw(tx, { tenantId, messageId })
  const isOut = pieces.length > 0 || isSending
  if (isUnsure || !(isOut || isWithdrawn)) {
    throw new Fault('conflict', 'message-not-sent', 'The platform does not have it, or it is not known whether it has.')
  }
  const at = new Date().toISOString()
  if (!isOut) {
    await standAs(tx, conversation, { tenantId, messageId }, { state: 'done', by: by.id, at })
  } else {
    const limit = limitOf(row.channelKind)
    if (limit === undefined) throw unsupported()
    if (row.channelGone) throw new Fault('conflict', 'channel-removed', 'The channel was taken away.')
    if (!row.channelOn) throw new Fault('conflict', 'channel-off', channelOff.detail)
    if (limit.withinMs !== undefined && oldestMs > limit.withinMs) {
      throw new Fault('conflict', 'recall-too-late', 'The platform takes a message back only shortly after it has it.')
    }
    await tx.run(
      `insert into recalls (tenant_id, message_id, channel_id) values ($1, $2, $3) on conflict do nothing`,
      tenantId,
      messageId,
      row.channelId,
    )
    await standAs(tx, conversation, { tenantId, messageId }, { state: 'asked', by: by.id, at })
  }
  const asked = await readMessage(tx, conversationId, messageId)
  return toMessage(asked, asked.authorName)
}

function unsupported(): Fault {
  return new Fault('conflict', 'recall-unsupported', 'The channel takes no message back.')
}

type RecalledRow = AuthoredRow & { channelKind: string | null; channelGone: boolean; channelOn: boolean }

async function readMessage(tx: TenantTx, conversationId: string, messageId: string): Promise<RecalledRow> {
  const row = await tx.maybe<RecalledRow>(
    `select ${authoredColumns}, ch.kind as channel_kind, coalesce(ch.removed_at is not null, false) as channel_gone,
            coalesce(ch.enabled, false) as channel_on
       from ${authoredMessages} left join channels ch on ch.tenant_id = m.tenant_id and ch.id = m.channel_id
      where m.tenant_id = $1 and m.conversation_id = $2 and m.id = $3`,
    tx.tenantId,
    conversationId,
    messageId,
  )
  if (row === undefined) throw new Fault('not-found', 'message-unknown', `There is no message ${messageId}.`)
  return row
}

/** Takes out of the lane what waits there; answers what the platform has. Call with the conversation locked. */
async function withdraw(tx: Tx, { tenantId, messageId }: Pick<Recall, 'tenantId' | 'messageId'>) {
  const failure: Failure = { code: 'recalled', detail: 'It was taken back before it was sent.' }
  const waiting = await tx.query<{ id: number }>(
    `update deliveries set state = 'failed', failure = $3, settled_at = now(), recalled_at = now()
      where tenant_id = $1 and message_id = $2 and state = 'queued' returning id`,
    tenantId,
    messageId,
    JSON.stringify(failure),
  )
  for (const { id } of waiting) await returnTicket(tx, tenantId, id)
  if (waiting.length > 0) await refreshStatus(tx, tenantId, messageId)
  const pieces = await tx.query<
    RecallPiece & { sending: boolean; unsure: boolean; withdrawn: boolean; ageMs: number | null }
  >(
    `select id, peer, external_id, state = 'sending' as sending, state = 'unknown' and external_id is null as unsure,
            recalled_at is not null as withdrawn, (extract(epoch from now() - settled_at) * 1000)::float8 as age_ms
       from deliveries where tenant_id = $1 and message_id = $2 order by piece`,
    tenantId,
    messageId,
  )
  const there = pieces.filter(({ externalId, withdrawn }) => externalId !== null && !withdrawn)
  return {
    /** Of a piece nobody knows whether the platform has it. */
    isUnsure: pieces.some(({ unsure }) => unsure),
    isSending: pieces.some(({ sending }) => sending),
    isWithdrawn: pieces.some(({ withdrawn }) => withdrawn),
    pieces: there,
    /** For how long the platform has had the first of them. */
    oldestMs: Math.max(0, ...there.map(({ ageMs }) => ageMs ?? 0)),
  }
}

/** Claims what is due on these channels, for that long: an owner that does not come back leaves it to another. */
export async function claimRecalls(
  tx: Tx,
  channels: readonly ServedLanes[],
  limit: number,
  holdSeconds: number,
): Promise<Recall[]> {
  return tx.query<Recall>(
    `update recalls r set due_at = now() + $3 * interval '1 second', attempts = r.attempts + 1
       from (select c.tenant_id, c.message_id from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
               join recalls c on c.tenant_id = s.tenant_id and c.channel_id = s.channel_id
              where c.due_at <= now() order by c.due_at limit $4 for update of c skip locked) due
       join messages m on m.tenant_id = due.tenant_id and m.id = due.message_id
      where r.tenant_id = due.tenant_id and r.message_id = due.message_id
     returning r.tenant_id, r.message_id, r.channel_id, r.attempts, m.conversation_id`,
    channels.map(({ tenantId }) => tenantId),
    channels.map(({ channelId }) => channelId),
    holdSeconds,
    limit,
  )
}

/** What is to be taken back now; undefined while a piece of it is being sent: ask again when that has ended. Locks the conversation. */
export async function piecesToRecall(
  tx: Tx,
  recall: Recall,
): Promise<{ pieces: RecallPiece[]; isUnsure: boolean } | undefined> {
  await lockConversation(tx, recall.tenantId, recall.conversationId)
  const { isSending, isUnsure, pieces } = await withdraw(tx, recall)
  return isSending ? undefined : { pieces, isUnsure }
}

/** The platform has taken this piece back. */
export async function pieceRecalled(tx: Tx, { tenantId }: Recall, { id }: RecallPiece): Promise<void> {
  await tx.run(`update deliveries set recalled_at = now() where tenant_id = $1 and id = $2`, tenantId, id)
}

/** Later again, unless it is past its time: then it fails. Locks the conversation. */
export async function recallLater(tx: Tx, recall: Recall, afterMs: number, failure: Failure): Promise<void> {
  const again = await tx.run(
    `update recalls set due_at = now() + $3 * interval '1 millisecond'
      where tenant_id = $1 and message_id = $2 and now() + $3 * interval '1 millisecond' < give_up_at`,
    recall.tenantId,
    recall.messageId,
    afterMs,
  )
  if (again === 0) await endRecall(tx, recall, failure)
}

/** It is taken back, or, with a failure, it is not. Emits message.updated; repeated, it changes nothing. Locks the conversation. */
export async function endRecall(tx: Tx, recall: Recall, failure?: Failure): Promise<void> {
  const { tenantId, messageId, conversationId } = recall
  const conversation = await lockConversation(tx, tenantId, conversationId)
  const ended = await tx.run(`delete from recalls where tenant_id = $1 and message_id = $2`, tenantId, messageId)
  if (conversation === undefined || ended === 0) return
  const at = new Date().toISOString()
  const stands = failure === undefined ? ({ state: 'done', at } as const) : ({ state: 'failed', at, failure } as const)
  await standAs(tx, conversation, recall, stands)
}

/** Ends all that is still to be taken back on a channel. Locks their conversations, ids ascending. */
export async function failRecallsOf(tx: TenantTx, channelId: string, failure: Failure): Promise<void> {
  const open = await tx.query<Recall>(
    `select r.tenant_id, r.message_id, r.channel_id, r.attempts, m.conversation_id from recalls r
       join messages m on m.tenant_id = r.tenant_id and m.id = r.message_id
      where r.tenant_id = $1 and r.channel_id = $2 order by m.conversation_id`,
    tx.tenantId,
    channelId,
  )
  for (const recall of open) await endRecall(tx, recall, failure)
}

/** Ends what nobody could take back in time, for instance because the channel was never there. */
export async function failOverdueRecalls(tx: Tx, channels: readonly ServedLanes[], limit: number): Promise<void> {
  const overdue = await tx.query<Recall>(
    `select r.tenant_id, r.message_id, r.channel_id, r.attempts, m.conversation_id
       from unnest($1::text[], $2::text[]) as s (tenant_id, channel_id)
       join recalls r on r.tenant_id = s.tenant_id and r.channel_id = s.channel_id
       join messages m on m.tenant_id = r.tenant_id and m.id = r.message_id
      where r.give_up_at < now() and r.due_at <= now() order by m.conversation_id limit $3`,
    channels.map(({ tenantId }) => tenantId),
    channels.map(({ channelId }) => channelId),
    limit,
  )
  const failure = { code: 'given-up', detail: 'It could not be taken back in time.' }
  for (const recall of overdue) await endRecall(tx, recall, failure)
}

/** Notes how it stands, and tells of it; what is gone is not shown in lists any more. Call with the conversation locked. */
async function standAs(
  tx: Tx,
  conversation: LockedConversation,
  { tenantId, messageId }: Pick<Recall, 'tenantId' | 'messageId'>,
  change: { readonly state: 'asked' | 'done' | 'failed' } & Partial<NonNullable<Message['recall']>>,
): Promise<void> {
  await tx.run(
    `update messages set recall = coalesce(recall, '{}') - 'failure' || $3::jsonb where tenant_id = $1 and id = $2`,
    tenantId,
    messageId,
    JSON.stringify(change),
  )
  if (change.state === 'done') {
    await tx.run(
      `update conversations c set preview = null from messages m
        where c.tenant_id = $1 and c.id = $2 and m.tenant_id = $1 and m.id = $3 and m.number = c.last_number`,
      tenantId,
      conversation.id,
      messageId,
    )
  }
  await tellMessage(tx, conversation, tenantId, messageId)
}
